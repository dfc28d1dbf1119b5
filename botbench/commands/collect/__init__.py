"""Collect: data sets, pulls and what they set aside."""

ORDER = ("demo", "datasets", "sources", "new", "pull", "quarantine", "avatars", "simulate")
"""The commands in the order of the work."""
