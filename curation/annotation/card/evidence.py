"""What a card shows of each account, gathered set-based over a whole batch: profile, history,
rhythm, company, sample posts.

Nothing is asked here of claims, labels, scores or the data set's name: a card made of this cannot
show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curation.annotation.card import avatars
from curation.annotation.card.evidence_company import company, text_key
from curation.annotation.card.evidence_profile import profiles
from curation.annotation.card.evidence_rhythm import rhythm
from curation.annotation.card.evidence_samples import samples

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store

SPREAD_OVER = 500
"""Accounts rendered at a time."""
POSTS_AT_ONCE, ACCOUNTS_AT_ONCE = 2_000_000, 20_000
"""What goes through the queries at once: memory does not grow with the batch."""

ONCE = ("profiles", "earlier", "same_bio", "same_picture", "same_text", "in_step", "pictures")
IN_TURN = ("counts", "days", "hours", "pauses", "gaps", "habits", "samples")


def gather(
    store: Store, dataset: str, accounts: pa.Table, at: str | int | None = None
) -> Iterator[dict[str, Any]]:
    """One record for each account of `accounts` (a table with a column account_id), sorted by
    account_id.

    Reads exactly the store version `at`. Texts are cut to what a card shows, with their full
    lengths beside them; times are UTC. An account without an observation or without posts still
    gives a record, with None where nothing is known.
    """
    connection = store.connection.cursor()
    try:
        connection.execute("SET TimeZone = 'UTC'")  # a cursor does not have its connection's zone
        connection.register("card_offered", accounts)
        posts = f"(SELECT * FROM {store.relation('posts', at)} WHERE dataset = {_quoted(dataset)})"
        turns = _turns(connection, posts)
        profiles(connection, store.relation("accounts", at), avatars.relation(store, at), dataset)
        company(connection, posts)
        for turn in range(turns):
            yield from _records(connection, posts, turn)
    finally:
        connection.close()


def _turns(connection: Any, posts: str) -> int:
    """`card_accounts` (account_id, turn): who goes through together, in the order of ids. Returns
    how many turns.
    """
    table(
        connection,
        "card_accounts",
        f"""
        WITH wanted AS (SELECT DISTINCT account_id FROM card_offered),
        sizes AS (
            SELECT account_id, coalesce(n, 0) AS n
            FROM wanted LEFT JOIN (SELECT account_id, count(*) AS n FROM {posts} GROUP BY account_id) USING (account_id))
        SELECT account_id, (coalesce(sum(n) OVER before, 0) // {POSTS_AT_ONCE})::BIGINT
            + (row_number() OVER upto - 1) // {ACCOUNTS_AT_ONCE} AS turn
        FROM sizes WINDOW upto AS (ORDER BY account_id),
            before AS (ORDER BY account_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)""",
    )
    row = connection.execute("SELECT coalesce(max(turn) + 1, 0) FROM card_accounts").fetchone()
    return int(row[0])


def _records(connection: Any, posts: str, turn: int) -> Iterator[dict[str, Any]]:
    table(connection, "card_turn", f"SELECT account_id FROM card_accounts WHERE turn = {turn}")
    table(
        connection,
        "card_posts",
        f"""
        SELECT account_id, post_id, created_at, kind, reposts, source_app, {text_key()} AS text_key, hash(text) AS text_hash,
            text IS NOT NULL AS has_text, hashtags,
            list_distinct(list_transform(urls, lambda u: regexp_extract(u, '^[a-zA-Z]+://(?:www[.])?([^/?#]+)', 1))) AS hosts
        FROM {posts} SEMI JOIN card_turn USING (account_id)""",
    )
    rhythm(connection)
    samples(connection, posts)
    joins = " ".join(f"LEFT JOIN card_{part} USING (account_id)" for part in ONCE + IN_TURN)
    found = connection.execute(f"SELECT * FROM card_turn {joins} ORDER BY account_id")
    for batch in found.to_arrow_reader(SPREAD_OVER):
        yield from batch.to_pylist()


def table(connection: Any, name: str, query: str) -> None:
    """Make (again) the temporary table `name`."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
