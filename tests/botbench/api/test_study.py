"""`bb.study` from frames: the published estimators' numbers, whatever the form, and sentences."""

import numpy as np
import pandas as pd
import pytest

import botbench as bb
from botbench.stats import survey

N, n = 2000, 300


@pytest.fixture(scope="module")
def world():
    """Simulated accounts with their truth, scores and numbers of posts, and a drawn sample."""
    rng = np.random.default_rng(2)
    ids = np.array([f"u{i}" for i in range(N)])
    bot = rng.random(N) < 0.25
    p = np.clip(0.5 * bot + 0.5 * rng.random(N), 0, 1)
    size = rng.lognormal(2, 1, N).round()
    at = rng.choice(N, n, replace=False)
    sample = pd.DataFrame(
        {"account_id": ids[at], "label": np.where(bot[at], "bot", "human"), "probability": n / N}
    )
    return ids, bot, p, size, at, sample


def expected(world, sizes=None, chance=None, at=None, p=None):
    _, bot, _, _, drawn, _ = world
    at = drawn if at is None else at
    y, sampled = np.full(N, np.nan), np.zeros(N, bool)
    y[at], sampled[at] = bot[at], True
    found = survey.share(y, sampled, np.full(N, n / N) if chance is None else chance, p, sizes)
    return [round(v, 6) for v in (found.value, found.low, found.high)], found.method


def three(estimate):
    return [estimate[k] for k in ("value", "low", "high")]


def test_the_estimates_are_the_survey_s(world):
    ids, _, p, size, _, sample = world
    found = bb.study(ids, sample, scores=p, sizes=size)
    accounts, posts = [e for e in found.estimates if e["default"]]
    assert (three(accounts), accounts["method"]) == expected(world, p=p)
    assert (three(posts), posts["method"]) == expected(world, size, p=p)
    assert (accounts["quantity"], posts["quantity"]) == ("share of accounts", "share of posts")
    assert accounts["naive"] == pytest.approx((p >= 0.5).mean(), abs=1e-6)
    assert accounts["n_labelled"] == n
    assert found.estimates[:2] == [accounts, posts]


def test_the_keys_are_those_of_the_document(world):
    ids, _, p, _, _, sample = world
    from benchmarks.study.estimators.estimate import Estimate

    blank = Estimate("q", None, "m", 0, 0, 1, None, 1, 0, ()).document()
    found = bb.study(ids, sample, p)
    assert all(set(e) >= set(blank) for e in found.estimates)
    assert {"campaign", "accounts", "posts", "estimates", "refused", "report"} <= set(
        found.to_dict()
    )


def test_a_draw_by_size_is_taken_as_independent(world):
    ids, bot, p, size, _, _ = world
    chance = np.minimum(1, n * size / size.sum())
    at = np.flatnonzero(np.random.default_rng(1).random(N) < chance)
    sample = {"account_id": ids[at], "label": bot[at], "probability": chance[at]}
    found = bb.study({"account_id": ids, "size": size}, sample, {"account_id": ids, "p_bot": p})
    posts = [e for e in found.estimates if e["default"]][1]
    assert (three(posts), posts["method"]) == expected(world, size, chance, at, p)


@pytest.mark.parametrize(
    "form",
    [
        lambda i, s, p, z: (pd.DataFrame({"account_id": i, "size": z}), s, p, None),
        lambda i, s, p, z: (pd.Series(i), s, pd.DataFrame({"account_id": i, "p_bot": p})[::-1], z),
        lambda i, s, p, z: (list(i), s.sample(frac=1, random_state=0), p, {"posts": z}),
        lambda i, s, p, z: (i, s, p, pd.DataFrame({"account_id": i, "posts": z})[::-1]),
        lambda i, s, p, z: (i, s.assign(label=(s["label"] == "bot").astype(int)), p, z),
        lambda i, s, p, z: (i, s.assign(stratum="all"), p, z),
    ],
)
def test_every_form_gives_the_same(world, form):
    ids, _, p, size, _, sample = world
    plain = [three(e) for e in bb.study(ids, sample, p, size).estimates]
    accounts, drawn, scores, sizes = form(ids, sample, p, size)
    assert [three(e) for e in bb.study(accounts, drawn, scores, sizes).estimates] == plain


def test_missing_answers_widen_and_bound(world):
    ids, _, _, _, _, sample = world
    some = sample.copy()
    some["label"] = some["label"].where(np.arange(n) % 5 > 0, None)
    some.loc[1, "label"] = "cannot tell"
    found = bb.study(ids, some).estimates[0]
    assert found["n_labelled"] == n - n // 5 - 1
    assert found["worst_low"] < found["low"] and found["high"] < found["worst_high"]
    assert any("drawn accounts have no answer" in a for a in found["assumptions"])


def test_scores_of_the_drawn_alone_are_refused(world):
    ids, _, p, _, at, sample = world
    only = np.full(N, np.nan)
    only[at] = p[at]
    found = bb.study(ids, sample, only)
    assert found.estimates[0]["method"].startswith("sample alone")
    assert any("depends on whether it was drawn" in note for note in found.notes)


def test_who_is_outside_is_told(world):
    ids, _, _, _, _, sample = world
    found = bb.study(ids[: N // 2], sample)
    assert "are not among accounts" in found.notes[0]
    assert found.estimates[0]["n_labelled"] == sample["account_id"].isin(ids[: N // 2]).sum()


def test_nobody_labelled_is_a_refusal_not_a_number(world):
    ids, _, _, _, _, sample = world
    found = bb.study(ids, sample.assign(label=None))
    assert found.estimates == []
    assert "has a label" in found.refused[0]["reason"]
    assert "not given" in repr(found)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda i, s, p: (i, s.drop(columns="probability")), "no column probability"),
        (lambda i, s, p: (i, s.assign(probability=0)), r"probability\[0\] is 0"),
        (lambda i, s, p: (i, s.assign(probability=1.5)), r"probability\[0\] is 1\.5"),
        (lambda i, s, p: (i, s.assign(label="maybe")), r"label\[0\] is 'maybe'"),
        (lambda i, s, p: (i, pd.concat([s, s])), "more than once"),
        (lambda i, s, p: (np.r_[i, i[:2]], s), "accounts names 2 accounts more than once"),
        (lambda i, s, p: (i, s, p[:5]), "scores has 5 values for 2,000 accounts"),
        (lambda i, s, p: (i, s, p * 9), "from 0 to 1"),
        (lambda i, s, p: (i, s, None, -np.ones(N)), r"sizes\[0\] is below 0"),
        (lambda i, s, p: (i, s.assign(account_id=s["account_id"] + "x")), "written alike"),
        (lambda i, s, p: (5, s), "accounts is 5"),
        (lambda i, s, p: ({"account_id": i, "size": 1}, s, None, np.ones(N)), "give one of them"),
    ],
)
def test_wrong_frames_are_sentences(world, change, sentence):
    ids, _, p, _, _, sample = world
    with pytest.raises(bb.UserError, match=sentence):
        bb.study(*change(ids, sample, p))


TABLE = {
    "method": ["a", "b"],
    "dataset": ["d", "d"],
    "precision": [0.9, 0.8],
    "recall": [0.9, 0.8],
    "f1": [0.95, 0.8],
}


def test_a_table_s_audit_is_the_command_s(tmp_path, capsys):
    import json

    import click

    from botbench.commands.main import build

    found = bb.audit_table(TABLE)
    assert [(i["row"], i["check"], i["possible"]) for i in found.issues] == [(1, "f1", False)]
    pd.DataFrame(TABLE).to_csv(tmp_path / "t.csv", index=False)
    capsys.readouterr()
    try:
        build()(["audit", "table", str(tmp_path / "t.csv"), "--json"], standalone_mode=False)
    except click.exceptions.Exit as left:
        assert left.exit_code == 1
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.to_dict()))
    assert bb.audit_table(tmp_path / "t.csv").to_dict() == found.to_dict()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"method": ["a"]}, "no column 'dataset'"),
        ({**TABLE, "f1": ["x", "y"]}, "row 1, f1: 'x' is not a number"),
        ("no.csv", "There is no file no.csv"),
        (5, "table is int"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_sentence(table, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        bb.audit_table(table)


def test_a_release_is_audited(made):
    found = bb.audit(made.load("small"))
    assert set(found.frame()) == {"check", "outcome", "value", "low", "high", "detail"}
    assert "one-question" in set(found.frame()["check"])
    assert set(found.issues) <= set(found.frame()["check"])
    with pytest.raises(bb.UserError, match="limited to a part"):
        bb.audit(made.load("small").split("train"))


def test_series_in_another_order_and_odd_settings_are_refused():
    ids = [f"a{i}" for i in range(40)]
    drawn = pd.DataFrame(
        {"account_id": ids[::2], "label": ["bot", "human"] * 10, "probability": 0.5}
    )
    other = pd.Series(np.linspace(0, 1, 40), index=ids[::-1])
    own = pd.DataFrame({"account_id": ["x1"], "posts": [3]})
    for given, said in [
        ({"scores": other}, "scores is a Series indexed by these accounts in another order"),
        ({"sizes": other}, "sizes is a Series indexed by these accounts in another order"),
        ({"sizes": {"likes": other}}, "another order"),
        ({"sizes": own}, "sizes has none of these accounts"),
        ({"threshold": "x"}, "threshold is 'x'"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"sample": drawn.assign(probability=1e-300)}, r"above 0 \(at least 1e-15\)"),
        ({"accounts": [float(i) for i in range(40)]}, "account_id is a column of floats"),
    ]:
        with pytest.raises(bb.UserError, match=said):
            bb.study(**{"accounts": ids, "sample": drawn, **given})
    same = bb.study(ids, drawn, other.loc[ids])
    assert same.estimates == bb.study(ids, drawn, other.loc[ids].to_numpy()).estimates


@pytest.mark.parametrize("odd", [None, 5, ["small"]])
def test_what_is_no_release_or_tolerance_is_told(odd):
    for function in (bb.load, bb.audit):
        with pytest.raises(bb.UserError, match="is no release; give its name"):
            function(odd)
    with pytest.raises(bb.UserError, match="give a fraction from 0 to 1"):
        bb.audit_table({"method": ["a"], "dataset": ["d"], "f1": ["0.9"]}, tolerance=odd and "x")
