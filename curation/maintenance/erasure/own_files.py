"""Recognise the files that botbench writes by place and name; all others are only read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from botbench.core.files import UNFINISHED
from botbench.terminal import crash_log
from curation.maintenance.erasure import file_cleaning
from curation.release import duplicate_groups, writer
from curation.release.contents import TABLES_FROZEN
from curation.store.connection import MARKER

STUDY = (
    "study.json",
    "figures.json",
    "report.html",
    "figures/*.csv",
    "network.graphml",
    "network-ties.parquet",
    "network-accounts.parquet",
)
HOME = (
    "annotate/*.json",
    "annotate/read/*.json",
    "annotate/shown/*.parquet",
    "audits/*.json",
    "bench/cells/*/cell.json",
    "bench/cells/*/predictions.parquet",
    "bench/runs/*.json",
    "bench/tracked/*.json",
    "datasheets/*.yaml",
    "reports/quality-*.html",
    "reports/validation-*.html",
    "schemes/*.json",
    "sealed/*/*/*.json",
    "sealed/*/*/labels.parquet",
    "sealed/*/*/public/*.json",
    "sealed/*/*/public/*.parquet",
    "submissions/ledger.jsonl",
    *(f"studies/*/{name}" for name in STUDY),
)
"""Files below a store's folder that are cleaned one by one, relative to it."""
SHELVED = (
    "releases/*/*/release.json",
    f"releases/*/*/{duplicate_groups.FILE}",
    *(f"releases/*/*/{table}.parquet" for table in TABLES_FROZEN),
)
"""Files below a store's folder that are rewritten with their release."""
BOARD = (*(f"leaderboard.{ending}" for ending in ("json", "csv", "md", "html")), "timings.json")
SITE = (
    *BOARD,
    *(
        f"{page}.html"
        for page in ("index", "compare", "pictures", "made", "changes", "responsible-use")
    ),
    *(f"{room}/*.html" for room in ("detectors", "datasets", "metrics", "protocols")),
    "data/made-from.json",
    "data/cells/*.json",
    "data/cells/*.parquet",
)
UNITS: tuple[tuple[str, frozenset[str], tuple[str, ...]], ...] = (
    ("data/made-from.json", frozenset({"about", "resamples", "cells"}), SITE),
    ("leaderboard.json", frozenset({"rows", "summary", "detectors"}), BOARD),
    ("study.json", frozenset({"campaign", "estimates", "provenance"}), STUDY),
    ("study.json", frozenset({"campaign", "ranking", "rates", "provenance"}), STUDY),
    ("study.json", frozenset({"account", "days_over", "most_in_a_day", "tables"}), STUDY),
    (
        "model.json",
        frozenset({"detector", "detector_version", "trained_on"}),
        ("model.json", "trained_on.parquet"),
    ),
    (
        "attrition.json",
        frozenset({"reference", "tier", "fates"}),
        ("attrition.json", "accounts.parquet", "posts.parquet"),
    ),
)
"""Folders that botbench writes where the user says: marking document, its keys, files beside it."""
PUBLICATION = frozenset({"tier_document", "identity", "files"})
"""Members of a publication's release.json; SHA256SUMS beside it lists the publication's files."""
REPORTS = ("validation-*-v*.html", "quality-*-lead.html", "quality-*-????????????.html")
"""Single pages that botbench writes where the user says."""
DRAFTS = (
    "reports/*.unfinished",
    "backups/.*.unfinished",
    "sealed/*/.sealing-*",
    "bench/*/.*.json.*",
    "bench/cells/*/.*.json.*",
    *(f"{name}.erasing" for name in HOME),
    *sorted({f"{PurePath(name).parent}/.*{UNFINISHED}" for name in HOME}),
)
"""Unfinished files of killed commands in a store's folder, except releases and publications."""


def of_home(home: Path) -> Iterator[Path]:
    """The files that are cleaned one by one: of a store's folder, and the user's own error logs."""
    yield from crash_log.kept()
    for path in file_cleaning.below(home):
        name = path.relative_to(home)
        if name.parts[0] in file_cleaning.WHOLE or _is_one(name, HOME):
            yield path


def shelved(home: Path) -> set[Path]:
    """The files of a store's releases and publications, which are rewritten whole."""
    paths = {
        p
        for p in file_cleaning.below(home / "releases")
        if _is_one(p.relative_to(home), SHELVED) or _unfinished(p.relative_to(home))
    }
    for path in file_cleaning.below(home / "publications"):
        if _unfinished(path.relative_to(home)):
            paths.add(path)
        elif path.name == "release.json" and len(path.relative_to(home).parts) == 5:
            paths |= publication(path.parent)
    return paths


def publication(folder: Path) -> set[Path]:
    """The files of a published folder, by its own list of sums; empty where it is none."""
    try:
        sums = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    if not _members(folder / "release.json").issuperset(PUBLICATION):
        return set()
    names = {"SHA256SUMS", "release.json", *(line.partition("  ")[2] for line in sums)}
    return {
        folder / name
        for name in names
        if (folder / name).resolve().is_relative_to(folder.resolve())
    }


def in_place(folder: Path) -> list[Path]:
    """botbench's files in a user's folder: sites, boards, studies, publications, models.

    Another store below the folder is somebody else's: its files are not among them.
    """
    paths: set[Path] = set()
    below = list(file_cleaning.below(folder))
    stores = {p.parent for p in below if p.name in (MARKER, "catalog.sqlite")}
    for path in (p for p in below if stores.isdisjoint(p.parents)):
        if path.name == "SHA256SUMS":
            paths |= publication(path.parent)
        elif (
            fnmatchcase(path.name, "*.html")
            and _is_one(PurePath(path.name), REPORTS)
            and _is_page(path)
        ):
            paths.add(path)
        elif path.suffix == ".parquet" and _is_prediction(path):
            paths |= {path, path.with_suffix(".trained_on.parquet")}
        for mark, members, names in UNITS:
            if path.as_posix().endswith(f"/{mark}") and members <= _members(path):
                unit = path.parents[len(PurePath(mark).parts) - 1]
                paths |= {
                    p for p in file_cleaning.below(unit) if _is_one(p.relative_to(unit), names)
                }
    return sorted(p for p in paths if p.is_file() and not p.is_symlink())


def remove_unfinished(home: Path) -> int:
    """Remove and count what killed commands left in a store's folder; releases in writing stay."""
    shelves = [*(home / "releases").glob("*"), *(home / "publications").glob("*/*")]
    count = sum(writer.remove_unfinished(place) for place in shelves if place.is_dir())
    for path in {p for pattern in DRAFTS for p in home.glob(pattern)}:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        count += 1
    return count


def _unfinished(name: PurePath) -> bool:
    return any(
        part.startswith(writer.UNFINISHED) or part == writer.REWRITING for part in name.parts
    )


def _is_one(name: PurePath, patterns: Iterable[str]) -> bool:
    """Whether a relative path matches a pattern part by part."""
    parts = name.parts
    return any(
        len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
        for wanted in (PurePath(p).parts for p in patterns)
    )


def _members(path: Path) -> frozenset[str]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(document) if isinstance(document, dict) else frozenset()


def _is_page(path: Path) -> bool:
    """Whether a page has the content security policy of botbench's pages."""
    return b"content=\"default-src 'none'; style-src" in path.read_bytes()[:2_000]


def _is_prediction(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return b"botbench" in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False
