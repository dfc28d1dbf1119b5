"""Keeping a store: backup, compaction, doctor, erasure, and releases that a suite lacks."""
