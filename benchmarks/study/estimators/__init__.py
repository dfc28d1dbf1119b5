"""Estimators of the share of bots: pure functions of arrays."""
