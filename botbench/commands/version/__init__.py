"""Version: validate, release, compare, restore, back up and erase."""
