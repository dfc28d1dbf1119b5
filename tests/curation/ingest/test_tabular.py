"""The table format: what a card can say of a file that botbench has never seen."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from botbench.core.errors import UserError
from curation.ingest.card_model import Card, Source


def rows(store, query):
    return store.connection.execute(query).fetchall()


def accounts(store, columns):
    return rows(store, f"SELECT {columns} FROM lake.main.accounts ORDER BY 1")


def test_odd_headers_row_keys_file_names_and_codes(written, store):
    header = (
        b"profile pic,nums/length username,name==username,#posts,#followers,description"
        b" length,fake\n"
    )
    options = {
        "accounts": {
            "account_id": {"row": "account"},
            "posts_total": "#posts",
            "followers": "#followers",
            "default_avatar": {"column": "profile pic", "codes": {"0": True, "1": False}},
            "extra": {"bio_length": "description length"},
        },
        "claims": {
            "answer": {"column": "fake", "codes": {1: "bot", 0: "human"}},
            "attributes": {"part": {"file": "stem"}},
        },
    }
    files = {
        "train.csv": header + b"1,0.27,0,32,1000,53,0\n1,0.27,0,32,1000,53,0\n",
        "test.csv": header + b"0,0.5,1,3,10,0,1\n",
    }
    result = written(files, options, platform="instagram").pull(store)
    assert result.tables == {
        t: {"read": 3, "kept": 3, "duplicate": 0, "quarantined": 0} for t in ("accounts", "claims")
    }
    assert accounts(
        store, "account_id, platform, posts_total, followers, default_avatar, extra::JSON::VARCHAR"
    ) == [
        (
            "test:1",
            "instagram",
            3,
            10,
            True,
            '{"nums/length username":"0.5","name==username":"1","bio_length":"0"}',
        ),
        (
            "train:1",
            "instagram",
            32,
            1000,
            False,
            '{"nums/length username":"0.27","name==username":"0","bio_length":"53"}',
        ),
        (
            "train:2",
            "instagram",
            32,
            1000,
            False,
            '{"nums/length username":"0.27","name==username":"0","bio_length":"53"}',
        ),
    ]
    assert rows(
        store,
        "SELECT account_id, answer, attributes['part'], claimant FROM lake.main.claims ORDER BY 1",
    ) == [
        ("test:1", "bot", "test", "the test"),
        ("train:1", "human", "train", "the test"),
        ("train:2", "human", "train", "the test"),
    ]


def test_no_header_leading_blanks_and_no_final_newline(written, store):
    options = {
        "header": False,
        "accounts": {"account_id": {"column": 1, "trim": True}},
        "claims": {"answer": {"column": 2, "codes": {1: "bot", 0: "human"}}},
    }
    result = written({"ids.csv": b"            30,1\n0040,0\n50,0"}, options).pull(store)
    assert result.totals["claims"] == {"dataset": {"bot": 1, "human": 2}}
    assert accounts(store, "account_id") == [("0040",), ("30",), ("50",)]


def test_a_filter_applies_before_rows_are_read(written, store):
    content = b"id,lang,score,label,kind\n1,en,0.9,bot,a\n2,fr,0.8,bot,a\n3,en,0.2,human,b\n4,en,x,,c\n5,de,0.7,human,d\n"
    options = {
        "where": {"lang": ["en", "fr"], "kind": {"not": "b"}},
        "accounts": {"account_id": "id", "where": {"score": {"at_least": 0.85}}},
        "claims": {"account_id": "id", "answer": "label", "where": {"label": {"not": [""]}}},
    }
    result = written({"people.csv": content}, options).pull(store)
    assert result.tables["accounts"] == {"read": 1, "kept": 1, "duplicate": 0, "quarantined": 0}
    assert result.tables["claims"] == {"read": 2, "kept": 2, "duplicate": 0, "quarantined": 0}
    assert result.totals["unprofiled"] == 1
    assert rows(store, "SELECT extra::JSON::VARCHAR FROM lake.main.accounts") == [
        ('{"lang":"en","score":"0.9","kind":"a"}',)
    ]


def test_duplicates_and_conflicts_of_claims(written, store):
    # As in vk-2021: sold twice by different traders is two claims; the very same row twice is one.
    content = b"id,quality,label\n1,LOW,bot\n1,HIGH,bot\n1,HIGH,bot\n2,,user\n3,,user\n3,,bot\n"
    options = {
        "accounts": {"account_id": "id"},
        "claims": {
            "answer": {"column": "label", "codes": {"bot": "bot", "user": "human"}},
            "attributes": {"quality": "quality"},
        },
    }
    result = written({"vk.csv": content}, options).pull(store)
    assert result.tables == {
        "accounts": {"read": 6, "kept": 3, "duplicate": 3, "quarantined": 0},
        "claims": {"read": 6, "kept": 5, "duplicate": 1, "quarantined": 0},
    }
    assert result.totals == {
        "accounts": 3,
        "posts": 0,
        "claims": {"dataset": {"bot": 3, "human": 2}},
        "answers": {"dataset": {"bot": 1, "human": 1}},
        "conflicts": {"dataset": 1},
        "unprofiled": 0,
    }


def test_claims_of_people(written, store):
    content = b"who,what,said,when,sure\nann,1,BOT,1637044194.56588,0.8\nbob,1,USER,1637044195,\nbob,2,IDN,1637044196,1\n"
    options = {
        "claims": {
            "account_id": "what",
            "claimant": "who",
            "claimant_kind": {"value": "person"},
            "made_at": "when",
            "confidence": "sure",
            "answer": {
                "column": "said",
                "codes": {"BOT": "bot", "USER": "human", "IDN": "cannot tell"},
            },
        }
    }
    result = written({"votes.csv": content}, options, label=None).pull(store)
    assert result.totals["answers"] == {"person": {"cannot tell": 1}} and result.totals[
        "conflicts"
    ] == {"person": 1}
    assert result.totals["unprofiled"] == 2
    assert rows(
        store,
        "SELECT claimant, answer, epoch_us(made_at), confidence FROM lake.main.claims ORDER BY 3",
    ) == [
        ("ann", "bot", 1637044194565880, 0.8),
        ("bob", "human", 1637044195000000, None),
        ("bob", "cannot tell", 1637044196000000, 1.0),
    ]


def test_posts_edges_and_lists(written, store):
    posts = (
        "id;author;text;tags;ats;ref;rt\n"
        '10;1;"hello #a @bob";"#a,#b c";"[\'x\', \'y\']";;\n'
        "11;2;reply;;[];10;\n"
        "12;2;again;#z;;;10\n"
    )
    options = {
        "separator": ";",
        "posts": {
            "post_id": "id",
            "account_id": "author",
            "text": "text",
            "hashtags": {"column": "tags", "replace": {"#": ""}, "split": ","},
            "mentions": {"column": "ats", "each": "'([^']*)'"},
            "kind": {"when": {"rt": "repost", "ref": "reply"}, "otherwise": "original"},
            "ref_post_id": {"first": ["rt", "ref"]},
        },
    }
    edges = {
        "edges": {"source_id": "a", "target_id": "b", "kind": {"value": "follows"}, "weight": "w"},
        "type": "tsv",
    }
    reads = [
        {"format": "tabular", "files": ["posts.csv"], "options": options},
        {"format": "tabular", "files": ["*.edges"], "options": edges},
    ]
    result = written(
        {"posts.csv": posts.encode(), "x.edges": b"a\tb\tw\n1\t2\t0.5\n1\t2\t0.5\n2\t1\tinf\n"},
        reads=reads,
    ).pull(store)
    assert rows(
        store,
        "SELECT post_id, text, hashtags, mentions, kind, ref_post_id FROM lake.main.posts ORDER"
        " BY 1",
    ) == [
        ("10", "hello #a @bob", ["a", "b c"], ["x", "y"], "original", None),
        ("11", "reply", [], [], "reply", "10"),
        ("12", "again", ["z"], [], "repost", "10"),
    ]
    assert result.tables["edges"] == {"read": 3, "kept": 1, "duplicate": 1, "quarantined": 1}
    assert rows(store, "SELECT source_id, target_id, kind, weight FROM lake.main.edges") == [
        ("1", "2", "follows", 0.5)
    ]


def test_json_of_every_form(written, store):
    people = [
        {
            "id": 1,
            "user": {"name": "a", "n": 3, "made": "2020-01-01"},
            "label": "bot",
            "more": {"x": [1, None]},
            "no": None,
        },
        {"id": "2", "user": {"name": "b"}, "label": "human", "tags": ["t"]},
    ]
    options = {
        "accounts": {
            "account_id": "id",
            "handle": "user.name",
            "followers": "user.n",
            "created_at": "user.made",
        },
        "claims": {"answer": "label"},
    }
    forms = {
        "array.json": json.dumps(people),
        "lines.jsonl": "\n".join(map(json.dumps, people)),
        "nested.json": json.dumps({"data": {"users": people}}),
    }
    for i, (name, text) in enumerate(forms.items()):
        nested = {"records": "data.users"} if name == "nested.json" else {}
        written({name: text.encode()}, {**options, **nested}, id=f"made{i}").pull(store)
    for i in range(3):
        columns = "account_id, handle, followers, created_at IS NOT NULL, extra::JSON::VARCHAR"
        assert rows(
            store, f"SELECT {columns} FROM lake.main.accounts WHERE dataset = 'made{i}' ORDER BY 1"
        ) == [
            ("1", "a", 3, True, '{"more":"{\\"x\\":[1,null]}"}'),
            ("2", "b", None, False, '{"tags":"[\\"t\\"]"}'),
        ]


def test_parquet_types(written, store):
    import datetime as dt

    table = pa.table(
        {
            "id": pa.array([2**62, 5, None], pa.int64()),
            "made": pa.array([dt.datetime(2020, 1, 1, 12)] * 3),
            "ok": [True, None, False],
            "n": pa.array([1.0, None, 2.5]),
            "tags": [["a"], [], None],
            "label": ["bot", "human", "bot"],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    options = {
        "accounts": {
            "account_id": "id",
            "created_at": {"column": "made", "zone": "Europe/Rome"},
            "verified": "ok",
            "followers": "n",
        },
        "claims": {"answer": "label"},
    }
    written({"people.parquet": out.getvalue()}, options).pull(store)
    assert accounts(store, "account_id, epoch(created_at), verified, followers, extra['tags']") == [
        (str(2**62), 1577876400.0, True, 1, '["a"]'),
        ("5", 1577876400.0, None, None, "[]"),
    ]
    assert [(r[0], r[2]) for r in written.quarantine(store)] == [
        ("accounts", "missing_id"),
        ("claims", "missing_id"),
    ]


def test_a_file_that_is_not_parquet(written, store):
    written({"people.parquet": b"id,label\n1,bot\n"}, {"accounts": {"account_id": "id"}})
    with pytest.raises(UserError, match=r"people\.parquet cannot be read as tabular"):
        written.pull(store)


def test_globs_folders_and_constants(written, store):
    files = {"bots/spam.csv": b"id\n1\n", "bots/fake.csv": b"id\n2\n", "people/all.csv": b"id\n3\n"}
    options = {
        "accounts": {"account_id": "id", "status": {"value": "active"}},
        "claims": {
            "answer": {"file": "folder", "codes": {"bots": "bot", "people": "human"}},
            "kinds": {
                "file": "stem",
                "codes": {"spam": "spam", "fake": "fake follower"},
                "otherwise": "other",
                "split": ",",
            },
        },
    }
    result = written(files, options, sources=[{"file": "*/*.csv"}]).pull(store)
    assert result.totals["claims"] == {"dataset": {"bot": 2, "human": 1}}
    assert rows(store, "SELECT account_id, kinds FROM lake.main.claims ORDER BY 1") == [
        ("1", ["spam"]),
        ("2", ["fake follower"]),
        ("3", ["other"]),
    ]


def test_the_steps_of_a_cell(written, store):
    content = (
        b'id,url,n,flag,a,b\nu1,https://x.example/Some_One?x,"1,234",,p,q\nu2,nothing,5,1,,r\n'
    )
    options = {
        "accounts": {
            "account_id": {"column": "id", "remove_prefix": "u"},
            "handle": {"column": "url", "extract": "example/(\\w+)", "lower": True},
            "followers": {"column": "n", "replace": {",": ""}},
            "verified": {"column": "flag", "empty": False},
            "lang": {"column": "absent", "optional": True},
            "location": {"join": ["a", "b"]},
        },
        "ignore": ["url"],
    }
    written({"people.csv": content}, options).pull(store)
    assert accounts(
        store, "account_id, handle, followers, verified, lang, location, extra::JSON::VARCHAR"
    ) == [("1", "some_one", 1234, False, None, "p:q", None), ("2", None, 5, True, None, ":r", None)]


def test_two_claims_from_one_row(written, store):
    content = b"id,first,second\n1,bot,human\n2,bot,wat\n"
    options = {
        "accounts": {"account_id": "id"},
        "claims": [
            {"answer": "first", "claimant": {"value": "one"}},
            {"answer": "second", "claimant": {"value": "two"}},
        ],
    }
    result = written({"people.csv": content}, options).pull(store)
    assert result.tables["claims"] == {"read": 4, "kept": 3, "duplicate": 0, "quarantined": 1}
    assert rows(
        store, "SELECT account_id, claimant, answer, attributes FROM lake.main.claims ORDER BY ALL"
    ) == [("1", "one", "bot", None), ("1", "two", "human", None), ("2", "one", "bot", None)]


def test_labels_never_reach_the_accounts(written, store):
    written(
        {"p.csv": b"id,label,note\n1,bot,n\n"},
        {"accounts": {"account_id": "id"}, "claims": {"answer": "label"}},
    ).pull(store)
    assert rows(store, "SELECT extra::JSON::VARCHAR FROM lake.main.accounts") == [('{"note":"n"}',)]


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    table=st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=12),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_comes_back_as_it_was(tmp_path_factory, table, ending):
    """What Python's csv module writes is read back exactly, with its row numbers (quotes,
    separators and line ends in fields).
    """
    found = _read(tmp_path_factory, _csv(table, ending))
    assert found == [(i, a, b) for i, (a, b) in enumerate(table, 1)]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.lists(
        st.sampled_from(
            [
                b"a",
                b",",
                b'"',
                b"\n",
                b"\r\n",
                b"\r",
                b" ",
                b"\xff",
                b"1,x\n",
                b'"q"',
                b'2,"m\nn"\n',
            ]
        ),
        max_size=25,
    ).map(b"".join)
)
@example(content=b"a,b,,,\n")
@example(content=b"a,b,,,\r\nx\n\n")
def test_no_row_of_any_bytes_is_lost(tmp_path_factory, content):
    """Whatever the bytes are, each row is read or set aside, in the numbers of Python's csv module
    where that can read them.
    """
    found = _read(tmp_path_factory, b"h1,h2\n" + content, with_bad=True)
    numbers = [n for n, *_ in found]
    assert numbers == list(range(1, len(numbers) + 1))
    try:
        text = content.decode()
        expected = [r for r in csv.reader(io.StringIO(text, newline=""), strict=True) if r]
    except (csv.Error, UnicodeDecodeError):
        assert len(numbers) > 0
        return
    if "\r" not in text.replace("\r\n", "") and ' "' not in text:
        assert len(numbers) == len(expected)
        good = {n: (a, b) for n, a, b in found if a is not None}
        # Empty fields too many at the end of a row say nothing.
        assert good == {
            n: tuple(r[:2]) for n, r in enumerate(expected, 1) if len(r) >= 2 and not any(r[2:])
        }


def _csv(table, ending):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=ending).writerows([("h1", "h2"), *table])
    return out.getvalue().encode()


def _read(factory, content, with_bad=False):
    """(row, field, field) as read; of rows set aside (row, None, None)."""
    import duckdb

    from curation.ingest.reading import files as _files
    from curation.ingest.reading import text as _text
    from curation.ingest.reading.stage import Stage

    folder = factory.mktemp("text")
    (folder / "x.csv").write_bytes(content)
    card = Card(
        id="made", title="t", platform="p", licence="l", citation="c", reads=[{"format": "tabular"}]
    )
    with duckdb.connect() as connection:
        stage = Stage(connection, card, folder)
        rows = _text.delimited(
            stage,
            _files.verify(Source(file="x.csv"), folder / "x.csv", folder),
            _text.Dialect(),
        )
        rows.feed(
            "accounts",
            "SELECT 'k' AS account_id, c1 AS bio, c2 AS location, _member, _row FROM"
            f" {rows.relation}",
        )
        found = connection.execute("SELECT _row, bio, location FROM pull_accounts").fetchall()
        bad = connection.execute(
            "SELECT _row, NULL, NULL FROM pull_quarantine WHERE table_name = 'accounts'"
        ).fetchall()
    return sorted(found + bad, key=lambda r: r[0]) if with_bad else found


def test_given_features_are_kept_with_the_account_and_checked(written, store):
    feature = {"column": "cc", "unit": "0 to 1", "source": "networkx, follower graph"}
    options = {
        "accounts": {
            "account_id": "id",
            "followers": "n",
            "features": {"clustering": feature, "degree": {**feature, "column": "d"}},
        },
        "claims": {"answer": "label"},
    }
    content = b"id,n,cc,d,label\na,1,0.25,3,bot\nb,2,,1e2,human\nc,3,high,1,bot\nd,4,inf,1,bot\n"
    made = written({"a.csv": content}, options)
    made.pull(store)
    assert rows(
        store,
        "SELECT account_id, extra['given:clustering'], extra['given:degree'], map_keys(extra)"
        " FROM lake.main.accounts ORDER BY 1",
    ) == [
        ("a", "0.25", "3", ["given:clustering", "given:degree"]),
        ("b", None, "1e2", ["given:degree"]),
    ]
    assert [(t, n, why) for t, n, why, _ in made.quarantine(store) if t == "accounts"] == [
        ("accounts", "a.csv:3", "bad_number"),
        ("accounts", "a.csv:4", "bad_number"),
    ]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"cc": "cc"}, "unit"),
        ({"cc": {"column": "cc", "unit": "share"}}, "source"),
        ({"C C": {"column": "cc", "unit": "share", "source": "x"}}, "C C"),
    ],
)
def test_a_given_feature_says_its_unit_and_source(written, features, message):
    from curation.ingest import cards

    options = {"accounts": {"account_id": "id", "features": features}}
    made = written({"a.csv": b"id,cc\na,1\n"}, options)
    assert any(message in str(problem) for problem in cards.check(made.card))
