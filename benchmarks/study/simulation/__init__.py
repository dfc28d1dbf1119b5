"""Simulated campaigns with known truth, to measure the coverage of 95 % intervals."""
