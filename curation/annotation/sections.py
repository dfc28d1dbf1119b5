"""The parts of the card, in their order: what a reason can point to, and which letter stands beside it."""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "profile": "Profile",
    "numbers": "Numbers and history",
    "hours": "Hours of the week",
    "timeline": "Posts over time",
    "first": "First posts",
    "spread": "Most spread",
    "latest": "Latest",
    "random": "Random",
    "company": "Company",
}
"""Part of the card to its title. `company` (who else has the same picture, bio or text) is not drawn yet."""
