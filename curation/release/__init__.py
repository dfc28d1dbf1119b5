"""Frozen data sets: contents, writer, splits, and publications made of them."""
