"""Bounded readers of what strangers wrote: YAML, JSON, archives."""
