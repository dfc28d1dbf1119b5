"""Splits: no group on both sides, shares within rounding, and nothing depends on the order of rows."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.release.splits import official, split_id, stratified
from curation.store import schema
from curation.store.equal_profiles import duplicate_groups

CONNECTION = duckdb.connect()
SEEN = datetime(2020, 1, 1, tzinfo=UTC)


def drawn(members, seed=0):
    """{account: (part, group)} for [(account, label, group)]."""
    table = pa.Table.from_pylist(
        [{"account_id": a, "label": lab, "group": g} for a, lab, g in members]
    )
    cursor = CONNECTION.cursor()
    cursor.register("members", table)
    rows = cursor.execute(f"FROM {stratified('members', seed)}").fetchall()
    assert len(rows) == len(members)
    return {account: (part, group) for account, part, group in rows}


def groups(records):
    """{account: group} for observations."""
    cursor = CONNECTION.cursor()
    cursor.register(
        "observed",
        schema.rows("accounts", [{"dataset": "d", "platform": "t", **r} for r in records]),
    )
    return dict(cursor.execute(f"FROM {duplicate_groups('observed')}").fetchall())


MEMBERS = st.lists(
    st.tuples(st.sampled_from(["bot", "human"]), st.integers(0, 30)), min_size=1, max_size=120
).map(lambda rows: [(f"a{i}", label, f"g{group}") for i, (label, group) in enumerate(rows)])


@settings(max_examples=60, deadline=None)
@given(MEMBERS, st.integers(0, 5), st.randoms())
def test_a_group_is_never_on_both_sides_and_order_does_not_matter(members, seed, randomness):
    found = drawn(members, seed)
    sides = defaultdict(set)
    for part, group in found.values():
        sides[group].add(part)
    assert all(len(parts) == 1 for parts in sides.values())
    shuffled = members[:]
    randomness.shuffle(shuffled)
    assert drawn(shuffled, seed) == found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 3))
def test_accounts_of_their_own_are_shared_out_within_rounding(bots, humans, seed):
    members = [(f"b{i}", "bot", f"b{i}") for i in range(bots)] + [
        (f"h{i}", "human", f"h{i}") for i in range(humans)
    ]
    if not members:
        return
    found = drawn(members, seed)
    for letter, n in (("b", bots), ("h", humans)):
        parts = Counter(part for account, (part, _) in found.items() if account.startswith(letter))
        for part, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
            assert abs(parts[part] - share * n) <= 1, (part, n, parts)


def test_the_same_picture_bio_and_minute_are_a_group_whatever_the_counts():
    looks = {"avatar_phash": "00ff00ff00ff00ff", "bio": "just some words", "created_at": SEEN}
    found = groups(
        [
            {"account_id": "1", **looks, "followers": 3},
            {"account_id": "2", **looks, "followers": 900},
            {"account_id": "3", **looks, "created_at": SEEN.replace(minute=1)},
            {"account_id": "4", **looks, "bio": "others"},
            {"account_id": "5", **looks, "avatar_phash": None},
            {"account_id": "6", **looks, "bio": ""},
        ]
    )
    assert found["1"] == found["2"] and len(set(found.values())) == 5


def test_the_split_by_hand():
    # 10 accounts of one label: those at ranks 0-5, 6-7 and 8-9 of the draw.
    import hashlib

    ids = [f"a{i}" for i in range(10)]
    ranked = sorted(ids, key=lambda a: hashlib.sha256(f"7|{a}".encode()).hexdigest())
    wanted = dict(zip(ranked, ["train"] * 6 + ["validation"] * 2 + ["test"] * 2, strict=True))
    assert {a: part for a, (part, _) in drawn([(a, "bot", a) for a in ids], 7).items()} == wanted
    assert split_id(7) == "stratified(seed=7)"


def test_another_seed_is_another_split():
    members = [(f"a{i}", "bot", f"a{i}") for i in range(50)]
    assert drawn(members, 0) != drawn(members, 1)


def test_equal_profiles_are_a_group_and_only_they():
    profile = {
        "display_name": "n",
        "bio": "b",
        "created_at": SEEN,
        "followers": 3,
        "verified": True,
    }
    found = groups(
        [
            {"account_id": "1", **profile, "handle": "x"},
            {"account_id": "2", **profile, "handle": "y", "extra": {"a": "b"}, "observed_at": SEEN},
            {"account_id": "3", **profile, "bio": "other"},
            {"account_id": "4", **profile, "verified": False},
            {"account_id": "5", **profile, "extra": {"bio_length": "9"}},
        ]
    )
    assert found["1"] == found["2"] and found["1"].startswith("alike:")
    assert [found[a] for a in "345"] == ["alone:3", "alone:4", "alone:5"]


def test_what_says_little_is_no_group():
    ids_only = [{"account_id": str(i)} for i in range(5)]
    flags = [
        {
            "account_id": f"f{i}",
            "verified": False,
            "lang": "it",
            "default_avatar": True,
            "status": "active",
        }
        for i in range(5)
    ]
    two = [{"account_id": f"t{i}", "followers": 0, "bio": "", "following": 0} for i in range(5)]
    found = groups([*ids_only, *flags, *two])
    assert len(set(found.values())) == 15


def test_the_official_split_is_what_the_source_says():
    claims = [
        ("1", "train"),
        ("1", "train"),
        ("2", "test"),
        ("3", "train"),
        ("3", "test"),
        ("4", "dev"),
        ("5", None),
        ("6", "validation"),
    ]
    table = schema.rows(
        "claims", [{"account_id": a, "attributes": {"part": p} if p else {}} for a, p in claims]
    )
    cursor = CONNECTION.cursor()
    cursor.register("claims", table)
    assert sorted(cursor.execute(f"FROM {official('claims')}").fetchall()) == [
        ("1", "train"),
        ("2", "test"),
        ("6", "validation"),
    ]


@pytest.mark.parametrize("threads", [1, 4])
def test_many_accounts(threads):
    cursor = CONNECTION.cursor()
    cursor.execute(f"SET threads = {threads}")
    many = (
        "(SELECT 'a' || i AS account_id, CASE WHEN i % 5 = 0 THEN 'bot' ELSE 'human' END AS label, "
        "'g' || (i // 3) AS \"group\" FROM range(90000) r(i))"
    )
    counts = dict(
        cursor.execute(f"SELECT part, count(*) FROM {stratified(many, 0)} GROUP BY ALL").fetchall()
    )
    assert {p: round(n / 90000, 2) for p, n in counts.items()} == {
        "train": 0.6,
        "validation": 0.2,
        "test": 0.2,
    }
