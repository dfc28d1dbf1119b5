"""What is odd about a pull's rows though none of them is at fault alone: told, not repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botbench.core.sql import identifier, literal
from botbench.text.numbers import counted
from curation.ingest.faults import quotes
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import duckdb

QUOTED = "({0} < '(' OR starts_with({0}, '“')) AND regexp_full_match({0}, '\".*\"|''.*''|“.*”')"
"""An id that has quotes of its own around it."""


@dataclass(frozen=True)
class Shape:
    """How a delimited file is written: its name on the card, its separator and its width."""

    member: str
    separator: str
    width: int


def quoted_ids(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> str | None:
    """A sentence where account ids have quotes of their own: `"5"` and `5` are two accounts."""
    pairs = [(t, "source_id" if t == "edges" else "account_id") for t in tables]
    union = " UNION ALL ".join(
        f"SELECT {column} AS id FROM pull_{table} WHERE {QUOTED.format(column)}"
        for table, column in pairs
    )
    if not union:
        return None
    row = connection.execute(f"SELECT count(DISTINCT id), min(id) FROM ({union})").fetchone()
    if not row or not row[0]:
        return None
    return (
        f"{counted(row[0], 'account id')} {'has' if row[0] == 1 else 'have'} quotes of"
        f" {'its' if row[0] == 1 else 'their'} own, such as {row[1]}: such an id and the same one"
        " without quotes are two accounts. Where they are one, take the quotes away on the card:"
        ' replace: {\'"\': ""}.'
    )


def rows_in_values(
    connection: duckdb.DuckDBPyConnection, tables: list[str], shapes: list[Shape]
) -> str | None:
    """A sentence where values hold lines that look like rows of their own file.

    Two quotes that were left open in one column close each other, and take the rows between them.
    """
    for shape in (s for s in shapes if s.width > 2):
        for table in tables:
            columns = [
                identifier(c.name) if c.type == "VARCHAR" else f"{identifier(c.name)}::VARCHAR"
                for c in TABLES[table].columns
                if c.name in ("text", "bio", "display_name", "location", "note", "extra")
                or c.type.startswith("MAP")
            ]
            if not columns:
                continue
            test = " OR ".join(quotes.in_sql(shape.separator, shape.width, c) for c in columns)
            row = connection.execute(
                f"SELECT count(*), min(_row) FROM pull_{table} WHERE _member ="
                f" {literal(shape.member)} AND ({test})"
            ).fetchone()
            if row and row[0]:
                return (
                    f"{counted(row[0], 'row')} of {shape.member} (the first is row {row[1]:,})"
                    f" {'holds' if row[0] == 1 else 'hold'} a value with lines that look like rows"
                    " of the file: quotes that were left open may have taken them. Look at the"
                    " file there."
                )
    return None
