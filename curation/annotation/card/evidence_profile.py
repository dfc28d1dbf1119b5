"""Evidence about the profile: the latest observation, earlier names and bios, and the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literal

if TYPE_CHECKING:
    import duckdb

LONGEST_FIELD = 2_000
"""Characters shown of a profile field; the card says how many more there are."""
EARLIER = 3
"""Earlier names and bios that are shown."""

_TEXTS = ("handle", "display_name", "bio", "location", "url")
_COUNTS = ("followers", "following", "posts_total")
_NEWEST = (
    "QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY observed_at DESC NULLS LAST) = 1"
)


@dataclass(frozen=True)
class ProfileEvidence:
    """Names of relations with a column account_id.

    `latest` has the latest observation of every account of the data set and `pictures` our copies
    of profile pictures; `profiles` and `earlier` have the requested accounts only.
    """

    latest: str
    pictures: str
    profiles: str
    earlier: str


def profile(
    connection: duckdb.DuckDBPyConnection, accounts: str, avatars: str, dataset: str, wanted: str
) -> ProfileEvidence:
    """The profile evidence of the accounts `wanted`.

    `accounts` and `avatars` are the store's tables as SQL; `wanted` has a column account_id.
    """
    of_dataset = f"(SELECT * FROM {accounts} WHERE dataset = {literal(dataset)})"
    latest = materialise(
        connection,
        "card_latest",
        f"""
        SELECT account_id, handle, trim(bio) AS bio, avatar_phash,
            coalesce(default_avatar, false) AS default_avatar
        FROM {of_dataset} {_NEWEST}
        """,
    )
    observations = _observations(connection, of_dataset, wanted)
    profiles = _profiles(connection, observations)
    return ProfileEvidence(
        latest,
        _pictures(connection, avatars, dataset),
        profiles,
        _earlier(connection, observations, profiles),
    )


def _pictures(connection: duckdb.DuckDBPyConnection, avatars: str, dataset: str) -> str:
    return materialise(
        connection,
        "card_pictures",
        f"""
        SELECT account_id, picture, phash AS picture_phash
        FROM {avatars} WHERE dataset = {literal(dataset)}
        QUALIFY row_number() OVER (
            PARTITION BY account_id ORDER BY seen_at DESC NULLS LAST, sha256) = 1
        """,
    )


def _observations(connection: duckdb.DuckDBPyConnection, accounts: str, wanted: str) -> str:
    texts = ", ".join(
        f'left("{c}", {LONGEST_FIELD}) AS "{c}", length("{c}") AS "{c}_length"' for c in _TEXTS
    )
    return materialise(
        connection,
        "card_observations",
        f"""
        SELECT
            account_id, observed_at, platform, created_at, followers, following, posts_total,
            likes_total, listed, verified, protected, default_profile, default_avatar, lang, status,
            avatar_phash IS NOT NULL AS avatar_known, {texts}
        FROM {accounts} SEMI JOIN {wanted} USING (account_id)
        """,
    )


def _profiles(connection: duckdb.DuckDBPyConnection, observations: str) -> str:
    """The latest observation of each account, with its first known counts."""
    before = ", ".join(
        f"arg_min({c}, observed_at) FILTER ({c} IS NOT NULL) OVER of_account AS {c}_before"
        for c in _COUNTS
    )
    return materialise(
        connection,
        "card_profiles",
        f"""
        SELECT *, count(*) OVER of_account AS observations,
            min(observed_at) OVER of_account AS first_observed, {before}
        FROM {observations} WINDOW of_account AS (PARTITION BY account_id) {_NEWEST}
        """,
    )


def _earlier(connection: duckdb.DuckDBPyConnection, observations: str, profiles: str) -> str:
    """Earlier names and bios, the newest first."""
    fields = ("handle", "display_name", "bio", "bio_length", "seen_from", "seen_to")
    entry = f"struct_pack({', '.join(f'{c} := {c}' for c in fields)})"
    return materialise(
        connection,
        "card_earlier",
        f"""
        WITH named AS (
            SELECT o.account_id, o.handle, o.display_name, o.bio, o.bio_length,
                min(o.observed_at) AS seen_from, max(o.observed_at) AS seen_to
            FROM {observations} o JOIN {profiles} p USING (account_id)
            WHERE (o.handle, o.display_name, o.bio)
                IS DISTINCT FROM (p.handle, p.display_name, p.bio)
            GROUP BY ALL),
        listed AS (
            SELECT account_id, count(*) AS earlier_count,
                list({entry} ORDER BY seen_to DESC NULLS LAST, handle, display_name, bio) AS earlier
            FROM named GROUP BY account_id)
        SELECT account_id, earlier_count, earlier[:{EARLIER}] AS earlier FROM listed
        """,
    )
