"""Groups of people in whom false alarms are counted, by rule; never shown to detectors."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import scratch_database

if TYPE_CHECKING:
    import pyarrow as pa

GROUPS = {
    "verified": "the platform verified the account",
    "celebrity": "100,000 followers or more",
    "organisation": "somebody answered `organisation`",
    "language": (
        "another language than the commonest one among the data set's people (the profile's, else"
        " that of most posts)"
    ),
    "new": "created less than 90 days before it was observed",
}
"""What each group is. An account of which it cannot be known is in neither the group nor the
others.
"""

QUERY = """
    WITH spoken AS (
        SELECT account_id, coalesce(any_value(a.lang), any_value(p.lang)) AS lang
        FROM read_parquet($accounts) a
        LEFT JOIN (
            SELECT account_id, mode(lang) AS lang FROM read_parquet($posts) GROUP BY account_id
        ) p USING (account_id)
        GROUP BY account_id),
    common AS (
        SELECT mode(lang) AS lang FROM spoken JOIN read_parquet($labels) l USING (account_id)
        WHERE l.label = 'human'),
    named AS (
        SELECT account_id, bool_or(answer = 'organisation') AS organisation
        FROM read_parquet($claims) GROUP BY account_id),
    asked AS (SELECT bool_or(organisation) AS ever FROM named)
    SELECT a.dataset, a.account_id, any_value(a.verified)::DOUBLE AS verified,
           (any_value(a.followers) >= 100000)::DOUBLE AS celebrity,
           CASE WHEN any_value(asked.ever) THEN any_value(named.organisation)::DOUBLE END
               AS organisation,
           (any_value(spoken.lang) <> any_value(common.lang))::DOUBLE AS language,
           (any_value(a.observed_at) - any_value(a.created_at) < INTERVAL 90 DAY)::DOUBLE AS new
    FROM read_parquet($accounts) a
    LEFT JOIN named USING (account_id)
    LEFT JOIN spoken USING (account_id), common, asked
    GROUP BY a.dataset, a.account_id ORDER BY a.dataset, a.account_id"""


def members(release: Path) -> pa.Table:
    """dataset, account_id and 1, 0 or NULL (unknown) for each group; one row an account.

    A release's folder with labels only gives no rows. The newest 16 are kept: every cell of a board
    asks for those of its tests.
    """
    files = {
        table: release / f"{table}.parquet" for table in ("accounts", "posts", "labels", "claims")
    }
    stats = [file.stat() for file in files.values() if file.exists()]
    state = tuple((s.st_size, s.st_mtime_ns) for s in stats)
    return _members(tuple(files.items()), state)


@lru_cache(maxsize=16)
def _members(
    named: tuple[tuple[str, Path], ...],
    state: tuple[tuple[int, int], ...],
) -> pa.Table:
    """`state` is the size and time of each file that is there, so a changed one is read anew."""
    import pyarrow as pa

    files = {table: str(file) for table, file in named}
    if len(state) < len(files):
        columns = [
            ("dataset", pa.string()),
            ("account_id", pa.string()),
            *((name, pa.float64()) for name in GROUPS),
        ]
        return pa.schema(columns).empty_table()
    with scratch_database() as connection:
        return connection.execute(QUERY, files).to_arrow_table()
