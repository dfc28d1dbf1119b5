"""Who the account says it is, and said before: `card_profiles`, `card_earlier`, `card_pictures`."""

from __future__ import annotations

from typing import Any

from curation.store.snapshot_queries import quoted

LONGEST_FIELD = 2_000
"""Characters shown of a profile field; the card says how many more there are."""
EARLIER = 3
"""Names and bios it had before that are shown."""

_TEXTS = ("handle", "display_name", "bio", "location", "url")
_COUNTS = ("followers", "following", "posts_total")


def profiles(connection: Any, accounts: str, avatars: str, dataset: str) -> None:
    """The latest observation, what earlier ones said otherwise, and our own copy of the picture."""
    _observed(connection, accounts, dataset)
    _earlier(connection)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE card_pictures AS
        SELECT account_id, picture, phash AS picture_phash FROM {avatars} WHERE dataset = {quoted(dataset)}
        QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY seen_at DESC NULLS LAST, sha256) = 1"""
    )


def _observed(connection: Any, accounts: str, dataset: str) -> None:
    """`card_everybody`: the latest observation of every account; `card_profiles`: of those asked
    for, with the first counts.
    """
    newest = (
        "QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY observed_at DESC NULLS"
        " LAST) = 1"
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE card_everybody AS
        SELECT account_id, handle, trim(bio) AS bio, avatar_phash, coalesce(default_avatar, false) AS default_avatar
        FROM {accounts} WHERE dataset = {quoted(dataset)} {newest}""")
    texts = ", ".join(
        f'left("{c}", {LONGEST_FIELD}) AS "{c}", length("{c}") AS "{c}_length"' for c in _TEXTS
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE card_observed AS
        SELECT account_id, observed_at, platform, created_at, followers, following, posts_total, likes_total, listed, verified,
            protected, default_profile, default_avatar, lang, status, avatar_phash IS NOT NULL AS avatar_known,
            {texts}
        FROM {accounts} SEMI JOIN card_accounts USING (account_id) WHERE dataset = {quoted(dataset)}"""
    )
    before = ", ".join(
        f"arg_min({c}, observed_at) FILTER ({c} IS NOT NULL) OVER side AS {c}_before"
        for c in _COUNTS
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE card_profiles AS
        SELECT *, count(*) OVER side AS observations, min(observed_at) OVER side AS first_observed, {before}
        FROM card_observed {newest.replace("QUALIFY", "WINDOW side AS (PARTITION BY account_id) QUALIFY")}"""
    )


def _earlier(connection: Any) -> None:
    """`card_earlier`: names and bios that it had before, the newest first."""
    named = ", ".join(
        f"{c} := {c}"
        for c in ("handle", "display_name", "bio", "bio_length", "seen_from", "seen_to")
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE card_earlier AS
        WITH named AS (
            SELECT o.account_id, o.handle, o.display_name, o.bio, o.bio_length,
                min(o.observed_at) AS seen_from, max(o.observed_at) AS seen_to
            FROM card_observed o JOIN card_profiles p USING (account_id)
            WHERE (o.handle, o.display_name, o.bio) IS DISTINCT FROM (p.handle, p.display_name, p.bio) GROUP BY ALL),
        listed AS (
            SELECT account_id, count(*) AS earlier_count,
                list(struct_pack({named}) ORDER BY seen_to DESC NULLS LAST, handle, display_name, bio) AS earlier
            FROM named GROUP BY account_id)
        SELECT account_id, earlier_count, earlier[:{EARLIER}] AS earlier FROM listed""")
