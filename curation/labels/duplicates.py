"""Duplicate groups: accounts of any data sets that look like one another; they are never merged.

Accounts are alike by profile (the same picture, bio and minute of creation) or by timeline (nearly
the same text). That says nothing of who is behind them; if their labels differ, one label deserves
a second look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.sql import literals
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.store import Store

SHINGLE = 3
"""Words of a shingle."""
LEAST = 30
"""Different shingles a timeline needs before it is compared."""
ALIKE = 0.8
"""Jaccard similarity of the sets of shingles from which timelines are nearly identical."""
BANDS, ROWS = 8, 3
"""Of 24 minhashes: two timelines of similarity .8 share one of the bands with a probability of
.997.
"""


def find(
    store: Store,
    datasets: Sequence[str] | None = None,
    *,
    at: str | None = None,
    timelines: bool = True,
) -> str:
    """Find the groups; returns the name of a temporary table of them: by (profile or timeline),
    group_id, platform, dataset, account_id.

    Only groups of two or more different accounts; the same (platform, id) in several data sets is
    one account.
    """
    version = store.resolve(at)
    only = "" if datasets is None else f" WHERE dataset IN ({literals(datasets)})"
    observed = _observed(store, version, only)
    groups = _table(store, "groups", _PROFILES.format(observed=observed))
    if timelines:
        _add_components(store, groups, _links(store, version, only, observed))
    return groups


_PROFILES = """
    WITH alike AS (
        SELECT 'profile' AS "by",
            md5(concat_ws(chr(31), platform, coalesce(avatar_phash, ''), bio,
                strftime(created_at, '%Y%m%d%H%M'))) AS group_id,
            platform, dataset, account_id
        FROM {observed} WHERE bio <> '' AND created_at IS NOT NULL)
    FROM alike SEMI JOIN (
        SELECT group_id FROM alike GROUP BY ALL HAVING count(DISTINCT account_id) > 1)
    USING (group_id)"""


def _table(store: Store, name: str, query: str) -> str:
    """Keep a query's rows in a temporary table of this module; returns its name."""
    store.connection.execute(f"CREATE OR REPLACE TEMP TABLE duplicate_{name} AS {query}")
    return f"duplicate_{name}"


def _observed(store: Store, version: int, only: str) -> str:
    """The latest observation of each account of each data set: what profiles are compared by, and
    the platform.
    """
    accounts, avatars = (store.relation(name, version) for name in ("accounts", "avatars"))
    return _table(
        store,
        "observed",
        f"""
        WITH latest AS (
            SELECT dataset, account_id, platform, bio, created_at, avatar_phash
            FROM {accounts}{only}
            QUALIFY row_number() OVER (
                PARTITION BY dataset, account_id ORDER BY observed_at DESC NULLS LAST) = 1),
        pictures AS (
            SELECT dataset, account_id, min(phash) AS phash FROM {avatars}{only} GROUP BY ALL)
        SELECT latest.* REPLACE (coalesce(avatar_phash, phash) AS avatar_phash)
        FROM latest LEFT JOIN pictures USING (dataset, account_id)""",
    )


def _shingles(store: Store, version: int, only: str) -> str:
    """SQL for hashed shingles (dataset, account_id, shingle): links and mentions are taken out, so
    that copies that differ in them alone are copies.
    """
    return f"""(
        SELECT dataset, account_id,
            hash(array_to_string(words[i:i + {SHINGLE - 1}], ' ')) AS shingle
        FROM (
            SELECT *, unnest(range(1, greatest(len(words) - {SHINGLE - 2}, 2))) AS i
            FROM (
                SELECT dataset, account_id, string_split({words_sql("text")}, ' ') AS words
                FROM {store.relation("posts", version)}{only})
            WHERE words <> ['']))"""


def _links(store: Store, version: int, only: str, observed: str) -> str:
    """Pairs of accounts whose timelines are nearly the same text: platform, dataset, account_id,
    other_dataset, other.

    Candidates share a band of minhashes, so memory grows with the accounts, never with the posts.
    """
    shingles = _shingles(store, version, only)
    mixed = ", ".join(f"min(hash(shingle, {k})) AS h{k}" for k in range(BANDS * ROWS))
    by_band = ", ".join(
        f"hash({', '.join(f'h{b * ROWS + r}' for r in range(ROWS))}, {b})" for b in range(BANDS)
    )
    bands = _table(
        store,
        "bands",
        f"""
        WITH signed AS (
            SELECT dataset, account_id, approx_count_distinct(shingle) AS shingles, {mixed}
            FROM {shingles} GROUP BY ALL HAVING shingles >= {LEAST})
        SELECT dataset, account_id, platform, unnest([{by_band}]) AS band
        FROM signed JOIN {observed} USING (dataset, account_id)""",
    )
    # Every member of a bucket is compared with its first one alone: a thousand copies are a
    # thousand pairs, not half a million.
    pairs = _table(
        store,
        "pairs",
        f"""
        SELECT DISTINCT platform, dataset, account_id, first.dataset AS other_dataset,
            first.account_id AS other
        FROM (
            SELECT *, min({{dataset: dataset, account_id: account_id}})
                OVER (PARTITION BY platform, band) AS first
            FROM {bands})
        WHERE account_id <> first.account_id""",
    )
    compared = _table(
        store,
        "shingles",
        f"""
        WITH wanted AS (
            SELECT dataset, account_id FROM {pairs} UNION SELECT other_dataset, other FROM {pairs})
        SELECT DISTINCT dataset, account_id, shingle
        FROM {shingles} SEMI JOIN wanted USING (dataset, account_id)""",
    )
    return f"""(
        WITH sizes AS (SELECT dataset, account_id, count(*) AS n FROM {compared} GROUP BY ALL),
        common AS (
            SELECT p.platform, p.dataset, p.account_id, p.other_dataset, p.other,
                count(*) AS shared
            FROM {pairs} p
            JOIN {compared} a ON a.dataset = p.dataset AND a.account_id = p.account_id
            JOIN {compared} b ON b.dataset = p.other_dataset AND b.account_id = p.other
                AND a.shingle = b.shingle
            GROUP BY ALL)
        SELECT c.* FROM common c
        JOIN sizes a ON a.dataset = c.dataset AND a.account_id = c.account_id
        JOIN sizes b ON b.dataset = c.other_dataset AND b.account_id = c.other
        WHERE shared / (a.n + b.n - shared) >= {ALIKE})"""


def _add_components(store: Store, groups: str, links_sql: str) -> None:
    """Add the groups of accounts that are linked, directly or through others."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = store.arrow(
        f"""
        SELECT platform || chr(31) || dataset || chr(31) || account_id AS a,
               platform || chr(31) || other_dataset || chr(31) || other AS b
        FROM {links_sql} ORDER BY ALL"""
    )
    if not links.num_rows:
        return
    both = (
        pa.chunked_array([*links["a"].chunks, *links["b"].chunks])
        .combine_chunks()
        .dictionary_encode()
    )
    codes, names = both.indices.to_numpy(), both.dictionary
    half, n = links.num_rows, len(names)
    _, group = connected_components(
        coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(n, n)), directed=False
    )
    store.connection.register("duplicate_members", pa.table({"name": names, "component": group}))
    store.connection.execute(
        f"""
        INSERT INTO {groups}
        SELECT 'timeline', md5('timeline' || min(name) OVER (PARTITION BY component)),
            parts[1], parts[2], parts[3]
        FROM (
            SELECT name, component, string_split(name, chr(31)) AS parts FROM duplicate_members)"""
    )
    store.connection.unregister("duplicate_members")


def ledger(store: Store, groups: str) -> list[dict[str, Any]]:
    """The groups (a table that `find` made), largest first: by, group, platform, accounts."""
    rows: list[dict[str, Any]] = store.arrow(f"""
        SELECT "by", group_id AS "group", platform,
            list({{dataset: dataset, account: account_id}} ORDER BY dataset, account_id)
                AS accounts
        FROM {groups} GROUP BY ALL ORDER BY len(accounts) DESC, "group" """).to_pylist()
    return rows
