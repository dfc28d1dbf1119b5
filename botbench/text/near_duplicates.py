"""Near-identical texts found without comparing all pairs: minhash signatures in bands (Broder 1997;
Leskovec et al. 2014, ch. 3).

Words in threes, ten minimal hashes, five bands of two: texts with a Jaccard similarity J meet in a
band with probability 1 - (1 - J^2)^5, which is .966 at J = .7 and .994 at .8; what meets is
compared, and kept from J = .7 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb

Places = NDArray[np.int64]
BANDS, ROWS = 5, 2
SIMILAR = 0.7
MOST = 2_000_000
"""Distinct texts above which only equal words count as the same text; the report says so."""
BUCKET = 50
"""Texts in one band's bucket above which it is compared with its first text only."""


def join_near(
    connection: duckdb.DuckDBPyConnection, actions: str, posts: str, words: str, shortest: int
) -> None:
    """Give near-identical texts in the table `actions` one `what`: that of the first of their
    group.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_texts AS
        SELECT row_number() OVER (ORDER BY words) - 1 AS id, words, hash('text', words) AS what
        FROM (SELECT DISTINCT words FROM (
                  SELECT {words} AS words FROM {posts} WHERE kind IS DISTINCT FROM 'repost' AND text IS NOT NULL)
              WHERE length(words) >= {shortest})""")
    n = _one(connection, "SELECT count(*) FROM study_texts")
    if not n or n > MOST:
        return
    _signatures(connection)
    _similar(connection)
    a, b = (connection.execute("SELECT a, b FROM study_similar").fetchnumpy()[k] for k in "ab")
    if len(a):
        _merge(connection, actions, np.asarray(a), np.asarray(b), n)


def _signatures(connection: duckdb.DuckDBPyConnection) -> None:
    minima = ", ".join(
        f"list_min(list_transform(shingles, lambda s: hash(s, {k}))) AS m{k}"
        for k in range(BANDS * ROWS)
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_signatures AS
        SELECT id, shingles, {minima} FROM (
            SELECT id, CASE WHEN len(w) < 3 THEN [words] ELSE list_distinct(list_transform(
                range(1, len(w) - 1), lambda i: w[i] || ' ' || w[i + 1] || ' ' || w[i + 2])) END AS shingles
            FROM (SELECT id, words, string_split(words, ' ') AS w FROM study_texts))""")


def _similar(connection: duckdb.DuckDBPyConnection) -> None:
    bands = " UNION ALL ".join(
        f"SELECT id, {b} AS band, hash({', '.join(f'm{b * ROWS + r}' for r in range(ROWS))}) AS"
        " bucket FROM study_signatures"
        for b in range(BANDS)
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE study_similar AS
        WITH placed AS (SELECT *, row_number() OVER (PARTITION BY band, bucket ORDER BY id) AS place FROM ({bands})),
        met AS (SELECT DISTINCT x.id AS a, y.id AS b FROM placed x JOIN placed y
                ON x.band = y.band AND x.bucket = y.bucket AND x.id < y.id AND (x.place = 1 OR y.place <= {BUCKET}))
        SELECT a, b FROM met JOIN study_signatures x ON met.a = x.id JOIN study_signatures y ON met.b = y.id
        WHERE len(list_intersect(x.shingles, y.shingles))
              >= {SIMILAR} * (len(x.shingles) + len(y.shingles) - len(list_intersect(x.shingles, y.shingles)))"""
    )


def _merge(
    connection: duckdb.DuckDBPyConnection, actions: str, a: Places, b: Places, n: int
) -> None:
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    label = connected_components(
        coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False
    )[1]
    first = np.full(label.max() + 1, n, dtype=np.int64)
    np.minimum.at(first, label, np.arange(n))
    connection.register("study_merged", pa.table({"id": np.arange(n), "first": first[label]}))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE study_same AS SELECT t.what AS old, f.what AS new FROM study_merged m
        JOIN study_texts t ON m.id = t.id JOIN study_texts f ON m.first = f.id WHERE m.id <> m.first"""
    )
    connection.unregister("study_merged")
    connection.execute(
        f"UPDATE {actions} a SET what = s.new FROM study_same s WHERE a.kind = 'text' AND what ="
        " s.old"
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
