"""A simulated campaign: accounts, posts and their labels from a seed, the same on every machine."""
