"""Sampling: exact probabilities, conditional on earlier batches, the same draw everywhere, and
nothing drawn twice.
"""

import random

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.core.errors import UserError
from botbench.stats.design_based import inclusion_probabilities, total, variance
from curation.sampling import score_files
from curation.sampling.design_study import Wave, answered, bias, world
from curation.sampling.designs import DESIGNS, parse
from curation.sampling.designs.stratified import Stratified, apportion
from curation.sampling.designs.uniform import Uniform
from curation.sampling.draw import draw, sample
from curation.sampling.unequal_probability import classes
from curation.store import schema


def observed(store, ids, dataset="d", **columns):
    own = {i: {k: v(i) if callable(v) else v for k, v in columns.items()} for i in ids}
    records = [{"dataset": dataset, "account_id": i, "platform": "twitter", **own[i]} for i in ids]
    store.append({"accounts": schema.rows("accounts", records)}, "t", "accounts")


def population(**sizes):
    values = ", ".join(f"('{s}{i}', '{s}')" for s, n in sizes.items() for i in range(n))
    return f"FROM (VALUES {values}) t(account_id, stratum)"


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


# -- designs


@pytest.mark.parametrize(
    "text",
    [
        "uniform(n=100)",
        "stratified(by=lang, n=7)",
        "stratified(by=verified, n=50, allocation=equal)",
    ],
)
def test_a_canonical_string_round_trips(text):
    assert str(parse(text)) == text and parse(str(parse(text))) == parse(text)


def test_what_is_not_canonical_becomes_so():
    assert (
        str(parse(" stratified( n=7 , by='lang', allocation=proportional)"))
        == "stratified(by=lang, n=7)"
    )
    assert str(parse("uniform", n=5)) == str(parse("uniform(n=5)", n=5)) == "uniform(n=5)"
    assert set(DESIGNS.all()) >= {"uniform", "stratified"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("uniforme(n=5)", "Did you mean 'uniform'"),
        ("uniform", "needs n"),
        ("uniform(n=0)", "at least 1, got 0"),
        ("uniform(n=1.5)", "whole number"),
        ("uniform(5)", "cannot be read at '5'"),
        ("stratified(n=5)", "needs by"),
        ("stratified(by=lang, n=5, allocation=evenly)", "allocation 'evenly'"),
        ("stratified(by=lang, m=5)", "no option of stratified 'm'"),
        ("uniform(n=5", "cannot be read"),
    ],
)
def test_a_wrong_design_is_one_sentence(text, says):
    with pytest.raises(UserError, match=says.replace("(", r"\(")):
        parse(text)


def test_two_different_sizes_are_refused():
    with pytest.raises(UserError, match="says n=5 and --n says 6"):
        parse("uniform(n=5)", n=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.data())
def test_sizes_sum_to_n_and_no_stratum_is_empty_or_overdrawn(capacities, data):
    n = data.draw(st.integers(len(capacities), sum(capacities)))
    for weights in (capacities, [1] * len(capacities)):
        sizes = apportion(capacities, weights, n)
        assert sum(sizes) == n and all(1 <= s <= c for s, c in zip(sizes, capacities, strict=True))
    proportional = apportion(capacities, capacities, n)
    shares = [n * c / sum(capacities) for c in capacities]
    if all(share >= 1 for share in shares):
        assert all(
            abs(s - share) <= 1 + len(capacities) / 2
            for s, share in zip(proportional, shares, strict=True)
        )


def test_webster_by_hand():
    assert apportion([53, 24, 23], [53, 24, 23], 7) == [
        3,
        2,
        2,
    ]  # 53, 24, 23, 17.7, 10.6, 8 and 7.67 beat 53/7 = 7.57
    assert apportion([1000, 1, 1], [1000, 1, 1], 10) == [8, 1, 1]
    assert apportion([2, 50, 50], [1, 1, 1], 12) == [2, 5, 5]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.data())
def test_inclusion_probabilities_sum_to_the_sample_size(connection, sizes, data):
    n = data.draw(st.integers(len(sizes), sum(sizes)))
    source = population(**{chr(97 + i): size for i, size in enumerate(sizes)})
    for design in (Stratified(n, "x"), Stratified(n, "x", "equal")):
        drawn, strata = draw(connection, source, design, seed=data.draw(st.integers(0, 99)))
        assert sum(s.population * s.probability for s in strata) == pytest.approx(n, abs=1e-9)
        assert drawn.num_rows == n == len(set(drawn["account_id"].to_pylist()))


# -- the draw


def test_stated_probabilities_are_the_frequencies(connection):
    """1,500 draws: each account's frequency lies within 5 standard errors of what is stated."""
    source, design, times = population(a=12, b=5, c=3), Stratified(8, "x"), 1500
    connection.execute(f"CREATE OR REPLACE TABLE members AS {source}")
    counts = dict.fromkeys(
        [f"{s}{i}" for s, n in (("a", 12), ("b", 5), ("c", 3)) for i in range(n)], 0
    )
    for seed in range(times):
        drawn, strata = draw(connection, "FROM members", design, seed)
        for account_id in drawn["account_id"].to_pylist():
            counts[account_id] += 1
    stated = {s.name: s.probability for s in strata}
    assert stated == {"a": 5 / 12, "b": 2 / 5, "c": 1 / 3}
    for account_id, count in counts.items():
        p = stated[account_id[0]]
        assert abs(count / times - p) < 5 * (p * (1 - p) / times) ** 0.5, account_id


def test_neither_order_nor_machine_matters(connection):
    ids = [f"a{i}" for i in range(500)]
    random.Random(1).shuffle(ids)
    shuffled = (
        "FROM (VALUES " + ", ".join(f"('{i}', 'all')" for i in ids) + ") t(account_id, stratum)"
    )
    ordered = population(a=500).replace("'a')", "'all')")
    first, _ = draw(connection, ordered, Uniform(3), 7)
    second, _ = draw(connection, shuffled, Uniform(3), 7)
    assert first.equals(second)
    assert first["account_id"].to_pylist() == [
        "a274",
        "a477",
        "a9",
    ], "the draw is part of the contract: it must not change"
    assert not draw(connection, ordered, Uniform(3), 8)[0].equals(first)


def test_the_smallest_of_sha256_is_drawn(connection):
    import hashlib

    ids = [f"a{i}" for i in range(9)]
    ranked = sorted(
        ids, key=lambda i: hashlib.sha256(f"4\x1funiform(n=2)\x1f{i}".encode()).hexdigest()
    )
    drawn, _ = draw(connection, population(a=9), Uniform(2), 4)
    assert drawn["account_id"].to_pylist() == sorted(ranked[:2])


# -- in the store


def test_a_batch_is_recorded_once(store):
    observed(store, [f"{i}" for i in range(20)])
    batch = sample(store, "d", Uniform(5), seed=3, copies=2)
    assert (batch.population, batch.size, batch.copies, batch.unchanged) == (20, 5, 2, False)
    head = store.head()
    again = sample(store, "d", Uniform(5), seed=3, copies=2)
    assert again.unchanged and store.head() == head == again.version
    assert again.document() == {**batch.document(), "version": head}
    rows = store.arrow("SELECT * FROM lake.main.assignments ORDER BY account_id, copy").to_pylist()
    assert (
        len(rows) == 10
        and {r["copy"] for r in rows} == {1, 2}
        and {r["inclusion_probability"] for r in rows} == {0.25}
    )
    assert {r["batch_id"] for r in rows} == {batch.batch_id} and {r["annotator"] for r in rows} == {
        None
    }
    stored = store.arrow("FROM lake.main.batches").to_pylist()[0]
    assert stored["drawn_from"] == batch.drawn_from and stored["design"] == "uniform(n=5)"


def test_a_later_batch_leaves_earlier_ones_out_and_says_the_probability_of_what_is_left(store):
    observed(store, [f"{i}" for i in range(20)])
    observed(store, [f"{i}" for i in range(5)], dataset="other")
    first = sample(store, "d", Uniform(12), seed=0)
    second = sample(store, "d", Uniform(4), seed=0)
    assert second.population == 8 and second.strata[0].probability == 0.5
    ids = store.arrow("SELECT account_id FROM lake.main.assignments")["account_id"].to_pylist()
    assert len(ids) == len(set(ids)) == 16
    assert sample(store, "d", Uniform(12), seed=0).batch_id == first.batch_id, (
        "an earlier command still finds its own batch"
    )
    repeat = sample(store, "d", Uniform(15), seed=1, again=True)
    assert repeat.population == 20
    with pytest.raises(UserError, match="1 can be drawn; ask for fewer"):
        sample(store, "d", Uniform(5), seed=2)


def test_strata_come_from_the_latest_observation_and_missing_is_one_of_them(store):
    from datetime import UTC, datetime

    observed(
        store, ["1", "2", "3", "4"], lang=lambda i: {"1": "en", "2": "fr", "3": None, "4": "en"}[i]
    )
    observed(store, ["1"], lang="fr", observed_at=datetime(2024, 1, 1, tzinfo=UTC))
    batch = sample(store, "d", Stratified(3, "lang"))
    assert [(s.name, s.population, s.size) for s in batch.strata] == [
        ("(missing)", 1, 1),
        ("en", 1, 1),
        ("fr", 2, 1),
    ]
    assert sample(store, "d", Stratified(3, "lang")).strata == batch.strata


def test_at_draws_from_another_version(store):
    observed(store, ["1", "2"])
    before = store.head()
    observed(store, ["3", "4"])
    assert sample(store, "d", Uniform(2), at=str(before)).population == 2
    assert sample(store, "d", Uniform(1)).population == 2, "those of the other batch are left out"


def test_errors_say_what_to_do(store):
    observed(store, [str(i) for i in range(9)], handle=lambda i: f"h{i}", lang="en")
    for design, says in (
        (Uniform(10), "asks for 10 accounts and 9 can be drawn"),
        (Stratified(5, "language"), "Did you mean 'lang'"),
        (Stratified(5, "extra"), "no column of accounts"),
        (Stratified(5, "handle"), "Draw at least 9"),
    ):
        with pytest.raises(UserError, match=says):
            sample(store, "d", design)
    with pytest.raises(UserError, match=r"no data set in the store 'dd'. Did you mean 'd'"):
        sample(store, "dd", Uniform(1))
    sample(store, "d", Uniform(9))
    with pytest.raises(UserError, match="All 9 accounts of d are in earlier batches"):
        sample(store, "d", Uniform(1))
    assert len(store.arrow("FROM lake.main.batches")) == 1


def test_the_command(cli, tmp_path):
    from curation.store.store import Store

    with Store(tmp_path / "store") as store:
        observed(store, [str(i) for i in range(10)], lang=lambda i: "en" if int(i) < 8 else "fr")
    found = cli.json("sample", "d", "--design", "stratified(by=lang, n=5)", "--copies", 2)
    assert set(found) == {
        "batch_id",
        "dataset",
        "design",
        "seed",
        "population",
        "size",
        "copies",
        "strata",
        "joint",
        "version",
    }
    assert found["strata"] == [
        {"stratum": "en", "population": 8, "size": 4, "probability": 0.5},
        {"stratum": "fr", "population": 2, "size": 1, "probability": 0.5},
    ]
    assert cli.json("sample", "d", "--design", "stratified(by=lang, n=5)", "--copies", 2) == found
    done = cli("sample", "d", "--n", 3)
    assert (
        "Next: botbench annotate push" in done.stderr
        and "3 of 5 accounts by uniform(n=3)" in done.stdout
    )
    assert "can be drawn" in cli("sample", "d", code=2).stderr, "by default 100 are asked for"


# -- designs that draw by a weight

WEIGHTED = (
    "suspicion(n=4)",
    "uncertainty(n=4, floor=0.2)",
    "disagreement(n=4)",
    "posts(n=4)",
    "rare-kinds(n=4)",
)


@pytest.mark.parametrize("text", WEIGHTED)
def test_weighted_designs_round_trip(text):
    assert str(parse(text)) == text


def test_a_floor_of_nothing_is_refused():
    for text in ("suspicion(n=4, floor=0)", "posts(n=4, floor=1.5)"):
        with pytest.raises(UserError, match="floor must be above 0 and at most 1"):
            parse(text)
    with pytest.raises(UserError, match="floor must be a number, got 'much'"):
        parse("suspicion(n=4, floor=much)")
    with pytest.raises(UserError, match="no count of posts 'all'"):
        parse("posts(n=4, count=all)")


weights = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=200)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(weights, st.floats(0.01, 1), st.data())
def test_probabilities_are_positive_sum_to_n_and_follow_the_weight(given_weights, floor, data):
    n = data.draw(st.integers(1, len(given_weights)))
    weight = np.array(given_weights)
    found = inclusion_probabilities(weight, n, floor)
    assert found.sum() == pytest.approx(n, rel=1e-9) and (found > 0).all() and (found <= 1).all()
    assert (np.diff(found[np.argsort(weight, kind="stable")]) >= -1e-12).all()
    number, strata = classes(found, n)
    assert sum(s.size for s in strata) == n and all(1 <= s.size <= s.population for s in strata)
    assert np.bincount(number).tolist() == [s.population for s in strata]
    assert all(len(set(number[weight == w])) == 1 for w in set(given_weights)), (
        "equal weight, equal probability"
    )


def test_probabilities_by_hand():
    # 98 of 100 would have 1.38; taken. The other place is shared in the ratio .1 : .106 : .106.
    assert inclusion_probabilities(np.array([0.0, 1, 1, 98]), 2, 0.4) == pytest.approx(
        [0.1 / 0.312, 0.106 / 0.312, 0.106 / 0.312, 1]
    )
    number, strata = classes(np.array([0.1 / 0.312, 0.106 / 0.312, 0.106 / 0.312, 1]), 2)
    assert [(s.name, s.population, s.size) for s in strata] == [
        ("take all", 1, 1),
        ("class 01", 3, 1),
    ]
    assert number.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("text", ["suspicion(n=6, floor=0.3)", "posts(n=12, floor=0.1)"])
def test_stated_probabilities_of_weighted_draws_are_the_frequencies(connection, text):
    """250 draws of 24 accounts: frequencies, and those of pairs, lie within 5 standard errors of
    what is stated.
    """
    design, times, ids = parse(text), 250, [f"a{i:02d}" for i in range(24)]
    values = ", ".join(f"('{a}', {1 + i * i})" for i, a in enumerate(ids))
    connection.execute(
        f"CREATE OR REPLACE TABLE weighted AS FROM (VALUES {values}) t(account_id, weight)"
    )
    seen, stated, stratum = np.zeros((24, 24)), np.full(24, np.nan), {}
    for seed in range(times):
        drawn, strata = draw(connection, "FROM weighted", design, seed)
        here = [int(a[1:]) for a in drawn["account_id"].to_pylist()]
        seen[np.ix_(here, here)] += 1
        stated[here] = drawn["inclusion_probability"].to_numpy()
        stratum.update(zip(here, drawn["stratum"].to_pylist(), strict=True))
    assert np.isfinite(stated).all(), "everybody can be drawn"
    sizes = {s.name: (s.size, s.population) for s in strata}
    for i in range(24):
        for j in range(24):
            p = stated[i] if i == j else stated[i] * stated[j]
            if i != j and design.joint == "simple within stratum" and stratum[i] == stratum[j]:
                n, of = sizes[stratum[i]]
                p = n * (n - 1) / (of * (of - 1))
            assert abs(seen[i, j] / times - p) <= 5 * (p * (1 - p) / times) ** 0.5 + 1e-12, (i, j)


def scored(path, rows, head="account_id,p_bot"):
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    return path


def test_a_batch_by_suspicion_is_recorded_with_what_it_was_drawn_by(store, tmp_path):
    observed(store, [str(i) for i in range(40)])
    file = scored(
        tmp_path / "s.csv", [(i, 0.9 if i < 10 else 0.1) for i in range(30)]
    )  # ten accounts have no score
    batch = sample(store, "d", parse("suspicion(n=12)"), scores=[file])
    assert (batch.size, batch.joint, len(batch.scores)) == (12, "simple within stratum", 64)
    assert sum(s.population for s in batch.strata) == 40 and sum(s.size for s in batch.strata) == 12
    rows = store.arrow("FROM lake.main.assignments").to_pylist()
    by = {r["account_id"]: (r["stratum"], r["inclusion_probability"]) for r in rows}
    stated = {s.name: s.probability for s in batch.strata}
    assert all(stated[stratum] == p for stratum, p in by.values()) and {
        r["part"] for r in rows
    } == {"sample"}
    again = sample(store, "d", parse("suspicion(n=12)"), scores=[file])
    assert again.unchanged and again.batch_id == batch.batch_id and again.strata == batch.strata
    other = sample(
        store,
        "d",
        parse("suspicion(n=12)"),
        scores=[scored(tmp_path / "o.csv", [(i, 0.5) for i in range(40)])],
    )
    assert other.batch_id != batch.batch_id and other.population == 28
    assert not {r["account_id"] for r in rows} & set(
        store.arrow(
            "SELECT account_id FROM lake.main.assignments WHERE batch_id = ?", [other.batch_id]
        )["account_id"].to_pylist()
    )


def test_posts_are_in_proportion_and_the_busiest_is_taken(store):
    observed(store, [str(i) for i in range(20)])
    store.append(
        {
            "posts": schema.rows(
                "posts",
                [
                    {"dataset": "d", "post_id": f"{i}-{k}", "account_id": str(i)}
                    for i in range(20)
                    for k in range(200 if i == 0 else i % 5)
                ],
            )
        },
        "t",
        "posts",
    )
    batch = sample(store, "d", parse("posts(n=8)"))
    rows = {r["account_id"]: r for r in store.arrow("FROM lake.main.assignments").to_pylist()}
    assert (rows["0"]["stratum"], rows["0"]["inclusion_probability"], batch.joint) == (
        "take all",
        1.0,
        "independent",
    )
    per_post = {
        (r["inclusion_probability"] - rest) / (int(a) % 5)
        for a, r in rows.items()
        if int(a) % 5
        for rest in [_floor(200 + 40, 20, 0.02)]
    }
    assert max(per_post) - min(per_post) < 1e-12, "beyond the even part, so much for each post"
    found = sample(store, "d", parse("posts(n=8)"))
    assert (
        found.unchanged
        and found.strata == batch.strata
        and sum(s.population for s in found.strata) == 20
    )


def _floor(posts, accounts, floor, n=8):
    """c * floor / N, where c makes the probabilities of all but the taken account sum to n - 1."""
    mixed = (accounts - 1) * floor / accounts + (1 - floor) * (posts - 200) / posts
    return (n - 1) / mixed * floor / accounts


def test_disagreement_and_uncertainty_look_at_thresholds(store, tmp_path):
    connection = store.connection
    scores, _ = score_files.load(
        connection,
        [
            scored(
                tmp_path / "a.csv",
                [("x", 0.2, 0.4), ("y", 0.7, 0.4), ("z", 0.4, 0.4)],
                "account_id,p_bot,threshold",
            ),
            scored(tmp_path / "b.csv", [("x", 0.25), ("y", 0.25)]),
        ],
    )
    q = connection.execute(f"SELECT detector, account_id, q FROM {scores} ORDER BY ALL").fetchall()
    assert q == [(1, "x", 0.25), (1, "y", 0.75), (1, "z", 0.5), (2, "x", 0.25), (2, "y", 0.25)]
    found = connection.execute(
        f"{parse('disagreement(n=1)').weights(scores)} ORDER BY 1"
    ).fetchall()
    assert found == [("x", 0.0), ("y", 0.5)]
    scores, _ = score_files.load(connection, [tmp_path / "a.csv"])
    found = connection.execute(f"{parse('uncertainty(n=1)').weights(scores)} ORDER BY 1").fetchall()
    assert found == [("x", 0.5), ("y", 0.5), ("z", 1.0)]


def test_rare_kinds_have_their_share(store, tmp_path):
    observed(store, [str(i) for i in range(30)])
    file = scored(
        tmp_path / "k.csv",
        [(i, "spam" if i < 8 else "rare", 1) for i in range(10)],
        "account_id,kind,p",
    )
    batch = sample(store, "d", parse("rare-kinds(n=9)"), scores=[file])
    by = {
        r["account_id"]: r["inclusion_probability"]
        for r in store.arrow("FROM lake.main.assignments").to_pylist()
    }
    assert by["8"] == by["9"] == 1.0, "two of the rare kind would share a third of nine places"
    assert batch.size == 9 and "take all" in {s.name for s in batch.strata}
    with pytest.raises(UserError, match="is suspected of any kind"):
        sample(store, "d", parse("rare-kinds(n=2)"), seed=1)
    store.append(
        {
            "claims": schema.rows(
                "claims",
                [
                    {
                        "claim_id": f"c{i}",
                        "dataset": "d",
                        "account_id": str(i),
                        "claimant": "rule",
                        "claimant_kind": "rule",
                        "answer": "bot",
                        "kinds": ["odd"],
                    }
                    for i in (20, 21)
                ],
            )
        },
        "t",
        "claims",
    )
    rest = sample(store, "d", parse("rare-kinds(n=6)"), seed=2)
    assert rest.population == 21 and rest.size == 6


@pytest.mark.parametrize(
    ("head", "rows", "says"),
    [
        ("account_id,score", [("1", 0.5)], "has no column p_bot"),
        ("account_id,p_bot", [("1", "high")], "Could not convert string"),
        (
            "account_id,p_bot",
            [("1", 1.5)],
            "account 1: p_bot is 1.5; expected a number from 0 to 1",
        ),
        ("account_id,p_bot", [("1", 0.5), ("1", 0.5)], "account 1 stands there 2 times"),
        (
            "account_id,p_bot",
            [("1.23E+17", 0.5), ("1.23E+17", 0.5), ("2", 0.5)],
            r"s.csv: 2 account ids went through a float \(1.23E\+17\) and have lost digits",
        ),
        (
            "account_id,p_bot",
            [(f"123456789012345{i}0000", 0.5) for i in range(9)],
            "account_id is rounded, as 9 of 9 ids of 20 digits here are",
        ),
        (
            "account_id,p_bot",
            [("elsewhere", 0.5)],
            "none of the 9 accounts of d that can be drawn is in the score files",
        ),
    ],
)
def test_a_wrong_score_file_is_one_sentence(store, tmp_path, head, rows, says):
    observed(store, [str(i) for i in range(9)])
    with pytest.raises(UserError, match=says):
        sample(store, "d", parse("suspicion(n=2)"), scores=[scored(tmp_path / "s.csv", rows, head)])


def test_how_many_score_files(store, tmp_path):
    observed(store, [str(i) for i in range(9)])
    file = scored(tmp_path / "s.csv", [("1", 0.5)])
    for text, given_files, says in (
        ("suspicion(n=2)", [], "takes at least 1 and 0 were given"),
        ("uncertainty(n=2)", [file, file], "takes exactly 1 and 2"),
        ("disagreement(n=2)", [file], "takes at least 2 and 1"),
        ("uniform(n=2)", [file], "takes no score file and 1"),
        ("suspicion(n=2)", [tmp_path / "none.csv"], "no score file .*none.csv; expected"),
    ):
        with pytest.raises(UserError, match=says):
            sample(store, "d", parse(text), scores=given_files)


def test_training_gold_and_adjudication_do_not_count_as_drawn(store):
    observed(store, [str(i) for i in range(9)])
    store.append(
        {
            "batches": schema.rows(
                "batches",
                [
                    {
                        "batch_id": "t",
                        "dataset": "d",
                        "design": "training",
                        "seed": 0,
                        "population": 2,
                        "size": 2,
                        "copies": 1,
                        "drawn_from": 1,
                        "purpose": "training",
                    }
                ],
            ),
            "assignments": schema.rows(
                "assignments",
                [{"batch_id": "t", "account_id": a, "copy": 1, "part": "training"} for a in "12"],
            ),
        },
        "t",
        "training",
    )
    assert sample(store, "d", Uniform(2)).population == 9


# -- what the draws are worth (simulated)


def test_estimates_from_every_design_and_from_waves_are_unbiased():
    """50 draws from one simulated population: mean errors within 4 of their Monte Carlo standard
    errors.
    """
    found = bias(50, seed=3)
    assert len(found) == 9 and all(abs(row["off"]) < 4 for row in found), found
    for row in found:
        if row["stated"] is not None:
            assert 0.6 < row["stated"] / row["standard_error"] < 1.5, row


def test_the_study_would_see_a_bias():
    """The same with probabilities that are wrong: suspicion taken for a uniform draw."""
    here = world(0)
    drawn = np.flatnonzero(here.bot)[:20]
    share = 20 / len(here.ids)
    biased = answered([Wave(drawn, np.full(20, share), ["all"] * 20, "simple within stratum")])
    assert total(biased, here.bot[drawn].astype(float)) / len(here.ids) == pytest.approx(1.0)
    assert 5 * here.bot.mean() < 1


def test_waves_are_averaged_by_their_size():
    """Two waves of two from ten accounts: totals 5 (one bot of two, each for five) and, conditional
    on the first, 1 + 8; their mean is 7.
    """
    first = Wave(np.array([0, 1]), np.full(2, 0.2), ["all"] * 2, "simple within stratum")
    second = Wave(np.array([2, 3]), np.full(2, 0.25), ["all"] * 2, "simple within stratum")
    assert total(answered([first, second]), np.array([1.0, 0, 1, 1])) == pytest.approx(7.0)


def test_variances_by_hand():
    simple = Wave(
        np.arange(4),
        np.array([0.5, 0.5, 0.25, 0.25]),
        ["a", "a", "b", "b"],
        "simple within stratum",
    )
    # N_h^2 (1 - f) s^2 / n: 16 * 1/2 * 1/2 / 2 and 64 * 3/4 * 1/2 / 2
    assert variance(answered([simple]), np.array([1.0, 0, 1, 0])) == pytest.approx(2 + 12)
    independent = Wave(np.arange(2), np.array([0.5, 1]), ["t", "t"], "independent")
    assert variance(answered([independent]), np.array([2.0, 1])) == pytest.approx(0.5 * 16)


@pytest.mark.parametrize("closed", [b"", b'2"'])
def test_a_score_file_with_an_open_quote_is_refused(tmp_path, closed):
    """The sample would be drawn as if the accounts of these lines had no score."""
    connection = duckdb.connect()
    rows = b"".join(b"%d,0.5,x\n" % i for i in range(20))
    (tmp_path / "a.csv").write_bytes(
        b'account_id,p_bot,note\na,0.5,"open\n' + rows + b"b,0.5," + closed + b"\n"
    )
    with pytest.raises(UserError, match=r"a\.csv, row 1: a quotation mark takes 21 lines with it"):
        score_files.load(connection, [tmp_path / "a.csv"])
