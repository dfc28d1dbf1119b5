"""Version: validate, release, compare, restore, back up and erase."""

ORDER = (
    "validate",
    "release",
    "releases",
    "log",
    "show",
    "diff",
    "blame",
    "tag",
    "restore",
    "tables",
    "doctor",
    "backup",
    "restore-backup",
    "store",
    "erase",
)
"""The commands in the order of the work."""
