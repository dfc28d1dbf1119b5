"""Audits of published tables (impossible scores), data sets (shortcuts) and detectors (overlap)."""
