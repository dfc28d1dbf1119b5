"""The posts that a card shows: the first, the most reposted, the latest, and a random sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

SAMPLE = 3
"""Posts shown of each sort."""
LONGEST_POST = 1_500
"""Characters shown of a post; the card says how many more there are."""

_SHOWN = (
    "created_at",
    "kind",
    "reposts",
    "likes",
    "source_app",
    "links",
    "sensitive",
    "here",
    "others",
    "text",
    "text_length",
)


def samples(
    connection: duckdb.DuckDBPyConnection, posts: str, own_posts: str, shared_texts: str
) -> str:
    """The relation of sample posts, one row for each account of `own_posts`.

    `posts` are all posts with their texts, and `shared_texts` (text_key, accounts) the texts of
    several accounts. Random order is md5 of account and post: the same store version gives the
    same posts on every machine.
    """

    def within(order: str) -> str:
        return f"row_number() OVER (PARTITION BY account_id ORDER BY {order}) <= {SAMPLE}"

    ranked = materialise(
        connection,
        "card_ranked_posts",
        f"""
        SELECT
            account_id, post_id, text_key, md5(account_id || chr(10) || post_id) AS random_order,
            created_at IS NOT NULL AND {within("created_at NULLS LAST, post_id")} AS is_first,
            coalesce(reposts > 0, false) AND {within("reposts DESC NULLS LAST, post_id")}
                AS is_spread,
            created_at IS NOT NULL AND {within("created_at DESC NULLS LAST, post_id DESC")}
                AS is_latest,
            count(text_key) OVER (PARTITION BY account_id, text_key) AS here
        FROM {own_posts}
        """,
    )
    shown = materialise(
        connection,
        "card_shown_posts",
        f"""
        SELECT * EXCLUDE (random_order), NOT (is_first OR is_spread OR is_latest) AS is_random
        FROM {ranked}
        QUALIFY NOT is_random OR row_number() OVER (
            PARTITION BY account_id, is_random ORDER BY random_order, post_id) <= {SAMPLE}
        """,
    )
    with_text = materialise(
        connection,
        "card_shown_texts",
        f"""
        SELECT
            s.*, p.created_at, p.kind, p.reposts, p.likes, left(p.source_app, 60) AS source_app,
            len(p.urls) AS links,
            lower(p.extra['possibly_sensitive']) IN ('true', '1') AS sensitive,
            a.accounts - 1 AS others, left(p.text, {LONGEST_POST}) AS text,
            length(p.text) AS text_length
        FROM {posts} p JOIN {shown} s USING (account_id, post_id)
            LEFT JOIN {shared_texts} a USING (text_key)
        """,
    )
    post = f"struct_pack({', '.join(f'{c} := {c}' for c in _SHOWN)})"
    return materialise(
        connection,
        "card_samples",
        f"""
        SELECT
            account_id,
            list({post} ORDER BY created_at, post_id) FILTER (is_first) AS first,
            list({post} ORDER BY reposts DESC, post_id) FILTER (is_spread) AS spread,
            list({post} ORDER BY created_at DESC, post_id DESC) FILTER (is_latest) AS latest,
            list({post} ORDER BY created_at NULLS LAST, post_id) FILTER (is_random) AS random
        FROM {with_text} GROUP BY account_id
        """,
    )
