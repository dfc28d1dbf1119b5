"""Draw accounts for annotation with known inclusion probabilities."""
