"""Collect: data sets, pulls and what they set aside."""

ORDER = ("demo", "datasets", "sources", "new", "pull", "quarantine", "avatars")
"""The commands in the order of the work."""
