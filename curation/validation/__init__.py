"""Validation: Great Expectations runs the schema's and the suites' rules inside DuckDB."""
