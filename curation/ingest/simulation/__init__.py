"""A simulated campaign: accounts, posts and the truth about them, from a seed, the same bytes on
every machine.
"""
