"""SQL of loose text: the quick tests find what the slow ones find, for any text."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from botbench.core.sql import literal
from curation.ingest.reading.json import rest
from curation.ingest.reading.sql import not_blank, time_of, unix


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as made:
        yield made


SIGNS = st.one_of(
    st.sampled_from(" \t\n\r\x1f!~\x7f\x80\xa0\u1680\u2003\u2028\u3000\ufeff"),
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
)


@settings(max_examples=300, deadline=None)
@given(st.text(SIGNS, max_size=4))
@example("")
@example("\xa0\u3000 ")
@example(" x")
@example("\tx")
@example("~ ")
@example("é")
def test_a_text_is_blank_where_nothing_is_left_of_it_trimmed(connection, text):
    found, trimmed = connection.execute(
        f"SELECT {not_blank('t')}, trim(t) <> '' FROM (SELECT ? AS t)", [text]
    ).fetchone()
    assert found is trimmed


def test_a_missing_text_is_neither(connection):
    query = f"SELECT {not_blank('t')} FROM (SELECT NULL::VARCHAR AS t)"
    assert connection.execute(query).fetchone() == (None,)


NUMBERS = st.one_of(
    st.integers(-(10**14), 10**14).map(str),
    st.integers(10**8, 10**16).map(str),
    st.decimals(-(10**13), 10**13, places=4).map(str),
    st.decimals(0, 10**11, places=9).map(str),
    st.from_regex(r"[+-]?[0-9]{0,13}[.]?[0-9]{0,8}(e[0-9])?", fullmatch=True),
    st.text("0123456789.-+eE x_", max_size=12),
)


@settings(max_examples=400, deadline=None)
@given(NUMBERS, st.sampled_from([0, 3, 6]))
@example("1706746609.0", 6)
@example("9999999999.9999999", 6)
@example("-0.5", 6)
@example("1706746609123.4567", 3)
@example("0010", 6)
@example("-9223372036854775808", 0)
def test_a_unix_time_is_what_its_decimal_says(connection, text, shift):
    """However its digits are read: the slow way is DuckDB's decimal of 24 digits."""
    slow = f"make_timestamptz((try_cast(t AS DECIMAL(24, 6)) * {10**shift})::BIGINT)"
    asked = "SELECT epoch_us({}) FROM (SELECT ? AS t)"
    try:
        expected = connection.execute(asked.format(slow), [text]).fetchone()
    except duckdb.ConversionException:
        with pytest.raises(duckdb.ConversionException):
            connection.execute(asked.format(unix("t", shift)), [text])
    else:
        assert connection.execute(asked.format(unix("t", shift)), [text]).fetchone() == expected


def test_unix_times_of_seconds_milliseconds_and_microseconds(connection):
    texts = ("1706746609", "1706746609.25", "1706746609123", "1706746609123.5", "1706746609123456")
    times = (time_of(literal(t), "UTC") for t in texts)
    query = ", ".join(f"strftime({time}, '%Y-%m-%d %H:%M:%S.%f')" for time in times)
    connection.execute("SET TimeZone = 'UTC'")
    assert connection.execute(f"SELECT {query}").fetchone() == (
        "2024-02-01 00:16:49.000000",
        "2024-02-01 00:16:49.250000",
        "2024-02-01 00:16:49.123000",
        "2024-02-01 00:16:49.123500",
        "2024-02-01 00:16:49.123456",
    )


def test_entries_added_to_the_rest_come_last_and_count_before_members(connection):
    found = rest("j", ["id"], added={"chat": "upper('x')", "none": "NULL"})
    document = '{"id": 1, "chat": "own", "a": null, "b": 2, "b": 3}'
    query = f"SELECT {found} FROM (SELECT ?::JSON AS j)"
    assert connection.execute(query, [document]).fetchone() == (
        {"b": "2", "chat": "X", "none": None},
    )
    assert connection.execute(query, [None]).fetchone() == ({"chat": "X", "none": None},)
    assert connection.execute(f"SELECT {rest('j', ['id'])} FROM (SELECT ?::JSON AS j)", [document])
    assert connection.fetchone() == ({"chat": "own", "b": "2"},)
