"""Accounts that act alike beyond chance."""
