"""The keys of the labelling page. The key of each choice is in the scheme's YAML file (`key`)."""

from __future__ import annotations

HOTKEY_PATTERN = r"^[0-9a-z]$"
"""A choice's key: one digit or small letter."""
SHOW_MEDIA_HOTKEY = "v"
"""Shows pictures and posts that are blurred."""
LABEL_STUDIO_HOTKEY = "u"
"""Label Studio's own page reacts to it."""
RESERVED_HOTKEYS = (LABEL_STUDIO_HOTKEY, SHOW_MEDIA_HOTKEY)
"""Keys that no choice can have."""
