"""Canonical rows and hashes: against hand-written JSON, and unmoved by order, layout and threads."""

import hashlib
import json
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.core.sql import literal
from curation.release import content_hash as release_hash
from curation.store import identity, schema


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


CLAIM = {
    "claim_id": "",
    "dataset": "d",
    "account_id": "01",
    "claimant": "ada",
    "claimant_kind": "person",
    "answer": "bot",
    "kinds": ["spam", "amplifier"],
    "confidence": 0.1,
    "attributes": {"part": "train", "a": None},
    "made_at": datetime(2018, 6, 26, 12, 0, 0, 5, tzinfo=UTC),
}
BY_HAND = (
    '{"dataset":"d","account_id":"01","claimant":"ada","claimant_kind":"person","answer":"bot","kinds":["amplifier","spam"],'
    '"confidence":0.1,"reasons":null,"note":null,"attributes":{"a":null,"part":"train"},"evidence_at":null,'
    '"made_at":"2018-06-26T12:00:00.000005Z","retracts":null}'
)


def test_a_claim_id_is_the_sha256_of_the_json_written_by_hand(connection):
    found = identity.with_claim_ids(connection, schema.rows("claims", [CLAIM]))[
        "claim_id"
    ].to_pylist()
    assert found == [hashlib.sha256(BY_HAND.encode()).hexdigest()]


def test_a_claim_id_knows_nothing_of_the_pull_or_the_batch(connection):
    other = {
        **CLAIM,
        "pull_id": "p",
        "batch_id": "b",
        "card_hash": "c",
        "lead_time_s": 3.0,
        "scheme_version": "2",
        "kinds": ["amplifier", "spam"],
    }
    found = identity.with_claim_ids(connection, schema.rows("claims", [CLAIM, other]))[
        "claim_id"
    ].to_pylist()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "human"},
        {"confidence": 0.2},
        {"note": ""},
        {"account_id": "1"},
        {"retracts": "x"},
        {"kinds": ["spam"]},
        {"attributes": {"part": "train"}},
        {"made_at": datetime(2018, 6, 26, 12, tzinfo=UTC)},
        {"claimant_kind": "model"},
    ],
)
def test_a_claim_id_changes_with_anything_that_was_claimed(connection, change):
    found = identity.with_claim_ids(
        connection, schema.rows("claims", [CLAIM, {**CLAIM, **change}])
    )["claim_id"].to_pylist()
    assert found[0] != found[1]


ESCAPED = {chr(i): f"\\u{i:04X}" for i in range(32)}
ESCAPED |= {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def written(text):
    """A text as JSON, with the letters that DuckDB writes."""
    return f'"{text.translate(str.maketrans(ESCAPED))}"'


plain = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@settings(max_examples=80, deadline=None)
@given(st.lists(plain, min_size=1, max_size=6), plain, plain)
def test_a_value_worked_out_once_makes_the_same_claim_id(connection, accounts, dataset, claimant):
    """For any text: quotes, backslashes, control characters, text beyond ASCII."""
    same = {"dataset": dataset, "claimant": claimant, "claimant_kind": "person", "answer": "bot"}
    claims = [{**CLAIM, **same, "account_id": account} for account in accounts]
    claims = [
        {k: v for k, v in c.items() if k in (*same, "account_id", "claim_id")} for c in claims
    ]
    connection.register("told", schema.rows("claims", claims))
    absent = set(identity.CLAIMED) - {*same, "account_id"}
    sql = {name: literal(value) for name, value in same.items()}
    found = connection.execute(
        f"SELECT account_id, {identity.claim_id()}, {identity.claim_id(absent=absent, same=sql)}"
        " FROM told"
    ).fetchall()
    for account, slow, fast in found:
        by_hand = {**dict.fromkeys(identity.CLAIMED), **same, "account_id": account}
        members = (f'"{n}":{"null" if v is None else written(v)}' for n, v in by_hand.items())
        text = f"{{{','.join(members)}}}"
        assert slow == fast == hashlib.sha256(text.encode()).hexdigest()


texts = st.one_of(st.none(), st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
posts = st.lists(
    st.fixed_dictionaries(
        {
            "text": texts,
            "likes": st.one_of(st.none(), st.integers(0, 2**60)),
            "hashtags": st.one_of(st.none(), st.lists(texts, max_size=3)),
            "created_at": st.one_of(
                st.none(),
                st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
            ),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(posts, st.randoms())
def test_canonical_rows_read_back_as_what_was_put_in(connection, given_posts, random):
    rows = [
        {"dataset": "d", "post_id": str(i), "account_id": "a", **post}
        for i, post in enumerate(given_posts)
    ]
    connection.register("given", schema.rows("posts", rows))
    columns = [
        schema.TABLES["posts"].column(n)
        for n in ("post_id", "text", "likes", "hashtags", "created_at")
    ]
    found = [
        json.loads(r)
        for (r,) in connection.execute(
            f"SELECT {identity.canonical_row(columns)} FROM given"
        ).fetchall()
    ]
    for row, back in zip(rows, found, strict=True):
        assert (
            back["text"] == row["text"]
            and back["likes"] == row["likes"]
            and back["post_id"] == row["post_id"]
        )
        assert (back["hashtags"] is None) == (row["hashtags"] is None)
        assert sorted(back["hashtags"] or [], key=str) == sorted(row["hashtags"] or [], key=str)
        when = row["created_at"] and row["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert back["created_at"] == when
    before = release_hash.content_hash(connection, {"posts": "given"})
    random.shuffle(rows)
    connection.register("given", schema.rows("posts", [{**r, "pull_id": "another"} for r in rows]))
    assert release_hash.content_hash(connection, {"posts": "given"}) == before


@pytest.mark.all_threads
def test_the_content_hash_does_not_depend_on_layout_threads_or_time_zone(connection, tmp_path):
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE many AS SELECT 'd' AS dataset, (i * 7919 % 200003)::VARCHAR"
        " AS post_id, 'a' AS account_id, to_timestamp(i) AS created_at, 'text ' || i AS text FROM"
        " range(200003) t(i)"
    )
    names = {c.name for c in schema.TABLES["posts"].columns} - {
        "dataset",
        "post_id",
        "account_id",
        "created_at",
        "text",
    }
    rest = ", ".join(
        f'NULL::{schema.TABLES["posts"].column(n).type} AS "{n}"' for n in sorted(names)
    )
    whole = release_hash.content_hash(connection, {"posts": f"(SELECT *, {rest} FROM many)"})
    connection.execute(
        f"COPY (FROM many ORDER BY text DESC) TO '{tmp_path / 'x.parquet'}' (ROW_GROUP_SIZE 5000)"
    )
    with duckdb.connect(config={"threads": 1}) as other:
        other.execute("SET TimeZone = 'Pacific/Auckland'")
        again = release_hash.content_hash(
            other, {"posts": f"(SELECT *, {rest} FROM '{tmp_path / 'x.parquet'}')"}
        )
    assert again == whole


def test_a_column_added_later_changes_no_hash_while_it_is_null(store):
    from curation.store.identity import canonical_row
    from curation.store.schema import TABLES

    columns = TABLES["labels"].columns
    rows = (
        "(SELECT 'c' AS consensus_id, 'd' AS dataset, '1' AS account_id, 'bot' AS label,"
        " 0.5::DOUBLE AS p_bot, "
    )
    tail = (
        "::DOUBLE AS p_low, NULL::DOUBLE AS p_high, 1::BIGINT AS n_claims, 'agreed' AS status,"
        " 'majority' AS method)"
    )
    before = (
        '{"consensus_id":"c","dataset":"d","account_id":"1","label":"bot","p_bot":0.5,"n_claims":1,"status":"agreed",'
        '"method":"majority"}'
    )
    ((plain,),) = store.connection.execute(
        f"SELECT {canonical_row(columns)} FROM {rows}NULL{tail}"
    ).fetchall()
    ((known,),) = store.connection.execute(
        f"SELECT {canonical_row(columns)} FROM {rows}0.25{tail}"
    ).fetchall()
    ((absent,),) = store.connection.execute(
        f"SELECT {canonical_row(columns, absent=('p_low', 'p_high'))} FROM {rows}NULL{tail}"
    ).fetchall()
    assert plain == absent == before and known == before.replace(
        '"n_claims"', '"p_low":0.25,"n_claims"'
    )
