"""Shared basics: errors, registry, console, progress, atomic files, SQL literals, hashing."""
