"""Suites: those that come with botbench, and what is said of mistakes in one's own."""

import pytest

from benchmarks.execution.suite import check, load, named, with_floor_rows
from botbench.core.errors import UserError

GOOD = {"name": "mine", "releases": ["a"], "protocols": ["official-split"]}


@pytest.mark.parametrize("name", sorted(named()))
def test_the_suites_that_come_along(name):
    suite = load(name)
    assert suite.name == name and suite.metrics == "all" and suite.about
    assert suite.detectors == "all" or {"constant", "one-question-tree"} < set(suite.detectors), (
        "the floors stand on every board"
    )
    kinds = {protocol.partition("(")[0] for protocol in suite.protocols}
    assert kinds >= {
        "cross-validation",
        "leave-one-data-set-out",
    }, "in distribution is never shown without transfer"


def test_there_are_demo_and_real():
    assert {"demo", "real", "honest", "ours"} <= set(named())
    assert {"random-forest", "gradient-boosting", "rate-144"} < set(load("real").detectors)


def test_the_real_suite_names_cards():
    """Each release of the suite has the name of its card, and none of them is simulated."""
    from curation.ingest.cards import all_cards

    cards = all_cards()
    missing = [r for r in load("real").releases if r not in cards]
    assert not missing, f"no card for {missing}"
    assert not any(cards[r].simulated for r in load("real").releases)
    assert all(cards[r].simulated for r in load("demo").releases)


def test_protocols_become_canonical():
    assert check(GOOD, "here").protocols == ["official-split()"]
    short = check({**GOOD, "protocols": ["cross-validation(folds=3)"]}, "x")
    assert short.protocols == ["cross-validation(folds=3, repeats=2, seed=0)"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"detectors": ["one-question-three"]}, "Did you mean 'one-question-tree'"),
        ({"detectors": ["constant", "constant"]}, "detectors names 'constant' twice"),
        (
            {"protocols": ["cross-validation(folds=1)", "nothing()"]},
            "folds must be at least 2.*no protocol 'nothing'",
        ),
        ({"protocols": []}, "protocols: List should have at least 1 item"),
        ({"metrics": ["f1"]}, "no metric 'f1'"),
        ({"release": ["a"]}, "release: Extra inputs are not permitted"),
        ({"releases": "a"}, "releases: Input should be a valid list .*got 'a'"),
        ({"fits": 0}, r"my.yaml: fits: Input should be greater than or equal to 1 \(got 0\)"),
        ({"fits": True}, r"fits: Input should be a valid integer .*\(got True\)"),
        ({"fits": "3"}, r"fits: Input should be a valid integer .*\(got '3'\)"),
        ({"fits": {"constant": 0}}, "; fits.constant: Input should be greater than"),
        ({"name": "Mine!"}, "name: String should match pattern"),
    ],
)
def test_every_mistake_is_said(change, said):
    with pytest.raises(UserError, match=said) as error:
        check({**GOOD, **change}, "my.yaml")
    assert str(error.value).startswith("my.yaml: ")


def test_a_suite_without_floor_rows_gets_them():
    mine = check({**GOOD, "detectors": ["rate-72", "constant"]}, "x")
    whole, added = with_floor_rows(mine)
    assert added == ["one-question-tree"]
    assert whole.detectors == ["one-question-tree", "rate-72", "constant"]
    assert with_floor_rows(whole) == (whole, [])
    assert with_floor_rows(check(GOOD, "x"))[1] == [], "all detectors hold them already"


def test_a_mistake_made_a_hundred_times_is_said_once():
    with pytest.raises(UserError) as error:
        check({**GOOD, "detectors": ["rtree"] * 100}, "my.yaml")
    assert str(error.value).count("There is no detector 'rtree'") == 1


def test_files_that_are_no_suites(tmp_path):
    with pytest.raises(UserError, match=r"no suite 'dmo'\. Did you mean 'demo'"):
        load("dmo")
    with pytest.raises(UserError, match=r"no suite file .*gone.yaml"):
        load(tmp_path / "gone.yaml")
    (tmp_path / "bad.yaml").write_text("name: [")
    with pytest.raises(UserError, match="is not YAML"):
        load(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(
        UserError, match="expected a mapping with name, releases and protocols, got list"
    ):
        load(tmp_path / "list.yaml")


def test_the_command_without_a_store(cli):
    done = cli("bench", "demo", code=2)
    assert "There is no store at" in done.stderr


def test_the_command_on_missing_releases(cli, tmp_path):
    (tmp_path / "store").mkdir()
    done = cli("bench", "demo", "--no-mlflow", code=2)
    assert (
        "3 of the suite's 3 releases cannot be read" in done.stderr and "simulated-a" in done.stderr
    )
