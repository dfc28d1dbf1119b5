"""Benchmark: detectors, metrics, runs, predictions and audits."""
