"""Delete the rows of erased accounts and mask them in others' rows, in one store version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
from curation.maintenance.erasure.account import Target
from curation.store.schema import STORED, Table, rows

if TYPE_CHECKING:
    import duckdb

    from curation.maintenance.erasure.masks import Marks
    from curation.store.store import Store, Transaction

IDS = ("account_id", "source_id", "target_id")
REFERENCES = ("ref_account_id", "ref_post_id")
OURS = (
    "dataset",
    "platform",
    "lang",
    "pull_id",
    "claim_id",
    "batch_id",
    "card_hash",
    "avatar_phash",
    "content_hash",
    "consensus_id",
    "method",
    "split_id",
    "design",
    "scheme_version",
    "payload_hash",
    "reader_version",
    "retracts",
)
"""Columns of the project's own words or hashes."""
MESSAGE = "an account was erased"


def remove(store: Store, target: Target, reason: str) -> tuple[dict[str, int], dict[str, int]]:
    """Delete the accounts' rows and mask others' rows; return both counts by table.

    Safe to repeat: rows that are gone do not count.
    """
    target.marks.load(store.connection)

    def work(transaction: Transaction) -> tuple[dict[str, int], dict[str, int]]:
        connection = transaction.connection
        tables = filled(connection)
        # The log names claims, not accounts, so its rows are deleted before the claims.
        removed = {
            t.name: _delete(connection, t, target)
            for t in sorted(tables, key=lambda t: t.name != "annotation_log")
        }
        masked = {t.name: _mask(connection, t, target) for t in tables}
        transaction.fresh += sum(removed.values()) + sum(masked.values())
        made = datetime.now(UTC)
        transaction.insert(
            "tombstones",
            rows(
                "tombstones",
                [{"tombstone": t, "reason": reason, "erased_at": made} for t in target.tombstones],
            ),
        )
        return {n: c for n, c in removed.items() if c}, {n: c for n, c in masked.items() if c}

    return store.transact(work, None, MESSAGE)[1]


def filled(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables that have rows: one look costs a tenth of a search for the accounts."""
    return [
        t
        for t in STORED.values()
        if connection.execute(f'SELECT 1 FROM lake.main."{t.name}" LIMIT 1').fetchone()
    ]


def unshared(store: Store, marks: Marks, seen: str) -> Marks:
    """The marks without the texts in `seen` that are part of what somebody else wrote.

    Call it once the accounts' rows are gone. Others' words stay (a link to the same site), and
    DuckLake's statistics and the cards of others show them: there they are no trace of the account.
    """
    texts = [t for t in marks.texts if t in seen]
    for table in filled(store.connection) if texts else ():
        for column in texts_of(table).values():
            query = (
                f"SELECT t FROM (SELECT unnest(?::VARCHAR[]) AS t) WHERE EXISTS (SELECT 1 FROM"
                f' lake.main."{table.name}" WHERE contains({column}, t))'
            )
            shared = {t for (t,) in store.connection.execute(query, [texts]).fetchall()}
            texts = [t for t in texts if t not in shared]
            marks = replace(marks, texts=tuple(t for t in marks.texts if t not in shared))
    return marks


def _mine(target: Target, dataset: str = "dataset", account: str = "account_id") -> str:
    pairs = ", ".join(f"({literal(d)}, {literal(a)})" for d, a in target.marks.scoped)
    return f"(({dataset}, {account}) IN ({pairs}))"


def theirs(table: Table, target: Target) -> str | None:
    """SQL of whether a row of a table is of the accounts; None for tables without accounts."""
    columns = [c for c in IDS if c in table.names]
    batches = f"batch_id IN ({literals(target.batches) or 'NULL'})"
    ids = literals(target.marks.ids)
    if table.name == "annotation_log":
        return f"claim_id IN (SELECT claim_id FROM lake.main.claims WHERE {_mine(target)})"
    if not columns:
        return None
    if table.name == "posts" and target.posts:
        pairs = ", ".join(f"({literal(d)}, {literal(p)})" for d, p in target.posts)
        return f"(dataset, post_id) IN ({pairs})"
    if "dataset" in table.names:
        return " OR ".join(_mine(target, account=c) for c in columns)
    scope = f"{batches} AND " if "batch_id" in table.names else ""
    return f"{scope}({' OR '.join(f'{c} IN ({ids})' for c in columns)})"


def _delete(connection: duckdb.DuckDBPyConnection, table: Table, target: Target) -> int:
    where = theirs(table, target)
    return _count(connection, f'DELETE FROM lake.main."{table.name}" WHERE {where}') if where else 0


def _free(table: Table) -> dict[str, str]:
    """Column to type of a table's free texts."""
    plain = [
        c
        for c in table.columns
        if not c.vocabulary and c.name not in (*table.key, *IDS, *REFERENCES, *OURS)
    ]
    return {
        c.name: c.type
        for c in plain
        if c.type == "VARCHAR" or c.type.endswith("]") or c.type.startswith("MAP")
    }


def texts_of(table: Table) -> dict[str, str]:
    """Column to SQL of it as one text, for the columns of free text."""
    return {name: _as_text(name, kind) for name, kind in _free(table).items()}


def masks_of(table: Table, target: Target) -> dict[str, str]:
    """Column to SQL of its masked value."""
    values = {n: _masked(target, n, kind) for n, kind in _free(table).items()}
    if "ref_post_id" in table.names:
        # The reposted text is the account's own.
        values["text"] = (
            f"CASE WHEN kind = 'repost' AND {_refers(target)} THEN NULL ELSE {values['text']} END"
        )
        values |= {
            "ref_post_id": f"CASE WHEN {_refers(target)} THEN NULL ELSE ref_post_id END",
            "ref_account_id": f"CASE WHEN {_whose(target)} THEN NULL ELSE ref_account_id END",
        }
    return values


def _mask(connection: duckdb.DuckDBPyConnection, table: Table, target: Target) -> int:
    """Mask the accounts in the other rows of a table."""
    if table.name == "quarantine":
        return _mask_quarantine(connection, target)
    name, values = f'lake.main."{table.name}"', masks_of(table, target)
    if not values:
        return 0
    parts = [target.marks.rows_with(name, "rowid", list(texts_of(table).values()))]
    if "ref_post_id" in table.names:
        parts.append(f"SELECT rowid FROM {name} WHERE {_refers(target)}")
    if not _find(connection, " UNION ".join(parts)):
        return 0
    changes = ", ".join(f'"{n}" = {sql}' for n, sql in values.items())
    return _count(connection, f"UPDATE {name} SET {changes} WHERE rowid IN (FROM erasing_rows)")


def _mask_quarantine(connection: duckdb.DuckDBPyConnection, target: Target) -> int:
    """Clear quarantined rows that mention the accounts; the rows stay counted."""
    hits = target.marks.rows_with("lake.main.quarantine", "rowid", ["raw", "message", '"row"'])
    if not _find(connection, hits):
        return 0
    return _count(
        connection,
        "UPDATE lake.main.quarantine SET raw = NULL, reason = 'erased', message = 'the account was"
        ' erased; of its row nothing was kept\', "row" = \'erased:\' || md5("row" || random())'
        " WHERE rowid IN (FROM erasing_rows)",
    )


def _find(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Keep the rows to be masked in the table `erasing_rows`; return how many.

    An update of no rows takes as long as the search for them.
    """
    return _count(connection, f"CREATE OR REPLACE TEMP TABLE erasing_rows AS {query}")


def _whose(target: Target) -> str:
    names = ", ".join(
        map(
            literal,
            (*target.marks.ids, *target.marks.handles, *(f"@{h}" for h in target.marks.handles)),
        )
    )
    return f"coalesce(lower(ref_account_id) IN ({names}) OR ref_account_id IN ({names}), false)"


def _refers(target: Target) -> str:
    return f"({_whose(target)} OR coalesce(ref_post_id IN {target.marks.values('posts')}, false))"


def _as_text(name: str, kind: str) -> str:
    if kind.startswith("MAP"):
        return f'array_to_string(list_concat(map_keys("{name}"), map_values("{name}")), \' \')'
    if not kind.endswith("]"):
        return f'"{name}"'
    # A mention is stored without @; the @ marks an everyday word as a handle.
    entry = "'@' || ltrim(x, '@')" if name == "mentions" else "x"
    return f"array_to_string(list_transform(\"{name}\", lambda x: {entry}), ' ')"


def _masked(target: Target, name: str, kind: str) -> str:
    column = f'"{name}"'
    if kind.startswith("MAP"):
        return target.marks.mask_map(column)
    if kind.endswith("]"):
        return target.marks.mask_list(column, handles=name == "mentions")
    required = next(
        (True for t in STORED.values() for c in t.columns if c.name == name and c.required), False
    )
    return (
        f"coalesce({target.marks.mask(column)}, 'erased')"
        if required
        else target.marks.mask(column)
    )


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
