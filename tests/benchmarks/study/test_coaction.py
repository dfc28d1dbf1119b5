"""Acting together: equal to all pairs on small sets, silent on chance, and near-identical texts
found.
"""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from benchmarks.study.coordination import coaction
from botbench.stats.multiple_comparisons import benjamini_hochberg
from botbench.text.near_duplicates import similar_pairs


@pytest.fixture
def connection():
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def posts(connection, rows):
    """The table `posts` of (account, kind, ref, urls, text, seconds)."""
    columns = list(zip(*rows, strict=True))
    connection.register(
        "rows",
        pa.table(
            {
                "account_id": columns[0],
                "kind": columns[1],
                "ref_post_id": pa.array(columns[2], pa.string()),
                "urls": pa.array(columns[3], pa.list_(pa.string())),
                "text": pa.array(columns[4], pa.string()),
                "s": columns[5],
            }
        ),
    )
    connection.execute(
        "CREATE OR REPLACE TABLE posts AS SELECT *, NULL::VARCHAR AS ref_account_id,"
        " to_timestamp(s) AS created_at FROM rows"
    )
    return "posts"


def repost(account, ref, seconds):
    return account, "repost", ref, None, "x", float(seconds)


def chance(seed, accounts=60, objects=40, actions=12):
    """Everybody reposts at random at random times of a day: nobody acts together."""
    random = np.random.default_rng(seed)
    who = [f"a{i:03d}" for i in range(accounts) for _ in range(actions)]
    return [
        repost(account, f"p{random.integers(objects)}", random.integers(86_400)) for account in who
    ]


def brute(rows, window):
    """Co-actions of every pair, by looking at all pairs."""
    found = {}
    for (a, _, what, _, _, s), (b, _, other, _, _, t) in itertools.combinations(rows, 2):
        if a != b and what == other and abs(s - t) <= window:
            found.setdefault(tuple(sorted((a, b))), set()).add(what)
    return {pair: len(w) for pair, w in found.items() if len(w) >= coaction.LEAST}


@pytest.mark.parametrize("seed", range(4))
def test_blocking_finds_every_pair_that_all_pairs_finds(connection, seed):
    """Recall 1 against all pairs: blocks of the window's length and their neighbours hold whatever
    lies within it.
    """
    rows = chance(seed, accounts=30, objects=6, actions=25)
    done = coaction.actions(connection, posts(connection, rows), ("repost",))
    found = coaction.pairs(connection, done, 1800, rate=1.1)
    mine = {
        (found.accounts[a], found.accounts[b]): int(s)
        for a, b, s in zip(found.a, found.b, found.shared, strict=True)
    }
    assert mine == brute(rows, 1800) and len(mine) > 50


def test_a_planted_group_is_found_and_nobody_else(connection):
    """Six accounts repost the same eight posts within seconds, among sixty that act by chance."""
    planted = [repost(f"b{i}", f"q{k}", 5_000 * k + i) for i in range(6) for k in range(8)]
    done = coaction.actions(connection, posts(connection, chance(1) + planted), ("repost",))
    found = coaction.pairs(connection, done, 60)
    group = coaction.groups(found)
    assert {found.accounts[i] for i in np.flatnonzero(group == 0)} == {f"b{i}" for i in range(6)}
    assert group.max() == 0 and set(found.shared) == {8} and len(found.a) == 15


def test_chance_makes_no_groups(connection):
    """Twenty worlds of chance: pairs called beyond chance in at most one of them (rate .05 over all
    pairs).
    """
    wrong = 0
    for seed in range(20):
        done = coaction.actions(
            connection, posts(connection, chance(100 + seed, objects=8)), ("repost",)
        )
        wrong += bool(len(coaction.pairs(connection, done, 600).a))
    assert wrong <= 1


def test_the_false_discovery_rate_is_scipys():
    p = np.random.default_rng(0).uniform(size=50) ** 3
    assert benjamini_hochberg(p, 50) == pytest.approx(stats.false_discovery_control(p))
    padded = np.r_[p, np.ones(150)]
    assert benjamini_hochberg(p, 200) == pytest.approx(stats.false_discovery_control(padded)[:50])


def test_a_trend_is_left_out(connection):
    rows = [repost(f"a{i:04d}", "everybody", i % 50) for i in range(coaction.CROWD + 50)]
    done = coaction.actions(connection, posts(connection, rows), ("repost",))
    found = coaction.pairs(connection, done, 60)
    assert found.crowded == 1 and len(found.a) == 0


WORDS = (
    "river",
    "stone",
    "window",
    "paper",
    "garden",
    "summer",
    "yellow",
    "market",
    "silver",
    "winter",
    "letter",
    "bridge",
    "candle",
    "forest",
    "animal",
    "doctor",
)


def jaccard(a, b):
    one, two = ({tuple(t[i : i + 3]) for i in range(len(t) - 2)} for t in (a.split(), b.split()))
    return len(one & two) / len(one | two)


def test_near_identical_texts_against_all_pairs(connection):
    """Recall of what all pairs call similar (Jaccard of words in threes from .7 on): at least .9;
    nothing else is joined.
    """
    random = np.random.default_rng(3)
    texts = []
    for _ in range(60):
        base = list(random.choice(WORDS, 24))
        for _ in range(3):
            changed = list(base)
            for place in random.choice(24, random.integers(0, 3), replace=False):
                changed[place] = f"w{'abcdefghij'[random.integers(10)] * 3}"
            texts.append(" ".join(changed))
    texts = sorted(set(texts))
    rows = [(f"a{i:03d}", "original", None, None, t, float(i)) for i, t in enumerate(texts)]
    table = posts(connection, rows)
    done = coaction.actions(connection, table, ("text",))
    close = {
        (i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(texts), 2)
        if jaccard(a, b) >= 0.7
    }
    pairs = similar_pairs(connection, f"SELECT {coaction.WORDS} AS words FROM {table}")
    mine = {(pair["a"], pair["b"]) for pair in pairs.to_pylist()}
    wanted = {tuple(sorted((texts[i], texts[j]))) for i, j in close}
    assert mine <= wanted and len(mine & wanted) / len(wanted) >= 0.9 and len(wanted) > 40
    distinct = f"SELECT count(DISTINCT what) FROM {done.relation}"
    assert connection.execute(distinct).fetchone()[0] < len(texts)
