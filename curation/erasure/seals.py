"""Sealed releases that held an erased account: their files are swept like others, and their seals do not hold any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.erasure import files
from curation.erasure.account import Target
from curation.publish import seals

if TYPE_CHECKING:
    from curation.store import Store


def broken(store: Store, references: list[str], target: Target) -> dict[str, bool]:
    """Of the releases that are to be rewritten, those that are sealed: to whether the account is in the part kept back. Asked
    before anything is swept, for afterwards nothing tells."""
    found = {r: seals.folder(store.home, r) for r in references}
    return {r: files.holds(store, place / "labels.parquet", target.marks) for r, place in found.items() if place}


def to_do(found: dict[str, bool], successors: dict[str, str]) -> list[str]:
    """What the operator has to do about each seal."""
    return [_sentence(r, kept_back, successors.get(r)) for r, kept_back in sorted(found.items())]


def _sentence(reference: str, kept_back: bool, successor: str | None) -> str:
    what = (
        "its commitment was made over labels that held the account and no longer matches those that are kept, so that submissions "
        "to it are not scored any more"
        if kept_back
        else "its commitment still matches (the account was not in the part kept back), but its public files were written anew and "
        "differ from the hashes in its release.json"
    )
    then = f"botbench submit seal {successor}" if successor else "make a new release version and seal that"
    return f"The seal of {reference} is broken: {what}. Seal the new version and hand that out instead: {then}."
