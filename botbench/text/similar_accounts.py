"""Accounts that look alike by profile or by timeline, in relations of accounts and posts.

By profile: the same picture, bio and minute of creation. By timeline: nearly the same text. That
says nothing of who is behind them, but their answers are not independent.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literal
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

SHINGLE = 3
"""Words of a shingle."""
LEAST = 30
"""Different shingles a timeline needs before it is compared."""
ALIKE = 0.8
"""Jaccard similarity of the sets of shingles from which timelines are nearly identical."""
AT_ONCE = 200_000
"""Accounts whose posts are read in one pass: 3.5 kB of counts and minhashes for each of them."""
BANDS, ROWS = 8, 3
"""Of 24 minhashes: two timelines of similarity .8 share one of the bands with a probability of
.997.
"""
AGREEING = 12
"""Of the 24: fewer equal minhashes have two timelines of similarity .8 with a probability of .0004
(binomial). Without this, most of a million accounts with few words would be compared word by word.
"""


def by_profile(observed: str) -> str:
    """SQL (by, group_id, platform, dataset, account_id) of accounts that look alike by profile.

    `observed` has one row for each account of a data set, with `bio`, `created_at` and
    `avatar_phash`. Where no picture is known, bio and minute alone decide.
    """
    return f"""
        WITH alike AS (
            SELECT 'profile' AS "by",
                md5(concat_ws(chr(31), platform, coalesce(avatar_phash, ''), bio,
                    strftime(created_at, '%Y%m%d%H%M'))) AS group_id,
                platform, dataset, account_id
            FROM {observed} WHERE bio <> '' AND created_at IS NOT NULL)
        FROM alike SEMI JOIN (
            SELECT group_id FROM alike GROUP BY ALL HAVING count(DISTINCT account_id) > 1)
        USING (group_id)"""


def _shingles(posts: str) -> str:
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
                FROM {posts})
            WHERE words <> ['']))"""


def timeline_links(connection: duckdb.DuckDBPyConnection, posts: str, observed: str) -> str:
    """SQL of pairs of accounts with nearly the same timeline.

    The columns are platform, dataset, account_id, other_dataset, other. `posts` has dataset,
    account_id and text. Candidates share a band of minhashes, so memory grows with the accounts,
    never with the posts.
    """
    signed = _signatures(connection, posts, observed)
    by_band = ", ".join(
        f"hash(hashes[{b * ROWS + 1}:{b * ROWS + ROWS}], {b})" for b in range(BANDS)
    )
    # Every member of a bucket is compared with its first one alone: a thousand copies are a
    # thousand pairs, not half a million.
    pairs = materialise(
        connection,
        "duplicate_pairs",
        f"""
        WITH bands AS (
            SELECT dataset, account_id, platform, unnest([{by_band}]) AS band FROM {signed}),
        together AS (
            SELECT DISTINCT platform, dataset, account_id, first.dataset AS other_dataset,
                first.account_id AS other
            FROM (
                SELECT *, min({{dataset: dataset, account_id: account_id}})
                    OVER (PARTITION BY platform, band) AS first
                FROM bands)
            WHERE account_id <> first.account_id)
        SELECT t.* FROM together t
        JOIN {signed} a ON a.dataset = t.dataset AND a.account_id = t.account_id
        JOIN {signed} b ON b.dataset = t.other_dataset AND b.account_id = t.other
        WHERE len(list_filter(list_zip(a.hashes, b.hashes), lambda two: two[1] = two[2]))
            >= {AGREEING}""",
    )
    compared = materialise(
        connection,
        "duplicate_shingles",
        f"""
        WITH wanted AS (
            SELECT dataset, account_id FROM {pairs} UNION SELECT other_dataset, other FROM {pairs})
        SELECT DISTINCT dataset, account_id, shingle
        FROM {_shingles(posts)} SEMI JOIN wanted USING (dataset, account_id)""",
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


def _signatures(connection: duckdb.DuckDBPyConnection, posts: str, observed: str) -> str:
    """A table (dataset, account_id, platform, hashes) of the minhashes of every timeline.

    The posts are read once for each `AT_ONCE` accounts, which costs little in a file that is sorted
    by account, as a release's is.
    """
    hashes = ", ".join(f"min(hash(shingle, {k}))" for k in range(BANDS * ROWS))
    signed = materialise(
        connection,
        "duplicate_signed",
        f"SELECT dataset, account_id, platform, []::UBIGINT[] AS hashes FROM {observed} LIMIT 0",
    )
    for part in _parts(connection, observed):
        connection.execute(
            f"""
            INSERT INTO {signed}
            SELECT dataset, account_id, platform, hashes FROM (
                SELECT dataset, account_id, approx_count_distinct(shingle) AS shingles,
                    [{hashes}] AS hashes
                FROM {_shingles(f"(FROM {posts} WHERE {part})")}
                GROUP BY ALL HAVING shingles >= {LEAST})
            JOIN {observed} USING (dataset, account_id)"""
        )
    return signed


def _parts(connection: duckdb.DuckDBPyConnection, observed: str) -> list[str]:
    """Conditions on account_id that part the accounts into ranges of at most `AT_ONCE`."""
    rows = connection.execute(
        f"""
        SELECT account_id FROM (
            SELECT account_id, row_number() OVER (ORDER BY account_id) AS place
            FROM (SELECT DISTINCT account_id FROM {observed}))
        WHERE (place - 1) % {AT_ONCE} = 0 ORDER BY account_id"""
    ).fetchall()
    first = [literal(str(account)) for (account,) in rows]
    return [
        *(f"account_id >= {low} AND account_id < {high}" for low, high in pairwise(first)),
        *(f"account_id >= {low}" for low in first[-1:]),
    ]


def connected(links: pa.Table) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """The names in `links` (text columns a and b), and the number of each one's component."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    both = (
        pa.chunked_array([*links["a"].chunks, *links["b"].chunks], pa.string())
        .combine_chunks()
        .dictionary_encode()
    )
    codes, names = both.indices.to_numpy(), both.dictionary
    half, n = links.num_rows, len(names)
    _, component = connected_components(
        coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(n, n)), directed=False
    )
    return names, component


def within(
    connection: duckdb.DuckDBPyConnection, accounts: str, posts: str, splits: str
) -> pa.Table:
    """The groups of one data set: account_id and group (int64), for groups of two or more.

    Accounts are in a group if they look alike by profile, by timeline, or by the `group` of
    `splits` (equal profiles), directly or through others. Groups are numbered from 0 by their least
    account id. `accounts`, `posts` and `splits` are SQL relations with a release's columns.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    observed = materialise(
        connection,
        "duplicate_observed",
        f"SELECT dataset, account_id, platform, bio, created_at, avatar_phash FROM {accounts}",
    )
    links = connection.execute(
        f"""
        SELECT account_id AS a, min(account_id) OVER (PARTITION BY group_id) AS b
        FROM ({by_profile(observed)})
        UNION ALL
        SELECT account_id, min(account_id) OVER (PARTITION BY "group")
        FROM (SELECT DISTINCT account_id, "group" FROM {splits})
        UNION ALL
        SELECT account_id, other FROM {timeline_links(connection, posts, observed)}"""
    ).to_arrow_table()
    for name in ("observed", "signed", "pairs", "shingles"):
        connection.execute(f"DROP TABLE duplicate_{name}")
    names, component = connected(links.filter(pc.not_equal(links["a"], links["b"])))
    order = pc.sort_indices(names).to_numpy()
    _, first, place = np.unique(component[order], return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[place].astype(np.int64)
    return pa.table({"account_id": names.take(pa.array(order)), "group": number})
