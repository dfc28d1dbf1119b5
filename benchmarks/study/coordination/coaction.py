"""Pairs of accounts that do the same more often than chance allows, for one trace.

A co-action of two accounts is the same action within the window (at any time where the trace is not
timed). Actions are blocked by thing and moment, so only pairs with a common action are compared.

Null model: in each stratum (the actions of equal `within`) every account keeps its number of
actions d, and which accounts meet is chance. C, the number of co-actions of the stratum, then falls
on pairs in proportion to d_i d_j, so a pair's co-actions are Poisson with mean
sum over strata of 2 C d_i d_j / (M^2 - sum of d^2), M being the sum of d (the configuration model
of a two-mode network, Neal 2014, doi:10.1016/j.socnet.2014.06.001). C is counted, so the model
fits the window and the popularity of the things as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination import rhythms
from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

    from benchmarks.study.coordination.traces import Trace

LEAST = 2
"""Co-actions a pair needs: one may always be chance."""
BLOCK = 4_000_000
"""Meetings of two accounts that are held at once; more are counted in several parts."""
TIMELESS = "0"
ROUNDS, CLEAR = 2, 1e-4
"""Where pairs come from minhashes: accounts with a common neighbour by ties of so small a p are
compared too, so often.
"""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """The pairs of one trace with `LEAST` co-actions or more: a row each.

    `a` < `b` are numbers of accounts (int64), `shared` co-actions (int64), `expected` their number
    by chance (float64), `overlap` shared / sqrt(d_a d_b), from 0 to 1 (float64). `actions` counts
    the trace's dated actions, `crowded` the moments left out as trends.
    """

    trace: str
    a: Ints
    b: Ints
    shared: Ints
    expected: Floats
    overlap: Floats
    actions: int
    crowded: int

    def p_values(self) -> Floats:
        """The chance of as many co-actions or more (Poisson), float64[pairs]."""
        from scipy.special import pdtrc

        return np.asarray(np.where(self.shared > 0, pdtrc(self.shared - 1, self.expected), 1.0))


def accounts(connection: duckdb.DuckDBPyConnection, posts: str) -> str:
    """The table (account_id, i) of the accounts with a dated post; i counts from 0 by id."""
    return materialise(
        connection,
        "coaction_accounts",
        f"""
        SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS i
        FROM (SELECT DISTINCT account_id FROM {posts} WHERE created_at IS NOT NULL)""",
    )


def count(  # noqa: PLR0917 (a relation, its accounts, a trace and what it asks)
    connection: duckdb.DuckDBPyConnection,
    posts: str,
    numbered: str,
    trace: Trace,
    window: float,
    candidates: tuple[Ints, Ints] | None = None,
) -> Counted:
    """Co-actions of all pairs in one trace, within `window` seconds.

    `numbered` is the table of `accounts`. `candidates` are pairs of other traces, of interest to a
    sketched trace alone.
    """
    moment = f"floor(t / {float(window)!r})::BIGINT" if trace.timed else TIMELESS
    time = "t" if trace.timed else TIMELESS
    dated = f"(SELECT * FROM {posts} WHERE created_at IS NOT NULL)"
    done = materialise(
        connection,
        "coaction_done",
        f"""
        SELECT i, hash(what) AS what, {moment} AS moment, {time}::DOUBLE AS t,
            hash("within") AS stratum, count(*) AS n
        FROM ({trace.actions(connection, dated)}) JOIN {numbered} USING (account_id)
        WHERE what IS NOT NULL GROUP BY ALL""",
    )
    actions = _one(connection, f"SELECT coalesce(sum(n), 0) FROM {done}")
    if trace.sketched:
        crowded, cells = 0, done
    else:
        crowded, cells = _without_trends(connection, done, trace.crowd)
    _degrees(connection, cells)
    whole = True
    if trace.sketched:
        whole = rhythms.meetings(connection, cells, window, candidates, BLOCK)
    else:
        _meetings(connection, cells, trace, window)
    found = _expected(connection, trace.name, actions, crowded)
    for _ in range(0 if whole else ROUNDS):
        clear = found.p_values() <= CLEAR
        rhythms.close(connection, found.a[clear], found.b[clear])
        found = _expected(connection, trace.name, actions, crowded)
    return found


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _without_trends(
    connection: duckdb.DuckDBPyConnection, done: str, crowd: int
) -> tuple[int, str]:
    """How many moments are left out, and the table of the others."""
    trends = materialise(
        connection,
        "coaction_trends",
        f"""
        SELECT what, moment FROM {done} GROUP BY ALL
        HAVING count(*) > {crowd} AND count(DISTINCT i) > {crowd}""",
    )
    crowded = _one(connection, f"SELECT count(*) FROM {trends}")
    if not crowded:
        return 0, done
    kept = materialise(
        connection, "coaction_kept", f"FROM {done} ANTI JOIN {trends} USING (what, moment)"
    )
    return crowded, kept


def _degrees(connection: duckdb.DuckDBPyConnection, cells: str) -> None:
    """The tables of d for each account and stratum, and of M^2 - sum of d^2 for each stratum."""
    materialise(
        connection,
        "coaction_degrees",
        f"""
        SELECT i, stratum, count(*)::DOUBLE AS d
        FROM (SELECT DISTINCT i, stratum, what, moment FROM {cells}) GROUP BY i, stratum""",
    )
    materialise(
        connection,
        "coaction_strata",
        """
        SELECT stratum, sum(d) * sum(d) - sum(d * d) AS pairs FROM coaction_degrees
        GROUP BY stratum HAVING pairs > 0""",
    )


def _meetings(
    connection: duckdb.DuckDBPyConnection, cells: str, trace: Trace, window: float
) -> None:
    """The tables of co-actions for each stratum, and for each pair with `LEAST` or more.

    Meetings are counted for a part of the accounts at a time, so that memory is bounded.
    """
    materialise(
        connection,
        "coaction_shared",
        f"FROM {cells} SEMI JOIN (SELECT what FROM {cells} GROUP BY what"
        " HAVING min(i) < max(i)) USING (what)",
    )
    near = 3 if trace.timed else 1
    meetings = _one(
        connection,
        f"SELECT sum(s * s * {near} / 2)::BIGINT FROM"
        " (SELECT count(*)::DOUBLE AS s FROM coaction_shared GROUP BY what, moment)",
    )
    parts = max(1, -(-meetings // BLOCK))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE coaction_totals (stratum UBIGINT, n BIGINT);"
        "CREATE OR REPLACE TEMP TABLE coaction_pairs (a BIGINT, b BIGINT, n BIGINT)"
    )
    for part in range(parts):
        units = materialise(
            connection, "coaction_units", _units(trace, window, f"x.i % {parts} = {part}")
        )
        connection.execute(
            f"INSERT INTO coaction_totals SELECT stratum, sum(n) FROM {units} GROUP BY stratum;"
            f"INSERT INTO coaction_pairs SELECT a, b, sum(n) AS total FROM {units} GROUP BY a, b"
            f" HAVING total >= {LEAST}"
        )
    connection.execute("DROP TABLE coaction_units; DROP TABLE coaction_shared")


def _units(trace: Trace, window: float, part: str) -> str:
    """SQL of the co-actions (n) of pairs (a before b) in a stratum, for a part of the accounts.

    A thing counts once for a pair, in one stratum; where it repeats, once for each moment of the
    account with fewer moments.
    """
    met = "x.what = y.what AND x.i < y.i"
    other = "coaction_shared"
    if trace.timed:
        met += f" AND x.moment = y.near AND abs(x.t - y.t) <= {float(window)!r}"
        other = "(SELECT *, unnest([moment - 1, moment, moment + 1]) AS near FROM coaction_shared)"
    near = f"""
        SELECT x.i AS a, y.i AS b, x.what, least(x.stratum, y.stratum) AS stratum,
            x.moment AS one, y.moment AS two
        FROM (FROM coaction_shared x WHERE {part}) x JOIN {other} y ON {met}"""
    if trace.repeats:
        fewer = "least(count(DISTINCT one), count(DISTINCT two))"
        return f"SELECT a, b, stratum, {fewer} AS n FROM ({near}) GROUP BY a, b, stratum, what"
    return f"SELECT a, b, min(stratum) AS stratum, 1 AS n FROM ({near}) GROUP BY a, b, what"


def _expected(
    connection: duckdb.DuckDBPyConnection, trace: str, actions: int, crowded: int
) -> Counted:
    """Each pair with its co-actions, their number by chance, and its overlap."""
    rows: dict[str, Any] = connection.execute("""
        WITH rates AS (
            SELECT stratum, 2 * sum(n) / any_value(pairs) AS rate
            FROM coaction_totals JOIN coaction_strata USING (stratum) GROUP BY stratum),
        all_of AS (SELECT i, sum(d) AS d FROM coaction_degrees GROUP BY i),
        chance AS (
            SELECT a, b,
                sum((x.d * y.d * rate)::DECIMAL(38, 12))::DOUBLE AS expected
            FROM coaction_pairs JOIN coaction_degrees x ON x.i = a
            JOIN coaction_degrees y ON y.i = b AND y.stratum = x.stratum
            JOIN rates ON rates.stratum = x.stratum
            GROUP BY a, b)
        SELECT p.a, p.b, p.n AS shared, coalesce(c.expected, 0) AS expected,
            least(p.n / sqrt(x.d * y.d), 1) AS overlap
        FROM coaction_pairs p LEFT JOIN chance c ON c.a = p.a AND c.b = p.b
        JOIN all_of x ON x.i = p.a JOIN all_of y ON y.i = p.b
        ORDER BY p.a, p.b""").fetchnumpy()
    return Counted(
        trace,
        rows["a"].astype(np.int64),
        rows["b"].astype(np.int64),
        rows["shared"].astype(np.int64),
        rows["expected"].astype(np.float64),
        rows["overlap"].astype(np.float64),
        actions,
        crowded,
    )
