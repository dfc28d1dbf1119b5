"""What counts as the same text, in every script."""

import duckdb
import pytest

from botbench.text.comparing import words_sql

SAME = [
    ("Vote NOW!! https://t.co/a", "vote now: http://x.org/b?c=1"),
    ("hello @bob, hello", "HELLO ＠eve hello"),
    ("ten is 10", "ten is 11 …"),
    ("go 👍 team", "go team ❤️"),
    ("#日本 がんばれ！", "#日本 がんばれ"),
    ("„Straße“ gesperrt", "straße gesperrt"),
]
DIFFERENT = [("#vote now", "vote now"), ("日本", "日木"), ("vote now", "votenow")]


def words(text):
    return duckdb.execute(f"SELECT {words_sql('?::VARCHAR')}", [text]).fetchone()[0]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_case_links_names_digits_and_signs_do_not_matter(one, other):
    assert words(one) == words(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_letters_and_hashtags_matter(one, other):
    assert words(one) != words(other)


def test_a_text_without_words_is_empty_and_no_text_is_null():
    assert words("@bob 123 https://t.co/a !!") == "" and words(None) is None
