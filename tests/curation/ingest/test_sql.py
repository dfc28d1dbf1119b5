"""SQL of loose text: the quick tests find what the slow ones find, for any text."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curation.ingest.reading.sql import not_blank


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
