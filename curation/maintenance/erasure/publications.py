"""Rewrite the publications of releases that held an erased account; publish successors."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import Findings, UserError, first_line
from curation.maintenance.erasure import file_cleaning, own_files
from curation.maintenance.erasure.account import Target
from curation.release.publish.documents.answers import Answers
from curation.release.publish.folder import OTHERS, Press, Publication, broken, listed, publish
from curation.release.publish.tiers import Tier
from curation.release.release import load

if TYPE_CHECKING:
    from curation.store.store import Store


def renew(
    store: Store, references: list[str], successors: dict[str, str]
) -> tuple[list[str], list[str]]:
    """Rewrite each publication of the releases, and publish their successors in the same tiers.

    Returns the successors' folders, and sentences on publications that could not be rewritten,
    whose folders are removed.
    """
    renewed, unmade = [], []
    for publication in [p for p in listed(store.home) if p.info["reference"] in references]:
        try:
            _again(store, publication)
            if successor := successors.get(publication.info["reference"]):
                tier, answers = _of(publication)
                renewed.append(
                    str(publish(store, load(store.home, successor), tier, answers).info["folder"])
                )
        except (Findings, UserError) as error:
            _remove(publication.path)
            unmade.append(
                f"The publication {publication.info['folder']} could not be written anew and was"
                f" removed: {first_line(error)}"
            )
    if renewed or unmade:
        unmade.append(
            "Copies of these publications that were handed out cannot be called back: tell those"
            " who have them which version supersedes theirs."
        )
    return sorted(set(renewed)), unmade


def clean_broken(store: Store, target: Target) -> list[str]:
    """Remove publications that hold the account and cannot be written anew; sentences on them.

    Their release is broken. A folder that is itself broken is only named: whose it is, is not
    known.
    """
    sentences = []
    for publication in listed(store.home):
        files = [p for p in own_files.publication(publication.path) if p.is_file()]
        if any(file_cleaning.holds(store, p, target.marks) for p in files):
            _remove(publication.path)
            sentences.append(
                f"The publication {publication.info['folder']} held the account, and its release"
                " is broken, so that it could not be written anew and was removed."
            )
    sentences += [
        f"{folder} is a publication without a whole release.json. It was left as it is: delete it,"
        " or put its files back from a backup and run the same erase again."
        for folder in broken(store.home)
    ]
    return sentences


def _of(publication: Publication) -> tuple[Tier, Answers]:
    return Tier.model_validate(publication.info["tier_document"]), Answers(
        publication.info.get("answers", {})
    )


def _again(store: Store, publication: Publication) -> None:
    tier, answers = _of(publication)
    press = Press(store, load(store.home, publication.info["reference"]), tier, answers)
    # The whole folder is replaced; foreign files in it are set aside and put back.
    others = _others(publication.path)
    aside = publication.path.with_name(f"{publication.path.name}{OTHERS}")
    _move(others, publication.path, aside)
    try:
        press.write(publication.path, publication.info["revision"], publication.info["supersedes"])
    finally:
        _move([p.relative_to(aside) for p in file_cleaning.below(aside)], aside, publication.path)
        shutil.rmtree(aside, ignore_errors=True)


def _others(folder: Path) -> list[Path]:
    """The files in a published folder that botbench did not make, relative to it."""
    ours = own_files.publication(folder)
    return [p.relative_to(folder) for p in file_cleaning.below(folder) if p not in ours]


def _move(names: list[Path], source: Path, target: Path) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).rename(target / name)


def _remove(folder: Path) -> None:
    """Remove a publication, and its folder unless it holds foreign files."""
    for path in own_files.publication(folder):
        path.unlink(missing_ok=True)
    for below in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            below.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
