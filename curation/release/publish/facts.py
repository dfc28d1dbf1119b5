"""The facts that the store has about a release, for its documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.release.publish.tiers import Tier

if TYPE_CHECKING:
    from curation.release.release import Release
    from curation.store.store import Store


def gather(store: Store, release: Release, tier: Tier) -> dict[str, Any]:
    """The facts of a release by name: plain values, or lists of records."""
    info = release.info
    return {
        **{
            k: info[k]
            for k in (
                "name",
                "version",
                "title",
                "dataset",
                "platform",
                "simulated",
                "licence",
                "citation",
                "accounts",
                "bots",
                "humans",
                "left_out",
                "content_hash",
                "made_at",
                "splits",
                "evidence",
                "validation",
                "accepted",
            )
        },
        "reference": release.reference,
        "parent": info.get("parent"),
        "because": info.get("because"),
        "erasures": info.get("rewritten", []),
        "tier": tier.tier,
        "tier_meaning": tier.meaning,
        "ids": tier.ids,
        "retention_days": tier.retention_days,
        "card": _card(store, release),
        "method": _method(store, release),
        "claimants": _claimants(store, release),
        "votes": _votes(store, release),
        "batches": _batches(store, release),
        "pulls": _pulls(store, release),
        "observed": _span(store, release, "accounts", "observed_at"),
        "posts": _posts(store, release),
        "posted": _span(store, release, "posts", "created_at"),
        "languages": _languages(store, release),
        "audit": audit(store, release),
    }


def _file(release: Release, table: str) -> str:
    return f"read_parquet({literal(release.file(table))})"


def _rows(store: Store, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in store.arrow(query).to_pylist()]


def _card(store: Store, release: Release) -> dict[str, Any]:
    from curation.store.snapshot_queries import card

    document = card(store, release.dataset, store.head())
    return {
        k: document.get(k) for k in ("description", "quirks", "known_issues", "label", "window")
    }


def _method(store: Store, release: Release) -> list[str]:
    return [
        r["method"]
        for r in _rows(store, f"SELECT DISTINCT method FROM {_file(release, 'labels')} ORDER BY 1")
    ]


def _claimants(store: Store, release: Release) -> list[dict[str, Any]]:
    """Claimants, claims and accounts by kind of claimant; people are counted, never named."""
    return _rows(
        store,
        f"""SELECT claimant_kind AS kind, count(DISTINCT claimant) AS claimants, count(*) AS claims,
        count(DISTINCT account_id) AS accounts, min(made_at) AS first, max(made_at) AS last
        FROM {_file(release, "claims")} WHERE answer IS NOT NULL GROUP BY 1 ORDER BY 1""",
    )


def _votes(store: Store, release: Release) -> dict[str, Any]:
    """How often two claimants of one kind agree on an account, by their latest votes."""
    votes = (
        "SELECT account_id, claimant_kind, claimant, arg_max(answer, coalesce(made_at,"
        f" 'epoch'::TIMESTAMPTZ)) AS answer FROM {_file(release, 'claims')} WHERE answer IS NOT"
        " NULL GROUP BY ALL"
    )
    counts = (
        "SELECT account_id, claimant_kind, sum(n) AS n, sum(n * (n - 1)) AS same FROM (SELECT"
        f" account_id, claimant_kind, answer, count(*) AS n FROM ({votes}) GROUP BY ALL) GROUP"
        " BY ALL"
    )
    row = _rows(
        store,
        f"""SELECT count(*) FILTER (n > 1) AS accounts, sum(n * (n - 1))::BIGINT // 2 AS pairs,
        sum(same) / nullif(sum(n * (n - 1)), 0) AS agreed, avg(n) AS per_account FROM ({counts})""",
    )[0]
    return {
        k: float(v) if k in ("agreed", "per_account") and v is not None else v
        for k, v in row.items()
    }


def _batches(store: Store, release: Release) -> list[dict[str, Any]]:
    return _rows(
        store,
        f"SELECT design, seed, population, size, copies FROM {store.relation('batches')} "
        f"WHERE dataset = {literal(release.dataset)} ORDER BY made_at, batch_id",
    )


def _pulls(store: Store, release: Release) -> list[dict[str, Any]]:
    return _rows(
        store,
        f"""SELECT p.pull_id, p.finished_at, l.table_name AS "table",
               l.read, l.kept, l.duplicate, l.quarantined
        FROM {store.relation("pulls")} p JOIN {store.relation("ledger")} l USING (pull_id)
        WHERE dataset = {literal(release.dataset)} ORDER BY finished_at, p.pull_id, l.table_name""",
    )


def _span(store: Store, release: Release, table: str, column: str) -> list[str] | None:
    """First and last day, or None where no time is known."""
    row = _rows(
        store,
        f"SELECT min({column})::DATE::VARCHAR AS a, max({column})::DATE::VARCHAR AS b FROM"
        f" {_file(release, table)}",
    )[0]
    return [row["a"], row["b"]] if row["a"] else None


def _posts(store: Store, release: Release) -> int:
    return int(_rows(store, f"SELECT count(*) AS n FROM {_file(release, 'posts')}")[0]["n"])


def _languages(store: Store, release: Release) -> list[dict[str, Any]]:
    return _rows(
        store,
        f"SELECT lang, count(*) AS accounts FROM {_file(release, 'accounts')} WHERE lang IS NOT"
        " NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    )


def _audit_file(store: Store, release: Release) -> Path:
    return store.home / "audits" / f"{release.content_hash[:16]}.json"


def audit(store: Store, release: Release) -> dict[str, Any] | None:
    """The kept result of `botbench audit dataset RELEASE --json` for this content, or None."""
    file = _audit_file(store, release)
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def keep_audit(store: Store, release: Release, file: Path) -> None:
    """Keep an audit's document with the release's content.

    Raises UserError where the file is no audit, or is one of other content.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("checks"), list):
        raise UserError(
            f"{file} is no audit; make one: botbench audit dataset {release.reference} --json >"
            f" {file.name}"
        )
    if document.get("content_hash") != release.content_hash:
        raise UserError(
            f"{file} is the audit of other content ({document.get('release')}); audit"
            f" {release.reference} again: botbench audit dataset {release.reference} --json >"
            f" {file.name}"
        )
    file = _audit_file(store, release)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")
