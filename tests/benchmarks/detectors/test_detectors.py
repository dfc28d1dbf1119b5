"""Every detector goes through the same checks; then what each says on accounts where the answer is
known by hand.
"""

import json

import numpy as np
import pytest

from benchmarks.data.accounts import Accounts
from benchmarks.detectors import detectors, get
from benchmarks.detectors.posting_rate import RATE, RateRule
from benchmarks.detectors.trees import ShallowTree
from benchmarks.execution import cells
from benchmarks.protocols import Plan
from botbench.core.errors import UserError

NAMES = ("posts_total_per_day", "followers", "age_days", "gap_median")
EVERY = sorted(detectors())


def accounts(n=60, seed=0, missing=0.1):
    rng = np.random.default_rng(seed)
    y = np.tile(np.array([1, 0], dtype=np.int8), n // 2)
    values = rng.lognormal(2 + y[:, None], 1, (n, len(NAMES)))
    values[rng.random(values.shape) < missing] = np.nan
    return Accounts(NAMES, values), y


def scores(made, view):
    return made.predict_proba(view)[:, 1]


@pytest.fixture(autouse=True)
def one_thread():
    """As in the bench's workers; more threads only get in each other's way on so little."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def test_the_constant_says_the_share_of_bots():
    view, y = accounts(8)
    y[:] = [1, 0, 0, 0, 1, 0, 0, 0]
    assert scores(get("constant").seeded(0).fit(view, y), view).tolist() == [0.25] * 8


def test_silence_is_no_evidence():
    """Humans of whom nothing is known would make missingness the answer; they get the share of bots
    instead.
    """
    view = Accounts(
        ("gap_median",),
        np.array([[1.0], [2.0], [8.0], [9.0], [np.nan], [np.nan], [np.nan], [np.nan]]),
    )
    y = np.array([1, 1, 0, 0, 0, 0, 0, 0])
    for name in (
        "one-question-tree",
        "depth-4-tree",
        "random-forest",
        "gradient-boosting",
        "logistic-regression",
    ):
        made = get(name).seeded(0).fit(view, y)
        assert scores(made, view)[4:].tolist() == [0.25] * 4, name
        some, both = view.take(np.arange(4, 8)), np.array([1, 0, 0, 0])
        assert scores(made.fit(some, both), view).tolist() == [0.25] * 8, "nothing to learn from"


def test_one_question_by_hand():
    view = Accounts(
        ("followers", "posts_total"), np.array([[5, 10], [6, 20], [5, 90], [6, 100]], dtype=float)
    )
    made = ShallowTree(1, random_state=0).fit(view, np.array([1, 1, 0, 0]))
    assert made.explain() == "posts_total <= 55"
    assert scores(made, view).tolist() == [1, 1, 0, 0]


def test_rates_against_the_limit():
    made = RateRule(72).fit(Accounts((RATE,), np.zeros((4, 1))), np.array([1, 0, 0, 0]))
    p = scores(made, Accounts((RATE,), np.array([[72.0], [71.9], [216.0], [0.0], [np.nan]])))
    assert p[0] == 0.5 and p[1] < 0.5 and p[2] == 0.75 and p[3] == 0 and p[4] == 0.25


def test_rules_are_what_their_names_say():
    assert [get(f"rate-{n}").make().limit for n in (50, 72, 90, 144)] == [50, 72, 90, 144]
    assert "Howard & Kollanyi 2016" in get("rate-50").cites
    assert {s.name for s in detectors().values() if s.floor} == {"constant", "one-question-tree"}


def test_an_unknown_name_shows_the_closest():
    with pytest.raises(UserError, match="Did you mean 'one-question-tree'"):
        get("one-question-three")


def test_what_was_not_declared_is_not_there():
    view, _ = accounts()
    with pytest.raises(LookupError, match="'likes_total' is not among"):
        view.feature("likes_total")
    with pytest.raises(LookupError, match="'handle' is not among"):
        view.column("handle")
    with pytest.raises(LookupError, match="neither posts nor edges"):
        _ = view.nodes


TOY = """
import numpy as np
from benchmarks.detectors import Detector, detector

@detector("toy", needs=("followers",), cites="nobody", about="Many followers.")
class Toy(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        p = np.nan_to_num(accounts.feature("followers")) / 1e9
        return np.column_stack([1 - p, p])
"""


def test_another_distribution_adds_a_detector(plugin, make, home):
    plugin(TOY, toy="Toy")
    make("a", 20, 20)
    assert "toy" in detectors() and get("toy").needs == ("followers",)
    assert run(home, "toy", "a@1").status == "done"


def run(
    home,
    detector,
    test,
    train=None,
    protocol="cross-validation(folds=2, repeats=1, seed=0)",
    key="k",
):
    return cells.compute(cells.Task(home, key, detector, protocol, Plan(train or (test,), (test,))))


SPY = """
import json, re
import numpy as np, pyarrow as pa
from pathlib import Path
from benchmarks.detectors import Detector, detector

def texts(thing, seen):
    if id(thing) in seen: return
    seen[id(thing)] = thing
    if isinstance(thing, (pa.Array, pa.ChunkedArray)): yield from map(str, thing.to_pylist())
    elif isinstance(thing, pa.Table):
        yield from map(json.dumps, thing.schema.names)
        yield str(thing.to_pylist())
    elif isinstance(thing, np.ndarray): yield str(thing.tolist())
    elif isinstance(thing, Path):
        yield str(thing)
        import pyarrow.parquet as pq
        yield str(pq.read_table(thing).to_pylist())
    elif isinstance(thing, dict):
        for k, v in thing.items(): yield str(k); yield from texts(v, seen)
    elif isinstance(thing, (list, tuple)):
        for v in thing: yield from texts(v, seen)
    else:
        yield str(thing)
        yield from texts(getattr(thing, "__dict__", None) or {}, seen)
        for name in ("read", "nodes"):
            if hasattr(type(thing), name):
                value = getattr(thing, name)
                yield from texts(value() if callable(value) else value, seen)

class Spy(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        self.seen = json.dumps(list(texts(accounts, {})))
        p = np.arange(len(accounts)) / len(accounts)
        return np.column_stack([1 - p, p])
    def explain(self):
        # It may write nowhere: the words that it found are the only thing to get out.
        return json.dumps([w for w in WANTED if re.search(w, self.seen)])

@detector("spy", needs=("profile", "posts", "edges"), uses=("timing", "text", "content"),
          cites="nobody", about="Looks for ids.")
def spy(): return Spy()

@detector("spy-with-leave", needs=("handle", "posts", "post_id"),
          cites="nobody", about="Asks for handles and post ids.")
def leave(): return Spy()
"""


THERE = (
    "'account'",
    "'source'",
    "'ref_account'",
    r"RT @\d+: text",
    r"x\.com/\d+/status/\d+",
)
HIDDEN = (
    "secret",
    r"h77",
    "Name ",
    r"\bbot\b",
    "human",
    "label",
    "twitter",
    r"\b7700\d{3}(9\d)?\b",
)
WITH_LEAVE = (r"RT @h7700\d{3}: text", r"x\.com/h7700\d{3}/status/7700\d{5}")


@pytest.fixture
def spied(plugin, make, home):
    plugin(f"WANTED = {(*THERE, *HIDDEN, *WITH_LEAVE)!r}\n{SPY}", spy="spy", spy_with_leave="leave")
    ids = [f"77{i:05d}" for i in range(60)]  # bots first: the order of ids is the label
    make("secret-set", 30, 30, posts=3, edges=True, ids=ids)

    def look(detector):
        outcome = run(home, detector, "secret-set@1")
        assert outcome.status == "done", outcome.reason
        assert outcome.learnt.endswith(" (in 2 of 2 folds)"), outcome.learnt
        return outcome, set(json.loads(outcome.learnt.rpartition(" (in ")[0]))

    return look


def test_a_cheat_finds_no_label_no_id_no_data_set(spied):
    """It looked at posts and edges, into texts and links, and what is hidden was not there."""
    _, seen = spied("spy")
    assert seen == set(THERE)


def test_a_cheat_learns_nothing_from_the_order(spied):
    outcome, _ = spied("spy")
    table = outcome.predictions.to_pandas()
    bot = table["account_id"] < "7700030"
    ranks = table["p_bot"].rank()
    auc = (ranks[bot].sum() - 30 * 31 / 2) / 900
    assert 0.35 < auc < 0.65


def test_handles_and_post_ids_only_where_declared(spied):
    _, seen = spied("spy-with-leave")
    assert seen >= set(WITH_LEAVE) and "secret" not in seen


@pytest.fixture
def masked(tmp_path):
    """Write posts and read them masked: masked(texts, urls=.., mentions=.., refs=.., **leave)."""
    import types

    import pyarrow.parquet as pq

    from benchmarks.data import masking
    from curation.store.schema import rows

    def look(
        texts,
        urls=None,
        mentions=None,
        refs=None,
        platform="twitter",
        true_ids=False,
        true_handles=False,
    ):
        n = len(texts)
        columns = zip(
            texts, urls or [None] * n, mentions or [None] * n, refs or [None] * n, strict=True
        )
        pq.write_table(
            rows(
                "posts",
                [
                    {
                        "dataset": "d",
                        "post_id": str(i),
                        "account_id": "1",
                        "text": t,
                        "urls": u,
                        "mentions": m,
                        "ref_account_id": r,
                        "lang": str(i),
                    }
                    for i, (t, u, m, r) in enumerate(columns)
                ],
            ),
            tmp_path / "posts.parquet",
        )
        (tmp_path / "scratch").mkdir(exist_ok=True)
        pool = [types.SimpleNamespace(path=tmp_path, platform=[platform], account_id=["1"])]
        mask = masking.Mask("key")
        records = mask.posts(
            pool,
            mask.nodes(pool),
            tmp_path / "scratch",
            true_ids=true_ids,
            true_handles=true_handles,
        )
        return pq.read_table(records.path).sort_by("lang").to_pydict()

    return look


def test_a_handle_is_one_number_wherever_it_stands(masked):
    found = masked(
        [
            "RT @h77: hi .@H77! me@h77.com RT@h77 @h77@h78",
            "https://x.com/h77/status/1?s=20 \uff20h77\u3055\u3093",
            "plain 1/2",
            "",
            None,
        ],
        urls=[
            ["https://mobile.twitter.com/h77", "http://netflix.com/title/5"],
            ["https://x.com/i/web/status/1"],
            [],
            None,
            None,
        ],
        mentions=[["h77", "H78"], ["h77"], [], None, None],
        refs=["@h77", "1", None, None, None],
    )
    h77, h78 = found["mentions"][0]
    text, link, *rest = found["text"]
    assert text == f"RT @{h77}: hi .@{h77}! me@h77.com RT@{h77} @{h77}@{h78}"
    assert link == f"https://x.com/{h77}/status/{found['post'][1]}?s=20 \uff20{h77}\u3055\u3093"
    assert rest == ["plain 1/2", "", None]
    assert list(found["urls"][0]) == [
        f"https://mobile.twitter.com/{h77}",
        "http://netflix.com/title/5",
    ]
    assert found["urls"][1][0].endswith(f"/status/{found['post'][1]}")
    assert found["ref_account"][0] == h77 and found["ref_account"][1] == found["account"][0]


def test_handles_of_any_script(masked):
    assert "\u540d" not in masked(["@\u540d\u5b57 \u597d"], platform="weibo")["text"][0]


def test_each_leave_is_for_itself(masked):
    link = "@h77 https://x.com/h77/status/123456"
    assert masked([link], true_ids=True, true_handles=True)["text"][0] == link
    handles, ids = (
        masked([link], true_handles=True)["text"][0],
        masked([link], true_ids=True)["text"][0],
    )
    assert handles.startswith("@h77 https://x.com/h77/status/") and "123456" not in handles
    assert "h77" not in ids and ids.endswith("/status/123456")


def test_verdict_and_time_of_collection_are_not_offered(make, home):
    from benchmarks.data import release_arrays
    from benchmarks.detectors import Spec
    from benchmarks.execution import evidence

    make("a", 5, 5)
    for need in ("status", "observed_at"):
        with pytest.raises(UserError, match=need):
            evidence.gather(
                Spec("x", lambda: None, (need,), (), "", "", False, "fixed(0.5)"),
                [release_arrays.load(home, "a@1")],
            )


def test_numbers_differ_from_cell_to_cell(make, home):
    from benchmarks.data import masking, release_arrays
    from benchmarks.detectors import Spec
    from benchmarks.execution import evidence

    make("a", 5, 5, posts=2)
    pool = [release_arrays.load(home, "a@1")]
    spec = Spec("x", lambda: None, ("posts",), (), "", "", False, "fixed(0.5)")
    found = evidence.gather(spec, pool)

    def nodes(key):
        with evidence.view(spec, pool, found, masking.Mask(key)) as view:
            owners = view.take(np.array([3, 1])).posts.read(["account"])
            assert sorted(owners["position"].to_pylist()) == [0, 0, 1, 1]
            assert set(owners["account"].to_pylist()) == set(view.nodes[[3, 1]].tolist())
            return view.nodes.tolist()

    assert nodes("one") == nodes("one")
    assert not set(nodes("one")) & set(nodes("two"))


def test_listing(cli):
    found = {d["name"]: d for d in cli.json("detectors")["detectors"]}
    assert set(EVERY) == set(found)
    assert found["rate-72"]["needs"] == [RATE] and found["constant"]["floor"] is True
    told = found["kudugunta-ferrara"]["published"]
    assert {
        "table": "twibot22-readme.csv",
        "method": "Kudugunta et al.",
        "dataset": "Cresci-2015",
    }.items() <= next(r for r in told if r["dataset"] == "Cresci-2015").items() and not found[
        "constant"
    ]["published"]
    assert next(r for r in told if r["dataset"] == "Cresci-2015")["precision"] == 1.0
    assert {n for n, d in found.items() if d["transductive"]} == {
        "digital-dna-b3",
        "digital-dna-b6",
        "coordination",
        "label-propagation",
        "raw-and-rank",
        "self-training",
    }
    assert found["external"]["asks"] == ["file"] and found["random-forest"]["options"] == {
        "trees": 100
    }
    assert "one-question-tree" in cli("detectors").stdout
    assert json.dumps(found)


def test_a_name_may_hold_options():
    spec = get("random-forest(trees=5)")
    assert (
        spec.name == "random-forest(trees=5)"
        and spec.fresh().trees == 5
        and get(spec.name).version == spec.version
    )
    assert (
        spec.version != get("random-forest").version
        and get("random-forest( trees = 100 )").name == "random-forest"
    )
    assert get("digital-dna-b3").threshold == "fixed(0.5)"


@pytest.mark.parametrize(
    "name, says",
    [
        ("random-forest(tree=5)", "Did you mean 'trees'"),
        ("random-forest(trees='5')", "trees must be int"),
        ("random-forest(5)", "write it like"),
        ("external", "needs its file"),
        ("random-forest(trees=", "cannot be read"),
    ],
)
def test_a_name_that_cannot_be(name, says):
    with pytest.raises(UserError, match=says):
        get(name)


def test_domains_are_for_learning_only(plugin, make, home):
    plugin(DOMAINS, asks_for_domains="Asks")
    for i, name in enumerate("abc"):
        make(name, 10, 10, seed=i)
    outcome = run(
        home,
        "asks-for-domains",
        "c@1",
        train=("a@1", "b@1"),
        protocol="leave-one-data-set-out(seed=0)",
    )
    assert outcome.status == "done", outcome.reason
    assert set(outcome.predictions["p_bot"].to_pylist()) == {0.5}, (
        "two data sets taught, and those to be scored say nothing"
    )


DOMAINS = """
import numpy as np
from benchmarks.detectors import Detector, detector

@detector("asks-for-domains", needs=("followers",), uses=("domains",),
          cites="nobody", about="Counts data sets.", threshold="fixed(0.5)")
class Asks(Detector):
    def fit(self, accounts, y):
        self.begin(y)
        _, sizes = np.unique(accounts.domains, return_counts=True)
        assert sizes.tolist() == [20, 20]
        return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.5 if accounts.domains is None else 1.0)
"""


def test_external_scores_are_joined_by_the_bench(make, home, tmp_path, monkeypatch):
    """Two releases, a file with scores of the tested one's accounts: they come out as they went in,
    one account is missing.
    """
    monkeypatch.chdir(tmp_path)
    make("a", 10, 10, seed=1)
    b = make("b", 4, 12, seed=2)
    ids = sorted(
        __import__("pyarrow.parquet")
        .parquet.read_table(b.path / "labels.parquet")["account_id"]
        .to_pylist()
    )
    lines = [f"{i},{k / 20},0.3" for k, i in enumerate(ids[:-1])]
    (tmp_path / "s.csv").write_text("\n".join(["account_id,p_bot,threshold", *lines]))
    name = 'external(file="s.csv")'
    assert (
        get(name).threshold == "fixed(0.300000)"
        and get('external(file="s.csv", threshold=0.7)').threshold == "fixed(0.700000)"
    )
    outcome = run(home, name, "b@1", train=("a@1",), protocol="leave-one-data-set-out(seed=0)")
    assert outcome.status == "done", outcome.reason
    assert outcome.predictions["p_bot"].to_pylist() == [*(k / 20 for k in range(15)), 0.5]
    assert outcome.unscored == 1, "the account that the file lacks is counted"
    assert set(outcome.predictions["threshold"].to_pylist()) == {0.3}
    before = get(name).version
    (tmp_path / "s.csv").write_text("account_id,p_bot\n1,0.5\n")
    assert get(name).version != before, "another file is another cell"
    assert (
        get('external(file="s.csv", trained="a@1,b@1")').fresh().trained_on()
        == ("a@1", "b@1")
        != get(name).fresh().trained_on()
    )
    assert "none of external" in run(home, name, "b@1").reason


@pytest.mark.parametrize(
    "text, says",
    [
        ("account_id,score\n1,0.5\n", "has no column p_bot"),
        ("account_id,p_bot\n1,1.5\n", "row 1 is not a number"),
        ("account_id,p_bot\n1,0.5\n1,0.6\n", "several scores"),
        (None, "no predictions file"),
    ],
)
def test_external_files_that_cannot_be(text, says, tmp_path, monkeypatch):
    from benchmarks.data import external_scores

    monkeypatch.chdir(tmp_path)
    if text:
        (tmp_path / "s.csv").write_text(text)
    with pytest.raises(UserError, match=says):
        external_scores.read(tmp_path / "s.csv")
    with pytest.raises(UserError, match="relative to the folder"):
        get(f'external(file="{tmp_path}/s.csv")').version  # noqa: B018, reading it is the point


def test_letter_pairs_by_hand():
    """aab, aac: aa twice, ab, ac once. aab: (2 + 1)(1 + 1) / (4 + 3969)^2, square root; its own
    taken out: 2 * 1 / 3971^2.
    """
    from benchmarks.detectors.botometer_lite import Bigrams

    pairs = Bigrams().fit(["aab", "aac"])
    assert pairs.likelihood(["aab"])[0] == pytest.approx(6**0.5 / 3973)
    assert pairs.likelihood(["aab"], own=True)[0] == pytest.approx(2**0.5 / 3971)
    assert pairs.likelihood(["xyz"])[0] == pytest.approx(1 / 3973), "pairs that nobody had"
    assert (
        np.isnan(pairs.likelihood(["a", ""])).all()
        and np.isnan(Bigrams().fit([""]).likelihood(["a"])).all()
    )
