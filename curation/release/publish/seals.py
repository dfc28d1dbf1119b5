"""Sealed releases: what depends on labels that a seal keeps back must not go out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError

if TYPE_CHECKING:
    from curation.release.release import Release

OPENED = "opened.json"
"""The file in a seal's folder that says that the seal was opened."""


def folder(home: Path, reference: str) -> Path | None:
    """The folder of a release's seal, or None; its subfolder `public/` is what goes out."""
    name, _, version = reference.partition("@")
    place = home / "sealed" / name / version
    return place if (place / "public" / "sealed.json").is_file() else None


def closed(home: Path) -> dict[str, Path]:
    """The folders of the seals that were not opened yet, by release."""
    return {
        f"{path.parent.parent.parent.name}@{path.parent.parent.name}": path.parent.parent
        for path in sorted((home / "sealed").glob("*/*/public/sealed.json"))
        if not (path.parent.parent / OPENED).is_file()
    }


def kept_back(home: Path, release: Release) -> dict[str, Path]:
    """The closed seals whose sealed accounts the release holds: its own, and those of others."""
    return {
        reference: place
        for reference, place in closed(home).items()
        if reference == release.reference or _shares(release, place)
    }


def _shares(release: Release, place: Path) -> bool:
    """Whether a release has the label of an account that is sealed there."""
    sealed, labels = place / "labels.parquet", release.file("labels")
    if not (sealed.is_file() and labels.is_file()):
        return False
    with scratch_database(threads=1) as connection:
        shared = connection.execute(
            "SELECT 1 FROM read_parquet(?) SEMI JOIN read_parquet(?) USING (dataset, account_id)"
            " LIMIT 1",
            [str(labels), str(sealed)],
        )
        return shared.fetchone() is not None


def refuse(home: Path, release: Release, what: str) -> None:
    """Raise UserError where `what` is made of a release with labels that a closed seal keeps back.

    Rows are not all that tells them: so do class counts, means, and hashes of rows, which anybody
    computes for both labels of an account and compares.
    """
    for reference, place in kept_back(home, release).items():
        whose = "it" if reference == release.reference else f"{release.reference}, which shares it,"
        raise UserError(
            f"A part of {reference} is sealed, and {what} of {whose} would tell its labels, if only"
            " by counts and hashes; nothing was written. Publish the sealed folder instead, as it"
            f" is: {place / 'public'}; or open the seal first: botbench submit open {reference}."
        )
