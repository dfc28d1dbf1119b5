"""The posts a card shows: the first, the most spread, the latest, and some drawn by chance from the
others.
"""

from __future__ import annotations

from typing import Any

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


def samples(connection: Any, posts: str) -> None:
    """`card_samples`. Chance is md5 of account and post, so that the same version gives the same
    posts everywhere.
    """

    def within(order: str) -> str:
        return f"row_number() OVER (PARTITION BY account_id ORDER BY {order}) <= {SAMPLE}"

    _table(
        connection,
        "card_ranked",
        f"""
        SELECT account_id, post_id, text_key, md5(account_id || chr(10) || post_id) AS chance,
            created_at IS NOT NULL AND {within("created_at NULLS LAST, post_id")} AS is_first,
            coalesce(reposts > 0, false) AND {within("reposts DESC NULLS LAST, post_id")} AS is_spread,
            created_at IS NOT NULL AND {within("created_at DESC NULLS LAST, post_id DESC")} AS is_latest,
            count(text_key) OVER (PARTITION BY account_id, text_key) AS here
        FROM card_posts""",
    )
    _table(
        connection,
        "card_shown",
        f"""
        SELECT * EXCLUDE (chance), NOT (is_first OR is_spread OR is_latest) AS is_random FROM card_ranked
        QUALIFY NOT is_random OR row_number() OVER (PARTITION BY account_id, is_random ORDER BY chance, post_id) <= {SAMPLE}""",
    )
    _table(
        connection,
        "card_full",
        f"""
        SELECT s.*, p.created_at, p.kind, p.reposts, p.likes, left(p.source_app, 60) AS source_app, len(p.urls) AS links,
            lower(p.extra['possibly_sensitive']) IN ('true', '1') AS sensitive, a.accounts - 1 AS others,
            left(p.text, {LONGEST_POST}) AS text, length(p.text) AS text_length
        FROM {posts} p JOIN card_shown s USING (account_id, post_id) LEFT JOIN card_shared a USING (text_key)""",
    )
    one = f"struct_pack({', '.join(f'{c} := {c}' for c in _SHOWN)})"
    _table(
        connection,
        "card_samples",
        f"""
        SELECT account_id,
            list({one} ORDER BY created_at, post_id) FILTER (is_first) AS first,
            list({one} ORDER BY reposts DESC, post_id) FILTER (is_spread) AS spread,
            list({one} ORDER BY created_at DESC, post_id DESC) FILTER (is_latest) AS latest,
            list({one} ORDER BY created_at NULLS LAST, post_id) FILTER (is_random) AS random
        FROM card_full GROUP BY account_id""",
    )


def _table(connection: Any, name: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
