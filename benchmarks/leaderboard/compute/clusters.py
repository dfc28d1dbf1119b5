"""Clusters of related data sets, which say no more of other data sets than one of them does.

Releases are related if their cards name one family, if they are of one data set, or if they share
accounts; relations are followed (connected components).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError

SHARED = 0.01
"""The share of the smaller release's accounts that must be in the larger one, to relate them: a
few well-known accounts stand in many data sets."""


def of_tests(tests: Sequence[str], families: Mapping[str, str]) -> list[str]:
    """The cluster of each test; tests that name several releases (`a@1+b@1`) join their families.

    >>> of_tests(["a@1", "b@1", "c@1+a@1", "d@1"], {"a@1": "x", "b@1": "x", "c@1": "y"})
    ['x', 'x', 'x', 'd@1']
    """
    named = {test: {families.get(r, r) for r in test.split("+")} for test in tests}
    group = _joined(named.values())
    return [group[min(own)] for own in named.values()]


def _joined(sets: Iterable[set[str]]) -> dict[str, str]:
    """Each name's group: names that are in one set are in one group, called by its first name."""
    group: dict[str, str] = {}
    for own in sets:
        met = {group.get(name, name) for name in own}
        first = min(met)
        group.update((name, first) for name in own)
        group.update((name, first) for name, old in list(group.items()) if old in met)
    return group


def families(releases: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The cluster of each release of a board by reference, from its `family` (else its data set).

    A cluster of one is called by its reference.
    """
    rows = list(releases)
    names = {f"{r['name']}@{r['version']}": str(r.get("family") or r["dataset"]) for r in rows}
    alone = [name for name in names.values() if list(names.values()).count(name) == 1]
    return {reference: reference if f in alone else f for reference, f in names.items()}


def named(home: Path, releases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The releases with their `family`, None where a release is related to no other one.

    The family is the card's (of the release, else of the built-in card of that data set), joined
    with the families of the releases that share accounts with it.
    """
    references = [f"{r['name']}@{r['version']}" for r in releases]
    own = [{_declared(home, r) or f"data set {r['dataset']}"} for r in releases]
    by_reference = dict(zip(references, own, strict=True))
    shared = [by_reference[a] | by_reference[b] for a, b in _sharing(home, releases)]
    group = _joined([*own, *shared])
    found = [group[min(names)] for names in own]
    return [
        {**r, "family": f.removeprefix("data set ") if found.count(f) > 1 else None}
        for r, f in zip(releases, found, strict=True)
    ]


def _declared(home: Path, entry: Mapping[str, Any]) -> str | None:
    from curation.ingest import cards
    from curation.release import release

    if entry.get("family"):
        return str(entry["family"])
    try:
        info = release.load(home, f"{entry['name']}@{entry['version']}").info
    except UserError:
        info = {}
    if info.get("family"):
        return str(info["family"])
    try:
        return cards.load(str(entry.get("dataset"))).family
    except UserError:
        return None


def _sharing(home: Path, releases: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of releases that share accounts: SHARED of the smaller one's."""
    files = {
        f"{r['name']}@{r['version']}": (home / str(r["path"]) / "labels.parquet", r["platform"])
        for r in releases
        if r.get("path")
    }
    there = {name: own for name, own in files.items() if own[0].is_file()}
    if len(there) < 2:
        return []
    with scratch_database() as connection:
        connection.execute("CREATE TABLE held (release VARCHAR, platform VARCHAR, id VARCHAR)")
        for name, (path, platform) in there.items():
            connection.execute(
                "INSERT INTO held SELECT DISTINCT ?, ?, account_id FROM read_parquet(?)",
                [name, str(platform), str(path)],
            )
        return connection.execute(
            """
            WITH sizes AS (SELECT release, count(*) AS n FROM held GROUP BY release)
            SELECT a.release, b.release
            FROM held a JOIN held b USING (platform, id)
                 JOIN sizes s ON s.release = a.release JOIN sizes t ON t.release = b.release
            WHERE a.release < b.release
            GROUP BY a.release, b.release
            HAVING count(*) >= ? * min(least(s.n, t.n))
            ORDER BY ALL""",
            [SHARED],
        ).fetchall()
