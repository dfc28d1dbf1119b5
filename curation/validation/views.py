"""What the rules look at: views of one data set at one version, in a schema of their own that ends with the block."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from curation.annotation.scheme import Scheme
from curation.current import card, latest, newest_consensus, quoted
from curation.identity import claim_id
from curation.schema import TABLES
from curation.splits import duplicate_groups
from curation.store import Store

if TYPE_CHECKING:
    import duckdb

PLATFORMS = Path(__file__).parent / "platforms.yaml"
SMALL = 100_000
"""Rows up to which a table is copied into memory for the time of the checks."""

_NUMBERS = itertools.count(1)


@contextmanager
def pinned(store: Store, dataset: str, version: int, splits: str | None = None, consensus: str | None = None) -> Iterator[str]:
    """Tables and views of one data set at exactly one version; yields their schema's name.

    `USE` it on a cursor of the store's connection. Beside the tables: `latest` (observation of each account), `members`
    (account_id, group of equal profiles), `known` (account ids observed or claimed), `standing` (claims not taken
    back), `torn` (split_id, account_id, parts, candidate: accounts whose group stands in several parts of a split),
    `card`, `platforms`, `scheme`, `answers`, `kinds`, `reasons`. `splits`, SQL (split_id, account_id, part), stands for
    splits about to be released.
    """
    schema = f"memory.checked_{next(_NUMBERS)}"
    store.connection.execute(f"CREATE SCHEMA {schema}")
    try:
        cursor = store.connection.cursor()
        cursor.execute(f"USE {schema}")
        for name, query in _views(store, dataset, version, splits, consensus).items():
            _make(cursor, name, query)
        yield schema
    finally:
        store.connection.execute(f"DROP SCHEMA {schema} CASCADE")


def _make(cursor: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """A view; of a small stored table a copy, since every query of the catalog costs some 30 ms and rules are many."""
    if name in TABLES:
        cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM ({query}) LIMIT {SMALL + 1}")
        found = cursor.execute(f"SELECT count(*) <= {SMALL} FROM {name}").fetchone()
        if found and found[0]:
            return
        cursor.execute(f"DROP TABLE {name}")
    cursor.execute(f"CREATE VIEW {name} AS {query}")


def _views(store: Store, dataset: str, version: int, splits: str | None, consensus: str | None = None) -> dict[str, str]:
    """View name to query, in an order in which each is known before it is used."""
    return {
        **_tables(store, dataset, version, consensus),
        **_said(store, dataset, version),
        "latest": f"FROM {latest('accounts')}",
        "known": "SELECT account_id FROM accounts UNION SELECT account_id FROM claims",
        "standing": "SELECT * FROM claims c WHERE answer IS NOT NULL "
                    "AND NOT EXISTS (SELECT 1 FROM claims r WHERE r.retracts = c.claim_id)",
        "members": f"FROM {duplicate_groups('latest')}",
        "splits": _splits(store, dataset, version, splits),
        "torn": "SELECT split_id, account_id, candidate, parts FROM (SELECT split_id, account_id, candidate, "
                'min(part) OVER side <> max(part) OVER side AS torn, count(DISTINCT part) OVER side AS parts '
                'FROM splits JOIN members USING (account_id) WINDOW side AS (PARTITION BY split_id, "group")) WHERE torn',
    }


def _tables(store: Store, dataset: str, version: int, consensus: str | None) -> dict[str, str]:
    """The stored tables, restricted to the data set."""
    def of(name: str) -> str:
        return f"SELECT * FROM {store.relation(name, version)} WHERE dataset = {quoted(dataset)}"

    judged = quoted(consensus or newest_consensus(store, dataset, version))
    pulled = "WHERE pull_id IN (SELECT pull_id FROM pulls)"
    assignments = store.relation("assignments", version)
    return {
        **{name: of(name) for name in ("pulls", "accounts", "posts", "edges", "batches")},
        "claims": f"SELECT *, {claim_id()} AS content_id FROM ({of('claims')})",
        "labels": f"{of('labels')} AND consensus_id = {judged}",
        "ledger": f"FROM {store.relation('ledger', version)} {pulled}",
        "quarantine": f"FROM {store.relation('quarantine', version)} {pulled}",
        # An assignment without a batch belongs to no data set: every data set reports it.
        "assignments": f"FROM {assignments} WHERE batch_id IN (SELECT batch_id FROM batches) "
                       f"OR batch_id NOT IN (SELECT batch_id FROM {store.relation('batches', version)})",
    }


def _splits(store: Store, dataset: str, version: int, splits: str | None) -> str:
    if splits:
        return f"SELECT split_id, {quoted(dataset)} AS dataset, account_id, part, true AS candidate FROM {splits}"
    return f"SELECT *, false AS candidate FROM {store.relation('splits', version)} WHERE dataset = {quoted(dataset)}"


def _said(store: Store, dataset: str, version: int) -> dict[str, str]:
    """What card, scheme and platforms say, as small tables."""
    scheme = Scheme.load()
    window = card(store, dataset, version).get("window") or {}
    opened = yaml.safe_load(PLATFORMS.read_text(encoding="utf-8"))
    return {
        "card": f"SELECT {_start(window.get('start'))} AS window_start, {_end(window.get('end'))} AS window_end",
        "platforms": _values("platform, since", [f"{quoted(p)}, TIMESTAMPTZ '{since} 00:00:00+00'" for p, since in opened.items()]),
        "scheme": f"SELECT {quoted(scheme.version)} AS version",
        "answers": _values("word, label", [f"{quoted(w)}, {quoted(label)}" for w, label in scheme.labels.items()]),
        "kinds": _values("word", [quoted(w) for w in scheme.kinds] or ["NULL::VARCHAR"]),
        "reasons": _values("word", [quoted(w) for w in scheme.reasons] or ["NULL::VARCHAR"]),
    }


def _start(value: object) -> str:
    return f"{quoted(_zoned(value, '00:00:00'))}::TIMESTAMPTZ"


def _end(value: object) -> str:
    return f"{quoted(_zoned(value, '23:59:59.999999'))}::TIMESTAMPTZ"


def _zoned(value: object, time: str) -> str | None:
    """A card's date or time as text with a zone: a date ends with its day."""
    if value is None:
        return None
    text = str(value)
    if len(text) == len("2024-03-16"):
        return f"{text} {time}+00"
    zone = text[10:]
    return text if zone.endswith("Z") or "+" in zone or "-" in zone else f"{text}+00"


def _values(columns: str, rows: list[str]) -> str:
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) v({columns})"
