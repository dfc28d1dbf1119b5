"""Tombstones: what remains of an erased account. A salted hash, by which it is known when it is
offered again, and nothing else.

The salt stays in the store's folder. An id that is only a place in a file (`users:17`) is hashed
with its data set, any other with its platform; handles have tombstones of their own, so that
others' mentions are known too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.store import salts
from curation.store.salts import ROW_KEY

if TYPE_CHECKING:
    import duckdb

    from curation.ingest.reading.stage import Stage

REASON, MESSAGE = "erased", "the account was erased; of its row nothing was kept"
OWNERS = {
    "accounts": ("account_id",),
    "posts": ("account_id",),
    "claims": ("account_id",),
    "edges": ("source_id", "target_id"),
}
WORD = "'[@]?[A-Za-z0-9_][A-Za-z0-9_.:@-]*'"


def of_account(secret: str, platform: str, dataset: str, account: str) -> str:
    """SQL of an account's tombstone from SQL texts."""
    scope = (
        f"{platform} || chr(10) || CASE WHEN regexp_full_match({account}, '{ROW_KEY}') THEN"
        f" {dataset} || chr(10) ELSE '' END"
    )
    return salts.hashed(secret, "account", f"{scope} || {account}")


def of_handle(secret: str, platform: str, handle: str) -> str:
    """SQL of a handle's tombstone from SQL texts; case and a leading @ do not matter."""
    return salts.hashed(secret, "handle", f"{platform} || chr(10) || lower(ltrim({handle}, '@'))")


def set_aside(stage: Stage, home: Path) -> None:
    """Before anything of a pull is written: rows of erased accounts are counted as set aside,
    without their content, and erased handles are taken out of what others wrote."""
    connection = stage.connection
    if not (home / salts.ERASED).exists() or not _one(
        connection, "SELECT count(*) FROM lake.main.tombstones"
    ):
        return
    secret, platform, dataset = (
        salts.salt(home, salts.ERASED),
        literal(stage.card.platform),
        literal(stage.dataset),
    )
    there = "(SELECT tombstone FROM lake.main.tombstones)"
    for table, columns in OWNERS.items():
        where = " OR ".join(
            f"{of_account(secret, platform, dataset, c)} IN {there}" for c in columns
        )
        # Not even where it stood is kept: a file may be called after the account.
        connection.execute(
            f"INSERT INTO pull_quarantine SELECT {literal(table)}, NULL, NULL, '{REASON}',"
            f" '{MESSAGE}', NULL FROM pull_{table} WHERE {where}"
        )
        connection.execute(f"DELETE FROM pull_{table} WHERE {where}")
    told = "coalesce(raw, '') || ' ' || coalesce(_member, '') || ' ' || message"
    hashes = " OR ".join(
        (
            f"{of_account(secret, platform, dataset, 'w')} IN {there}",
            f"{of_handle(secret, platform, 'w')} IN {there}",
        )
    )
    words = (
        f"SELECT rowid AS r, unnest(list_distinct(regexp_extract_all({told}, {WORD}))) AS w FROM"
        f" pull_quarantine WHERE reason <> '{REASON}'"
    )
    connection.execute(
        f"UPDATE pull_quarantine SET raw = NULL, _member = NULL, _row = NULL, message = '{MESSAGE}'"
        f" WHERE rowid IN (SELECT r FROM ({words}) WHERE {hashes})"
    )
    _unmention(connection, secret, platform, dataset, there)


def _unmention(
    connection: duckdb.DuckDBPyConnection, secret: str, platform: str, dataset: str, there: str
) -> None:
    """Take erased accounts out of others' posts: as mentioned, as referred to, and by handle in the
    text.
    """
    from curation.maintenance.erasure.masks import masked  # which needs this module

    mentioned = (
        "SELECT DISTINCT unnest(mentions) AS w FROM pull_posts UNION SELECT DISTINCT ref_account_id"
        " FROM pull_posts"
    )
    hashes = " OR ".join(
        (
            f"{of_account(secret, platform, dataset, 'w')} IN {there}",
            f"{of_handle(secret, platform, 'w')} IN {there}",
        )
    )
    names = [
        str(w)
        for (w,) in connection.execute(f"SELECT w FROM ({mentioned}) WHERE {hashes}").fetchall()
    ]
    for name in names:
        plain = name.lstrip("@")
        mine = f"(ref_account_id = {literal(name)} AND kind = 'repost')"
        connection.execute(
            f"""UPDATE pull_posts SET text = CASE WHEN {mine} THEN NULL ELSE {masked("text", [plain])} END,
            mentions = list_filter(mentions, lambda m: lower(ltrim(m, '@')) <> {literal(plain.lower())}),
            urls = list_filter(urls, lambda u: NOT contains(lower(u), {literal("/" + plain.lower())})),
            ref_post_id = CASE WHEN ref_account_id = {literal(name)} THEN NULL ELSE ref_post_id END,
            ref_account_id = nullif(ref_account_id, {literal(name)})
            WHERE ref_account_id = {literal(name)} OR list_contains(mentions, {literal(name)})"""
        )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
