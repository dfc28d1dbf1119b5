"""Account ids that went through a float: they name no account any more, and are told as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import identifier
from curation.ingest.faults import rounded
from curation.ingest.reading.sql import FLOAT_ID

if TYPE_CHECKING:
    import duckdb

CURE = "write the file again with account_id as text"


def told(
    connection: duckdb.DuckDBPyConnection, table: str, column: str = "account_id"
) -> str | None:
    """What is wrong with the ids of a table of texts, without a full stop; None where nothing is.

    >>> import duckdb
    >>> c = duckdb.connect()
    >>> _ = c.execute("CREATE TABLE t AS SELECT unnest(['1.23E+17', '4']) AS account_id")
    >>> told(c, "t")
    '1 account id went through a float (1.23E+17) and has lost digits; write the file again with \
account_id as text'
    """
    name = identifier(column)
    row = connection.execute(
        f"SELECT count(*), min({name}) FROM {table} WHERE regexp_full_match({name}, '{FLOAT_ID}')"
    ).fetchone() or (0, "")
    if row[0]:
        many = "1 account id went" if row[0] == 1 else f"{row[0]:,} account ids went"
        lost = "has" if row[0] == 1 else "have"
        return f"{many} through a float ({row[1]}) and {lost} lost digits; {CURE}"
    for _, message in rounded.found(connection, table, column):
        return message.rstrip(".").replace("Get the file again with the ids as text", CURE)
    return None
