"""Publications of releases that held an erased account: written anew without it, and the successor published in the same tiers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from curation import release as shelves
from curation.errors import Findings, UserError
from curation.publish.answers import Answers
from curation.publish.folder import Press, Publication, listed, publish
from curation.publish.tiers import Tier

if TYPE_CHECKING:
    from curation.store import Store


def renew(store: Store, references: list[str], successors: dict[str, str]) -> tuple[list[str], list[str]]:
    """Rewrite each publication of the releases, and publish their successors in the same tiers; returns the folders of the
    latter, and sentences on what could not be made again (its folder is removed: it must not stand as it was)."""
    made, unmade = [], []
    for publication in [p for p in listed(store.home) if p.info["reference"] in references]:
        try:
            _again(store, publication)
            if successor := successors.get(publication.info["reference"]):
                tier, answers = _of(publication)
                made.append(str(publish(store, shelves.load(store.home, successor), tier, answers).info["folder"]))
        except (Findings, UserError) as error:
            shutil.rmtree(publication.path, ignore_errors=True)
            unmade.append(
                f"The publication {publication.info['folder']} could not be written anew and was removed: "
                f"{str(error).splitlines()[0]}"
            )
    if made or unmade:
        unmade.append(
            "Copies of these publications that were handed out cannot be called back: tell those who have them which version "
            "supersedes theirs."
        )
    return sorted(set(made)), unmade


def _of(publication: Publication) -> tuple[Tier, Answers]:
    return Tier.model_validate(publication.info["tier_document"]), Answers(publication.info.get("answers", {}))


def _again(store: Store, publication: Publication) -> None:
    tier, answers = _of(publication)
    press = Press(store, shelves.load(store.home, publication.info["reference"]), tier, answers)
    press.write(publication.path, publication.info["revision"], publication.info["supersedes"])
