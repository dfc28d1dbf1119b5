"""The contents of a release: a data set's judged accounts at one version, as temporary views."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botbench.core.sql import literal
from curation.release import splits
from curation.release.content_hash import content_hash
from curation.store.equal_profiles import duplicate_groups
from curation.store.schema import TABLES
from curation.store.snapshot_queries import latest
from curation.store.store import Store

TABLES_FROZEN = ("accounts", "posts", "edges", "labels", "claims", "splits")
"""The tables of a release, each one Parquet file."""

BESIDE = {"splits": ("group",), "labels": ("place",)}
"""Columns of a release's file that the schema lacks and the content hash does not cover: the group
of equal profiles, and the account's place in the source, from 1 (NULL where it is not known).
"""

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Frozen:
    """A data set's judged accounts under one consensus at one version, as SQL relations by table.

    An account is judged if it is settled (agreed or adjudicated) as bot or human and was observed
    at least once.
    """

    store: Store
    dataset: str
    version: int
    consensus: str
    seed: int
    schema: str

    def relation(self, table: str) -> str:
        """SQL for one table, with the schema's columns and those of `BESIDE`."""
        return f"{self.schema}.{table}"

    def content_hash(self) -> str:
        """sha256 over the canonical rows of all tables."""
        return content_hash(self.store.connection, {t: self.relation(t) for t in TABLES_FROZEN})

    def order(self, table: str) -> str:
        """The table's key for ORDER BY."""
        return ", ".join(f'"{k}" NULLS FIRST' for k in TABLES[table].key)

    def counts(self) -> dict[str, int]:
        """Judged accounts: `accounts`, `bots`, `humans`."""
        each = ", ".join(f"count(*) FILTER (label = '{label}')" for label in ("bot", "human"))
        row = self._row(f"SELECT count(*), {each} FROM {self.schema}.judged")
        return dict(zip(("accounts", "bots", "humans"), map(int, row), strict=True))

    def left_out(self) -> dict[str, int]:
        """Count the labelled accounts left out: by status, `no binary label` or `unobserved`."""
        rows = self.store.connection.execute(
            f"""
            SELECT CASE WHEN label IS NULL AND status NOT IN ('agreed', 'adjudicated') THEN status
                        WHEN label IS NULL THEN 'no binary label'
                        ELSE 'unobserved' END AS reason,
                   count(*)
            FROM {self.schema}.consensus ANTI JOIN {self.schema}.judged USING (account_id)
            GROUP BY ALL ORDER BY 1"""
        ).fetchall()
        return {str(reason): int(n) for reason, n in rows}

    def evidence(self) -> dict[str, dict[str, float | None]]:
        """Share of bots and of humans with a value, by profile column, `posts` and `edges`.

        None for a class without accounts. A share that differs between the classes can be a
        shortcut.
        """
        skipped = {*TABLES["accounts"].key, "platform", "pull_id"}
        columns = [c.name for c in TABLES["accounts"].columns if c.name not in skipped]
        ends = (
            f"SELECT source_id AS id FROM {self.schema}.edges UNION SELECT target_id FROM"
            f" {self.schema}.edges"
        )
        have = {
            **{c: f'(a."{c}" IS NOT NULL)' for c in columns},
            "extra": "(cardinality(a.extra) > 0)",
            "posts": f"(a.account_id IN (SELECT account_id FROM {self.schema}.posts))",
            "edges": f"(a.account_id IN ({ends}))",
        }
        shares = ", ".join(
            f"avg({test}::INT) FILTER (j.label = '{label}')"
            for test in have.values()
            for label in ("bot", "human")
        )
        row = self._row(
            f"SELECT {shares} FROM {self.schema}.accounts a JOIN {self.schema}.judged j USING"
            " (account_id)"
        )
        return {name: {"bot": row[2 * i], "human": row[2 * i + 1]} for i, name in enumerate(have)}

    def platforms(self) -> list[str]:
        """The platforms of the judged accounts."""
        rows = self.store.connection.execute(
            f"SELECT DISTINCT platform FROM {self.relation('accounts')} ORDER BY 1"
        ).fetchall()
        return [str(row[0]) for row in rows]

    def splits(self) -> list[dict[str, Any]]:
        """Each split: its id, accounts by part, and the groups of equal profiles it divides."""
        names = [p for p, _ in splits.PARTS]
        sizes = ", ".join(f"count(*) FILTER (part = '{p}')" for p in names)
        rows = self.store.connection.execute(
            f"SELECT split_id, {sizes} FROM {self.relation('splits')} GROUP BY split_id ORDER BY 1"
        ).fetchall()
        torn = dict(
            self.store.connection.execute(
                f"""SELECT split_id, count(*) FROM (SELECT split_id FROM {self.relation("splits")}
                GROUP BY split_id, "group" HAVING count(DISTINCT part) > 1) GROUP BY split_id"""
            ).fetchall()
        )
        return [
            {"split_id": s, **dict(zip(names, n, strict=True)), "groups_torn": torn.get(s, 0)}
            for s, *n in rows
        ]

    def _row(self, query: str) -> tuple[Any, ...]:
        row = self.store.connection.execute(query).fetchone()
        assert row is not None
        return row


@contextmanager
def frozen(
    store: Store, dataset: str, version: int, consensus: str, seed: int = 0
) -> Iterator[Frozen]:
    """The release's relations, valid inside the block.

    Small ones (judged accounts, groups, splits) are temporary tables; the rest streams from the
    store.
    """
    content = Frozen(store, dataset, version, consensus, seed, f"memory.frozen_{next(_NUMBERS)}")
    store.connection.execute(f"CREATE SCHEMA {content.schema}")
    try:
        for name, (kind, query) in _relations(content).items():
            store.connection.execute(f"CREATE {kind} {content.schema}.{name} AS {query}")
        yield content
    finally:
        store.connection.execute(f"DROP SCHEMA {content.schema} CASCADE")


def _relations(content: Frozen) -> dict[str, tuple[str, str]]:
    """Name to (TABLE or VIEW, query), in the order they are made."""

    def of(name: str) -> str:
        return (
            f"(SELECT * FROM {content.store.relation(name, content.version)} WHERE dataset ="
            f" {literal(content.dataset)})"
        )

    schema, judged = content.schema, f"{content.schema}.judged"
    mine, ids = f"SEMI JOIN {judged} USING (account_id)", f"(SELECT account_id FROM {judged})"
    observed = f"SELECT account_id FROM {of('accounts')}"
    return {
        "consensus": (
            "VIEW",
            f"SELECT * FROM {of('labels')} WHERE consensus_id = {literal(content.consensus)}",
        ),
        "judged": (
            "TABLE",
            (
                f"SELECT account_id, label FROM {schema}.consensus WHERE label IS NOT NULL "
                f"AND status IN ('agreed', 'adjudicated') AND account_id IN ({observed})"
            ),
        ),
        "places": ("TABLE", _places(content, judged)),
        "labels": (
            "VIEW",
            f"SELECT * FROM {schema}.consensus {mine} LEFT JOIN {schema}.places USING (account_id)",
        ),
        "accounts": ("VIEW", f"SELECT * FROM {latest(of('accounts'))} {mine}"),
        "posts": ("VIEW", f"SELECT * FROM {of('posts')} {mine}"),
        "edges": (
            "VIEW",
            f"SELECT * FROM {of('edges')} WHERE source_id IN {ids} OR target_id IN {ids}",
        ),
        "claims": ("VIEW", f"SELECT * FROM {of('claims')} {mine}"),
        "members": (
            "TABLE",
            f'SELECT account_id, label, "group" FROM {judged} '
            f"JOIN {duplicate_groups(f'{schema}.accounts')} USING (account_id)",
        ),
        "splits": ("TABLE", _drawn(schema, content.dataset, content.seed)),
    }


def _places(content: Frozen, judged: str) -> str:
    """SQL for (account_id, place): the order in which the source's rows were written, from 1."""
    rows = content.store.relation("accounts", content.version, numbered=True)
    return f"""
        SELECT account_id, row_number() OVER (ORDER BY min(rowid)) AS place
        FROM {rows} SEMI JOIN {judged} USING (account_id)
        WHERE dataset = {literal(content.dataset)} GROUP BY account_id"""


def _drawn(schema: str, dataset: str, seed: int) -> str:
    members = f"{schema}.members"
    return f"""
        SELECT {literal(splits.split_id(seed))} AS split_id, {literal(dataset)} AS dataset,
               account_id, part, "group"
        FROM {splits.stratified(members, seed)}
        UNION ALL
        SELECT 'official', {literal(dataset)}, account_id, part, "group"
        FROM {splits.official(f"{schema}.claims")} JOIN {members} USING (account_id)"""
