"""Scores of accounts that nobody has labelled."""
