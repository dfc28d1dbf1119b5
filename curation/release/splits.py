"""Splits: seeded, stratified by label, and grouped, so that accounts with the very same profile
stay on one side.
"""

from __future__ import annotations

from curation.store.identity import canonical_row
from curation.store.schema import TABLES

PARTS = (("train", 0.6), ("validation", 0.8), ("test", 1.0))
"""The parts and the cumulative share of accounts each ends at."""

TELLING = (
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
"""Profile columns whose agreement says something; flags, language and status agree by chance."""

ALIKE = (*TELLING, "verified", "protected", "default_profile", "default_avatar", "lang")
LENGTHS = ("handle_length", "display_name_length", "bio_length")
ENOUGH = 3
"""Telling columns that must have a value before two equal profiles count as duplicates (an id-only
row has none).
"""


def duplicate_groups(accounts: str) -> str:
    """SQL (account_id, group) for a relation of one row an account with the schema's columns.

    Accounts with the very same profile content (handle, id and what the source says beside it left
    out) share a group, and so do those with the same picture, bio and minute of creation, whatever
    their counts; every other account is a group of its own. Groups say that two accounts look
    alike, never that they are one.
    """
    table = TABLES["accounts"]
    signature = canonical_row([table.column(n) for n in ALIKE])
    lengths = " || '|' || ".join(f"coalesce(extra['{n}'], '')" for n in LENGTHS)
    made = "strftime(created_at, '%Y%m%d%H%M')"
    told = " + ".join(f"({_said(n)})::INT" for n in TELLING)
    return f"""(
        SELECT account_id,
               CASE WHEN count(*) OVER (PARTITION BY alike) > 1 THEN 'alike:' || alike ELSE 'alone:' || account_id END AS "group"
        FROM (SELECT account_id,
                     CASE WHEN avatar_phash IS NOT NULL AND bio <> '' AND created_at IS NOT NULL
                          THEN substr(sha256('look' || chr(10) || avatar_phash || chr(10) || {made} || chr(10) || bio), 1, 16)
                          WHEN {told} >= {ENOUGH} THEN substr(sha256({signature} || {lengths}), 1, 16)
                          ELSE 'id:' || account_id END AS alike
              FROM {accounts}))"""


def _said(name: str) -> str:
    text = TABLES["accounts"].column(name).type == "VARCHAR"
    return f'"{name}" IS NOT NULL AND "{name}" <> \'\'' if text else f'"{name}" IS NOT NULL'


def split_id(seed: int) -> str:
    """The canonical string of the drawn split.

    >>> split_id(7)
    'stratified(seed=7)'
    """
    return f"stratified(seed={seed})"


def stratified(members: str, seed: int) -> str:
    """SQL (account_id, part, group) for a relation (account_id, label, group): 60/20/20 within each
    label.

    Whole groups are drawn, in the order of a sha256 over seed and smallest account id, never of the
    rows: the same accounts give the same split wherever they stand. A group takes the part in which
    its middle falls, so a label's shares are met to half the size of its largest group; groups of
    both labels are a stratum of their own.
    """
    parts = " ".join(f"WHEN middle < {end} THEN '{part}'" for part, end in PARTS[:-1])
    return f"""(
        WITH drawn AS (
            SELECT "group", count(*) AS n, CASE WHEN min(label) = max(label) THEN min(label) ELSE 'mixed' END AS stratum,
                   sha256('{seed}|' || min(account_id)) AS draw
            FROM {members} GROUP BY "group"),
        placed AS (
            SELECT "group", (sum(n) OVER (PARTITION BY stratum ORDER BY draw, "group") - n / 2.0)
                            / sum(n) OVER (PARTITION BY stratum) AS middle
            FROM drawn)
        SELECT account_id, CASE {parts} ELSE '{PARTS[-1][0]}' END AS part, "group"
        FROM {members} JOIN placed USING ("group"))"""


def official(claims: str) -> str:
    """SQL (account_id, part) from claims whose attributes carry the source's own `part`.

    An account that the source puts in two parts is in none.
    """
    words = ", ".join(f"'{part}'" for part, _ in PARTS)
    return f"""(
        SELECT account_id, min(attributes['part']) AS part FROM {claims}
        WHERE attributes['part'] IN ({words}) GROUP BY account_id HAVING count(DISTINCT attributes['part']) = 1)"""
