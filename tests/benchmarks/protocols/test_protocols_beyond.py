"""Protocols beyond cross-validation: who trains on what, by hand; moves change what is seen and
nothing else.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import moves, release_arrays
from benchmarks.execution import results, runner
from benchmarks.execution.suite import check
from benchmarks.protocols import Facts, NotApplicable, Pool, parse
from botbench.core.errors import UserError

A, B, C = (Facts(f"{n}@1", f"d{n}", 20, 10, 10) for n in "abc")


def pool(y, **more):
    n = len(y)
    given = {
        "tested": np.ones(n, bool),
        "group": np.arange(n),
        "identity": np.arange(n),
        "part": np.full(n, -1, np.int8),
    }
    given |= {k: np.asarray(v) if not isinstance(v, dict) else v for k, v in more.items()}
    return Pool(y=np.asarray(y, np.int8), **given)


@pytest.mark.parametrize(
    "text",
    [
        "train-on-one(seed=0)",
        'train-on-one(seed=2, pairs="a+b")',
        "evasion(folds=5)",
        "evasion(folds=3, seed=4)",
        "prevalence-shift(prevalence=0.05, folds=5, repeats=5, seed=0)",
        "temporal(share=0.7, seed=0)",
        'temporal(share=0.5, seed=1, at="2015-01-31")',
        "leave-one-bot-kind-out(seed=0, least=10)",
        "few-shot(seed=0, labels=50)",
        'label-source-shift(train="person", test="dataset", folds=5, seed=0)',
    ],
)
def test_canonical_strings_round_trip(text):
    assert str(parse(text)) == text and parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prevalence-shift(prevalence=1.5)", "between 0 and 1"),
        ('temporal(at="June")', "must be a day like"),
        ("temporal(share=1.0)", "share must"),
        ("few-shot(labels=201)", "at most 200"),
        ('label-source-shift(train="person", test="person")', "two of"),
    ],
)
def test_mistakes_are_said(text, said):
    with pytest.raises(UserError, match=said):
        parse(text)


def test_the_matrix_is_every_ordered_pair():
    plans = parse("train-on-one(seed=0)").plans([A, B, C])
    names = ("a@1", "b@1", "c@1")
    assert [(p.train, p.test) for p in plans] == [
        ((t,), (s,)) for s in names for t in names if t != s
    ]
    same = Facts("a-again@1", "da", 20, 10, 10)
    assert [(p.train, p.test) for p in parse("train-on-one()").plans([A, same, B])] == [
        (("b@1",), ("a@1",)),
        (("b@1",), ("a-again@1",)),
        (("a@1",), ("b@1",)),
        (("a-again@1",), ("b@1",)),
    ]


def test_prevalence_is_what_was_asked_and_training_keeps_its_mix():
    folds = list(
        parse("prevalence-shift(prevalence=0.1, folds=4, repeats=3, seed=5)").split(
            pool([1] * 60 + [0] * 180)
        )
    )
    assert [(f.repeat, f.fold, f.fit) for f in folds] == [
        (r, k, k) for k in range(4) for r in range(3)
    ]
    y = np.array([1] * 60 + [0] * 180)
    for repeat in range(3):
        tested = np.concatenate([f.test for f in folds if f.repeat == repeat])
        # 180 people ask for 20 bots among 200
        assert len(set(tested)) == len(tested) == 200 and y[tested].sum() == 20
    assert all(len(f.train) == 180 and not set(f.train) & set(f.test) for f in folds)
    drawn = [sorted(t for f in folds if f.repeat == r for t in f.test if y[t]) for r in range(3)]
    assert drawn[0] != drawn[1], "each repeat draws other bots"
    rare = list(
        parse("prevalence-shift(prevalence=0.5, folds=2, repeats=1, seed=0)").split(
            pool([1] * 20 + [0] * 90)
        )
    )
    assert sum(len(f.test) for f in rare) == 40, "people are thinned where bots are too few"
    with pytest.raises(NotApplicable, match="2 bots"):
        list(
            parse("prevalence-shift(prevalence=0.05, folds=5, repeats=1, seed=0)").split(
                pool([1] * 20 + [0] * 30)
            )
        )


def test_time_parts_at_the_day_and_duplicates_do_not_teach():
    seen = [10.0, 20, 30, 40, 50, 60, 70, np.nan]
    y = [1, 0, 1, 0, 1, 0, 1, 0]
    (fold,) = parse("temporal(share=0.5, seed=0)").split(
        pool(y, seen=seen, group=[0, 1, 2, 3, 4, 5, 0, 7])
    )
    # the middle of seven known times is 40: those before teach, but 0 is a duplicate of 6; nobody
    # knows when 7 was seen
    assert fold.test.tolist() == [3, 4, 5, 6] and fold.train.tolist() == [1, 2]
    with pytest.raises(NotApplicable, match="no times of observation that differ"):
        list(parse("temporal()").split(pool(y, seen=[5.0] * 8)))
    day = 86400.0
    (fold,) = parse('temporal(at="1970-01-04")').split(
        pool(y[:6], seen=[day * k for k in range(6)])
    )
    assert fold.train.tolist() == [0, 1, 2] and fold.test.tolist() == [3, 4, 5]


def test_a_tested_kind_teaches_nothing():
    y = [1] * 9 + [0] * 6
    sort = [0, 0, 0, 1, 1, 1, -1, 2, 2] + [-1] * 6
    folds = list(parse("leave-one-bot-kind-out(least=3)").split(pool(y, sort=sort)))
    assert len(folds) == 2, "the third kind has two bots: it teaches and is not tested"
    assert [[t for t in f.test if t < 9] for f in folds] == [[0, 1, 2], [3, 4, 5]]
    assert [[t for t in f.train if t < 9] for f in folds] == [
        [3, 4, 5, 7, 8],
        [0, 1, 2, 7, 8],
    ], "the unknown one is left out"
    people = [t for f in folds for t in f.test if t >= 9]
    assert sorted(people) == list(range(9, 15)) and not set(folds[0].train) & set(folds[0].test)
    with pytest.raises(NotApplicable, match="fewer than two kinds"):
        list(parse("leave-one-bot-kind-out()").split(pool(y, sort=sort)))


def test_claimants_teach_their_own_answers():
    y = np.array([1] * 10 + [0] * 10)
    person = np.where(np.arange(20) % 2, -1, 1 - y).astype(
        np.int8
    )  # says the contrary, of every other account
    dataset = y.astype(np.int8)
    dataset[0] = 0  # the label follows somebody else here
    claimed = {"person": person, "dataset": dataset}
    folds = list(
        parse('label-source-shift(train="person", test="dataset", folds=2)').split(
            pool(y, claimed=claimed)
        )
    )
    assert sorted(t for f in folds for t in f.test) == list(range(1, 20))
    assert all(
        (f.labels[f.train] == 1 - y[f.train]).all() and (f.train % 2 == 0).all() for f in folds
    )
    with pytest.raises(NotApplicable, match="of the kind rule name fewer"):
        list(
            parse('label-source-shift(train="rule", test="dataset", folds=2)').split(
                pool(y, claimed=claimed)
            )
        )


def test_few_labels_are_tested_on_the_same_accounts_however_many():
    y = [1, 0] * 300
    tested = [False] * 100 + [True] * 500
    by = {
        k: list(parse(f"few-shot(seed=3, repeats=2, labels={k})").split(pool(y, tested=tested)))
        for k in (0, 10, 200)
    }
    for repeat in range(2):
        tests = [folds[repeat].test for folds in by.values()]
        assert len(tests[0]) == 300 and all(np.array_equal(tests[0], t) for t in tests)
    ten = by[10][0].train
    new, times = np.unique(ten[ten >= 100], return_counts=True)
    assert len(new) == 10 and set(times) == {10}, (
        "ten labels, ten times each, are half of the training part"
    )
    assert set(new) <= set(by[200][0].train) and not set(new) & set(by[10][0].test)
    assert (by[0][0].train < 100).all()
    with pytest.raises(NotApplicable, match="more than half of the 60"):
        list(
            parse("few-shot(labels=50)").split(pool([1, 0] * 60, tested=[False] * 60 + [True] * 60))
        )


# --- moves


def frozen(home, release, move):
    folder = moves.after_move(
        release.path, release.content_hash, move, 0, home / "cache" / "moves"
    ).path
    return {
        t: pq.read_table(folder / f"{t}.parquet").to_pandas()
        for t in ("accounts", "posts", "edges", "labels")
    }


@pytest.mark.parametrize("move", moves.MOVES)
def test_a_move_changes_bots_alone(make, home, move):
    release = make("a", 30, 30, seed=1, posts=4, edges=True)
    before = {
        t: pq.read_table(release.path / f"{t}.parquet").to_pandas()
        for t in ("accounts", "posts", "edges")
    }
    after = frozen(home, release, move)
    bots = set(after["labels"].query("label == 'bot'")["account_id"])
    changed = False
    for table in ("accounts", "posts"):
        own = {
            k: (
                f[~f["account_id"].isin(bots)]
                .astype(str)
                .sort_values(list(f.columns[:3]))
                .reset_index(drop=True)
            )
            for k, f in (("before", before[table]), ("after", after[table]))
        }
        assert own["before"].equals(own["after"]), table
        assert list(before[table].columns) == list(after[table].columns)
        theirs = [
            f[f["account_id"].isin(bots)].astype(str).values.tolist()
            for f in (before[table], after[table])
        ]
        changed |= sorted(theirs[0]) != sorted(theirs[1])
    assert changed
    again = moves.after_move(release.path, release.content_hash, move, 0, home / "elsewhere").path
    assert (
        pq.read_table(again / "posts.parquet")
        .sort_by("post_id")
        .equals(
            pq.read_table(
                moves.after_move(
                    release.path, release.content_hash, move, 0, home / "cache" / "moves"
                ).path
                / "posts.parquet"
            ).sort_by("post_id")
        )
    ), "the same draws from the same seed"


def test_what_each_move_does(make, home):
    release = make("a", 30, 30, seed=1, posts=6, edges=True)
    accounts = pq.read_table(release.path / "accounts.parquet").to_pandas().set_index("account_id")
    table = pq.read_table(release.path / "posts.parquet")
    # a repost, then five posts of which two repeat another one's text
    texts = pa.array(
        [f"RT @x: {i}" if i % 6 == 0 else f"text {i % 3}" for i in range(table.num_rows)]
    )
    place = table.column_names.index("text")
    pq.write_table(
        table.set_column(place, table.schema.field("text"), texts), release.path / "posts.parquet"
    )
    posts = pq.read_table(release.path / "posts.parquet").to_pandas().set_index("post_id")
    bots = set(frozen(home, release, "jitter")["labels"].query("label == 'bot'")["account_id"])
    profile = (
        frozen(home, release, "complete-profile")["accounts"]
        .set_index("account_id")
        .loc[sorted(bots)]
    )
    assert (profile["bio"] != "").all() and not profile["default_avatar"].any()
    assert profile["location"].isna().all(), "what is unknown stays unknown"
    back = frozen(home, release, "follow-back")
    mine = back["accounts"].set_index("account_id").loc[sorted(bots)]
    assert (mine["following"] == mine["followers"]).all()
    follows = set(zip(back["edges"]["source_id"], back["edges"]["target_id"], strict=True))
    # before, each follows the next: a bot now follows the one before it alone, and nobody who does
    # not follow it
    edges = pq.read_table(release.path / "edges.parquet").to_pandas()
    chain = list(zip(edges["source_id"], edges["target_id"], strict=True))
    assert follows == {
        (t, s) if s in bots else (s, t) for s, t in chain if not (s in bots and t not in bots)
    }
    jitter = frozen(home, release, "jitter")["posts"].set_index("post_id")
    moved = (
        (jitter["created_at"] - posts["created_at"])
        .dt.total_seconds()
        .loc[jitter["account_id"].isin(bots)]
    )
    assert moved.abs().max() <= 1800 and moved.nunique() > 50
    deleted = frozen(home, release, "delete-posts")
    left = deleted["posts"].query("account_id in @bots")
    # three different texts an account, half of them by chance: 45 of 90 expected, 4.7 the standard
    # deviation
    assert (
        25 < len(left) < 65
        and not left.duplicated(["account_id", "text"]).any()
        and not left["text"].str.startswith("RT").any()
    )
    half = deleted["accounts"].set_index("account_id").loc[sorted(bots), "posts_total"]
    assert (half == accounts.loc[sorted(bots), "posts_total"] // 2).all()
    names = frozen(home, release, "rename")["accounts"].set_index("account_id").loc[sorted(bots)]
    assert names["handle"].str.fullmatch("[a-z]+_[a-z]+").all() and names["handle"].nunique() > 10


def test_features_are_computed_anew(make, home):
    make("a", 30, 30, seed=1, posts=6)
    before, after = release_arrays.load(home, "a@1"), release_arrays.load(home, "a@1", "jitter")
    gap = before.names.index("gap_cv")
    bots = before.y == 1
    assert (before.values[bots, gap] != after.values[bots, gap]).all()
    np.testing.assert_array_equal(before.values[~bots], after.values[~bots])
    with pytest.raises(UserError, match="no move 'hide'"):
        moves.after_move(home, "x", "hide", 0, home)


BIO = """
import numpy as np
from benchmarks.detectors import Detector, detector
@detector("no-bio", needs=("bio_length",), cites="x", about="x", threshold="fixed(0.5)")
class NoBio(Detector):
    def fit(self, accounts, y):
        self.begin(y); return self
    def predict_proba(self, accounts):
        p = np.where(accounts.feature("bio_length") == 0, .9, .1)
        return np.column_stack([1 - p, p])
"""


def test_a_detector_is_judged_by_the_move_that_fools_it(plugin, make, home):
    """A detector that calls accounts without a bio bots is fooled by a filled-in bio only."""
    from benchmarks.leaderboard.compute import table
    from benchmarks.leaderboard.compute.scores import Plan

    plugin(BIO, no_bio="NoBio")
    make("a", 40, 40, seed=1)
    document = {
        "name": "s",
        "releases": ["a"],
        "detectors": ["constant", "one-question-tree", "no-bio"],
        "protocols": ["cross-validation(folds=2, repeats=1, seed=0)", "evasion(folds=2)"],
        "narrowed": {"evasion(folds=2)": {"detectors": ["no-bio"]}},
    }
    run = runner.bench(home, check(document, ""), jobs=1).run
    cells = {c.detector: c for c in results.cells(run) if c.protocol == "evasion(folds=2)"}
    assert set(cells) == {"constant", "one-question-tree", "no-bio"}, "floors are never left out"
    assert (cells["no-bio"].info["kind"], cells["no-bio"].info["worst"]) == ("worst evasion", True)
    scored = results.scored(cells["no-bio"]).to_pandas()
    found = scored[scored["y"] == 1].groupby("repeat")["p_bot"].apply(lambda p: (p >= 0.5).mean())
    assert found[1] == 0 < found[0] == found[2] == found[5], "0 is none, 1 the profile"
    board = table.from_run(run, Plan(200))
    rows = {(r["kind"], r["metric"]): r for r in board["rows"] if r["detector"] == "no-bio"}
    worst, usual = rows["worst evasion", "recall[bot]"], rows["in distribution", "recall[bot]"]
    assert (
        (worst["value"], worst["move"]) == (0, "complete-profile")
        and usual["value"] == found[0]
        and usual["move"] is None
    )
    assert (
        rows["worst evasion", "fpr[bot]"]["value"] == rows["in distribution", "fpr[bot]"]["value"]
    ), "people stay as they are"


def test_a_narrowed_suite_says_its_mistakes():
    document = {
        "name": "s",
        "releases": ["a"],
        "detectors": ["constant"],
        "protocols": ["temporal(share=0.7, seed=0)"],
        "narrowed": {"temporal(share=0.7, seed=0)": {"releases": ["b"]}, "evasion(folds=5)": {}},
    }
    with pytest.raises(
        UserError, match=r"protocol of this suite.*evasion|release of this suite.*'b'"
    ):
        check(document, "here")
    assert json.dumps(check({**document, "narrowed": {}}, "here").model_dump())


def test_temporal_kinds_and_sources_run(make, home):
    """A whole run: not applicable where the data do not say when, which kind or who, with the
    reason.
    """
    make("a", 20, 20, seed=1)
    protocols = [
        "temporal(share=0.7, seed=0)",
        "leave-one-bot-kind-out(seed=0, least=10)",
        'label-source-shift(train="person", test="dataset", folds=5, seed=0)',
    ]
    suite = check(
        {"name": "s", "releases": ["a"], "detectors": ["constant"], "protocols": protocols}, ""
    )
    run = runner.bench(home, suite, jobs=1).run
    reasons = [c.reason for c in results.cells(run)]
    assert [r.split()[0] for r in reasons] == ["the", "fewer", "claims"]
