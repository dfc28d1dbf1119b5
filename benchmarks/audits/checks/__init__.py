"""Checks of a data set, one discovered file each."""
