"""The answer scheme: what may be answered, and how answers map to labels."""
