"""Releases: frozen data sets that outlive the store's later versions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import ResourceFailure, UserError, unknown
from botbench.core.hashing import file_sha256
from botbench.core.sql import literal
from curation.features.given import described
from curation.ingest import data_sets, memory
from curation.release import acceptance, writer
from curation.release.contents import TABLES_FROZEN, Frozen, frozen
from curation.store import file_hashes
from curation.store.snapshot_queries import card, newest_consensus
from curation.store.store import Store

if TYPE_CHECKING:
    from curation.validation.outcome import Validation

NEEDED = {"name", "version", "dataset", "content_hash"}
"""What every release.json says."""
NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")


@dataclass(frozen=True)
class Release:
    """A frozen data set: a folder of Parquet files and its release.json."""

    path: Path
    info: dict[str, Any]
    made: bool = False
    """Whether this call made the release (False: it existed)."""

    @property
    def name(self) -> str:
        """The release's name."""
        return str(self.info["name"])

    @property
    def version(self) -> int:
        """Its version, from 1."""
        return int(self.info["version"])

    @property
    def reference(self) -> str:
        """Name and version, such as `rtbust@1`."""
        return f"{self.name}@{self.version}"

    @property
    def dataset(self) -> str:
        """The data set it freezes."""
        return str(self.info["dataset"])

    @property
    def platform(self) -> str:
        """The accounts' platform."""
        return str(self.info["platform"])

    @property
    def content_hash(self) -> str:
        """sha256 over the canonical rows: equal hashes mean equal content in any file layout."""
        return str(self.info["content_hash"])

    def file(self, table: str) -> Path:
        """The Parquet file of one table; raises UserError for a table that releases do not have."""
        if table not in TABLES_FROZEN:
            raise unknown("table in a release", table, TABLES_FROZEN)
        return self.path / f"{table}.parquet"

    def verify(self) -> None:
        """Compare every file with its sha256 in release.json; raises ResourceFailure where they
        differ.
        """
        wrong = [
            name
            for name, wanted in self.info["files"].items()
            if file_sha256(self.path / name) != wanted
        ]
        if wrong:
            raise ResourceFailure(
                f"The release {self.reference} was changed after it was made:"
                f" {', '.join(sorted(wrong))} in {self.path} differ from release.json. Remove that"
                " folder and run botbench release again."
            )


def freeze(
    store: Store,
    name: str,
    dataset: str,
    *,
    at: str | int | None = None,
    accept: str | None = None,
    seed: int = 0,
    consensus: str | None = None,
    because: str | None = None,
) -> Release:
    """Freeze the judged accounts of `dataset` at a version under a consensus (default: the newest).

    The same content gives the same release version. Other content makes a new version that
    supersedes the last (`because` says why). Safe to run in several processes and to repeat after a
    kill. Raises Findings where the version fails validation and `accept` is None, UserError where
    there is nothing to freeze, and ResourceFailure where a data file is not as it was committed.
    """
    _check_name(name)
    version = store.resolve(at)
    file_hashes.require(store.connection, store.location, version, [dataset])
    asked = _Asked(name, dataset, version, accept, seed, consensus, because)
    return memory.within(store.connection, memory.STEP, lambda: _freeze(store, asked))


@dataclass(frozen=True)
class _Asked:
    """What `freeze` was asked for, at a version of the store."""

    name: str
    dataset: str
    version: int
    accept: str | None
    seed: int
    consensus: str | None
    because: str | None


def _freeze(store: Store, asked: _Asked) -> Release:
    name, dataset, version = asked.name, asked.dataset, asked.version
    consensus = _consensus(store, dataset, version, asked.consensus)
    with frozen(store, dataset, version, consensus, asked.seed) as content:
        if not content.counts()["accounts"]:
            raise UserError(
                f"No account of {dataset} is settled as bot or human and observed, as of version"
                f" {version}: {_reasons(content)}. Nothing was frozen."
            )
        content_hash = content.content_hash()
        row = writer.recorded(store, name, content_hash)
        if row and writer.folder(store.home, name, row["version"]).is_dir():
            return load(store.home, f"{name}@{row['version']}")
        writer.refuse_other_dataset(store, name, dataset)
        validation = acceptance.before_release(store, content, asked.accept, row)
        info = {
            **_about(content),
            "content_hash": content_hash,
            "accepted": asked.accept,
            "validation": {
                **validation.summary(),
                "report": acceptance.report_path(store, validation),
            },
            "because": asked.because,
        }
        path, number = writer.put(store, name, content, info)
    return Release(path, load(store.home, f"{name}@{number}").info, made=True)


def validate_release(store: Store, release: Release, keep: bool = False) -> Validation:
    """Run every suite on the files of a release.

    Tables that the release lacks are read at the version it was frozen from. Raises UserError where
    a file was changed, or that version has expired.
    """
    from curation.validation.run import validate_views

    release.verify()
    files = {t: f"read_parquet({literal(release.file(t))})" for t in TABLES_FROZEN}
    from_files = {
        "frozen": files,
        "splits": files["splits"],
        "consensus": str(release.info["consensus_id"]),
    }
    version = store.resolve(int(release.info["snapshot_id"]))
    return validate_views(
        store, release.dataset, version, from_files, keep=keep, release=release.reference
    )


def dataset_of(store: Store, name: str) -> str:
    """The data set that the releases of this name freeze; raises UserError without one."""
    names = listed(store.home)
    if name not in names:
        raise UserError(
            f"There is no release {name} yet, so say what it freezes: --dataset DATASET. Known"
            f" releases: {', '.join(names) or 'none'}."
        )
    return load(store.home, name).dataset


def _about(content: Frozen) -> dict[str, Any]:
    """The content's description in release.json, without names, hashes and times."""
    of_card = card(content.store, content.dataset, content.version)
    return {
        "dataset": content.dataset,
        "platform": ", ".join(content.platforms()),
        "simulated": bool(of_card.get("simulated", False)),
        "title": of_card.get("title") or content.dataset,
        "licence": of_card.get("licence"),
        "citation": of_card.get("citation"),
        "window": of_card.get("window"),
        **({"family": of_card["family"]} if of_card.get("family") else {}),
        **({"given_features": given} if (given := described(of_card)) else {}),
        "snapshot_id": content.version,
        "consensus_id": content.consensus,
        **content.counts(),
        "left_out": content.left_out(),
        "evidence": content.evidence(),
        "splits": content.splits(),
    }


def _consensus(store: Store, dataset: str, version: int, wanted: str | None) -> str:
    if dataset not in (known := data_sets.there(store, version)):
        raise data_sets.absent(store, dataset, version, f"data set in version {version}", known)
    if wanted is None:
        wanted = newest_consensus(store, dataset, version)
        if wanted is None:
            raise UserError(
                f"There are no labels of {dataset} in version {version} yet: run botbench consensus"
                f" {dataset} first."
            )
        return wanted
    rows = store.connection.execute(
        f"SELECT DISTINCT consensus_id FROM {store.relation('labels', version)} WHERE dataset = ?",
        [dataset],
    ).fetchall()
    if (wanted,) not in rows:
        raise unknown(
            f"consensus of {dataset} in version {version}", wanted, [str(r[0]) for r in rows]
        )
    return wanted


def _reasons(content: Frozen) -> str:
    return (
        ", ".join(f"{n:,} {reason}" for reason, n in content.left_out().items())
        or "there are no labels"
    )


def _check_name(name: str) -> None:
    if not NAME.match(name):
        raise UserError(
            f"{name!r} cannot name a release: use lower-case letters, digits, dot, dash and"
            " underscore (at most 64), such as rtbust."
        )


def load(home: Path, reference: str, *, verify: bool = False) -> Release:
    """Load a release: `name` is its newest version, `name@2` that one.

    `verify` compares its files with their hashes. Raises UserError for an unknown name or version,
    and ResourceFailure for a damaged release.json and for changed files.
    """
    name, _, number = reference.partition("@")
    known = listed(home)
    if gone := _without_document(home, name, number):
        _read(gone)
    if name not in known:
        raise unknown("release", name, known)
    versions = known[name]
    if number and number not in {str(v) for v in versions}:
        raise UserError(
            f"The release {name} has no version {number!r}; there is"
            f" {', '.join(f'{name}@{v}' for v in versions)}."
        )
    found = _read(home / "releases" / name / (number or str(versions[-1])))
    if verify:
        found.verify()
    return found


def _without_document(home: Path, name: str, number: str) -> Path | None:
    """The folder of the version that is meant, by default the newest, if release.json is gone.

    Otherwise an older version would be taken for the newest.
    """
    if not NAME.match(name):
        return None
    made = {p.name: p for p in (home / "releases" / name).glob("[0-9]*") if p.name.isdigit()}
    meant = made.get(number) if number else made[max(made, key=int)] if made else None
    missing = meant and any(meant.glob("*.parquet")) and not (meant / "release.json").exists()
    return meant if missing else None


def _read(path: Path) -> Release:
    try:
        info = json.loads((path / "release.json").read_text(encoding="utf-8"))
        if info.keys() >= NEEDED:
            return Release(path, info)
        reason = f"it lacks {', '.join(sorted(NEEDED - info.keys()))}"
    except (OSError, ValueError, AttributeError) as error:
        reason = str(error) or type(error).__name__
    raise ResourceFailure(
        f"The release {path.parent.name}@{path.name} cannot be read: {path / 'release.json'} is"
        f" damaged ({reason}). Put its folder back from a backup, or remove the folder and run"
        f" botbench release {path.parent.name} again: the same content is the same version."
    )


def listed(home: Path) -> dict[str, list[int]]:
    """Every release in a home folder by name, with its versions in order."""
    found: dict[str, list[int]] = {}
    for file in sorted((home / "releases").glob("*/*/release.json")):
        if file.parent.name.isdigit():
            found.setdefault(file.parent.parent.name, []).append(int(file.parent.name))
    return {name: sorted(versions) for name, versions in found.items()}
