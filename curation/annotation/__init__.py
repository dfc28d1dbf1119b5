"""Annotation: the answer scheme, the card, assignment to people, Label Studio, and monitoring."""
