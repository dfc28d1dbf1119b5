"""Label: claims, agreement, consensus and doubtful labels."""

ORDER = (
    "claims",
    "agreement",
    "quality",
    "consensus",
    "consensus-compare",
    "conflicts",
    "doubtful",
)
"""The commands in the order of the work."""
