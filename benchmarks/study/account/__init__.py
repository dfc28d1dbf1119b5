"""The evidence page of one account, without a campaign file."""
