"""Annotate: draw batches and have people judge them in Label Studio."""
