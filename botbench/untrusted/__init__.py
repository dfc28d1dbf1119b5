"""Bounded readers of what strangers wrote: YAML, JSON, zips, tables of scores."""
