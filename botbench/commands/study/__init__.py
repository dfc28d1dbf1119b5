"""Study: how much of a campaign is bots."""
