"""Hashtags, mentions, links and reposts read off a text."""

import duckdb
import pytest

from curation.ingest.reading import entities


def read(what, text):
    return duckdb.execute(
        f"SELECT {getattr(entities, what)('t')} FROM (SELECT ?::VARCHAR AS t)", [text]
    ).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#One and #Two_2, #three!", ["One", "Two_2", "three"]),
        ("#élan #日本 #हिन्दी", ["élan", "日本", "हिन्दी"]),
        ("#1 #2020 #2020vote", ["2020vote"]),
        ("no#tag a&#39;s #", []),
        ("https://a.example/#part #real", ["real"]),
        ("#a#b", ["a"]),
        ("", []),
        ("(#in)", ["in"]),
    ],
)
def test_hashtags(text, found):
    assert read("hashtags", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@One hi @two_2!", ["One", "two_2"]),
        ("RT @Some: x", ["Some"]),
        ("RT@Some x", ["Some"]),
        ("me@mail.example", []),
        (".@a said", ["a"]),
        ("@@x", []),
        ("https://a.example/@user @real", ["real"]),
        ("", []),
        ("(@in)", ["in"]),
    ],
)
def test_mentions(text, found):
    assert read("mentions", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "see https://t.co/aB1, or http://b.example/x?y=1#z.",
            ["https://t.co/aB1", "http://b.example/x?y=1#z"],
        ),
        ("(https://t.co/a)", ["https://t.co/a"]),
        ("https://t.co/cut…", ["https://t.co/cut"]),
        ("ftp://no.example", []),
        ("", []),
    ],
)
def test_urls(text, found):
    assert read("urls", text) == found


@pytest.mark.parametrize(
    ("text", "kind", "whom"),
    [
        ("RT @Some_One: hello", "repost", "@some_one"),
        ("RT @a", "repost", "@a"),
        ("rt @a: x", "original", None),
        ("@B hello", "reply", "@b"),
        (".@B hello", "reply", "@b"),
        ("hello @B", "original", None),
        ("ART @a", "original", None),
        ("", "original", None),
    ],
)
def test_kinds(text, kind, whom):
    assert (read("kind", text), read("ref_account", text)) == (kind, whom)


@pytest.mark.parametrize("what", ["hashtags", "mentions", "urls", "kind", "ref_account"])
def test_nothing_is_read_off_no_text(what):
    assert read(what, None) is None
