"""Groups of people in whom false alarms are counted, by rule; never shown to detectors."""

from __future__ import annotations

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

    A release's folder with labels only gives no rows.
    """
    import pyarrow as pa

    files = {
        table: str(release / f"{table}.parquet")
        for table in ("accounts", "posts", "labels", "claims")
    }
    if not all(Path(file).exists() for file in files.values()):
        columns = [
            ("dataset", pa.string()),
            ("account_id", pa.string()),
            *((name, pa.float64()) for name in GROUPS),
        ]
        return pa.schema(columns).empty_table()
    with scratch_database() as connection:
        return connection.execute(QUERY, files).to_arrow_table()
