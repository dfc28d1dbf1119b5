"""Publish: leaderboards, sites, data publications and submissions."""
