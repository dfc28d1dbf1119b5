"""Releases as arrays, views of accounts, groups, folds, thresholds and evasion moves."""
