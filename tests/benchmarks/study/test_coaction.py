"""Acting together: equal to all pairs on small sets, silent on chance, planted groups found by each
trace, and the same groups for other names and other rows.
"""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse, stats

from benchmarks.study.coordination import actions as sorted_actions
from benchmarks.study.coordination import all_pairs, coaction, fusion, meetings, rhythms
from benchmarks.study.coordination.chance import most_expected
from benchmarks.study.coordination.coordinated import coordinated
from benchmarks.study.coordination.fusion import fused
from benchmarks.study.coordination.traces import CROWD, TRACES
from benchmarks.study.coordination.traces.text import WORDS as WORDS_SQL
from botbench.core.errors import UserError
from botbench.stats.multiple_comparisons import benjamini_hochberg, families
from botbench.text.near_duplicates import similar_pairs


@pytest.fixture
def connection():
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


COLUMNS = {
    "account_id": pa.string(),
    "kind": pa.string(),
    "ref_post_id": pa.string(),
    "ref_account_id": pa.string(),
    "urls": pa.list_(pa.string()),
    "hashtags": pa.list_(pa.string()),
    "mentions": pa.list_(pa.string()),
    "source_app": pa.string(),
    "text": pa.string(),
    "s": pa.float64(),
}


def posts(connection, rows):
    """The table `posts` of dicts; `s` is the time in seconds since 1970."""
    columns = {name: pa.array([r.get(name) for r in rows], t) for name, t in COLUMNS.items()}
    connection.register("rows", pa.table(columns))
    connection.execute(
        "CREATE OR REPLACE TABLE posts AS SELECT *, to_timestamp(s) AS created_at FROM rows"
    )
    return "posts"


def post(account, seconds, kind="original", **more):
    return {
        "account_id": account,
        "kind": kind,
        "s": None if seconds is None else float(seconds),
    } | more


def repost(account, ref, seconds):
    return post(account, seconds, "repost", ref_post_id=ref, text="x")


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
    for x, y in itertools.combinations(rows, 2):
        a, b = x["account_id"], y["account_id"]
        if a != b and x["ref_post_id"] == y["ref_post_id"] and abs(x["s"] - y["s"]) <= window:
            found.setdefault(tuple(sorted((a, b))), set()).add(x["ref_post_id"])
    return {pair: len(w) for pair, w in found.items() if len(w) >= meetings.LEAST}


def counted(connection, rows, name, window):
    table = posts(connection, rows)
    numbered = coaction.accounts(connection, table)
    ids = [
        r[0] for r in connection.execute(f"SELECT account_id FROM {numbered} ORDER BY i").fetchall()
    ]
    return ids, coaction.count(connection, table, numbered, TRACES.get(name), window)


@pytest.mark.parametrize(("seed", "block"), [(0, None), (1, None), (2, 500), (3, 97)])
def test_blocking_finds_every_pair_that_all_pairs_finds(connection, monkeypatch, seed, block):
    """Recall 1 against all pairs: blocks of the window's length and their neighbours hold whatever
    lies within it; also where pairs are counted in many parts.
    """
    monkeypatch.setattr(meetings, "BLOCK", block or meetings.BLOCK)
    rows = chance(seed, accounts=30, objects=6, actions=25)
    ids, found = counted(connection, rows, "repost", 1800)
    mine = {
        (ids[a], ids[b]): int(s) for a, b, s in zip(found.a, found.b, found.shared, strict=True)
    }
    assert mine == brute(rows, 1800) and len(mine) > 50


def test_a_window_ends_with_its_last_second(connection):
    """As CooRTweet does (Righetti and Balluff 2025): shares of the same object by two accounts are
    coordinated up to `time_window` seconds apart, and a share of one's own is none. By hand, with a
    window of 10 seconds: a and b share p (10 apart) and q; a and c share q alone (r is 11 apart).
    """
    rows = [
        *(repost("a", "p", 100), repost("a", "p", 104), repost("b", "p", 110)),
        *(repost("a", "q", 505), repost("b", "q", 500), repost("c", "q", 509)),
        *(repost("a", "r", 900), repost("c", "r", 911)),
    ]
    ids, found = counted(connection, rows, "repost", 10)
    assert ids == ["a", "b", "c"]
    assert (found.a.tolist(), found.b.tolist(), found.shared.tolist()) == ([0], [1], [2])
    assert brute(rows, 10) == {("a", "b"): 2}


@pytest.mark.parametrize("timed", [True, False])
def test_the_reach_of_an_action_is_what_all_actions_say(timed):
    """Rows of the same thing within two seconds, against all rows; times of two far centuries make
    the axis too long for all things at once.
    """
    random = np.random.default_rng(4)
    thing = np.sort(random.integers(40, size=300)).astype(np.int32)
    t = random.integers(9, size=300) * 1_000_000 + random.integers(2, size=300) * 2**59
    t = t[np.lexsort((t, thing))]
    zero = np.zeros(300, dtype=np.int32)
    rows = sorted_actions.Actions(1, 1, zero, thing, t, t, zero)
    low, high = sorted_actions.reach(rows, 2.0, timed)
    for i in range(300):
        near = np.flatnonzero((thing == thing[i]) & (~timed | (abs(t - t[i]) <= 2_000_000)))
        assert (low[i], high[i]) == (near[0], near[-1] + 1) and high[i] - low[i] == len(near)


def test_what_everybody_does_all_the_time_bounds_itself(connection, monkeypatch):
    """Sixty accounts repost one thing in every minute of a day; a group reposts eight others. The
    most crowded moments are left out until no more meetings than the limit are left, are counted,
    and the group is found.
    """
    random = np.random.default_rng(7)
    crowd = [
        repost(f"a{i:02d}", "everybody", 60 * minute + int(random.integers(60)))
        for minute in range(200)
        for i in random.permutation(60)[: random.integers(2, 60)]
    ]
    group = [repost(f"b{i}", f"q{k}", 1_000 * k + i) for i in range(5) for k in range(8)]
    monkeypatch.setattr(sorted_actions, "MOST", 2_000)
    rows = crowd + group + chance(1)
    table = posts(connection, rows)
    numbered = coaction.accounts(connection, table)
    read = sorted_actions.read(connection, table, numbered, TRACES.get("repost"), 60)
    left, kept, low, high = sorted_actions.bounded(read, 60, True)
    assert 0 < left <= 200 and 100 < (high - low - 1).sum() / 2 <= 2_000
    assert len(kept.who) < len(read.who)
    found = fused(connection, table, of=("repost",))
    assert found.crowded == (left,)
    assert set(found.accounts[found.group >= 0]) == {f"b{i}" for i in range(5)}


def test_pairs_that_chance_gives_easily_need_not_be_held(connection, monkeypatch, mixed):
    """The same ties where pairs with a p above the largest that can tie are dropped as they are
    counted (in blocks too), and as many pairs that met.
    """
    table = posts(connection, mixed)
    whole = fused(connection, table)
    monkeypatch.setattr(fusion, "TIES", 40)
    monkeypatch.setattr(all_pairs, "BLOCK", 1_000)
    monkeypatch.setattr(all_pairs, "GROUP", 16)
    monkeypatch.setattr(all_pairs, "TILE", 8)
    monkeypatch.setattr(meetings, "BLOCK", 50)
    part = fused(connection, table)
    assert len(whole.a) <= 40 and fusion.weak(len(whole.accounts), 0.05) < 1e-3
    assert ties(part) == ties(whole) and partition(part) == partition(whole)
    assert part.met == whole.met and part.compared < whole.compared / 2


def test_the_most_that_chance_may_expect():
    """P(Poisson(m) >= k) is at most p up to m: 1 - exp(-m) = .01 at m = .01005 for k = 1."""
    found = most_expected(5, 0.01)
    assert found[1] == pytest.approx(-np.log(0.99)) and np.isinf(found[0])
    for k in (2, 5):
        assert stats.poisson.sf(k - 1, found[k]) == pytest.approx(0.01)
    assert np.isinf(most_expected(3, 1.0)).all()


def test_what_chance_expects_by_hand(connection):
    """Three accounts, one stretch of time: d = 2, 2, 1, so M^2 - sum of d^2 = 25 - 9 = 16. a and b
    share p and q, c nothing: C = 2. a with b: 2 * 2 * 2 * 2 / 16 = 1.
    """
    rows = [
        repost("a", "p", 0),
        repost("b", "p", 5),
        repost("a", "q", 100),
        repost("b", "q", 105),
        repost("c", "r", 200),
    ]
    _, found = counted(connection, rows, "repost", 60)
    assert (found.a.tolist(), found.b.tolist(), found.shared.tolist()) == ([0], [1], [2])
    assert found.expected == pytest.approx([1.0]) and found.overlap == pytest.approx([1.0])
    assert found.p_values() == pytest.approx([stats.poisson.sf(1, 1.0)])


def test_a_planted_group_is_found_and_nobody_else(connection):
    """Six accounts repost the same eight posts within seconds, among sixty that act by chance."""
    planted = [repost(f"b{i}", f"q{k}", 5_000 * k + i) for i in range(6) for k in range(8)]
    found = fused(connection, posts(connection, chance(1) + planted), of=("repost",))
    assert set(found.accounts[found.group == 0]) == {f"b{i}" for i in range(6)}
    assert found.groups == 1 and set(found.shared) == {8} and len(found.a) == 15


SPREAD = [9_000 * k + 37 * (k % 5) for k in range(14)]
"""Moments far apart."""
PLANTED = {
    "repost": lambda k: {"kind": "repost", "ref_post_id": f"q{k}"},
    "link": lambda k: {"urls": [f"https://x.org/{k}"]},
    "text": lambda k: {
        "text": f"number {'abcdefghijklmn'[k]} of the long stories that we all tell"
    },
    "reply": lambda k: {"kind": "reply", "ref_post_id": f"q{k}"},
    "hashtags": lambda k: {"hashtags": [f"one{k}", f"Two{k}"]},
    "mention": lambda k: {"mentions": ["Somebody"]},
    "source": lambda k: {"source_app": "Rare App"},
    "rhythm": lambda k: {},
}


def test_minhashes_find_a_rhythm_where_pairs_are_too_many_to_count(connection, monkeypatch):
    """The same ties as by all pairs, with fewer pairs counted."""
    random = np.random.default_rng(9)
    rows = [
        post(f"a{i:03d}", random.integers(SPREAD[-1] + 3600)) for i in range(120) for _ in range(20)
    ]
    rows += [post(f"b{i}", s + 2 * i) for i in range(5) for s in SPREAD]
    exact = fused(connection, posts(connection, rows), of=("rhythm",))
    monkeypatch.setattr(rhythms, "MOST", 0)
    sketched = fused(connection, posts(connection, rows), of=("rhythm",))
    assert ties(sketched) == ties(exact) and sketched.met < exact.met
    assert set(sketched.accounts[sketched.group >= 0]) == {f"b{i}" for i in range(5)}


def test_neighbours_of_those_found_are_compared():
    """Account i posts in moments i to 4. a-b and b-c are met, so a-c is looked at too, and shares
    moments 2, 3 and 4; d, which shares two with a, is nobody's neighbour.
    """
    table = sparse.csr_array(np.triu(np.ones((4, 5))))
    near = rhythms.closed(np.array([0 * 4 + 1, 1 * 4 + 2]), 4)
    assert near.tolist() == [0 * 4 + 2]
    key, shared = rhythms.shared_moments(table, np.array([2, 3]), 4)
    assert (key.tolist(), shared.tolist()) == ([2, 3], [3, 2])


SESSIONS = ("bloc", "dna")


@pytest.mark.parametrize("name", [n for n in sorted(TRACES.all()) if n not in SESSIONS])
def test_each_trace_finds_a_group_that_does_the_same_alone(connection, name):
    """Five accounts do the same thing at the same moments. Sixty others do such things by chance:
    each has 14 of them, at its own moments.
    """
    assert name in PLANTED, "a new trace needs a planted group here"
    random = np.random.default_rng(5)
    last = SPREAD[-1] + 3600
    others = [
        post(f"a{i:03d}", random.integers(last)) | PLANTED[name](int(random.integers(14)))
        for i in range(60)
        for _ in range(14)
    ]
    group = [
        post(f"b{i}", s + 2 * i) | PLANTED[name](k) for i in range(5) for k, s in enumerate(SPREAD)
    ]
    found = fused(connection, posts(connection, others + group), of=(name,))
    assert set(found.accounts[found.group >= 0]) == {f"b{i}" for i in range(5)}
    assert found.groups == 1 and found.tied_by().all()


def session(random, account, begin, kinds, gaps):
    """Posts of these kinds (letters) with these gaps."""
    names = {"T": "original", "p": "reply", "r": "repost"}
    return [
        post(account, begin + s, names[k], text="say")
        for k, s in zip(kinds, np.cumsum(gaps), strict=True)
    ]


@pytest.mark.parametrize("name", SESSIONS)
def test_each_kind_of_session_finds_a_script_that_runs_at_other_times(connection, name):
    """Five accounts run the same twelve scripts, each at its own hours; sixty others do as much by
    chance, half of them nothing but reposts.
    """
    random = np.random.default_rng(8)
    scripts = [
        (random.choice(list("Tpr"), 14), random.choice([5, 90, 1000], 14)) for _ in range(12)
    ]
    rows = []
    for i in range(5):
        for k, (kinds, gaps) in enumerate(scripts):
            rows += session(random, f"b{i}", 200_000 * k + 20_000 * i, kinds, gaps)
    for i in range(60):
        for k in range(12):
            kinds = (
                random.choice(list("Tpr"), 14) if i % 2 else ["r"] * int(random.integers(12, 16))
            )
            gaps = random.choice([5, 90, 1000], len(kinds))
            rows += session(random, f"a{i:02d}", 200_000 * k + 2_000 * i, kinds, gaps)
    found = fused(connection, posts(connection, rows), of=(name,))
    assert (
        set(found.accounts[found.group >= 0]) == {f"b{i}" for i in range(5)} and found.groups == 1
    )


def test_chance_makes_no_groups(connection):
    """Twenty worlds of chance: pairs called beyond chance in at most one of them (rate .05 over all
    pairs and all traces).
    """
    wrong = 0
    for seed in range(20):
        table = posts(connection, chance(100 + seed, objects=8))
        wrong += bool(len(fused(connection, table, window=600, of=("repost", "rhythm")).a))
    assert wrong <= 1


def test_a_shared_habit_is_no_coordination(connection):
    """Ten accounts mention nobody but the same account, with the same rare client, in the same two
    hours of each day, each at its own moments: interest and time of day are held fixed.
    """
    random = np.random.default_rng(2)
    fans = [
        post(f"f{i}", 86_400 * day + random.integers(7200), mentions=["star"], source_app="fan app")
        for i in range(10)
        for day in range(20)
        for _ in range(6)
    ]
    others = [
        post(
            f"a{i:02d}",
            random.integers(20 * 86_400),
            mentions=[f"m{random.integers(30)}"],
            source_app="web",
        )
        for i in range(60)
        for _ in range(60)
    ]
    found = fused(connection, posts(connection, fans + others), of=("mention", "source", "rhythm"))
    assert len(found.a) == 0


@pytest.fixture(scope="module")
def mixed():
    """Two planted groups of different traces, tied by one account of both, among others."""
    one = [repost(f"b{i}", f"q{k}", s + i) for i in range(5) for k, s in enumerate(SPREAD)]
    two = [
        post(
            f"c{i}",
            s + 1800 + i,
            urls=[f"u{k}"],
            text=f"text {k} is read out by everyone of us here",
        )
        for i in range(4)
        for k, s in enumerate(SPREAD)
    ]
    both = [post("b0", s + 1801, urls=[f"u{k}"], text="my own") for k, s in enumerate(SPREAD[:9])]
    random = np.random.default_rng(6)
    links = [
        post(f"a{i:03d}", random.integers(SPREAD[-1] + 3600), urls=[f"u{random.integers(99)}"])
        for i in range(60)
        for _ in range(14)
    ]
    return chance(3) + links + one + two + both


def ties(network, rename=lambda a: a):
    table = network.ties().to_pylist()
    return {
        (
            frozenset((rename(t["account"]), rename(t["with"]))),
            tuple(t["traces"]),
            round(t["q"], 12),
            round(t["weight"], 9),
        )
        for t in table
    }


def partition(network, rename=lambda a: a):
    groups = {}
    for row in network.members().to_pylist():
        groups.setdefault(row["group"], set()).add(rename(row["account_id"]))
    return {frozenset(g) for g in groups.values()}


def test_other_rows_and_other_names_give_the_same_network(connection, mixed):
    """A property: the order of rows, and names that reverse the order of accounts, change nothing."""
    first = fused(connection, posts(connection, mixed))
    assert first.groups == 2 and len(first.a) >= 15
    assert set(first.traces) == set(TRACES.all()) - set(SESSIONS), "alike is not together"
    for seed in range(3):
        random = np.random.default_rng(seed)
        shuffled = [mixed[i] for i in random.permutation(len(mixed))]
        names = sorted({r["account_id"] for r in mixed})
        others = dict(
            zip(names, random.permutation([f"x{i:04d}" for i in range(len(names))]), strict=True)
        )
        back = {v: k for k, v in others.items()}
        again = fused(connection, posts(connection, shuffled))
        assert ties(again) == ties(first) and partition(again) == partition(first)
        renamed = [r | {"account_id": str(others[r["account_id"]])} for r in shuffled]
        other = fused(connection, posts(connection, renamed))
        assert ties(other, back.get) == ties(first)
        assert partition(other, back.get) == partition(first)


def test_the_document_and_the_files_say_the_same(connection, mixed, tmp_path):
    import igraph
    import pyarrow.parquet as pq

    codes = "(SELECT DISTINCT account_id, CASE WHEN account_id LIKE 'b%' THEN 'left' WHEN account_id IN ('c0', 'c1', 'c2') THEN 'right' WHEN account_id = 'c3' THEN 'left' END AS code FROM posts)"
    found = coordinated(connection, posts(connection, mixed), codes)
    document = found.document(found.write(tmp_path / "new"))
    larger, smaller = document["groups"]
    assert (larger["group"], larger["accounts"]) == (1, ["b0", "b1", "b2", "b3", "b4"])
    assert larger["by"][0] == "repost" and (larger["agreement"], larger["code"]) == (1.0, "left")
    assert smaller["accounts"] == ["c0", "c1", "c2", "c3"] and smaller["agreement"] == 0.75
    # Nobody else writes long texts here, so by chance all of them would be shared.
    assert set(smaller["by"]) == {"link", "rhythm"} and smaller["code"] == "right"
    about = document["agreement"]
    assert about["n"] == 9 and 0 < about["adjusted_rand"]["value"] < 1
    graph = igraph.Graph.Read_GraphML(document["network"])
    ties_read = pq.read_table(tmp_path / "new" / "network-ties.parquet")
    other = found.network.to_networkx(found.codes)
    assert graph.ecount() == ties_read.num_rows == other.number_of_edges() == len(found.network.a)
    assert set(graph.vs["name"]) == set(other.nodes) == {*larger["accounts"], *smaller["accounts"]}
    assert dict(zip(graph.vs["name"], graph.vs["code"], strict=True))["c1"] == "right"
    assert (
        other.edges["b1", "b2"]["traces"].split()[0] == "repost" and other.nodes["b1"]["group"] == 1
    )
    row = next(r for r in ties_read.to_pylist() if (r["account"], r["with"]) == ("b1", "b2"))
    assert row["shared_repost"] == 14 and row["shared_link"] == 0 and row["expected_link"] is None


def test_bad_input_is_said_and_breaks_nothing(connection, tmp_path):
    with pytest.raises(UserError, match="repost"):
        fused(connection, posts(connection, chance(0)), of=("retweet",))
    undated = fused(connection, posts(connection, [post("a", None), post("b", None)]))
    assert (len(undated.accounts), len(undated.a), undated.groups) == (0, 0, 0)
    one = coordinated(connection, posts(connection, [repost("a", "p", 1)] * 3))
    assert one.groups() == [] and one.agreement() is None
    assert one.document(one.write(tmp_path))["groups"] == []
    odd = [repost(f"a\u0007<{i}>&\u202e", f"q{k}", 9000 * k) for i in range(3) for k in range(9)]
    found = coordinated(connection, posts(connection, odd + chance(4)))
    text = found.write(tmp_path / "odd").read_text(encoding="utf-8")
    assert "\u202e" not in text and "\u0007" not in text and "&lt;1&gt;" in text


def test_families_are_simes_then_within():
    """Pairs by Simes and Benjamini-Hochberg, traces in a pair by Benjamini-Bogomolov, by hand: two
    families of three hypotheses among four families.
    """
    p = np.array([0.04, 0.001, 0.002, 0.2, 0.9])
    q, meant = families(np.array([0, 0, 0, 1, 1]), p, 3, 4, 0.05)
    # Simes: min(3 * .001, 3/2 * .002, 3/3 * .04) = .003 and min(3 * .2, 3/2 * .9) = .6; BH over 4.
    assert q == pytest.approx([0.012, 1.0])
    # Level within: .05 * 1 / 4 = .0125; 3/2 * .002 passes, .04 does not.
    assert meant.tolist() == [False, True, True, False, False]


def test_the_false_discovery_rate_is_scipys():
    p = np.random.default_rng(0).uniform(size=50) ** 3
    assert benjamini_hochberg(p, 50) == pytest.approx(stats.false_discovery_control(p))
    padded = np.r_[p, np.ones(150)]
    assert benjamini_hochberg(p, 200) == pytest.approx(stats.false_discovery_control(padded)[:50])


def test_a_trend_is_left_out(connection):
    rows = [repost(f"a{i:04d}", "everybody", i % 50) for i in range(CROWD + 50)]
    found = fused(connection, posts(connection, rows), of=("repost",))
    assert found.crowded == (1,) and len(found.a) == 0


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
    rows = [post(f"a{i:03d}", i, text=t) for i, t in enumerate(texts)]
    table = posts(connection, rows)
    close = {
        (i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(texts), 2)
        if jaccard(a, b) >= 0.7
    }
    pairs = similar_pairs(connection, f"SELECT {WORDS_SQL} AS words FROM {table}")
    mine = {(pair["a"], pair["b"]) for pair in pairs.to_pylist()}
    wanted = {tuple(sorted((texts[i], texts[j]))) for i, j in close}
    assert mine <= wanted and len(mine & wanted) / len(wanted) >= 0.9 and len(wanted) > 40
    same = TRACES.get("text").actions(connection, table)
    distinct = f"SELECT count(DISTINCT what) FROM ({same})"
    assert connection.execute(distinct).fetchone()[0] < len(texts)
