"""Search for known texts inside other texts, set-based, by words, without case or blanks.

A text is a row of word tokens. A known text matches where its tokens occur in that order in the
other text. The first three tokens are joined on; the rest is compared only where these match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

LONGEST = 3
"""Tokens that are joined on."""


def tokens(text: str) -> str:
    r"""SQL: the words of a text, in lower case, as a list.

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {tokens(repr('Hi @Some_Body: it’s 5 pm'))}").fetchone()[0]
    ['hi', 'some_body', 'it', 's', '5', 'pm']
    """
    return rf"regexp_extract_all(lower({text}), '[\pL\pN\pM_]+')"


def load(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> int:
    """Make the temporary table `name` (what, words, anchor) of known texts; return their number.

    `query` gives (what, text, fewest). Texts of fewer than `fewest` words are left out, as are
    those of one word with less than three letters.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        SELECT what, list_aggregate(w, 'string_agg', ' ') AS words,
               list_aggregate(w[:{LONGEST}], 'string_agg', ' ') AS anchor
        FROM (SELECT DISTINCT what, {tokens("text")} AS w, fewest FROM ({query}))
        WHERE len(w) >= fewest AND (len(w) > 1 OR length(w[1]) > 2)""")
    row = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    return int(row[0]) if row else 0


def find(
    connection: duckdb.DuckDBPyConnection, texts: str, strings: str
) -> list[tuple[str, str, int]]:
    """(where, what, how many different strings) of the strings that hold one of the known texts.

    The strings are a query (place, text); `texts` is a relation as `load` makes it.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE needles_strings AS
        SELECT row_number() OVER () AS id, place, w,
               ' ' || list_aggregate(w, 'string_agg', ' ') || ' ' AS whole
        FROM (SELECT DISTINCT place, {tokens("text")} AS w FROM ({strings})) WHERE len(w) > 0""")
    # Only numbers and short pieces are multiplied here, never whole texts.
    pieces = " UNION ".join(
        f"SELECT id, list_aggregate(w[i:i + {n - 1}], 'string_agg', ' ') AS gram "
        f"FROM (SELECT id, w, unnest(range(1, len(w) - {n - 2})) AS i FROM needles_strings)"
        for n in range(1, LONGEST + 1)
    )
    rows = connection.execute(
        f"""
        SELECT place, what, count(DISTINCT id)
        FROM (SELECT id, what, words FROM ({pieces}) JOIN {texts} ON gram = anchor)
        JOIN needles_strings USING (id)
        WHERE contains(whole, ' ' || words || ' ') GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return [(str(where), str(what), int(n)) for where, what, n in rows]
