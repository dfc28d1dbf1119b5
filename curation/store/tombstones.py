"""Tombstones: salted hashes of erased accounts and handles, and their use against staged rows.

A tombstone is all that is kept of an erased account. Its salt stays in the store's folder. An id
that names only a row of a file (`users:17`) is hashed with its data set, every other id with its
platform. Handles have tombstones of their own, so that mentions by other accounts are recognised.
An erasure writes tombstones (`curation.maintenance.erasure`), a pull reads them (`set_aside`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.store import salts
from curation.store.salts import ROW_KEY

if TYPE_CHECKING:
    import duckdb

REASON, MESSAGE = "erased", "the account was erased; of its row nothing was kept"
OWNERS = {
    "accounts": ("account_id",),
    "posts": ("account_id",),
    "claims": ("account_id",),
    "edges": ("source_id", "target_id"),
}
"""Tables of staged rows, and the columns that name the account a row belongs to."""
WORD = "'[@]?[A-Za-z0-9_][A-Za-z0-9_.:@-]*'"
MASK = "erased"
"""The word that replaces an erased name in a text."""
LONG_NAME = 12
"""A name of this many characters is distinctive in any text."""


def of_account(secret: str, platform: str, dataset: str, account: str) -> str:
    """SQL of an account's tombstone; all arguments but `secret` are SQL expressions."""
    scope = (
        f"{platform} || chr(10) || CASE WHEN regexp_full_match({account}, '{ROW_KEY}') THEN"
        f" {dataset} || chr(10) ELSE '' END"
    )
    return salts.hashed(secret, "account", f"{scope} || {account}")


def of_handle(secret: str, platform: str, handle: str) -> str:
    """SQL of a handle's tombstone from SQL expressions; case and a leading @ do not matter."""
    return salts.hashed(secret, "handle", f"{platform} || chr(10) || lower(ltrim({handle}, '@'))")


def is_distinctive(name: str) -> bool:
    """Whether a bare word is specific enough to mean this account and no everyday word.

    It has at least four characters, among them a digit, underscore, dot, colon or hyphen; or it has
    at least `LONG_NAME` characters.

    >>> [is_distinctive(name) for name in ("sam_77", "music", "x1", "averyverylongname")]
    [True, False, False, True]
    """
    return len(name) >= LONG_NAME or (len(name) >= 4 and re.search(r"[0-9_.:-]", name) is not None)


def name_pattern(names: Iterable[str]) -> str:
    """A regular expression (RE2 and Python, for lower-case text) that matches names as whole words.

    An everyday word counts only after an @ or a slash. Without names nothing matches.

    >>> re.sub(name_pattern(["sam_77", "music"]), "-", "sam_77 sam_778 music @music /music x")
    '- sam_778 music - - x'
    """
    parts = []
    for name in sorted({n.lower() for n in names if n}):
        before = r"(?:^|\b|[@/])" if is_distinctive(name) and re.match(r"\w", name) else "[@/]"
        parts.append(f"{before}{re.escape(name)}")
    return f"(?:{'|'.join(parts)})(?:\\b)" if parts else r"[^\s\S]"


def mask_names(text: str, names: Iterable[str]) -> str:
    """SQL of a text (an SQL expression) with `MASK` in place of the names, in any case."""
    return f"regexp_replace({text}, {literal('(?i)' + name_pattern(names))}, '{MASK}', 'g')"


def set_aside(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    dataset: str,
    platform: str,
    *,
    staged: Mapping[str, str],
    quarantine: str,
) -> None:
    """Keep erased accounts out of staged rows, before a pull writes them.

    `staged` maps the tables of `OWNERS` to temporary tables, `quarantine` is the temporary table of
    rows set aside. Rows of erased accounts move to the quarantine without their content; erased
    accounts and handles are removed from the posts of others.
    """
    if not (home / salts.ERASED).exists():
        return
    if not connection.execute("FROM lake.main.tombstones LIMIT 1").fetchone():
        return
    erased = _Erased(salts.salt(home, salts.ERASED), literal(dataset), literal(platform))
    for table, columns in OWNERS.items():
        where = " OR ".join(erased.holds_account(column) for column in columns)
        # Not even the row's place is kept: a file may be named after the account.
        connection.execute(
            f"INSERT INTO {quarantine} SELECT {literal(table)}, NULL, NULL, '{REASON}',"
            f" '{MESSAGE}', NULL FROM {staged[table]} WHERE {where}"
        )
        connection.execute(f"DELETE FROM {staged[table]} WHERE {where}")
    _clean_quarantine(connection, erased, quarantine)
    _clean_posts(connection, erased, staged["posts"])


@dataclass(frozen=True)
class _Erased:
    """What identifies a data set's erased accounts: salt, and data set and platform in SQL."""

    secret: str
    dataset: str
    platform: str

    def holds_account(self, account: str) -> str:
        """SQL of whether an account id (an SQL expression) has a tombstone."""
        tombstone = of_account(self.secret, self.platform, self.dataset, account)
        return f"{tombstone} IN (SELECT tombstone FROM lake.main.tombstones)"

    def holds_word(self, word: str) -> str:
        """SQL of whether a word is an erased account id or an erased handle."""
        tombstone = of_handle(self.secret, self.platform, word)
        handle = f"{tombstone} IN (SELECT tombstone FROM lake.main.tombstones)"
        return f"({self.holds_account(word)} OR {handle})"


def _clean_quarantine(
    connection: duckdb.DuckDBPyConnection, erased: _Erased, quarantine: str
) -> None:
    """Empty the rows set aside for other reasons that name an erased account anywhere."""
    text = "coalesce(raw, '') || ' ' || coalesce(_member, '') || ' ' || message"
    connection.execute(f"""
        UPDATE {quarantine}
        SET raw = NULL, _member = NULL, _row = NULL, message = '{MESSAGE}'
        WHERE rowid IN (
            SELECT r FROM (
                SELECT rowid AS r, unnest(list_distinct(regexp_extract_all({text}, {WORD}))) AS w
                FROM {quarantine} WHERE reason <> '{REASON}')
            WHERE {erased.holds_word("w")})
    """)


def _clean_posts(connection: duckdb.DuckDBPyConnection, erased: _Erased, posts: str) -> None:
    """Remove erased accounts from posts of others: from mentions, references, URLs and texts."""
    names = connection.execute(f"""
        SELECT w FROM (
            SELECT DISTINCT unnest(mentions) AS w FROM {posts}
            UNION SELECT DISTINCT ref_account_id FROM {posts})
        WHERE {erased.holds_word("w")}
    """).fetchall()
    for (name,) in names:
        plain = str(name).lstrip("@")
        lower, refers = literal(plain.lower()), f"ref_account_id = {literal(name)}"
        connection.execute(f"""
            UPDATE {posts} SET
                text = CASE WHEN {refers} AND kind = 'repost' THEN NULL
                    ELSE {mask_names("text", [plain])} END,
                mentions = list_filter(mentions, lambda m: lower(ltrim(m, '@')) <> {lower}),
                urls = list_filter(urls, lambda u: NOT contains(lower(u), '/' || {lower})),
                ref_post_id = CASE WHEN {refers} THEN NULL ELSE ref_post_id END,
                ref_account_id = nullif(ref_account_id, {literal(name)})
            WHERE {refers} OR list_contains(mentions, {literal(name)})
        """)
