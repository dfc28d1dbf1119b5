"""Groups of accounts with equal profiles, which a split keeps on one side."""

from __future__ import annotations

from curation.store.identity import canonical_row
from curation.store.schema import TABLES

DISTINCTIVE = (
    "display_name",
    "bio",
    "location",
    "url",
    "created_at",
    "followers",
    "following",
    "posts_total",
    "likes_total",
    "listed",
    "avatar_phash",
)
"""Profile columns in which equal values are evidence; flags and language agree by chance."""

COMPARED = (*DISTINCTIVE, "verified", "protected", "default_profile", "default_avatar", "lang")
LENGTHS = ("handle_length", "display_name_length", "bio_length")
MIN_VALUES = 3
"""Distinctive columns that need a value before two equal profiles count as duplicates.

An account of which only the id is known has none.
"""


def duplicate_groups(accounts: str) -> str:
    """SQL (account_id, group) for a relation of one row an account with the schema's columns.

    Accounts with equal profiles (without handle, id and extra values of the source) share a group,
    as do accounts with the same picture, bio and minute of creation. Every other account is a group
    of its own. Accounts of a group look alike; they need not be the same account.
    """
    table = TABLES["accounts"]
    signature = canonical_row([table.column(n) for n in COMPARED])
    lengths = " || '|' || ".join(f"coalesce(extra['{n}'], '')" for n in LENGTHS)
    minute = "strftime(created_at, '%Y%m%d%H%M')"
    values = " + ".join(f"({_has_value(n)})::INT" for n in DISTINCTIVE)
    look = "'look' || chr(10) || avatar_phash || chr(10) || " + f"{minute} || chr(10) || bio"
    return f"""(
        SELECT account_id,
               CASE WHEN count(*) OVER (PARTITION BY alike) > 1 THEN 'alike:' || alike
                    ELSE 'alone:' || account_id END AS "group"
        FROM (SELECT account_id,
                     CASE WHEN avatar_phash IS NOT NULL AND bio <> '' AND created_at IS NOT NULL
                          THEN substr(sha256({look}), 1, 16)
                          WHEN {values} >= {MIN_VALUES}
                          THEN substr(sha256({signature} || {lengths}), 1, 16)
                          ELSE 'id:' || account_id END AS alike
              FROM {accounts}))"""


def _has_value(name: str) -> str:
    """SQL of whether a profile column has a value; an empty text is none."""
    text = TABLES["accounts"].column(name).type == "VARCHAR"
    return f'"{name}" IS NOT NULL AND "{name}" <> \'\'' if text else f'"{name}" IS NOT NULL'
