"""Near-identical texts by minhash signatures in bands, without comparing all pairs.

Sources: Broder 1997; Leskovec et al. 2014, ch. 3. Words in threes, ten minimal hashes, five bands
of two: texts with a Jaccard similarity J meet in a band with probability 1 - (1 - J^2)^5, which is
.966 at J = .7 and .994 at .8. Texts that meet are compared, and kept from J = .7 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BANDS, ROWS = 5, 2
SIMILAR = 0.7
"""The least Jaccard similarity of near-identical texts."""
MOST = 2_000_000
"""Distinct texts above which only equal words count as the same text; the report says so."""
BUCKET = 50
"""Texts in one band's bucket above which it is compared with its first text only."""


def first_of_group(connection: duckdb.DuckDBPyConnection, texts: str) -> pa.Table:
    """The texts that have near-identical ones (`words`), each with the first text of its group.

    `texts` is SQL of distinct texts in the column `words`. A group is connected by similar pairs;
    its first text (`first`) is the least in the order of code points. With more than `MOST` texts
    the table is empty.

    >>> import duckdb
    >>> texts = "SELECT unnest(['a b c d e f g h', 'a b c d e f g h i', 'x y z']) AS words"
    >>> first_of_group(duckdb.connect(), texts).to_pylist()[1]
    {'words': 'a b c d e f g h i', 'first': 'a b c d e f g h'}
    """
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = connection.execute(f"SELECT count(*) FROM ({texts})").fetchone()
    if not count or count[0] > MOST:
        return pa.table({"words": pa.array([], pa.string()), "first": pa.array([], pa.string())})
    pairs = similar_pairs(connection, texts)
    words, code = np.unique(
        np.concatenate([pairs["a"].to_numpy(), pairs["b"].to_numpy()]), return_inverse=True
    )
    ends, n = code.reshape(2, -1), len(words)
    ties = coo_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(n, n))
    group = connected_components(ties, directed=False)[1] if n else np.zeros(0, dtype=np.int32)
    _, first = np.unique(group, return_index=True)  # words are sorted: the first is the least
    return pa.table(
        {"words": pa.array(words, pa.string()), "first": pa.array(words[first[group]], pa.string())}
    )


def similar_pairs(connection: duckdb.DuckDBPyConnection, texts: str) -> pa.Table:
    """The pairs of near-identical texts that meet in a band: columns `a` and `b`, a before b.

    `texts` is SQL of distinct texts in the column `words`.
    """
    signed = materialise(connection, "near_duplicates_signed", _signatures(texts))
    bands = " UNION ALL ".join(
        f"SELECT id, {b} AS band, hash({', '.join(f'm{b * ROWS + r}' for r in range(ROWS))})"
        f" AS bucket FROM {signed}"
        for b in range(BANDS)
    )
    shared = "len(list_intersect(x.shingles, y.shingles))"
    pairs = connection.execute(f"""
        WITH placed AS (
            SELECT *, row_number() OVER (PARTITION BY band, bucket ORDER BY id) AS place
            FROM ({bands})),
        met AS (
            SELECT DISTINCT x.id AS a, y.id AS b FROM placed x JOIN placed y
            ON x.band = y.band AND x.bucket = y.bucket AND x.id < y.id
                AND (x.place = 1 OR y.place <= {BUCKET}))
        SELECT x.words AS a, y.words AS b
        FROM met JOIN {signed} x ON met.a = x.id JOIN {signed} y ON met.b = y.id
        WHERE {shared} >= {SIMILAR} * (len(x.shingles) + len(y.shingles) - {shared})
        """).to_arrow_table()
    connection.execute(f"DROP TABLE {signed}")
    return pairs


def _signatures(texts: str) -> str:
    """SQL of each text with its words in threes (`shingles`) and their minimal hashes."""
    minima = ", ".join(
        f"list_min(list_transform(shingles, lambda s: hash(s, {k}))) AS m{k}"
        for k in range(BANDS * ROWS)
    )
    three = "w[i] || ' ' || w[i + 1] || ' ' || w[i + 2]"
    return f"""
        SELECT id, words, shingles, {minima}
        FROM (
            SELECT id, words, CASE WHEN len(w) < 3 THEN [words] ELSE
                list_distinct(list_transform(range(1, len(w) - 1), lambda i: {three}))
                END AS shingles
            FROM (
                SELECT row_number() OVER (ORDER BY words) AS id, words,
                    string_split(words, ' ') AS w
                FROM ({texts})))"""
