"""Detectors applied to new accounts: training, saved models, explanations."""
