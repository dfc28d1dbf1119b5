"""Splits: seeded, grouped by equal profiles; stratified by label, or drawn without labels."""

from __future__ import annotations

PARTS = (("train", 0.6), ("validation", 0.8), ("test", 1.0))
"""The parts and the cumulative share of accounts each ends at."""


def split_id(seed: int) -> str:
    """The canonical string of the drawn split.

    >>> split_id(7)
    'stratified(seed=7)'
    """
    return f"stratified(seed={seed})"


def stratified(members: str, seed: int) -> str:
    """SQL (account_id, part, group) for a relation (account_id, label, group): 60/20/20 by label.

    Whole groups are drawn in the order of a sha256 over seed and smallest account id, so the same
    accounts give the same split in any row order. A group takes the part in which its middle falls,
    so a label's shares are exact to half the size of its largest group. Groups of both labels are a
    stratum of their own.
    """
    parts = " ".join(f"WHEN middle < {end} THEN '{part}'" for part, end in PARTS[:-1])
    return f"""(
        WITH drawn AS (
            SELECT "group", count(*) AS n,
                   CASE WHEN min(label) = max(label) THEN min(label) ELSE 'mixed' END AS stratum,
                   sha256('{seed}|' || min(account_id)) AS draw
            FROM {members} GROUP BY "group"),
        placed AS (
            SELECT "group", (sum(n) OVER (PARTITION BY stratum ORDER BY draw, "group") - n / 2.0)
                            / sum(n) OVER (PARTITION BY stratum) AS middle
            FROM drawn)
        SELECT account_id, CASE {parts} ELSE '{PARTS[-1][0]}' END AS part, "group"
        FROM {members} JOIN placed USING ("group"))"""


def blind_id(seed: int) -> str:
    """The canonical string of the split that is drawn without labels.

    >>> blind_id(7)
    'blind(seed=7)'
    """
    return f"blind(seed={seed})"


def blind(members: str, seed: int) -> str:
    """SQL (account_id, part, group) for a relation (account_id, group), without using labels.

    Each group's part follows from a sha256 over seed and smallest account id alone, so neither a
    part nor its size tells a label. The shares are 60/20/20 in expectation only.
    """
    # The hash's first 16 hex digits, compared as text with the share of all such numbers.
    parts = " ".join(
        f"WHEN draw < '{int(end * 2**64):016x}' THEN '{part}'" for part, end in PARTS[:-1]
    )
    return f"""(
        SELECT account_id, CASE {parts} ELSE '{PARTS[-1][0]}' END AS part, "group"
        FROM {members} JOIN (
            SELECT "group", sha256('blind {seed}|' || min(account_id))[:16] AS draw
            FROM {members} GROUP BY "group") USING ("group"))"""


def official(claims: str) -> str:
    """SQL (account_id, part) from claims whose attributes carry the source's own `part`.

    An account that the source puts in two parts is in none.
    """
    words = ", ".join(f"'{part}'" for part, _ in PARTS)
    return f"""(
        SELECT account_id, min(attributes['part']) AS part FROM {claims}
        WHERE attributes['part'] IN ({words})
        GROUP BY account_id HAVING count(DISTINCT attributes['part']) = 1)"""
