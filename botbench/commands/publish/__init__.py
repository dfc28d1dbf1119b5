"""Publish: leaderboards, sites, data publications and submissions."""

ORDER = ("leaderboard", "submit", "verify", "publish", "rehydrate")
"""The commands in the order of the work."""
