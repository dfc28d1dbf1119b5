"""The views that rules are checked on: one data set at one version, in a temporary schema."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
from botbench.untrusted import yaml_documents
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook
from curation.store.equal_profiles import duplicate_groups
from curation.store.identity import claim_id
from curation.store.retractions import standing_claims
from curation.store.schema import TABLES
from curation.store.snapshot_queries import card, latest, newest_consensus, window
from curation.store.store import Store

if TYPE_CHECKING:
    import duckdb

PLATFORMS = Path(__file__).parent / "platforms.yaml"
SMALL = 100_000
"""Rows up to which a table is copied into memory for the time of the checks."""

_NUMBERS = itertools.count(1)


@contextmanager
def pinned(
    store: Store,
    dataset: str,
    version: int,
    *,
    splits: str | None = None,
    consensus: str | None = None,
    frozen: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Tables and views of one data set at exactly one version; yields their schema's name.

    `USE` it on a cursor of the store's connection. Beside the tables: `latest` (observation of each
    account), `members` (account_id, group of equal profiles), `known` (account ids observed or
    claimed), `standing` (standing claims with their `label`), `torn` (split_id, account_id, parts,
    candidate: accounts whose group is in several parts of a split), `drawn` (accounts of samples
    with their probability `p` and their batch), `versions`, `card`, `platforms`, and of the schemes
    `answers` (scheme, word, label, kinds) and `codes` (scheme, kinds, reasons: lists of all words).
    `claims.scheme` is the scheme by which a claim is read: the one it was made under, or the
    default one where that is missing or unknown. `splits`, SQL (split_id, account_id, part),
    replaces the stored splits before a release; `frozen`, SQL by table, is for a release's files.
    """
    schema = f"memory.checked_{next(_NUMBERS)}"
    store.connection.execute(f"CREATE SCHEMA {schema}")
    try:
        cursor = store.connection.cursor()
        cursor.execute(f"USE {schema}")
        for name, query in _views(
            store, dataset, version, splits, consensus=consensus, frozen=frozen
        ).items():
            _make(cursor, name, query)
        yield schema
    finally:
        store.connection.execute(f"DROP SCHEMA {schema} CASCADE")


def _make(cursor: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Make a view, or a copy of a small stored table.

    Each query of the catalog costs some 30 ms, and there are many rules.
    """
    if name in TABLES:
        cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM ({query}) LIMIT {SMALL + 1}")
        fits = cursor.execute(f"SELECT count(*) <= {SMALL} FROM {name}").fetchone()
        if fits and fits[0]:
            return
        cursor.execute(f"DROP TABLE {name}")
    cursor.execute(f"CREATE VIEW {name} AS {query}")


def _views(
    store: Store,
    dataset: str,
    version: int,
    splits: str | None,
    *,
    consensus: str | None = None,
    frozen: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """View name to query, in an order in which each is known before it is used."""
    schemes = _schemes(store, dataset, version)
    return {
        **_tables(store, dataset, version, schemes, consensus=consensus, frozen=frozen or {}),
        **_said(store, dataset, version),
        **_words(schemes),
        "latest": f"FROM {latest('accounts')}",
        "known": "SELECT account_id FROM accounts UNION SELECT account_id FROM claims",
        "standing": (
            f"SELECT c.*, label FROM {standing_claims('claims')} c LEFT JOIN answers a"
            " ON a.scheme = c.scheme AND a.word = c.answer"
        ),
        # Each account that a sample was drawn with, once, with what its batch says.
        "drawn": (
            "SELECT batch_id, joint, population, strata, stratum, account_id,"
            " any_value(inclusion_probability) AS p FROM assignments JOIN batches USING (batch_id)"
            " WHERE coalesce(part, 'sample') = 'sample' AND coalesce(purpose, 'sample') = 'sample'"
            " AND inclusion_probability > 0 GROUP BY ALL"
        ),
        "members": f"FROM {duplicate_groups('latest')}",
        "splits": _splits(store, dataset, version, splits),
        "torn": (
            "SELECT split_id, account_id, candidate, parts FROM (SELECT split_id, account_id,"
            " candidate, min(part) OVER side <> max(part) OVER side AS torn, count(DISTINCT part)"
            " OVER side AS parts FROM splits JOIN members USING (account_id) WINDOW side AS"
            ' (PARTITION BY split_id, "group")) WHERE torn'
        ),
    }


def _tables(
    store: Store,
    dataset: str,
    version: int,
    schemes: dict[str, Scheme],
    *,
    consensus: str | None,
    frozen: Mapping[str, str],
) -> dict[str, str]:
    """The stored tables, restricted to the data set; a release's tables come from its files."""

    def of(name: str, at: int | None = version) -> str:
        return (
            f"SELECT * FROM {frozen.get(name) or store.relation(name, at)} WHERE dataset ="
            f" {literal(dataset)}"
        )

    judged = literal(consensus or newest_consensus(store, dataset, version))
    pulled = (
        "WHERE pull_id IN (SELECT pull_id FROM pulls WHERE pull_id NOT IN"
        " (SELECT unnest(supersedes) FROM pulls))"
    )
    assignments = store.relation("assignments", version)
    return {
        **{name: of(name) for name in ("pulls", "accounts", "posts", "edges", "batches")},
        "claims": (
            f"SELECT *, {claim_id()} AS content_id, {_read_by(schemes)} AS scheme FROM"
            f" ({of('claims')})"
        ),
        # Tables about versions are read at the head.
        "releases": of("releases", None),
        "versions": "SELECT snapshot_id AS version FROM ducklake_snapshots('lake')",
        "labels": f"{of('labels')} AND consensus_id = {judged}",
        "ledger": f"FROM {store.relation('ledger', version)} {pulled}",
        "quarantine": f"FROM {store.relation('quarantine', version)} {pulled}",
        # An assignment without a batch belongs to no data set: every data set reports it.
        "assignments": (
            f"FROM {assignments} WHERE batch_id IN (SELECT batch_id FROM batches) "
            f"OR batch_id NOT IN (SELECT batch_id FROM {store.relation('batches', version)})"
        ),
    }


def _splits(store: Store, dataset: str, version: int, splits: str | None) -> str:
    if splits:
        return (
            f"SELECT split_id, {literal(dataset)} AS dataset, account_id, part, true AS candidate"
            f" FROM {splits}"
        )
    return (
        f"SELECT *, false AS candidate FROM {store.relation('splits', version)} WHERE dataset ="
        f" {literal(dataset)}"
    )


def _schemes(store: Store, dataset: str, version: int) -> dict[str, Scheme]:
    """The default scheme and those that the data set's claims name, by version."""
    named = store.arrow(
        f"SELECT DISTINCT scheme_version AS v FROM {store.relation('claims', version)} "
        "WHERE dataset = ? AND scheme_version IS NOT NULL ORDER BY v",
        [dataset],
    )["v"].to_pylist()
    book, default = SchemeBook(store.home), Scheme.load()
    return {default.version: default, **{v: scheme for v in named if (scheme := book.get(v))}}


def _read_by(schemes: dict[str, Scheme]) -> str:
    versions = literals(schemes)
    return (
        f"CASE WHEN scheme_version IN ({versions}) THEN scheme_version ELSE"
        f" {literal(Scheme.load().version)} END"
    )


def _words(schemes: dict[str, Scheme]) -> dict[str, str]:
    """The schemes as small tables."""
    answers = [
        f"{literal(v)}, {literal(word)}, {literal(s.labels[word])}, {answer.kinds}"
        for v, s in schemes.items()
        for word, answer in s.answers.items()
    ]
    codes = [f"{literal(v)}, {_list(s.kinds)}, {_list(s.reasons)}" for v, s in schemes.items()]
    return {
        "answers": _values("scheme, word, label, kinds", answers),
        "codes": _values("scheme, kinds, reasons", codes),
    }


def _list(words: Iterable[str]) -> str:
    return f"[{literals(words)}]::VARCHAR[]"


def _said(store: Store, dataset: str, version: int) -> dict[str, str]:
    """Card and platforms as small tables."""
    start, end = window(card(store, dataset, version))
    opened = yaml_documents.read(PLATFORMS)
    return {
        "card": (
            f"SELECT {literal(start)}::TIMESTAMPTZ AS window_start,"
            f" {literal(end)}::TIMESTAMPTZ AS window_end"
        ),
        "platforms": _values(
            "platform, since",
            [f"{literal(p)}, TIMESTAMPTZ '{since} 00:00:00+00'" for p, since in opened.items()],
        ),
    }


def _values(columns: str, rows: list[str]) -> str:
    return f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) v({columns})"
