"""Annotate: draw batches and have people judge them in Label Studio."""

ORDER = ("designs", "sample", "annotate", "answers")
"""The commands in the order of the work."""
