"""Shared basics: errors, registry, progress, atomic files, SQL literals, hashing."""
