"""Accounts that act alike beyond chance: traces, their null model, and one network of all."""
