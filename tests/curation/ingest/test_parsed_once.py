"""All that is read of a document is taken in one call of each function, with the same values."""

import duckdb
import pytest

from curation.ingest.reading.json import each_listed, keep, parsed_once, rest, value

DOCUMENTS = [
    '{"a": {"b": 1, "c": null}, "t": "x", "l": ["u", "v"]}',
    '{"a": "text", "t": 1e400, "t": 2}',
    '{"a": [], "": 3, "$x": 4, "q\\"z": 5, "a.b": 6, "n": {"m": "é"}}',
    "[1]",
    "null",
    None,
]
COLUMNS = f"""{value("j", "a.b")} AS b, coalesce({value("j", "t")}, {value("k", "t")}) AS t,
    json_exists(j, '$.a.c') AS there, json_exists(k, '$.a') AS k_there,
    json_type(j, '$.a') AS kind, json_type(j) AS whole, json_exists(j, '$."$x"') AS dollar,
    json_extract_string(j, '$.l[*]') AS many, json_extract_string(j, '$.l[0]') AS one"""


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        made.execute("CREATE TABLE d (n INTEGER, j JSON, k JSON)")
        rows = [(i, d, DOCUMENTS[-1 - i]) for i, d in enumerate(DOCUMENTS)]
        made.executemany("INSERT INTO d VALUES (?, ?, ?)", rows)
        yield made


def test_values_are_those_of_the_calls_alone(connection):
    plain = connection.execute(f"SELECT {COLUMNS} FROM d ORDER BY n").fetchall()
    query = parsed_once(COLUMNS, "d", "j", "k")
    assert connection.execute(f"{query} ORDER BY n").fetchall() == plain
    assert plain[0] == ("1", "x", True, None, "OBJECT", "OBJECT", False, ["u", "v"], "u")


def test_each_function_is_called_once_for_a_document():
    query = parsed_once(COLUMNS, "d", "j", "k")
    calls = {
        f"{function}({document},": query.count(f"{function}({document},")
        for function in ("json_extract_string", "json_exists", "json_type")
        for document in "jk"
    }
    # The list of many members stays a call of its own.
    assert calls == {
        "json_extract_string(j,": 2,
        "json_extract_string(k,": 1,
        "json_exists(j,": 1,
        "json_exists(k,": 1,
        "json_type(j,": 1,
        "json_type(k,": 0,
    }
    assert parsed_once("n", "d") == "SELECT n FROM d"


def test_the_rest_of_a_document_is_what_no_column_holds(connection):
    found = connection.execute(f"SELECT {rest('j', ['a', 'l'])} FROM d ORDER BY n").fetchall()
    assert [row[0] for row in found] == [
        {"t": "x"},
        # Of a name that stands twice the first counts.
        {"t": "1e400"},
        {"$x": "4", 'q"z': "5", "a.b": "6", "n": '{"m":"é"}'},
        {},
        {},
        None,
    ]
    marked = connection.execute(f"SELECT {rest('j', ['a', 'l'], 'upper({})')} FROM d WHERE n = 0")
    assert marked.fetchone() == ({"t": "X"},)


def test_items_of_zeeschuimer_are_parsed_once_for_all_columns():
    from curation.ingest.sources import zeeschuimer

    asked = []

    class Asked:
        def add_once(self, table, query, key, order):
            asked.append(query)

        def add(self, table, query):
            asked.append(query)

    zeeschuimer._read_site(Asked(), "seen", zeeschuimer.SITES[0])
    for query in asked:
        assert query.count("json_extract_string(d, [") == query.count("json_exists(d, [") == 1
        # One more tells where a wrapped item stands.
        assert query.count("json_exists(d,") == 2


def test_kept_documents_come_few_at_a_time_in_their_order(connection):
    """3,000 documents of 4 kB: a quarter of a vector is just under 2 MiB."""
    connection.execute("CREATE TABLE lines (j JSON, _raw VARCHAR, _row BIGINT)")
    connection.execute(
        "INSERT INTO lines SELECT json_object('n', i, 'x', repeat('y', 4000)), NULL, i"
        " FROM range(3000) r(i)"
    )
    connection.execute("UPDATE lines SET _raw = j::VARCHAR")
    connection.execute("UPDATE lines SET _raw = _raw || ' ' WHERE _row = 7")
    connection.execute("UPDATE lines SET j = NULL, _raw = 'broken' WHERE _row = 8")
    name = keep(connection, "kept", "SELECT * FROM lines ORDER BY _row")
    assert connection.execute(f"FROM {name}").fetchall() == (
        connection.execute("FROM lines ORDER BY _row").fetchall()
    )
    own = "SELECT _row, right(_raw, 2) FROM kept WHERE _raw IS NOT NULL ORDER BY _row"
    assert connection.execute(own).fetchall() == [(7, "} "), (8, "en")]
    (sql,) = connection.execute(
        f"SELECT sql FROM duckdb_views() WHERE view_name = '{name}'"
    ).fetchone()
    assert 'unnest("range"(4))' in sql


def test_short_documents_and_other_tables_are_kept_as_they_are(connection):
    assert keep(connection, "short", "SELECT j, n AS _row FROM d") == "short"
    assert keep(connection, "plain", "SELECT n, 'x' AS _raw FROM d") == "plain"
    assert connection.execute("SELECT count(*) FROM short").fetchall() == [(len(DOCUMENTS),)]


def test_the_lists_of_a_document_are_its_items_and_else_itself(connection):
    connection.execute("CREATE TABLE pages (n INTEGER, j JSON)")
    pages = ['{"a": [1, {"x": 2}], "b": [3]}', '{"a": null, "b": [4]}', '{"a": 5}', "[6]", None]
    connection.executemany("INSERT INTO pages VALUES (?, ?)", list(enumerate(pages)))
    listed = each_listed(("a", "b"))
    assert listed.count("json_type") == 1
    items = connection.execute(f"SELECT {listed} FROM pages ORDER BY n").fetchall()
    assert items == [(["1", '{"x":2}', "3"],), (["4"],), (['{"a": 5}'],), (["[6]"],), ([None],)]
