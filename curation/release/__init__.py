"""Frozen data sets: contents, writer, splits and publications."""
