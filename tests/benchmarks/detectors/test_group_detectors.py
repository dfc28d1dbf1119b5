"""Digital DNA, coordination and label propagation against brute force and by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.data.accounts import Accounts, Records
from benchmarks.detectors import get
from benchmarks.detectors.coordination import similarity
from benchmarks.detectors.digital_dna import strings
from benchmarks.detectors.suffixes import Suffixes, grid

T0 = datetime(2020, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("account", pa.uint64()),
        ("created_at", pa.timestamp("us", "UTC")),
        ("text", pa.string()),
        ("kind", pa.string()),
        ("ref_post", pa.uint64()),
        ("ref_account", pa.uint64()),
        ("mentions", pa.list_(pa.uint64())),
        ("hashtags", pa.list_(pa.string())),
        ("urls", pa.list_(pa.string())),
    ]
)


def brute(texts, k):
    """For each text, the longest of its substrings that at least k texts hold."""

    def holders(part):
        return sum(part in text for text in texts)

    return [
        max(
            (
                j - i
                for i in range(len(t))
                for j in range(i + 1, len(t) + 1)
                if holders(t[i:j]) >= k
            ),
            default=0,
        )
        for t in texts
    ]


def suffixes(texts):
    return Suffixes([np.frombuffer(t.encode(), dtype=np.uint8) for t in texts])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ACT", max_size=12), min_size=1, max_size=6))
def test_common_substrings_are_those_of_brute_force(texts):
    found = suffixes(texts)
    for k in range(1, len(texts) + 1):
        assert found.shared_with(k).tolist() == brute(texts, k)
    assert found.curve().tolist() == [max(brute(texts, k)) for k in range(1, len(texts) + 1)]


def test_the_curve_by_hand():
    """ACTA, CTA, GA: all hold A, two hold CTA, one holds ACTA."""
    assert suffixes(["ACTA", "CTA", "GA"]).curve().tolist() == [4, 3, 1]
    assert suffixes([]).curve().tolist() == [] and suffixes([""]).curve().tolist() == [0]
    assert suffixes(["A" * 100, "A" * 90]).shared_with(2, grid(100)).tolist() == [
        81,
        81,
    ], "of 90 shared, the longest length tried"


@pytest.fixture
def posted(tmp_path):
    """Write posts and see their accounts: posted({0: [post, ...], ...}, n=3)."""

    def write(of, n=None):
        rows = [
            {"account": a, "created_at": T0 + timedelta(minutes=i), **p}
            for a, posts in of.items()
            for i, p in enumerate(posts)
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "posts.parquet")
        n = n or max(of) + 1
        nodes = np.arange(n, dtype=np.uint64)
        return Accounts(
            (), np.empty((n, 0)), posts=Records(tmp_path / "posts.parquet", ("account",), nodes)
        )

    return write


def test_letters_of_both_alphabets(posted):
    view = posted(
        {
            0: [
                {"text": "plain"},
                {"text": "@a hi"},
                {"text": "RT @a: x"},
                {"text": "see http://a.org", "kind": "original"},
                {"text": "#tag", "hashtags": ["tag"], "urls": [], "mentions": []},
                {"text": "both", "hashtags": ["t"], "urls": ["u"]},
            ]
        },
        n=2,
    )
    assert strings(view, "B3") == ["ACTAAA", ""]
    assert strings(view, "B6") == ["NMMUHX", ""]


def test_who_shares_a_long_sequence_is_a_bot(posted):
    reply, repost, plain = {"kind": "reply"}, {"kind": "repost"}, {"kind": "original"}
    machine = [plain, repost, repost, reply] * 5
    people = np.random.default_rng(0).integers(0, 3, (8, 20))
    of = {i: [*machine[i:], plain] for i in range(4)} | {
        4 + i: [(plain, reply, repost)[k] for k in row] for i, row in enumerate(people)
    }
    y = np.array([1] * 4 + [0] * 8, dtype=np.int8)
    view = posted(of, n=13)
    made = get("digital-dna-b3").seeded(0).fit(view.take(np.arange(12)), y)
    p = made.predict_proba(view)[:, 1]
    assert (p[:4] > 0.5).all() and (p[4:12] < 0.5).all()
    assert p[12] == pytest.approx(1 / 3), "no posts: the share of bots"
    assert made.predict_proba(view.take(np.array([0])))[0, 1] == pytest.approx(1 / 3), (
        "alone there is nothing to share"
    )


def test_similarity_by_hand(posted):
    """Three accounts use hashtags a (two of them) and b (one): cosine 1 for those who share, 0 for
    the third.
    """
    view = posted(
        {
            0: [{"hashtags": ["a"]}],
            1: [{"hashtags": ["A"]}],
            2: [{"hashtags": ["b"]}],
            3: [{"hashtags": ["c"]}],
        }
    )
    alike = similarity(view, "hashtag").toarray()
    assert alike[0, 1] == pytest.approx(1) and alike.sum() == pytest.approx(2)


def test_habits_join_nobody_and_rare_traits_weigh_more(posted):
    """Everybody reposts 9; 0 and 1 repost 5 too. 9 is a habit; what is left makes 0 and 1 alike."""
    both = [{"kind": "repost", "ref_post": 9}, {"kind": "repost", "ref_post": 5}]
    view = posted({0: both, 1: both, 2: both[:1], 3: both[:1], 4: both[:1]})
    alike = similarity(view, "repost").toarray()
    assert alike[0, 1] == pytest.approx(1) and alike[2:].sum() == 0


def test_near_duplicates_within_the_window(posted):
    late = {"created_at": T0 + timedelta(hours=9)}
    view = posted(
        {
            0: [{"text": "Vote now, friends! 12 http://a"}],
            1: [{"text": "vote now friends 99 @x"}],
            2: [{"text": "Vote now, friends!", **late}],
            3: [{"text": "something else again"}],
            4: [{"text": "yet another text"}],
        }
    )
    alike = similarity(view, "text").toarray()
    assert alike[0, 1] == pytest.approx(1) and alike[2].sum() == 0


def test_labels_spread_through_whom_accounts_turn_to(posted):
    """0 and 4 repost account 90, 1 and 5 mention 91; 6 has no posts."""
    boss, star = {"ref_account": 90, "kind": "repost"}, {"mentions": [91]}
    view = posted({0: [boss], 1: [star], 2: [boss], 3: [star], 4: [boss], 5: [star]}, n=7)
    made = (
        get("label-propagation")
        .seeded(0)
        .fit(view.take(np.arange(4)), np.array([1, 0, 1, 0], dtype=np.int8))
    )
    p = made.predict_proba(view.take(np.arange(4, 7)))[:, 1]
    assert p[0] > 0.6 and p[1] < 0.4 and p[2] == 0.5
    assert made.predict_proba(view.take(np.array([4])))[0, 1] > 0.6, (
        "one account alone is near those who were taught"
    )


def test_compression_reads_one_account(posted):
    rng = np.random.default_rng(0)
    kinds = ("original", "reply", "repost")
    of = {
        i: (
            [{"kind": kinds[0]}] * 60
            if i < 4
            else [{"kind": kinds[k]} for k in rng.integers(0, 3, 60)]
        )
        for i in range(8)
    }
    view = posted(of)
    y = np.array([1] * 4 + [0] * 4, dtype=np.int8)
    p = get("dna-compression").seeded(0).fit(view, y).predict_proba(view)[:, 1]
    assert (p[:4] > 0.5).all() and (p[4:] < 0.5).all()
