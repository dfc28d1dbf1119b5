"""The methods: the sampler against the exact posterior, all of them on simulated crowds with known
truth, adjudication.
"""

import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import betaln

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.labels.agreement_report import report
from curation.labels.consensus import compare, consensus, gibbs, posterior
from curation.labels.consensus.crowds import Crowd, draw
from curation.labels.consensus.explain import explain
from curation.labels.consensus.methods import METHODS
from curation.labels.consensus.votes import Ballots
from tests.curation.labels.voting import Rule, claim, labels, say


def ballots(votes, accounts, claimants, truth=None, kinds=None):
    account, claimant, bot = (np.array(c) for c in zip(*votes, strict=True))
    nothing = np.zeros(accounts, dtype=np.int64)
    known = np.full(accounts, np.nan) if truth is None else np.array(truth, dtype=float)
    names = tuple(((kinds or ["person"] * claimants)[j], f"c{j}") for j in range(claimants))
    return Ballots(
        account,
        claimant,
        bot,
        pa.array([str(i) for i in range(accounts)]),
        names,
        known,
        nothing,
        nothing,
    )


def exact(votes, accounts, claimants, truth=None):
    """P(bot) by account, summed over every labelling and every prior of the grid whose two means
    sum to more than one.
    """
    m, k = np.meshgrid(gibbs.MEANS, gibbs.WEIGHTS, indexing="ij")
    a, b, prior = m * k, (1 - m) * k, m**2 * (1 - m)

    def evidence(right, wrong):
        """By the mean m."""
        logs = sum(betaln(a + r, b + w) - betaln(a, b) for r, w in zip(right, wrong, strict=True))
        return (prior * np.exp(logs)).sum(axis=1)

    total, bots = 0.0, np.zeros(accounts)
    for z in itertools.product((0, 1), repeat=accounts):
        if truth is not None and any(
            t is not None and not np.isnan(t) and t != v for t, v in zip(truth, z, strict=True)
        ):
            continue
        counts = np.zeros((2, 2, claimants))  # truth, said
        for i, j, y in votes:
            counts[z[i], y, j] += 1
        weight = np.exp(betaln(1 + sum(z), 1 + accounts - sum(z))) * sum(
            s * t
            for i, s in enumerate(evidence(counts[1, 1], counts[1, 0]))
            for j, t in enumerate(evidence(counts[0, 0], counts[0, 1]))
            if i + j > 18
        )
        total += weight
        bots += weight * np.array(z)
    return bots / total


VOTES = [
    (0, 0, 1),
    (0, 1, 1),
    (0, 2, 1),
    (1, 0, 0),
    (1, 1, 0),
    (1, 2, 1),
    (2, 0, 1),
    (2, 2, 0),
    (3, 1, 0),
]


@pytest.mark.parametrize("truth", [None, [np.nan, 1.0, np.nan, np.nan]])
def test_the_sampler_draws_from_the_exact_posterior(truth):
    drawn = posterior.sample(ballots(VOTES, 4, 3, truth), burn_in=200, sweeps=2_000)
    found, low, high = drawn.accounts()
    assert found == pytest.approx(exact(VOTES, 4, 3, truth), abs=0.025)
    assert (low <= found).all() and (found <= high).all()


def test_a_kind_weighs_what_gold_says_of_it():
    """A rule and three people; adjudicators find the rule wrong half the time: nobody says so but
    the gold.
    """
    rng = np.random.default_rng(4)
    truth = (rng.random(300) < 0.4).astype(int)
    votes = [
        (i, j, int(truth[i] if rng.random() < 0.85 else 1 - truth[i]))
        for i in range(300)
        for j in range(3)
    ]
    votes += [(i, 3, int(rng.random() < 0.5)) for i in range(300)]
    gold = np.where(np.arange(300) < 60, truth, np.nan)
    fit = METHODS.get("bayesian")(ballots(votes, 300, 4, gold, ["person"] * 3 + ["rule"]))
    assert fit.sensitivity[:3, 0] == pytest.approx([0.85] * 3, abs=0.1)
    assert (fit.sensitivity[3, 0], fit.specificity[3, 0]) == (
        pytest.approx(0.5, abs=0.12),
        pytest.approx(0.5, abs=0.12),
    )
    assert (fit.p_bot[:60] == truth[:60]).all(), "what adjudicators settled is taken as true"


@pytest.mark.parametrize("name", sorted(METHODS.all()))
def test_every_method_on_a_simulated_crowd(name):
    voted, bot, *_ = draw(Crowd("test", accounts=150, people=12), 3)
    fit = METHODS.get(name)(voted)
    assert compare.against_truth(fit.p_bot, bot)["accuracy"] > 0.9
    chances = fit.votes(voted.account, voted.claimant)
    assert ((fit.p_bot >= 0) & (fit.p_bot <= 1)).all() and ((chances >= 0) & (chances <= 1)).all()
    assert compare.log_loss(chances, voted.bot).mean() < 0.69, (
        "better than a coin on the votes it saw"
    )
    again = METHODS.get(name)(voted)
    assert (again.p_bot == fit.p_bot).all(), "the same votes give the same labels"
    unjudged = replace(
        voted,
        accounts=pa.array([*voted.accounts.to_pylist(), "nobody"]),
        truth=np.append(voted.truth, np.nan),
        ruling=np.append(voted.ruling, 0),
        judging=np.append(voted.judging, 0),
    )
    assert METHODS.get(name)(unjudged).p_bot.shape == (151,), (
        "accounts on which nobody judged keep their place"
    )


def test_the_bayesian_intervals_cover_and_its_chances_hold():
    """Simulated: 95 % intervals of sensitivity and specificity over 5 crowds of 30 people, 300
    intervals.
    """
    rows = compare.on_crowds(
        ["bayesian"], crowds=[Crowd("coverage", answers=5, prevalence=0.3, accounts=250)], repeats=5
    )
    assert rows[0]["coverage"] > 0.88 and rows[0]["calibration"] < 0.05


def test_a_crowd_with_adversaries_is_read_better_than_by_counting():
    crowd = Crowd("against", accounts=300, people=20, adversarial=0.3)
    rows = {
        r["method"]: r
        for r in compare.on_crowds(["bayesian", "majority"], crowds=[crowd], repeats=2)
    }
    assert rows["bayesian"]["log_loss"] < rows["majority"]["log_loss"]
    assert rows["bayesian"]["accuracy"] > rows["majority"]["accuracy"]


def test_log_loss_and_calibration_by_hand():
    assert compare.log_loss(np.array([0.5, 0.0]), np.array([1, 1])) == pytest.approx(
        [np.log(2), -np.log(1e-4)]
    )
    # Bin 0.9 to 1: three of four are bots at 0.95 (gap .2); bin 0 to 0.1: none of one at 0.05 (gap
    # .05).
    assert compare.calibration(
        np.array([0.95] * 4 + [0.05]), np.array([1, 1, 1, 0, 0])
    ) == pytest.approx((4 * 0.2 + 0.05) / 5)
    assert compare.against_truth(np.array([0.5, 0.9]), np.array([1, 0]))["accuracy"] == 0.25


def test_held_out_votes_are_not_seen():
    """Three people who always agree: what the others say foretells the held-out vote by (2 + .5) /
    3 and better.
    """
    votes = [(i, j, i % 2) for i in range(60) for j in range(3)]
    found = {
        r["method"]: r
        for r in compare.held_out(ballots(votes, 60, 3), ["majority", "bayesian"], folds=3)
    }
    assert found["bayesian"]["log_loss"] < found["majority"]["log_loss"]
    assert -np.log(2.5 / 3) <= found["majority"]["log_loss"] <= -np.log(1.5 / 2), (
        "two or one vote of the others are left"
    )
    assert found["majority"]["log_loss"] == found["majority"]["log_loss_p_bot"]


# -- in the store


def judge(account, answer, minutes=99, who="boss", **more):
    return claim(account, who, answer, minutes, attributes={"role": "adjudicator"}, **more)


def test_an_adjudicator_settles(store):
    say(
        store,
        *(claim(a, f"p{i}", "bot") for a in "abc" for i in range(3)),
        judge("a", "human"),
        judge("b", "cannot tell"),
        judge("d", "bot"),
        judge("e", "bot", 50),
        judge("e", "human", 60),
        claim("f", "p0", "bot"),
        judge("f", "bot", 5),
        judge("f", "human", 5, who="other"),
    )
    assert labels(store) == {
        "a": ("human", "adjudicated", 4, 0.0),
        "b": (None, "adjudicated", 3, 3.5 / 4),
        "c": ("bot", "agreed", 3, 3.5 / 4),
        "d": ("bot", "adjudicated", 1, 1.0),
        "e": ("human", "adjudicated", 1, 0.0),
        "f": (None, "disputed", 3, 1.5 / 2),
    }
    found = consensus(store, "d", Rule())
    assert found.status == {
        "agreed": 1,
        "disputed": 1,
        "too few": 0,
        "adjudicated": 4,
    } and found.labels == {"bot": 2, "human": 2}


def test_the_scheme_may_ask_adjudicators_to_be_unanimous(store):
    say(
        store,
        judge("a", "bot", 1, who="x"),
        judge("a", "human", 2, who="y"),
        judge("b", "bot", 1, who="x"),
        judge("b", "bot", 2, who="y"),
    )
    assert labels(store)["a"][:2] == ("human", "adjudicated")
    strict = Rule(consensus={"minimum": 1, "agreed": 0.6667, "adjudication": "unanimous"})
    assert {a: v[1] for a, v in labels(store, strict).items()} == {
        "a": "disputed",
        "b": "adjudicated",
    }


def test_the_default_learns_where_accounts_have_several_votes(store):
    say(
        store,
        *(
            claim(str(i), f"p{j}", "bot" if (i + (j == 0 and i < 3)) % 2 else "human")
            for i in range(20)
            for j in range(3)
        ),
    )
    found = consensus(store, "d", Rule())
    assert found.method == "bayesian" and [c["votes"] for c in found.claimants] == [20, 20, 20]
    row = store.arrow("SELECT * FROM lake.main.labels WHERE account_id = '0'").to_pylist()[0]
    assert (
        row["method"] == "bayesian"
        and row["p_low"] < row["p_bot"] < row["p_high"]
        and row["label"] == "human"
    )
    assert consensus(store, "d", Rule()).unchanged
    say(
        store,
        *(
            {**claim(str(i), f"p{j}", "bot"), "dataset": "small"}
            for i in range(19)
            for j in range(3)
        ),
    )
    assert consensus(store, "small", Rule()).method == "majority", "19 votes each are too few"
    say(store, *({**claim(str(i), "alone", "bot"), "dataset": "other"} for i in range(40)))
    assert consensus(store, "other", Rule()).method == "majority"


def test_what_is_said_in_training_is_no_vote(store):
    say(
        store,
        claim("a", "p", "bot", 1),
        claim("a", "p", "human", 2, attributes={"part": "training"}),
        claim("a", "q", "bot", 1),
    )
    assert labels(store)["a"] == ("bot", "agreed", 2, 2.5 / 3)
    assert [v["fate"] for v in explain(store, "d", "a", Rule())["votes"]] == [
        "counts",
        "counts",
        "said in training",
    ]
    assert report(store, "d", Scheme.load())["unanimous"] == 1.0


def test_explained(store):
    (old,) = say(store, claim("a", "p1", "human", 0))
    say(
        store,
        claim("a", "p1", "bot", 5, retracts=old),
        claim("a", "p2", "bot", 1),
        claim("a", "p2", "human", 2),
        claim("a", "p3", "cannot tell", 3),
        claim("a", "m", "bot", 4, kind="model"),
    )
    told = explain(store, "d", "a", Rule())
    assert [(v["claimant"], v["answer"], v["fate"]) for v in told["votes"]] == [
        ("p1", "human", "taken back"),
        ("p2", "bot", "answered again later"),
        ("p2", "human", "counts"),
        ("p3", "cannot tell", "does not judge"),
        ("m", "bot", "its kind was not asked"),
        ("p1", "bot", "counts"),
    ]
    assert (
        told["why"]
        == "1 of 2 judging votes say bot, p_bot is .500 by majority; the scheme asks for 67 % of"
        " the votes, so it is disputed."
    )
    with pytest.raises(UserError, match="no account with claims"):
        explain(store, "d", "zz", Rule())
    assert not store.arrow("FROM lake.main.labels").num_rows, "nothing was written"


@pytest.mark.data
def test_the_commands_on_real_votes(cli, shared_data):
    """The experts' unseen votes are foretold better by bayesian than by counting; VKTT2021 tells
    its annotators' skill.
    """
    cli("pull", "twibot22-experts", "--from", shared_data / "twibot22-annotation")
    cli("pull", "vk-2021-answers", "--from", shared_data / "vk-2021")
    held = {
        r["method"]: r
        for r in cli.json(
            "consensus-compare", "twibot22-experts", "--methods", "majority,bayesian"
        )["held_out"]
    }
    assert (
        held["bayesian"]["votes"] > 4900
        and held["bayesian"]["log_loss_high"] < held["majority"]["log_loss_low"]
    )
    found = cli.json(
        "consensus-compare",
        "vk-2021-answers",
        "--truth",
        "truth",
        "--methods",
        "majority,bayesian,wawa",
    )
    known = {r["method"]: r for r in found["against_truth"]}
    assert known["bayesian"]["skill_error"] < known["wawa"]["skill_error"]
    assert known["majority"]["log_loss"] < known["bayesian"]["log_loss"], (
        "one answer an account: why auto is majority there"
    )
    wrong = cli(
        "consensus-compare", "vk-2021-answers", "--truth", "truht", "--methods", "majority", code=2
    )
    assert "quality, role, truth" in wrong.stderr
    judged = cli.json("consensus", "vk-2021-answers")
    assert (
        judged["method"] == "majority"
        and cli.json("consensus", "twibot22-experts", "--kinds", "person")["method"] == "bayesian"
    )
    assert (
        "p_bot"
        in cli("consensus", "vk-2021-answers", "--explain", _first(cli, "vk-2021-answers")).stdout
    )


def _first(cli, dataset):
    from curation.store.store import Store

    with Store(cli.cwd / "store") as store:
        return store.arrow(
            "SELECT min(account_id) AS a FROM lake.main.claims WHERE dataset = ?", [dataset]
        )["a"][0].as_py()
