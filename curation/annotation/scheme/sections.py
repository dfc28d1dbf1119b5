"""The parts of the card, in their order: what a reason can point to, and whose letters stand beside
it.
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
"""Part of the card to its title. `samples` stands for `first`, `spread`, `latest` and `random`
together.
"""
