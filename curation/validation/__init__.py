"""Validation: rules from the schema and from suites/*.yaml, run by Great Expectations inside
DuckDB, and their report.
"""
