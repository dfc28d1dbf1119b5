"""Pairs of accounts that act alike within a window more often than chance allows.

An action is a repost, a posted link or a text (near-identical texts are one). A co-action of two
accounts is the same action within the window. Actions are blocked by kind and time, so only pairs
with a common action are compared.

Null model: every account keeps its number of actions, every action keeps its popularity at its
time, and which account did which action is chance. The co-actions of a pair are then Poisson with
mean d_i d_j S / M^2, where d are the accounts' actions, M their sum and S = sum over actions and
times of s (s - 1), s being the number of accounts with that action then (the configuration model of
a two-mode network; Neal 2014). p-values are corrected over all pairs of accounts, including pairs
without a co-action (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.stats.multiple_comparisons import benjamini_hochberg
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    import duckdb

PASSED_ON = "coalesce(ref_post_id, lower(ref_account_id) || '|' || md5(lower(trim(text))))"
"""What a repost passes on: the post where the source names it, else whose words they were and the
words.
"""
ACTIONS = {
    "repost": ("kind = 'repost'", PASSED_ON),
    "link": ("len(urls) > 0", "unnest(urls)"),
    "text": ("kind IS DISTINCT FROM 'repost' AND text IS NOT NULL", "words"),
}
WORDS = words_sql("text")
SHORTEST = 20
"""Letters below which a text is anybody's."""
CROWD = 200
"""Accounts doing the same in one window above which the moment is left out: a trend, and s squared
pairs.
"""
LEAST = 2
"""Co-actions a pair needs: one may always be chance."""


@dataclass(frozen=True)
class Pairs:
    """Pairs beyond chance: `a` and `b` are places in `accounts`.

    `shared` counts co-actions, `expected` is their number by chance, `q` the corrected p-value.
    """

    accounts: NDArray[np.object_]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared: NDArray[np.int64]
    expected: NDArray[np.float64]
    q: NDArray[np.float64]
    compared: int
    crowded: int


@dataclass(frozen=True)
class Actions:
    """The relation (account_id, what (a hash), kind, t in seconds), one row an action; its size."""

    relation: str
    count: int


def actions(connection: duckdb.DuckDBPyConnection, posts: str, kinds: tuple[str, ...]) -> Actions:
    """The actions of these kinds in `posts` (a relation)."""
    parts = []
    for kind in kinds:
        condition, what = ACTIONS[kind]
        source = f"(SELECT *, {WORDS} AS words FROM {posts})" if kind == "text" else posts
        limit = f" WHERE length(words) >= {SHORTEST}" if kind == "text" else ""
        parts.append(
            f"SELECT account_id, '{kind}' AS kind, {what}::VARCHAR AS what, epoch(created_at) AS t"
            f" FROM (SELECT * FROM {source}{limit}) WHERE created_at IS NOT NULL AND {condition}"
        )
    table = "study_actions"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        SELECT account_id, hash(kind, what) AS what, kind, t
        FROM ({" UNION ALL ".join(parts)}) WHERE what IS NOT NULL""")
    if "text" in kinds:
        _join_near_duplicates(connection, table, posts)
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return Actions(table, int(row[0]) if row else 0)


def _join_near_duplicates(connection: duckdb.DuckDBPyConnection, table: str, posts: str) -> None:
    """Let near-identical texts be one action: that of the first text of their group."""
    from botbench.text.near_duplicates import first_of_group

    condition, _ = ACTIONS["text"]
    texts = f"""
        SELECT DISTINCT words FROM (SELECT {WORDS} AS words FROM {posts} WHERE {condition})
        WHERE length(words) >= {SHORTEST}"""
    connection.register("study_same_texts", first_of_group(connection, texts))
    try:
        connection.execute(f"""
            UPDATE {table} a SET what = hash('text', s.first) FROM study_same_texts s
            WHERE a.kind = 'text' AND a.what = hash('text', s.words)""")
    finally:
        connection.unregister("study_same_texts")


def pairs(
    connection: duckdb.DuckDBPyConnection, done: Actions, window: float, rate: float = 0.05
) -> Pairs:
    """Pairs with more co-actions within `window` seconds than chance, at a discovery `rate`."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_moments AS
        SELECT DISTINCT account_id, what, floor(t / {window})::BIGINT AS moment, t
        FROM {done.relation}""")
    crowded = (
        "(SELECT what, moment FROM study_moments GROUP BY ALL HAVING count(DISTINCT account_id) >"
        f" {CROWD})"
    )
    left_out = connection.execute(f"SELECT count(*) FROM {crowded}").fetchone()
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_kept AS
        SELECT m.* FROM study_moments m
        ANTI JOIN {crowded} c ON m.what = c.what AND m.moment = c.moment""")
    shared = connection.execute(f"""
        WITH near AS (
            SELECT a.account_id AS a, b.account_id AS b, a.what FROM study_kept a JOIN (
                SELECT * FROM study_kept
                UNION ALL SELECT account_id, what, moment + 1, t FROM study_kept
                UNION ALL SELECT account_id, what, moment - 1, t FROM study_kept) b
            ON a.what = b.what AND a.moment = b.moment AND a.account_id < b.account_id
                AND abs(a.t - b.t) <= {window})
        SELECT a, b, count(DISTINCT what) AS shared FROM near
        GROUP BY a, b HAVING shared >= {LEAST} ORDER BY a, b""").fetchnumpy()
    degrees = connection.execute(
        "SELECT account_id, count(DISTINCT (what, moment)) AS d FROM study_kept GROUP BY account_id"
        " ORDER BY account_id"
    ).fetchnumpy()
    popular = connection.execute(
        "SELECT coalesce(sum(s * (s - 1)), 0)::DOUBLE FROM (SELECT count(DISTINCT account_id) AS s"
        " FROM study_kept GROUP BY what, moment)"
    ).fetchone()
    return _beyond_chance(
        shared,
        degrees,
        float(popular[0]) if popular else 0.0,
        int(left_out[0]) if left_out else 0,
        rate,
    )


def _beyond_chance(
    shared_by_pair: dict[str, Any],
    degrees: dict[str, Any],
    popular: float,
    crowded: int,
    rate: float,
) -> Pairs:
    from scipy.stats import poisson

    accounts, d = (
        np.asarray(degrees["account_id"], dtype=object),
        np.asarray(degrees["d"], dtype=np.float64),
    )
    n, total = len(accounts), max(d.sum(), 1.0)
    a, b = (
        np.searchsorted(
            accounts.astype(str), np.asarray(shared_by_pair[k], dtype=object).astype(str)
        )
        for k in "ab"
    )
    shared = np.asarray(shared_by_pair["shared"], dtype=np.int64)
    expected = d[a] * d[b] * popular / total**2
    p = poisson.sf(shared - 1, expected)
    q = benjamini_hochberg(p, n * (n - 1) // 2)
    kept = q <= rate
    return Pairs(
        accounts, a[kept], b[kept], shared[kept], expected[kept], q[kept], len(shared), crowded
    )


def groups(pairs: Pairs) -> NDArray[np.int64]:
    """Connected groups of accounts (places in `accounts`), numbered by size from 0; -1 for none."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(pairs.accounts)
    ties = coo_array((np.ones(len(pairs.a)), (pairs.a, pairs.b)), shape=(n, n))
    label = connected_components(ties, directed=False)[1]
    size = np.bincount(label, minlength=1) if n else np.zeros(0, dtype=np.int64)
    large = [k for k in np.lexsort((np.arange(len(size)), -size)) if size[k] > 1]
    number = np.full(len(size), -1, dtype=np.int64)
    number[large] = np.arange(len(large))
    return np.asarray(number[label], dtype=np.int64)
