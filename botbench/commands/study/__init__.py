"""Study: how much of a campaign is bots."""

ORDER = ("study",)
"""The commands in the order of the work."""
