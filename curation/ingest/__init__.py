"""From files to rows in the store: cards, downloads, readers, pulls and their ledger."""

QUARANTINE_LIMIT = 0.01
"""The share of a table's rows that may be set aside before a pull ends with findings."""
