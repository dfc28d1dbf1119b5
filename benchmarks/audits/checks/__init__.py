"""Checks of a data set: one file each, found and not listed."""
