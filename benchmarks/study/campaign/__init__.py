"""A campaign: its definition, and the file that holds it."""
