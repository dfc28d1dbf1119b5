"""New accounts scored: by hand on planted evidence, from files as users have them, and by detectors
kept and loaded again.
"""

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import external_scores, thresholds
from benchmarks.data.accounts import Accounts
from benchmarks.detectors import complete, get, safe_loading
from benchmarks.detectors.mlflow_model import log_folder
from benchmarks.prediction import explain, models, new_accounts, predict
from botbench.core.errors import RowsSetAside, UserError

USERS = [
    {
        "id_str": str(900 + i),
        "screen_name": f"name{i}",
        "name": "N",
        "description": "",
        "followers_count": 10**i,
        "friends_count": 50,
        "statuses_count": 7,
        "created_at": "Tue Apr 09 20:22:46 +0000 2013",
    }
    for i in range(4)
]


@pytest.fixture
def new(tmp_path):
    """Read a file as new accounts: new(name, text, platform=.., observed_at=..)."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def read(name, text, platform=None, observed_at=None):
            (tmp_path / name).write_text(text)
            scratch = tmp_path / f"scratch-{name}"
            return stack.enter_context(
                new_accounts.accounts(str(tmp_path / name), platform, observed_at, scratch)
            )

        yield read


def value(found, name, row):
    return found.values[row, found.names.index(name)]


SEEN = "2020-01-01T00:00:00Z"
HEAD = ["id", "screen_name", "description", "followers_count", "created_at"]
ROWS = [[str(10**9 + i), f"name{i}", "hi", str(i), "2015-03-01T10:11:12Z"] for i in range(4)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["id", "account_id", "User ID"])
def test_a_table_may_have_any_separator(new, separator, first):
    lines = [[first, *HEAD[1:]], *ROWS]
    found = new("t.csv", "".join(separator.join(line) + "\n" for line in lines), "twitter", SEEN)
    assert found.account_id.tolist() == [row[0] for row in ROWS]


def test_rows_that_are_set_aside_are_told(new):
    rows = [*ROWS, [*ROWS[0][:3], "many", ROWS[0][4]]]
    with pytest.warns(RowsSetAside) as told:
        found = new("t.csv", "".join(",".join(line) + "\n" for line in [HEAD, *rows]), "twitter")
    assert len(found.account_id) == 4
    assert [str(w.message).partition("t.csv: ")[2] for w in told] == [
        "1 row for accounts set aside (bad_count; first: t.csv:5)."
    ]


def test_lines_that_an_open_quote_takes_with_it_are_told(new):
    rows = [*ROWS * 20, ["1", '"open', *ROWS[0][2:]], *ROWS * 20]
    with pytest.warns(RowsSetAside) as told:
        new("q.csv", "".join(",".join(line) + "\n" for line in [HEAD, *rows]), "twitter")
    assert [str(w.message).partition("q.csv: ")[2] for w in told] == [
        "1 row for accounts set aside, with 81 lines in it (bad_quote; first: q.csv:81)."
    ]


def test_what_cannot_be_read_is_told_with_the_file_that_was_given(new, tmp_path):
    with pytest.raises(UserError) as raised:
        rows = [*ROWS * 20, ["1", '"open', *ROWS[0][2:]], *ROWS * 50]
        new("q.csv", "".join(",".join(line) + "\n" for line in [HEAD, *rows]), "twitter")
    assert str(raised.value).startswith(
        f"{tmp_path / 'q.csv'}, row 81: a quote opens there (line 82)"
    )
    with pytest.raises(UserError, match="A spreadsheet or a float has rounded the ids"):
        rows = [[f"1.23{i}E+18", *row[1:]] for i, row in enumerate(ROWS)]
        new("f.csv", "".join(",".join(line) + "\n" for line in [HEAD, *rows]), "twitter")


def test_twitter_json_as_users_have_it(new):
    for name, text in (
        ("users.json", json.dumps(USERS)),
        ("users.jsonl", "\n".join(map(json.dumps, USERS))),
    ):
        found = new(name, text, observed_at="2023-04-09T20:22:46Z")
        assert found.account_id.tolist() == ["900", "901", "902", "903"] and set(
            found.platform
        ) == {"twitter"}
        assert value(found, "followers", 3) == 1000 and value(found, "handle_digits", 0) == 1
        assert value(found, "age_days", 0) == 3652, "ten years, three leap days less one"


def test_only_the_families_that_are_needed_are_computed(tmp_path):
    tweets = [
        {"id_str": str(i), "created_at": f"Tue Apr 09 20:{i:02}:46 +0000 2019", "text": f"a {i}"}
        for i in range(30)
    ]
    lines = [json.dumps({**t, "user": USERS[i % 4]}) for i, t in enumerate(tweets)]
    (tmp_path / "tweets.json").write_text("\n".join(lines))
    read = {}
    for needs in (None, ("profile",), ("handle_length", "posts"), ("text",), ()):
        scratch = tmp_path / f"scratch-{needs}"
        with new_accounts.accounts(
            str(tmp_path / "tweets.json"), None, None, scratch, needs=needs
        ) as found:
            read[needs] = found
    whole = read.pop(None)
    families = np.array(whole.families)
    for family in ("profile", "text", "timing"):
        assert np.isfinite(whole.values[:, families == family]).any()
    expected = (["profile"], ["profile"], ["text"], ["bloc"])
    assert [new_accounts.families_of(needs) for needs in read] == list(expected)
    for (needs, found), wanted in zip(read.items(), expected, strict=True):
        computed = np.isin(families, wanted)
        assert (found.names, found.families) == (whole.names, whole.families), needs
        assert np.array_equal(found.values[:, computed], whole.values[:, computed], equal_nan=True)
        assert np.isnan(found.values[:, ~computed]).all()


def test_tweets_give_authors_and_posts(new):
    when = "Tue Apr 09 20:22:46 +0000 2019"
    tweets = [
        {"id_str": str(i), "text": "RT @x hi", "created_at": when, "user": USERS[i % 2]}
        for i in range(6)
    ]
    found = new("tweets.json", json.dumps(tweets))
    assert (
        len(found) == 2
        and value(found, "posts_seen", 0) == 3
        and value(found, "repost_share", 1) == 1
    )


def test_a_table_with_the_schema_s_columns(new):
    found = new(
        "t.csv",
        "account_id,followers,following,bio,nonsense\n00012,5,6,hello,1\n7,8,,x,2\n",
        platform="weibo",
    )
    assert found.account_id.tolist() == ["00012", "7"] and set(found.platform) == {"weibo"}
    assert value(found, "bio_length", 0) == 5 and np.isnan(value(found, "following", 1))


def test_a_bot_or_not_file_without_its_list_of_bots(new):
    post = {
        "id": "p",
        "author_id": "u1",
        "text": "@b hi",
        "created_at": "2024-03-16T01:00:00.000Z",
        "lang": "en",
    }
    user = {
        "id": "u1",
        "tweet_count": 1,
        "z_score": 0,
        "username": "a",
        "name": "A",
        "description": "",
        "location": None,
    }
    found = new(
        "posts&users[1].json",
        json.dumps({"id": 1, "lang": "en", "metadata": {}, "posts": [post], "users": [user]}),
    )
    assert found.account_id.tolist() == ["u1"] and value(found, "posts_seen", 0) == 1


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("x.csv", "a,b\n1,2\n", "expected Twitter's JSON or CSV"),
        ("x.json", "{", "cannot be read"),
        ("x.csv", "account_id,followers\n,3\n", "no account that could be read"),
    ],
)
def test_files_that_nobody_can_read(new, name, text, says):
    with pytest.raises(UserError, match=says):
        new(name, text)


def test_what_moved_a_score_by_hand():
    """p = (followers + 2 listed) / 10; typical 1 and 1; unknown is 0: 4 followers where 1 is
    typical add 0.3.
    """

    def score(view):
        return (
            np.nan_to_num(view.feature("followers")) + 2 * np.nan_to_num(view.feature("listed"))
        ) / 10

    view = Accounts(("followers", "listed"), np.array([[4.0, 0.0], [1.0, np.nan], [1.0, 4.0]]))
    moved = explain.causes(score, view, score(view), np.array([1.0, 1.0]))
    assert [[(c.evidence, c.value, round(c.change, 6)) for c in one] for one in moved] == [
        [("followers", "4", 0.3), ("listed", "0", -0.2)],
        [],
        [("listed", "4", 0.6)],
    ]
    assert (
        explain.sentence(moved[0])
        == "up: followers 4 (typical 1) +.30; down: listed 0 (typical 1) −.20"
    )
    assert "nothing" in explain.sentence(moved[1])
    thousands = Accounts(("followers",), np.array([[12964.0], [0.006803]]))
    moved = explain.causes(score_one, thousands, score_one(thousands), np.array([1500.0]))
    assert "followers 12,964 (typical 1,500)" in explain.sentence(moved[0])
    assert "followers 0.006803 (typical 1,500)" in explain.sentence(moved[1])


@pytest.mark.parametrize(
    ("most", "apart", "sizes"),
    [
        (10_000, True, [6, 3, 3]),
        (5, True, [3, 3, 3, 3]),
        (10_000, False, [3, 3, 3, 3]),
    ],
)
def test_views_that_differ_in_features_are_scored_as_one(monkeypatch, most, apart, sizes):
    """p = (followers + 2 listed + letters of both texts) / 20, so that every piece tells."""
    monkeypatch.setattr(explain, "ROWS", most)
    scored = []

    def score(view):
        scored.append(len(view))
        letters = [
            sum(len(text or "") for text in texts)
            for texts in zip(
                *(view.column(c).to_pylist() for c in ("bio", "location")), strict=True
            )
        ]
        return (view.feature("followers") + 2 * view.feature("listed") + letters) / 20

    view = Accounts(
        ("followers", "listed"),
        np.array([[4.0, 0.0], [1.0, 3.0], [1.0, 4.0]]),
        {"bio": pa.array(["abc", None, "d"]), "location": pa.array(["", "ef", "ghijk"])},
    )
    p = score(view)
    scored.clear()
    moved = explain.causes(score, view, p, np.array([1.0, 1.0]), top=4, apart=apart)
    assert scored == sizes
    assert [{c.evidence: round(c.change, 6) for c in one} for one in moved] == [
        {"followers": 0.15, "listed": -0.1, "bio": 0.15},
        {"listed": 0.2, "location": 0.1},
        {"listed": 0.3, "bio": 0.05, "location": 0.25},
    ]


def score_one(view):
    return view.values[:, 0] / 1e5


def test_only_the_highest_are_explained(monkeypatch):
    monkeypatch.setattr(explain, "MOST", 2)
    view = Accounts(("followers",), np.array([[1.0], [5.0], [9.0]]))
    moved = explain.causes(
        lambda v: v.values[:, 0] / 10, view, view.values[:, 0] / 10, np.array([0.0])
    )
    assert moved[0] is None and [len(one) for one in moved[1:]] == [1, 1]
    assert "not explained" in explain.sentence(None)


FEW = ["account_id,followers,following,posts_total", "1,2,3000,9", "2,900,20,9", "3,,,"]


def test_predict_as_users_call_it(cli, make_in_store, tmp_path):
    """Trained on a release, applied to a CSV; then kept, and applied again from there: the same
    scores.
    """
    make_in_store("a", 40, 40)
    (tmp_path / "new.csv").write_text("\n".join(FEW))
    found = cli.json(
        "predict",
        "random-forest(trees=20)",
        "new.csv",
        "--train",
        "a",
        "--save",
        "kept",
        "--out",
        "scores.parquet",
    )
    assert (
        set(found) >= {"detector", "threshold", "accounts"}
        and found["detector"] == "random-forest(trees=20)"
    )
    assert [a["account"] for a in found["accounts"]] == ["1", "2", "3"] and found[
        "simulated"
    ] is True
    first, second, third = found["accounts"]
    assert first["p_bot"] > second["p_bot"] and first["moved"] and "up: " in first["explanation"]
    assert (
        "handle_length" in first["missing"]
        and "followers" not in first["missing"]
        and third["missing"] == ["profile"]
    )
    assert third["p_bot"] == 0.5, "of whom nothing is known: the share of bots"
    table = pq.read_table(tmp_path / "scores.parquet")
    assert table.column_names == ["account_id", "p_bot", "threshold"]
    assert table["p_bot"].to_pylist() == [a["p_bot"] for a in found["accounts"]]
    assert json.loads(table.schema.metadata[b"botbench"])["trained_on"][0]["reference"] == "a@1"
    assert pq.read_table(tmp_path / "scores.trained_on.parquet").num_rows == 80
    assert external_scores.declared(tmp_path / "scores.parquet") == ("a@1",)
    again = cli.json(
        "predict", "random-forest(trees=20)", "new.csv", "--model", "kept", "--out", "again.csv"
    )
    lines = (tmp_path / "again.csv").read_text().splitlines()
    assert lines[0] == '"account_id","p_bot","threshold"' and len(lines) == 4
    assert external_scores.read(tmp_path / "again.csv")["p_bot"].to_pylist() == [
        a["p_bot"] for a in found["accounts"]
    ]
    refused = cli("predict", "constant", "new.csv", "--out", "scores.xlsx", code=2).stderr
    assert "--out scores.xlsx ends in .xlsx; give a file that ends in .csv or .parquet." in refused
    assert again["accounts"] == found["accounts"] and again["threshold"] == found["threshold"]
    known = models.ledger(tmp_path / "kept")
    assert known.column_names == ["platform", "account_id"] and known.num_rows == 80
    make_in_store("b", 6, 6, seed=2)
    shown = cli("predict", "random-forest(trees=20)", "new.csv", "--model", "kept")
    assert " more" in shown.stdout and "profile" in shown.stdout, "what is missing has a name"
    assert "missing: what the detector looks at and the account lacks" in shown.stderr
    everyone = cli("predict", "constant", "new.csv").stderr
    assert "92 accounts of a@1, b@1 (simulated)" in everyone, "without --train, on every release"


def test_whom_a_detector_cannot_tell_is_said(tmp_path):
    spec = SimpleNamespace(name="x", transductive=False, version="1")
    nobody = np.empty(0, dtype=object)
    trained = SimpleNamespace(
        spec=spec,
        threshold=0.5,
        simulated=True,
        releases=(),
        seed=0,
        platform=nobody,
        account_id=nobody,
    )
    ids = np.array(["1", "2", "3", "4"], dtype=object)
    p, unsure = np.array([0.9, 0.6, 0.4, 0.1]), np.array([False, True, False, False])
    found = predict.Predicted(trained, ids, ids, p, [[]] * 4, [None] * 4, unsure)
    document = predict.document(found)
    assert document["coverage"] == 0.75
    assert [a["abstained"] for a in document["accounts"]] == [False, True, False, False]
    assert [a["bot"] for a in document["accounts"]] == [True, True, False, False]
    predict.write(found, tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[:3] == [
        '"account_id","p_bot","threshold","abstained"',
        '"1",0.9,0.5,false',
        '"2",0.6,0.5,true',
    ]
    assert external_scores.read(tmp_path / "scores.csv")["p_bot"].to_pylist() == p.tolist()


def test_wrong_calls(cli, make_in_store, tmp_path):
    make_in_store("a", 10, 10)
    (tmp_path / "new.csv").write_text("\n".join(FEW))
    for arguments, says in (
        (["constant", "new.csv", "--model", "nowhere", "--train", "a"], "either --train"),
        (["constant", "nobody", "--train", "a"], "no file or data set"),
        (["timing-only", "new.csv", "--train", "a"], "new accounts have no timing"),
    ):
        assert says in " ".join(cli("predict", *arguments, code=2).stderr.split())


@pytest.fixture
def make_in_store(tmp_path, session_make):
    """Small releases in the store that `cli` uses."""
    from curation.store.store import Store

    with Store(tmp_path / "store") as store:
        home = store.home
    return session_make(home)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, session_make):
    """A detector trained on a release with all evidence, as predict trains it."""
    home = tmp_path_factory.mktemp("fitted") / "home"
    make = session_make(home)
    make("a", 20, 20, posts=6, given=["one"])
    make("b", 5, 5, posts=6, seed=3, given=["one"])

    def train(name):
        from benchmarks.data import release_arrays

        return predict.train_and_apply(home, get(name), ["a"], release_arrays.load(home, "b@1"))

    return train, home


@pytest.mark.parametrize("name", [s.name for s in complete() if s.name != "label-propagation"])
def test_every_detector_that_can_be_kept_comes_back_the_same(fitted, tmp_path, monkeypatch, name):
    from benchmarks.data import release_arrays

    # The threshold is a number like any other; choosing it would cost three more fits of each.
    monkeypatch.setattr(thresholds, "choose", lambda *_, **__: 0.375)
    train, home = fitted
    first = train(name)
    models.save(first.trained, tmp_path / "kept")
    again = predict.apply(
        models.load(tmp_path / "kept", get(name)), release_arrays.load(home, "b@1")
    )
    np.testing.assert_array_equal(first.p, again.p)
    assert first.missing == again.missing and again.trained.threshold == 0.375


def test_releases_to_train_on(tmp_path, session_make):
    from botbench.api.prediction.predict import Asked, teachers
    from botbench.commands.benchmark.predict import _named

    home = tmp_path / "store"
    make = session_make(home)
    asked = Asked("random-forest", home, home)
    with pytest.raises(UserError, match="no release to train on"):
        teachers(asked, "x.csv")
    make("a", 4, 4), make("b", 4, 4)
    assert _named(["a"], ["b"], None, None) == ["a", "b"] == _named(["a,b"], None, None, None)
    assert teachers(Asked("random-forest", home, home, ["a", "b"]), "x.csv") == ["a", "b"]
    assert teachers(asked, "b") == ["a"], "not on the data set itself"
    with pytest.raises(UserError, match="one file or data set at a time"):
        _named(None, ["b"], None, None)
    with pytest.raises(UserError, match="Say either --train RELEASE"):
        _named(["a"], None, tmp_path, None)
    with pytest.raises(UserError, match="--save keeps a detector that is trained now"):
        _named(None, None, tmp_path, tmp_path)


def test_one_that_reads_its_teachers_posts_is_not_kept(fitted, tmp_path):
    with pytest.raises(UserError, match="cannot be kept"):
        models.save(fitted[0]("label-propagation").trained, tmp_path / "kept")


class Evil:
    def __reduce__(self):
        return print, ("code of a stranger ran",)


def test_a_stranger_s_code_does_not_run(fitted, tmp_path, capsys, monkeypatch):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    monkeypatch.delenv(safe_loading.ASKED, raising=False)
    trained = fitted[0]("constant").trained
    models.save(trained, tmp_path / "kept")
    skops.io.dump(FunctionTransformer(print), tmp_path / "kept/model.skops")
    with pytest.raises(UserError, match="could run code"):
        models.load(tmp_path / "kept", get("constant"))
    (tmp_path / "kept/model.skops").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match="not a skops file"):
        models.load(tmp_path / "kept", get("constant"))
    assert "stranger" not in capsys.readouterr().out


def test_mlflow_models_are_read_from_skops_and_pickles_only_when_trusted(
    fitted, tmp_path, monkeypatch
):
    import mlflow
    from sklearn.tree import DecisionTreeClassifier

    from benchmarks.data import release_arrays

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(safe_loading.ASKED, raising=False)
    train, home = fitted
    known = release_arrays.load(home, "a@1")
    x = known.values[:, [known.names.index("followers"), known.names.index("following")]]
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(x, known.y)
    log_folder(tree, ["followers", "following"], tmp_path / "logged")
    found = train('mlflow(model="logged")')
    b = release_arrays.load(home, "b@1")
    expected = tree.predict_proba(
        b.values[:, [b.names.index("followers"), b.names.index("following")]]
    )[:, 1]
    np.testing.assert_array_equal(found.p, expected)
    pickled = {"serialization_format": "cloudpickle", "pip_requirements": ["scikit-learn"]}
    mlflow.sklearn.save_model(tree, str(tmp_path / "pickled"), **pickled)
    with pytest.raises(UserError, match="not in the skops format"):
        train('mlflow(model="pickled")')
    monkeypatch.setenv(safe_loading.ASKED, "1")
    with pytest.raises(UserError, match="does not name its inputs"):
        train('mlflow(model="pickled")')
    with pytest.raises(UserError, match="no MLflow model in"):
        get('mlflow(model="nothing")').version  # noqa: B018, reading it is the point
