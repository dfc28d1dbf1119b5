"""Collect: data sets, pulls and what they set aside."""

ORDER = ("demo", "datasets", "pull", "quarantine", "avatars")
"""The commands in the order of the work."""
