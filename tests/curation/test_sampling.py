"""Sampling: exact probabilities, conditional on earlier batches, the same draw everywhere, and nothing drawn twice."""

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import schema
from curation.designs import DESIGNS, parse
from curation.designs.stratified import Stratified, apportion
from curation.designs.uniform import Uniform
from curation.errors import UserError
from curation.sampling import draw, sample


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

@pytest.mark.parametrize("text", ["uniform(n=100)", "stratified(by=lang, n=7)", "stratified(by=verified, n=50, allocation=equal)"])
def test_a_canonical_string_round_trips(text):
    assert str(parse(text)) == text and parse(str(parse(text))) == parse(text)


def test_what_is_not_canonical_becomes_so():
    assert str(parse(" stratified( n=7 , by='lang', allocation=proportional)")) == "stratified(by=lang, n=7)"
    assert str(parse("uniform", n=5)) == str(parse("uniform(n=5)", n=5)) == "uniform(n=5)"
    assert set(DESIGNS.all()) >= {"uniform", "stratified"}


@pytest.mark.parametrize(("text", "says"), [
    ("uniforme(n=5)", "Did you mean 'uniform'"), ("uniform", "needs n"), ("uniform(n=0)", "at least 1, got '0'"),
    ("uniform(n=1.5)", "whole number"), ("uniform(5)", "cannot be read at '5'"), ("stratified(n=5)", "needs by"),
    ("stratified(by=lang, n=5, allocation=evenly)", "allocation 'evenly'"),
    ("stratified(by=lang, m=5)", "no option of stratified 'm'"),
    ("uniform(n=5", "cannot be read"),
])
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
        assert all(abs(s - share) <= 1 + len(capacities) / 2 for s, share in zip(proportional, shares, strict=True))


def test_webster_by_hand():
    assert apportion([53, 24, 23], [53, 24, 23], 7) == [3, 2, 2]  # 53, 24, 23, 17.7, 10.6, 8 and 7.67 beat 53/7 = 7.57
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
    counts = dict.fromkeys([f"{s}{i}" for s, n in (("a", 12), ("b", 5), ("c", 3)) for i in range(n)], 0)
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
    shuffled = "FROM (VALUES " + ", ".join(f"('{i}', 'all')" for i in ids) + ") t(account_id, stratum)"
    ordered = population(a=500).replace("'a')", "'all')")
    first, _ = draw(connection, ordered, Uniform(3), 7)
    second, _ = draw(connection, shuffled, Uniform(3), 7)
    assert first.equals(second)
    assert first["account_id"].to_pylist() == ["a274", "a477", "a9"], "the draw is part of the contract: it must not change"
    assert not draw(connection, ordered, Uniform(3), 8)[0].equals(first)


def test_the_smallest_of_sha256_is_drawn(connection):
    import hashlib

    ids = [f"a{i}" for i in range(9)]
    ranked = sorted(ids, key=lambda i: hashlib.sha256(f"4\x1funiform(n=2)\x1f{i}".encode()).hexdigest())
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
    assert len(rows) == 10 and {r["copy"] for r in rows} == {1, 2} and {r["inclusion_probability"] for r in rows} == {0.25}
    assert {r["batch_id"] for r in rows} == {batch.batch_id} and {r["annotator"] for r in rows} == {None}
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
    assert sample(store, "d", Uniform(12), seed=0).batch_id == first.batch_id, "an earlier command still finds its own batch"
    repeat = sample(store, "d", Uniform(15), seed=1, again=True)
    assert repeat.population == 20
    with pytest.raises(UserError, match="1 can be drawn; ask for fewer"):
        sample(store, "d", Uniform(5), seed=2)


def test_strata_come_from_the_latest_observation_and_missing_is_one_of_them(store):
    from datetime import UTC, datetime

    observed(store, ["1", "2", "3", "4"], lang=lambda i: {"1": "en", "2": "fr", "3": None, "4": "en"}[i])
    observed(store, ["1"], lang="fr", observed_at=datetime(2024, 1, 1, tzinfo=UTC))
    batch = sample(store, "d", Stratified(3, "lang"))
    assert [(s.name, s.population, s.size) for s in batch.strata] == [("(missing)", 1, 1), ("en", 1, 1), ("fr", 2, 1)]
    assert sample(store, "d", Stratified(3, "lang")).strata == batch.strata


def test_at_draws_from_another_version(store):
    observed(store, ["1", "2"])
    before = store.head()
    observed(store, ["3", "4"])
    assert sample(store, "d", Uniform(2), at=str(before)).population == 2
    assert sample(store, "d", Uniform(1)).population == 2, "those of the other batch are left out"


def test_errors_say_what_to_do(store):
    observed(store, [str(i) for i in range(9)], handle=lambda i: f"h{i}", lang="en")
    for design, says in ((Uniform(10), "asks for 10 accounts and 9 can be drawn"),
                         (Stratified(5, "language"), "Did you mean 'lang'"), (Stratified(5, "extra"), "no column of accounts"),
                         (Stratified(5, "handle"), "Draw at least 9")):
        with pytest.raises(UserError, match=says):
            sample(store, "d", design)
    with pytest.raises(UserError, match=r"no data set in the store 'dd'.*botbench pull dd"):
        sample(store, "dd", Uniform(1))
    sample(store, "d", Uniform(9))
    with pytest.raises(UserError, match="All 9 accounts of d are in earlier batches"):
        sample(store, "d", Uniform(1))
    assert len(store.arrow("FROM lake.main.batches")) == 1


def test_the_command(cli, tmp_path):
    from curation.store import Store

    with Store(tmp_path / "store") as store:
        observed(store, [str(i) for i in range(10)], lang=lambda i: "en" if int(i) < 8 else "fr")
    found = cli.json("sample", "d", "--design", "stratified(by=lang, n=5)", "--copies", 2)
    assert set(found) == {"batch_id", "dataset", "design", "seed", "population", "size", "copies", "strata", "version"}
    assert found["strata"] == [{"stratum": "en", "population": 8, "size": 4, "probability": 0.5},
                               {"stratum": "fr", "population": 2, "size": 1, "probability": 0.5}]
    assert cli.json("sample", "d", "--design", "stratified(by=lang, n=5)", "--copies", 2) == found
    done = cli("sample", "d", "--n", 3)
    assert "Next: botbench annotate push" in done.stderr and "3 of 5 accounts by uniform(n=3)" in done.stdout
    assert "can be drawn" in cli("sample", "d", code=2).stderr, "by default 100 are asked for"
