"""The evidence on cards, computed set-based for all accounts of a batch.

It covers profile, history, rhythm, company and sample posts. No query reads claims, labels, scores
or the name of the data set, so a card cannot show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literal
from curation.annotation.card import avatars
from curation.annotation.card.evidence_company import company, text_key
from curation.annotation.card.evidence_profile import profile
from curation.annotation.card.evidence_rhythm import rhythm
from curation.annotation.card.evidence_samples import samples

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from curation.store.store import Store

RENDERED_AT_ONCE = 500
"""Records converted to Python objects at a time."""
POSTS_PER_TURN, ACCOUNTS_PER_TURN = 2_000_000, 20_000
"""Limits of one turn of the queries over posts: memory does not grow with the batch."""


def gather(
    store: Store, dataset: str, accounts: pa.Table, at: str | int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield one record for each account of `accounts` (column account_id), sorted by account_id.

    Reads exactly the store version `at`. Texts are cut to what a card shows, with their full
    lengths beside them; times are UTC. An account without an observation or without posts still
    gives a record, with None where nothing is known.
    """
    connection = store.connection.cursor()
    try:
        connection.execute("SET TimeZone = 'UTC'")  # a cursor does not inherit the time zone
        connection.register("card_requested", accounts)
        posts = f"(SELECT * FROM {store.relation('posts', at)} WHERE dataset = {literal(dataset)})"
        wanted, turns = _assign_turns(connection, "card_requested", posts)
        who = profile(
            connection,
            store.relation("accounts", at),
            avatars.relation(store, at),
            dataset,
            wanted,
        )
        others = company(connection, posts, wanted, who.latest, who.pictures)
        whole = [who.profiles, who.earlier, who.pictures, *others.sections]
        for turn in range(turns):
            accounts_now = materialise(
                connection, "card_turn", f"SELECT account_id FROM {wanted} WHERE turn = {turn}"
            )
            own = _posts_of(connection, posts, accounts_now)
            sections = [*rhythm(connection, own), samples(connection, posts, own, others.texts)]
            yield from _records(connection, accounts_now, whole + sections)
    finally:
        connection.close()


def _assign_turns(
    connection: duckdb.DuckDBPyConnection, requested: str, posts: str
) -> tuple[str, int]:
    """The requested accounts (account_id, turn) by id, and the number of turns."""
    wanted = materialise(
        connection,
        "card_accounts",
        f"""
        WITH wanted AS (SELECT DISTINCT account_id FROM {requested}),
        counted AS (SELECT account_id, count(*) AS n FROM {posts} GROUP BY account_id),
        sizes AS (
            SELECT account_id, coalesce(n, 0) AS n FROM wanted LEFT JOIN counted USING (account_id))
        SELECT
            account_id,
            (coalesce(sum(n) OVER before, 0) // {POSTS_PER_TURN})::BIGINT
                + (row_number() OVER upto - 1) // {ACCOUNTS_PER_TURN} AS turn
        FROM sizes
        WINDOW
            upto AS (ORDER BY account_id),
            before AS (ORDER BY account_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        """,
    )
    row = connection.execute(f"SELECT coalesce(max(turn) + 1, 0) FROM {wanted}").fetchone()
    assert row is not None
    return wanted, int(row[0])


def _posts_of(connection: duckdb.DuckDBPyConnection, posts: str, accounts: str) -> str:
    """The posts of `accounts`, with what the sections read of them."""
    return materialise(
        connection,
        "card_posts",
        f"""
        SELECT
            account_id, post_id, created_at, kind, reposts, source_app,
            {text_key()} AS text_key, hash(text) AS text_hash,
            coalesce(trim(text) <> '', false) AS has_text, hashtags,
            list_distinct(list_transform(urls,
                lambda u: regexp_extract(u, '^[a-zA-Z]+://(?:www[.])?([^/?#]+)', 1))) AS hosts
        FROM {posts} SEMI JOIN {accounts} USING (account_id)
        """,
    )


def _records(
    connection: duckdb.DuckDBPyConnection, accounts: str, sections: list[str]
) -> Iterator[dict[str, Any]]:
    joins = " ".join(f"LEFT JOIN {section} USING (account_id)" for section in sections)
    rows = connection.execute(f"SELECT * FROM {accounts} {joins} ORDER BY account_id")
    for batch in rows.to_arrow_reader(RENDERED_AT_ONCE):
        yield from batch.to_pylist()
