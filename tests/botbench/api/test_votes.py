"""Agreement and consensus from a tidy frame: the numbers of independent libraries, and sentences."""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

import botbench as bb


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(1)
    truth = rng.random(50) < 0.4
    rows = [
        (f"a{i}", who, "bot" if truth[i] ^ (rng.random() > 0.85) else "human")
        for i in range(50)
        for who in ("ann", "ben", "cy", "dee")
    ]
    return pd.DataFrame(rows, columns=["account", "claimant", "answer"])


def test_alpha_and_kappa_are_those_of_other_libraries(answers):
    found = bb.agreement(answers)
    wide = answers.assign(n=(answers["answer"] == "bot").astype(int)).pivot(
        index="claimant", columns="account", values="n"
    )
    alpha = krippendorff.alpha(wide.to_numpy(), level_of_measurement="nominal")
    figures = found.frame().set_index("figure")
    assert figures.loc["alpha nominal", "value"] == pytest.approx(alpha)
    assert figures.loc["alpha nominal", "low"] < alpha < figures.loc["alpha nominal", "high"]
    pair = found.pairs.set_index(["a", "b"]).loc[("ann", "ben")]
    assert pair["kappa"] == pytest.approx(cohen_kappa_score(wide.loc["ann"], wide.loc["ben"]))
    assert pair["accounts"] == 50


def test_majority_is_the_majority(answers):
    found = bb.consensus(answers, method="majority").frame().set_index("account_id")
    bots = answers.assign(n=answers["answer"] == "bot").groupby("account")["n"].sum()
    expected = np.select([bots > 2, bots < 2], ["bot", "human"], "none")
    assert found["label"].fillna("none").reindex(bots.index).tolist() == expected.tolist()
    assert (found["status"].reindex(bots.index)[bots == 2] == "disputed").all()


def test_auto_learns_of_the_annotators(answers):
    found = bb.consensus(answers)
    assert found.method == "bayesian"
    assert found.claimants["claimant"].tolist() == ["ann", "ben", "cy", "dee"]
    both = found.claimants
    assert (
        (both["sensitivity_low"] < both["sensitivity"])
        & (both["sensitivity"] < both["sensitivity_high"])
    ).all()
    frame = found.frame()
    assert ((frame["p_low"] <= frame["p_bot"]) & (frame["p_bot"] <= frame["p_high"])).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.assign(answer=(f["answer"] == "bot").astype(int)),
        lambda f: f.assign(answer=f["answer"] == "bot"),
        lambda f: f.assign(answer=(f["answer"] == "bot").astype(float)),
        lambda f: f.rename(columns={"account": "account_id"}),
        lambda f: f.sample(frac=1, random_state=0),
        lambda f: f.to_dict("list"),
    ],
)
def test_the_same_answers_give_the_same_labels(answers, change):
    expected = bb.consensus(answers, method="majority").frame()
    pd.testing.assert_frame_equal(
        bb.consensus(change(answers), method="majority").frame(), expected
    )


def test_the_latest_of_several_answers_counts(answers):
    later = answers.head(1).assign(
        answer="human" if answers["answer"][0] == "bot" else "bot", made_at="2026-01-02"
    )
    both = pd.concat([answers.assign(made_at="2026-01-01"), later])
    changed = bb.consensus(both, method="majority").frame()
    assert changed["n_claims"].eq(4).all()
    flipped = answers.copy()
    flipped.loc[0, "answer"] = later["answer"].iloc[0]
    expected = bb.consensus(flipped, method="majority").frame()
    pd.testing.assert_frame_equal(changed, expected)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda f: f.drop(columns="answer"),
            "answers has no column answer; it has account, claimant",
        ),
        (lambda f: f.head(0), "answers has no rows"),
        (lambda f: 5, "answers is int; give a data frame"),
        (lambda f: f.assign(claimant=None), "claimant of row 0 is missing"),
        (lambda f: f.assign(account=1.5), "floats, which rounds ids"),
        (lambda f: f.assign(answer="maybe"), "answers that the scheme does not: 'maybe'"),
    ],
)
def test_wrong_frames_are_sentences(answers, change, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        bb.consensus(change(answers))


def test_one_annotator_alone_agrees_with_nobody(answers):
    alone = bb.agreement(answers[answers["claimant"] == "ann"])
    assert alone.frame()["value"].isna().all()
    assert alone.document["paired"] == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"made_at": ["2026-01-01", "soon", None]}, "made_at of row 1 is 'soon', which is no time"),
        ({"claimant": pd.Series(["a", "\ud800", "c"], dtype=object)}, "claimant holds half a"),
        ({"account": pd.Series([1.0, 2.0, 3.0], dtype=object)}, "account is a column of floats"),
    ],
)
def test_odd_columns_of_answers_are_told(changed, said):
    answers = pd.DataFrame({"account": ["x"] * 3, "claimant": list("abc"), "answer": ["bot"] * 3})
    for function in (bb.agreement, bb.consensus):
        with pytest.raises(bb.UserError, match=said):
            function(answers.assign(**changed))
        with pytest.raises(bb.UserError, match="several columns answer"):
            function(pd.concat([answers, answers[["answer"]]], axis=1))


def test_times_of_several_forms_and_no_kind_are_read():
    answers = pd.DataFrame({"account": ["x"] * 2, "claimant": "a", "answer": ["human", "bot"]})
    timed = answers.assign(made_at=["2020-01-02", "2020-01-03T00:00:00+02:00"], claimant_kind=None)
    assert bb.consensus(timed).frame()["label"].tolist() == ["bot"]


@pytest.mark.parametrize("options", [{"method": None}, {"method": 5}, {"scheme": 5}])
def test_a_method_or_scheme_that_is_none_is_told(options):
    answers = pd.DataFrame({"account": ["x"], "claimant": ["a"], "answer": ["bot"]})
    with pytest.raises(bb.UserError, match="give "):
        bb.consensus(answers, **options)


def test_a_seed_that_is_none_is_told():
    answers = pd.DataFrame({"account": ["x"], "claimant": ["a"], "answer": ["bot"]})
    with pytest.raises(bb.UserError, match="seed is 'a'"):
        bb.agreement(answers, seed="a")
