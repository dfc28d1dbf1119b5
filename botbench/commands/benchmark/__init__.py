"""Benchmark: detectors, metrics, runs, predictions and audits."""

ORDER = ("features", "detectors", "metrics", "audit", "bench", "score", "predict", "reproduce")
"""The commands in the order of the work."""
