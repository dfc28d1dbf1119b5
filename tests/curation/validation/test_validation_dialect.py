"""The dialect: rows outlive their connection, large results stay in DuckDB, and no character of a
query is lost.
"""

import time

import duckdb
import pytest
import sqlalchemy as sa

from curation.validation.dialect import FIRST, engine_url
from curation.validation.run import escaped


@pytest.fixture
def engine():
    connection = duckdb.connect()
    connection.execute(
        "CREATE SCHEMA there; CREATE TABLE there.t AS SELECT i, i::VARCHAR AS id FROM range(1000)"
        " r(i)"
    )
    with engine_url(connection, ["USE there"]) as url:
        yield sa.create_engine(url)


def test_rows_are_read_after_rollback_and_close(engine):
    with engine.connect() as opened:
        result = opened.execute(sa.text("SELECT i FROM t WHERE i < 3 ORDER BY i"))
        cursor = result.cursor
        opened.rollback()
    assert cursor.fetchall() == [(0,), (1,), (2,)]


def test_cursors_do_not_take_each_others_rows(engine):
    with engine.connect() as opened:
        first = opened.execute(sa.text("SELECT i FROM t ORDER BY i"))
        assert first.fetchone() == (0,)
        assert opened.execute(sa.text("SELECT count(*) FROM t")).scalar() == 1000
        assert [row[0] for row in first.fetchall()] == list(range(1, 1000))


@pytest.mark.parametrize("n", [0, 1, FIRST - 1, FIRST, FIRST + 1, 1000])
def test_every_row_comes_once_however_it_is_fetched(engine, n):
    with engine.connect() as opened:
        cursor = opened.execute(sa.text(f"SELECT i FROM t WHERE i < {n} ORDER BY i")).cursor
        got = [] if (one := cursor.fetchone()) is None else [one]
        while some := cursor.fetchmany(97):
            got += some
        assert [row[0] for row in got] == list(range(n))
        assert cursor.fetchone() is None and cursor.fetchall() == []


def test_a_huge_result_is_not_brought_into_python(engine):
    before = time.perf_counter()
    with engine.connect() as opened:
        assert opened.execute(sa.text("SELECT * FROM range(100000000000)")).fetchone() == (0,)
    assert time.perf_counter() - before < 30


def test_sessions_are_in_utc_and_where_the_setup_says(engine):
    with engine.connect() as opened:
        assert opened.execute(
            sa.text("SELECT current_setting('TimeZone'), current_schema()")
        ).fetchone() == ("UTC", "there")


def test_a_url_ends_with_its_block():
    with engine_url(duckdb.connect()) as url:
        pass
    with pytest.raises(KeyError):
        sa.create_engine(url).connect()


def test_an_unread_result_ends_with_the_block():
    with engine_url(duckdb.connect()) as url:
        opened = sa.create_engine(url).connect()
        cursor = opened.execute(sa.text("SELECT * FROM range(100000)")).cursor
    # Left to the garbage collector, it would hold a transaction of the catalog.
    with pytest.raises(duckdb.Error):
        cursor.fetchall()


@pytest.mark.parametrize(
    "text", ["a:b", ":b", "%s %(x)s 100%", "{batch} {}", "a\\b", "x::y", "it''s", "?", "$1"]
)
def test_a_query_arrives_as_it_was_written(engine, text):
    query = escaped(f"SELECT '{text}' AS v, 'e{{2}}'::VARCHAR").format(batch="never")
    with engine.connect() as opened:
        assert opened.execute(sa.text(query)).fetchone() == (text.replace("''", "'"), "e{2}")
