"""Who else has the same picture, bio or text, and who reposts in the same seconds, over the whole
data set.

What many accounts share is the strongest sign of a campaign run from one desk, and the one a glance
at a single profile never shows (Pacheco et al. 2021, doi:10.1609/icwsm.v15i1.18075; Keller et al.
2020, doi:10.1080/10584609.2019.1661888).
"""

from __future__ import annotations

from typing import Any

SHORTEST_TEXT, SHORTEST_BIO = 20, 10
"""Characters from which an equal text or bio says something: many people write `Thank you!`."""
BITS = 3
"""Bits by which two perceptual hashes of the same picture may differ (of 64)."""
SECONDS = 10
"""Two reposts of one post within so many seconds of each other are in step."""
OTHERS, TEXTS, LONGEST_TEXT = 4, 3, 280


def text_key() -> str:
    """SQL for what two posts with the same text share, links left out; NULL for reposts and short
    texts.
    """
    bare = (
        "trim(CASE WHEN contains(text, '://') THEN regexp_replace(text, 'https?://\\S+', '', 'g')"
        " ELSE text END)"
    )
    repost = "kind IS NOT DISTINCT FROM 'repost' OR starts_with(text, 'RT @')"
    return f"CASE WHEN NOT ({repost}) AND length({bare}) >= {SHORTEST_TEXT} THEN hash({bare}) END"


def company(connection: Any, posts: str) -> None:
    """`card_same_bio`, `card_same_picture`, `card_same_text`, `card_in_step`, for the accounts of
    `card_accounts`.
    """
    _same_bio(connection)
    _same_picture(connection)
    _same_text(connection, posts)
    _in_step(connection, posts)


def _same_bio(connection: Any) -> None:
    _table(
        connection,
        "card_same_bio",
        f"""
        WITH shared AS (
            SELECT bio, count(*) - 1 AS others, {_some("account_id", "handle")} AS who
            FROM card_everybody WHERE length(bio) >= {SHORTEST_BIO} GROUP BY bio HAVING count(*) > 1)
        SELECT account_id, others AS bio_others, {_without_self("who")} AS bio_who
        FROM card_accounts JOIN card_everybody e USING (account_id) JOIN shared USING (bio)""",
    )


def _same_picture(connection: Any) -> None:
    """Hashes that differ in at most `BITS` bits agree in at least one of `BITS + 1` equal pieces:
    join on the pieces.
    """
    width = 16 // (BITS + 1)
    pieces = ", ".join(
        f"'{n}' || phash[{n * width + 1}:{(n + 1) * width}]" for n in range(BITS + 1)
    )
    _table(
        connection,
        "card_hashes",
        """
        SELECT account_id, e.handle, coalesce(p.picture_phash, e.avatar_phash) AS phash
        FROM card_everybody e LEFT JOIN card_pictures p USING (account_id)
        WHERE NOT default_avatar AND regexp_full_match(coalesce(p.picture_phash, e.avatar_phash), '[0-9a-f]{16}')""",
    )
    _table(
        connection,
        "card_same_picture",
        f"""
        WITH distinct_ones AS (SELECT phash, ('0x' || phash)::UBIGINT AS bits, unnest([{pieces}]) AS piece
            FROM (SELECT DISTINCT phash FROM card_hashes)),
        asked AS (SELECT DISTINCT phash FROM card_hashes SEMI JOIN card_accounts USING (account_id)),
        pairs AS (
            SELECT DISTINCT a.phash, b.phash AS other FROM distinct_ones a SEMI JOIN asked USING (phash)
            JOIN distinct_ones b ON a.piece = b.piece AND bit_count(xor(a.bits, b.bits)) <= {BITS}),
        shared AS (
            SELECT p.phash, count(*) - 1 AS others, {_some("h.account_id", "h.handle")} AS who
            FROM pairs p JOIN card_hashes h ON h.phash = p.other GROUP BY p.phash HAVING count(*) > 1)
        SELECT account_id, others AS picture_others, {_without_self("who")} AS picture_who
        FROM card_accounts JOIN card_hashes e USING (account_id) JOIN shared USING (phash)""",
    )


def _same_text(connection: Any, posts: str) -> None:
    """Found by a hash of the text; only the few texts that are shown are ever carried."""
    _table(
        connection,
        "card_keys",
        f"SELECT account_id, {text_key()} AS text_key FROM {posts} WHERE text IS NOT NULL",
    )
    _table(
        connection,
        "card_shared",
        """
        WITH several AS (
            SELECT text_key FROM card_keys WHERE text_key IS NOT NULL
            GROUP BY text_key HAVING min(hash(account_id)) <> max(hash(account_id)))
        SELECT text_key, count(DISTINCT account_id) AS accounts FROM card_keys SEMI JOIN several USING (text_key)
        GROUP BY text_key""",
    )
    # Ordered by what does not hang on the hash: that may be another one in another version of
    # DuckDB, a card may not.
    _table(
        connection,
        "card_theirs",
        f"""
        WITH own AS (SELECT account_id, post_id, {text_key()} AS text_key FROM {posts} SEMI JOIN card_accounts USING (account_id))
        SELECT account_id, text_key, accounts - 1 AS others, count(*) AS here, count(*) OVER mine AS texts,
            row_number() OVER (PARTITION BY account_id ORDER BY accounts DESC, count(*) DESC, min(post_id)) AS place
        FROM own JOIN card_shared USING (text_key)
        GROUP BY account_id, text_key, accounts WINDOW mine AS (PARTITION BY account_id)
        QUALIFY place <= {TEXTS}""",
    )
    _table(
        connection,
        "card_wordings",
        f"""
        SELECT text_key, left(min(text), {LONGEST_TEXT}) AS text, length(min(text)) AS text_length
        FROM (SELECT text, {text_key()} AS text_key FROM {posts}) SEMI JOIN card_theirs USING (text_key) GROUP BY text_key""",
    )
    _table(
        connection,
        "card_same_text",
        """
        SELECT account_id, max(texts) AS shared_texts, max(others) AS text_others,
            list(struct_pack(others := others, here := here, text := text, text_length := text_length) ORDER BY place) AS same_texts
        FROM card_theirs JOIN card_wordings USING (text_key) GROUP BY account_id""",
    )


def _in_step(connection: Any, posts: str) -> None:
    """A repost is in step where the one before or after it of the same post, by another account, is
    seconds away.
    """

    def near(way: str) -> str:
        other, moment = f"{way}(account_id) OVER of_one", f"{way}(created_at) OVER of_one"
        close = f"abs(epoch(created_at - {moment})) <= {SECONDS} AND {other} <> account_id"
        return f"CASE WHEN {close} THEN {other} END"

    _table(
        connection,
        "card_steps",
        f"""
        SELECT account_id, {near("lag")} AS before, {near("lead")} AS after FROM {posts}
        WHERE kind = 'repost' AND ref_post_id IS NOT NULL AND created_at IS NOT NULL
        WINDOW of_one AS (PARTITION BY ref_post_id ORDER BY created_at, account_id, post_id)""",
    )
    _table(
        connection,
        "card_in_step",
        f"""
        WITH mine AS (FROM card_steps SEMI JOIN card_accounts USING (account_id)),
        counted AS (
            SELECT account_id, count(*) AS steps_known, count(*) FILTER (before IS NOT NULL OR after IS NOT NULL) AS in_step
            FROM mine GROUP BY account_id),
        beside AS (
            SELECT account_id, other, count(*) AS n FROM (
                SELECT account_id, before AS other FROM mine UNION ALL SELECT account_id, after FROM mine)
            WHERE other IS NOT NULL GROUP BY ALL),
        often AS (
            SELECT b.account_id, count(*) AS step_others,
                list(struct_pack(handle := e.handle, n := n) ORDER BY n DESC, e.handle NULLS LAST, other)[:{OTHERS}] AS step_who
            FROM beside b LEFT JOIN card_everybody e ON e.account_id = b.other GROUP BY b.account_id)
        FROM counted LEFT JOIN often USING (account_id)""",
    )


def _some(account: str, handle: str) -> str:
    """SQL for a few of a group's accounts (one more than shown, for the account itself may be among
    them).
    """
    return (
        f"list(struct_pack(account := {account}, handle := {handle}) ORDER BY {handle} NULLS LAST,"
        f" {account})[:{OTHERS + 1}]"
    )


def _without_self(who: str) -> str:
    return f"list_filter({who}, lambda w: w.account <> e.account_id)[:{OTHERS}]"


def _table(connection: Any, name: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
