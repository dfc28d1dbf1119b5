"""Collect: data sets, pulls and what they set aside."""
