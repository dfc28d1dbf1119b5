"""Sealed releases: publications must not reveal the labels that a seal keeps back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from curation.release.publish.tiers import Tier

TELLING = ("labels", "claims", "votes", "agreement")
"""Tables in which a single row reveals a label."""


def folder(home: Path, reference: str) -> Path | None:
    """The folder of a release's seal, or None; its subfolder `public/` is what goes out."""
    name, _, version = reference.partition("@")
    place = home / "sealed" / name / version
    return place if (place / "public" / "sealed.json").is_file() else None


def refuse(home: Path, reference: str, tier: Tier) -> None:
    """Raise UserError where the tier would reveal labels that the release's seal keeps back."""
    place, revealing = folder(home, reference), [t for t in TELLING if t in tier.tables]
    if place and revealing:
        raise UserError(
            f"A part of {reference} is sealed, and the tier {tier.tier} holds"
            f" {', '.join(revealing)}, which would tell its labels; nothing was published. Publish"
            f" the sealed folder instead, as it is: {place / 'public'}; or a tier without these"
            " tables."
        )
