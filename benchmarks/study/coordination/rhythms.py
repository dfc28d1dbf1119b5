"""Shared moments of accounts: all pairs, or pairs from minhashes where too many meet by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

Ints = NDArray[np.int64]

BANDS, ROWS = 36, 2
"""Of 72 minhashes: accounts of whose moments a third are shared (Jaccard) meet in a band with
probability .98, those with a tenth with .30.
"""
WIDE = 4
"""Windows of a moment for minhashes, so that a delay of seconds seldom parts two accounts."""
FEWEST = 10
"""Moments an account needs to have a rhythm."""
MOST = 50_000_000
"""Meetings above which pairs come from minhashes."""
LEAST = 2
"""Moments that a pair shares at least."""
BUCKET = 200
"""Accounts in one band's bucket above which it tells nothing."""


def meetings(
    connection: duckdb.DuckDBPyConnection,
    cells: str,
    window: float,
    others: tuple[Ints, Ints] | None,
    block: int,
) -> bool:
    """Make `coaction_totals` and `coaction_pairs` of the trace whose `cells` these are.

    Two accounts share a moment where both posted in the same window. Totals are counted over all
    pairs: s accounts in a moment are s (s - 1) / 2 meetings. Up to `MOST` meetings all pairs are
    counted, `block` meetings at once; else those that share a band of minhashes, and `others`.
    Returns whether all pairs were counted.
    """
    import pyarrow as pa

    connection.execute(
        "CREATE OR REPLACE TEMP TABLE coaction_totals AS"
        " SELECT stratum, sum(s * (s - 1) // 2)::BIGINT AS n FROM ("
        f" SELECT stratum, what, moment, count(DISTINCT i) AS s FROM {cells} GROUP BY ALL)"
        " GROUP BY stratum HAVING n > 0"
    )
    moments = materialise(
        connection, "coaction_moments", f"SELECT DISTINCT i, what, moment FROM {cells}"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE coaction_pairs (a BIGINT, b BIGINT, n BIGINT)")
    row = connection.execute("SELECT coalesce(sum(n), 0) FROM coaction_totals").fetchone()
    all_of_them = int(row[0]) if row else 0
    if all_of_them <= MOST:
        parts = max(1, -(-all_of_them // block))
        for part in range(parts):
            connection.execute(
                f"INSERT INTO coaction_pairs {_together(moments, f'x.i % {parts} = {part}')}"
            )
        return True
    a, b = others if others is not None else (np.zeros(0, dtype=np.int64),) * 2
    connection.register("coaction_others", pa.table({"a": a, "b": b}))
    try:
        met = materialise(
            connection, "coaction_met", f"{_alike(cells, window)} UNION FROM coaction_others"
        )
    finally:
        connection.unregister("coaction_others")
    _count(connection, met)
    return False


def close(connection: duckdb.DuckDBPyConnection, a: Ints, b: Ints) -> None:
    """Add the pairs that both are tied to a third account by these ties to `coaction_pairs`."""
    import pyarrow as pa

    connection.register("coaction_ties", pa.table({"a": a, "b": b}))
    try:
        met = materialise(
            connection,
            "coaction_met",
            """
            WITH ties AS (FROM coaction_ties UNION SELECT b, a FROM coaction_ties)
            SELECT DISTINCT x.b AS a, y.b FROM ties x JOIN ties y ON x.a = y.a AND x.b < y.b
            ANTI JOIN coaction_pairs p ON p.a = x.b AND p.b = y.b""",
        )
    finally:
        connection.unregister("coaction_ties")
    _count(connection, met)


def _count(connection: duckdb.DuckDBPyConnection, met: str) -> None:
    """Count the moments of the pairs in `met`; keep those of pairs with `LEAST` of them."""
    connection.execute(f"""
        INSERT INTO coaction_pairs SELECT a, b, count(*) AS n FROM {met}
        JOIN coaction_moments x ON x.i = a
        JOIN coaction_moments y ON y.i = b AND y.moment = x.moment AND y.what = x.what
        GROUP BY a, b HAVING n >= {LEAST}""")


def _together(moments: str, part: str) -> str:
    """SQL of the moments that pairs (a before b) share, for a part of the accounts."""
    return f"""
        SELECT x.i AS a, y.i AS b, count(*) AS n FROM {moments} x
        JOIN {moments} y ON y.moment = x.moment AND y.what = x.what AND x.i < y.i
        WHERE {part} GROUP BY x.i, y.i HAVING n >= {LEAST}"""


def _alike(cells: str, window: float) -> str:
    """SQL of pairs (a before b) that share a band of minhashes."""
    minima = ", ".join(f"min(hash(place, {k})) AS h{k}" for k in range(BANDS * ROWS))
    bands = ", ".join(
        f"hash({', '.join(f'h{band * ROWS + row}' for row in range(ROWS))}, {band})"
        for band in range(BANDS)
    )
    return f"""
        WITH places AS (
            SELECT DISTINCT i, floor(t / {WIDE * float(window)!r})::BIGINT AS place FROM {cells}),
        banded AS (
            SELECT i, unnest([{bands}]) AS band FROM (
                SELECT i, count(*) AS places, {minima} FROM places GROUP BY i
                HAVING places >= {FEWEST})),
        held AS (
            FROM banded SEMI JOIN (
                SELECT band FROM banded GROUP BY band HAVING count(*) BETWEEN 2 AND {BUCKET})
            USING (band))
        SELECT DISTINCT x.i AS a, y.i AS b FROM held x JOIN held y
        ON x.band = y.band AND x.i < y.i"""
