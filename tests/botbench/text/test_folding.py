"""One folding rule in Python and in DuckDB, for every script."""

import unicodedata

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.text.folding import fold, hashtag_key, register

MEET = [
    ("İstanbul", "İSTANBUL"),
    ("ΣΑΣ", "σας"),
    ("Straße", "STRASSE"),
    ("#日本", "＃日本"),
    ("café", "cafe\u0301"),
    ("CAFÉ", "cafe\u0301"),
    ("#WalkAway", "walkaway"),
]
APART = [("İstanbul", "istanbul"), ("ısparta", "isparta"), ("cafe", "café"), ("日本", "日木")]


@pytest.fixture(scope="module")
def in_sql():
    """in_sql(texts) gives their keys as DuckDB computes them."""
    connection = duckdb.connect()
    register(connection)
    register(connection)  # a second time changes nothing
    yield (
        lambda texts: (
            connection.cursor()
            .execute("SELECT list_transform(?::VARCHAR[], lambda t: hashtag_key(t))", [texts])
            .fetchone()[0]
        )
    )
    connection.close()


@pytest.mark.parametrize(("one", "other"), MEET)
def test_the_same_hashtag_in_another_form_meets(in_sql, one, other):
    assert hashtag_key(one) == hashtag_key(other)
    assert len(set(in_sql([one, other]))) == 1


@pytest.mark.parametrize(("one", "other"), APART)
def test_dots_and_accents_keep_hashtags_apart(in_sql, one, other):
    assert hashtag_key(one) != hashtag_key(other)
    assert len(set(in_sql([one, other]))) == 2


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=8))
def test_duckdb_gives_pythons_key(in_sql, texts):
    assert in_sql([*texts, None]) == [*map(hashtag_key, texts), None]


@given(st.text(max_size=20))
def test_a_key_does_not_depend_on_case_or_normal_form(text):
    key = fold(text)
    assert fold(key) == key
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == key
