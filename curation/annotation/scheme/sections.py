"""The sections of the card, in their order: a reason of a scheme points to one of them.

The scheme checks the names, and the card draws the sections; the scheme is the lower room.
"""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "profile": "Profile",
    "numbers": "Numbers",
    "history": "History",
    "hours": "Hours of the week",
    "timeline": "Posts over time",
    "pauses": "Gaps",
    "content": "What it writes",
    "samples": "Some of its posts",
    "first": "First posts",
    "spread": "Most spread",
    "latest": "Latest",
    "random": "Random",
    "company": "Company",
    "missing": "Not known here",
}
"""Section to its title. `samples` stands for `first`, `spread`, `latest` and `random` together."""
