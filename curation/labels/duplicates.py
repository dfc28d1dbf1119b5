"""Duplicate groups: accounts that look like one another, found set-based over all data sets of the
store; never merged.

Two ways: the same picture, bio and minute of creation; and timelines that are nearly the same text.
That two accounts look alike says nothing of who is behind them, but if they carry different labels,
one label deserves a second look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.sql import literals
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.store import Store

GROUPS = "duplicate_groups"
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
) -> None:
    """Leave the groups in the temporary table `duplicate_groups`: by, group_id, platform, dataset,
    account_id.

    Only groups of two or more different accounts; the same (platform, id) in several data sets is
    one account.
    """
    version = store.resolve(at)
    only = "" if datasets is None else f" WHERE dataset IN ({literals(datasets)})"
    _observed(store, version, only)
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {GROUPS} AS
        WITH alike AS (
            SELECT 'profile' AS "by", md5(concat_ws(chr(31), platform, coalesce(avatar_phash, ''), bio,
                   strftime(created_at, '%Y%m%d%H%M'))) AS group_id, platform, dataset, account_id
            FROM duplicate_observed WHERE bio <> '' AND created_at IS NOT NULL)
        FROM alike SEMI JOIN (SELECT group_id FROM alike GROUP BY ALL HAVING count(DISTINCT account_id) > 1) USING (group_id)"""
    )
    if timelines:
        _signatures(store, version, only)
        _alike(store)
        _components(store)


def _observed(store: Store, version: int, only: str) -> None:
    """The latest observation of each account of each data set: what profiles are compared by, and
    the platform.
    """
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE duplicate_observed AS
        WITH latest AS (
            SELECT dataset, account_id, platform, bio, created_at, avatar_phash FROM {store.relation("accounts", version)}{only}
            QUALIFY row_number() OVER (PARTITION BY dataset, account_id ORDER BY observed_at DESC NULLS LAST) = 1),
        pictures AS (SELECT dataset, account_id, min(phash) AS phash FROM {store.relation("avatars", version)}{only} GROUP BY ALL)
        SELECT latest.* REPLACE (coalesce(avatar_phash, phash) AS avatar_phash)
        FROM latest LEFT JOIN pictures USING (dataset, account_id)""")


def _shingles(store: Store, version: int, only: str, columns: str) -> str:
    """SQL of hashed shingles: links and mentions are taken out, so that copies that differ in them
    alone are copies.
    """
    return f"""
        SELECT {columns}, hash(array_to_string(words[i:i + {SHINGLE - 1}], ' ')) AS shingle
        FROM (SELECT {columns}, words, unnest(range(1, greatest(len(words) - {SHINGLE - 2}, 2))) AS i
              FROM (SELECT {columns}, string_split({words_sql("text")}, ' ') AS words
                    FROM {store.relation("posts", version)}{only}) WHERE words <> [''])"""


def _signatures(store: Store, version: int, only: str) -> None:
    """Minhashes of every timeline: memory grows with the accounts, never with the posts."""
    mixed = ", ".join(f"min(hash(shingle, {k})) AS h{k}" for k in range(BANDS * ROWS))
    bands = ", ".join(
        f"hash({', '.join(f'h{b * ROWS + r}' for r in range(ROWS))}, {b})" for b in range(BANDS)
    )
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE duplicate_bands AS
        WITH signed AS (SELECT dataset, account_id, approx_count_distinct(shingle) AS shingles, {mixed}
            FROM ({_shingles(store, version, only, "dataset, account_id")}) GROUP BY ALL HAVING shingles >= {LEAST})
        SELECT dataset, account_id, platform, unnest([{bands}]) AS band
        FROM signed JOIN duplicate_observed USING (dataset, account_id)""")
    # Every member of a bucket is compared with its first one alone: a thousand copies are a
    # thousand pairs, not half a million.
    store.connection.execute("""
        CREATE OR REPLACE TEMP TABLE duplicate_pairs AS
        SELECT DISTINCT platform, dataset, account_id, first.dataset AS other_dataset, first.account_id AS other
        FROM (SELECT *, min({dataset: dataset, account_id: account_id}) OVER (PARTITION BY platform, band) AS first
              FROM duplicate_bands)
        WHERE account_id <> first.account_id""")
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE duplicate_shingles AS
        WITH wanted AS (SELECT dataset, account_id FROM duplicate_pairs UNION SELECT other_dataset, other FROM duplicate_pairs)
        SELECT DISTINCT dataset, account_id, shingle
        FROM ({_shingles(store, version, only, "dataset, account_id")}) SEMI JOIN wanted USING (dataset, account_id)"""
    )


def _alike(store: Store) -> None:
    """Keep the pairs whose shingles really overlap so far."""
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE duplicate_links AS
        WITH sizes AS (SELECT dataset, account_id, count(*) AS n FROM duplicate_shingles GROUP BY ALL),
        common AS (
            SELECT p.platform, p.dataset, p.account_id, p.other_dataset, p.other, count(*) AS shared
            FROM duplicate_pairs p JOIN duplicate_shingles a ON a.dataset = p.dataset AND a.account_id = p.account_id
            JOIN duplicate_shingles b ON b.dataset = p.other_dataset AND b.account_id = p.other AND a.shingle = b.shingle
            GROUP BY ALL)
        SELECT c.* FROM common c JOIN sizes a ON a.dataset = c.dataset AND a.account_id = c.account_id
        JOIN sizes b ON b.dataset = c.other_dataset AND b.account_id = c.other
        WHERE shared / (a.n + b.n - shared) >= {ALIKE}""")


def _components(store: Store) -> None:
    """Linked accounts are a group, whatever the way from one to the other."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = store.arrow(
        """
        SELECT platform || chr(31) || dataset || chr(31) || account_id AS a,
               platform || chr(31) || other_dataset || chr(31) || other AS b FROM duplicate_links ORDER BY ALL"""
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
        INSERT INTO {GROUPS}
        SELECT 'timeline', md5('timeline' || min(name) OVER (PARTITION BY component)), parts[1], parts[2], parts[3]
        FROM (SELECT name, component, string_split(name, chr(31)) AS parts FROM duplicate_members)"""
    )
    store.connection.unregister("duplicate_members")


def ledger(store: Store) -> list[dict[str, Any]]:
    """The groups found, largest first: by, group, platform, accounts."""
    found: list[dict[str, Any]] = store.arrow(f"""
        SELECT "by", group_id AS "group", platform,
               list({{dataset: dataset, account: account_id}} ORDER BY dataset, account_id) AS accounts
        FROM {GROUPS} GROUP BY ALL ORDER BY len(accounts) DESC, "group" """).to_pylist()
    return found
