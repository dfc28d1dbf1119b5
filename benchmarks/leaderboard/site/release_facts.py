"""Facts from the store on a run's releases for the data set pages.

They are audit, card, claims, agreement, kinds of bots and datasheet. They name no account: ids stay
in memory, to compute recall by kind of bot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import release_arrays
from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.stats import agreement
from botbench.stats.votes import Votes
from curation.release import duplicate_groups
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.execution.results import Run
    from curation.release.release import Release

SAID = ("title", "licence", "citation", "validation", "accepted", "evidence", "left_out")
CARD = ("description", "known_issues")
TIERS = ("internal",)
"""Tiers whose datasheets do not go out."""


@dataclass(frozen=True)
class ReleaseFacts:
    """Facts by release reference.

    `audits` are findings; `about` comes from release.json, card and claims; `kinds` is (dataset,
    account_id, kind) of bots; `datasheets` is HTML; `groups` counts accounts that look alike.
    """

    audits: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    kinds: Mapping[str, pa.Table] = dataclasses.field(default_factory=dict)
    datasheets: Mapping[str, str] = dataclasses.field(default_factory=dict)
    groups: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)


def facts_of(run: Run) -> ReleaseFacts:
    """All facts on the run's releases that are in the store."""
    from benchmarks.audits.cache import cached_audit
    from curation.release import release

    releases = []
    for entry in run.releases:
        try:
            releases.append(release.load(run.home, f"{entry['name']}@{entry['version']}"))
        except UserError:
            continue
    cards = _cards(run.home, releases)
    sheets = {r.reference: text for r in releases if (text := _datasheet(run.home, r)) is not None}
    return ReleaseFacts(
        {r.reference: cached_audit(run.home, r) for r in releases},
        {
            r.reference: (
                {k: r.info.get(k) for k in SAID} | cards.get(r.dataset, {}) | {"claims": claims(r)}
            )
            for r in releases
        },
        {r.reference: kinds(r) for r in releases},
        sheets,
        {r.reference: found for r in releases if (found := looks_alike(r))},
    )


def looks_alike(release: Release) -> dict[str, int] | None:
    """Duplicate groups of two or more: their number, accounts, the largest, those of both labels.

    None where the release has no such file, or no such group.
    """
    file = release.path / duplicate_groups.FILE
    if not file.is_file():
        return None
    counts = release_arrays.ask(
        """
        SELECT count(*) AS groups, sum(n)::BIGINT AS accounts, max(n) AS largest,
               count(*) FILTER (labels > 1) AS mixed
        FROM (SELECT count(*) AS n, count(DISTINCT label) AS labels
              FROM read_parquet(?) JOIN read_parquet(?) USING (account_id)
              GROUP BY "group" HAVING count(*) > 1)""",
        [str(file), str(release.file("labels"))],
    ).to_pylist()[0]
    return counts if counts["groups"] else None


def claims(release: Release) -> list[dict[str, Any]]:
    """Claims, claimants, accounts and agreement for each kind of claimant.

    `alpha` is Krippendorff's (nominal) with its 95 % interval over accounts, `percent` the share of
    agreeing pairs. Both are None if no account has two votes of the kind.
    """
    counts = release_arrays.ask(
        f"""
        SELECT claimant_kind AS kind, count(*) AS claims, count(DISTINCT claimant) AS claimants,
               count(DISTINCT account_id) AS accounts
        FROM {_votes(release)} GROUP BY 1 ORDER BY 1""",
        [],
    )
    return [{**row, **_agreed(release, str(row["kind"]))} for row in counts.to_pylist()]


def _agreed(release: Release, kind: str) -> dict[str, Any]:
    """One vote a claimant and account, the latest; two answers of one moment are none."""
    votes = release_arrays.ask(
        f"""
        WITH latest AS (FROM {_votes(release)} WHERE claimant_kind = ?
            QUALIFY made_at IS NOT DISTINCT FROM
                max(made_at) OVER (PARTITION BY account_id, claimant))
        SELECT account_id AS account, claimant AS annotator, any_value(answer) AS answer FROM latest
        GROUP BY ALL HAVING count(DISTINCT answer) = 1 ORDER BY ALL""",
        [kind],
    )
    table = Votes.of(votes).counts()
    several = int((table.sum(axis=1) >= 2).sum()) if len(table) else 0
    if not several:
        return {"several": 0, "alpha": None, "percent": None}
    figures = agreement.measure(table, ["nominal", "percent"])
    return {
        "several": several,
        "alpha": figures["nominal"].document(),
        "percent": figures["percent"].document(),
    }


def kinds(release: Release) -> pa.Table:
    """(dataset, account_id, kind) of bots, from the first standing claim or the source's group."""
    standing = standing_claims(f"read_parquet({literal(_file(release))})")
    return release_arrays.ask(
        f"""
        SELECT l.dataset, l.account_id, c.kind FROM read_parquet(?) l
        JOIN (SELECT account_id, mode(coalesce(kinds[1], attributes['group'])) AS kind
              FROM {standing} WHERE answer = 'bot' GROUP BY account_id) c USING (account_id)
        WHERE l.label = 'bot' AND c.kind IS NOT NULL ORDER BY ALL""",
        [str(release.file("labels"))],
    )


def _votes(release: Release) -> str:
    """SQL of standing claims without those of adjudicators and trainees.

    `curation.labels.agreement_report` takes them.
    """
    standing = standing_claims(f"read_parquet({literal(_file(release))})")
    return (
        f"(FROM {standing} WHERE coalesce(attributes['role'], '') <> 'adjudicator'"
        " AND coalesce(attributes['part'], '') <> 'training')"
    )


def _file(release: Release) -> str:
    return str(release.file("claims"))


def _cards(home: Path, found: list[Release]) -> dict[str, dict[str, Any]]:
    """Facts from cards by data set; nothing without the store."""
    from curation.store.snapshot_queries import card
    from curation.store.store import Store

    try:
        with Store(create=False) as store:
            if store.home.resolve() != home.resolve():
                return {}
            read = {r.dataset: card(store, r.dataset, store.head()) for r in found}
    except UserError:
        return {}
    return {dataset: {k: entry.get(k) for k in CARD} for dataset, entry in read.items()}


def _datasheet(home: Path, release: Release) -> str | None:
    """The datasheet of the newest publication of the release that may go out."""
    from curation.release.publish import folder

    candidates = [
        p.path / "datasheet.html"
        for p in folder.listed(home)
        if (p.info["name"], p.info["version"]) == (release.name, release.version)
        and p.info["tier"] not in TIERS
    ]
    there = [path for path in candidates if path.is_file()]
    return there[-1].read_text(encoding="utf-8") if there else None
