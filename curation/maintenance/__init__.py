"""Keeping a store: backup, doctor, erasure and tombstones."""
