"""Keeping a store: backup, doctor and erasure."""
