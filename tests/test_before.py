"""A store, releases, a run and saved models of botbench 0.1 are read as they were written
(tests/before).
"""

import gzip
import json
import tarfile
from pathlib import Path

import pytest

BEFORE = Path(__file__).with_name("before")
"""Simulated accounts: two releases of 90, a batch with simulated answers, a run of 16 cells, five
saved models.
"""


@pytest.fixture(scope="module")
def expected():
    """What botbench 0.1 said of them: board, scores of every detector, agreement, versions, one
    account's claims.
    """
    return json.loads(gzip.decompress((BEFORE / "expected.json.gz").read_bytes()))


@pytest.fixture
def before(cli, tmp_path):
    """The command line, in a folder that holds the old store and the saved models."""
    for name in ("store.tgz", "models.tgz"):
        with tarfile.open(BEFORE / name) as archive:
            archive.extractall(tmp_path, filter="data")
    return cli


def test_the_store_s_versions_claims_and_agreement_are_read(before, expected):
    assert (
        before.json("log")["versions"][-len(expected["versions"]["versions"]) :]
        == expected["versions"]["versions"]
    )
    assert before.json("claims", "before-a-3") == expected["claims"]
    agreement = before.json("agreement", "before-a")
    # 0.1 gave percentiles for percent and AC1, which cover too little near the ends of the scale:
    # the values are as they were, the bounds are those of docs/labels.md.
    then = without_bounds(expected["agreement"], {"percent", "ac1"})
    assert said_before(agreement, then) == then
    for measure in ("percent", "ac1"):
        now = agreement[measure]
        assert -1 <= now["low"] < now["value"] < now["high"] <= 1


def without_bounds(document, measures):
    """The document without `low` and `high` of these measures, wherever they stand in it."""
    if isinstance(document, dict):
        return {
            key: {k: v for k, v in value.items() if k not in ("low", "high")}
            if key in measures and isinstance(value, dict)
            else without_bounds(value, measures)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [without_bounds(item, measures) for item in document]
    return document


def said_before(now, then):
    """The part of a document that has the keys of then: documents gain keys and lose none."""
    if isinstance(then, dict):
        return {key: said_before(now[key], then[key]) for key in then}
    if isinstance(then, list) and len(now) == len(then):
        return [said_before(*pair) for pair in zip(now, then, strict=True)]
    return now


def test_the_releases_are_whole_and_can_be_made_again(before):
    """The content hash of the frozen files is the one in release.json, and the same labels frozen
    again have it too.
    """
    listed = {
        (r["name"], r["version"]): r["content_hash"] for r in before.json("releases")["releases"]
    }
    assert set(listed) == {("a", 1), ("a", 2), ("b", 1)}
    again = before.json("release", "b", "--dataset", "before-b")
    assert (again["version"], again["content_hash"]) == (
        1,
        listed["b", 1],
    ), "nothing changed, so it is the same release"


def test_the_run_is_read_and_none_of_its_cells_is_done_again(before, expected):
    assert before.json("bench", BEFORE / "suite.yaml")["cells"] == {
        "done": 0,
        "cached": 16,
        "failed": 0,
        "not_applicable": 0,
    }
    board = before.json("leaderboard", "--suite", "before", "--out", "board")
    fields = ("cell", "metric", "value", "low", "high", "rank")
    rows = [row for row in board["rows"] if row["rank_low"] is not None]
    assert len(board["rows"]) == len(expected["board"])
    for row, old in zip(board["rows"], expected["board"], strict=True):
        new = [row[f] for f in fields]
        if row["few"]:  # 0.1 ranked rows that rest on few people, and gave them bootstrap intervals
            assert new[:3] == old[:3] and new[5] is None
            assert new[3:5] in ([None, None], old[3:5])
        else:
            assert new == old[:6]
    # 0.1 took the fits of a cross-validation for the algorithm: their variance is in ranks now. And
    # a pair is separated by Student's t, where the normal quantile was: ranks can only widen.
    then = {(r[0], r[1]): r[6:] for r in expected["board"]}
    for row in rows:
        low, high, group = then[row["cell"], row["metric"]]
        now = row["rank_low"], row["rank_high"], row["tie_group"]
        assert now[0] <= low and now[1] >= high and now[2] <= group


@pytest.mark.parametrize(
    "folder, detector",
    [
        ("logistic-regression", "logistic-regression"),
        ("depth-4-tree", "depth-4-tree"),
        ("username", "username"),
        ("efthimion", "efthimion"),
        ("random-forest-5", "random-forest(trees=5)"),
    ],
)
def test_a_saved_model_gives_the_scores_it_gave(before, expected, folder, detector):
    found = before.json("predict", detector, "before-b", "--model", f"models/{folder}")
    scores = [account["p_bot"] for account in found["accounts"][:12]]
    assert scores == pytest.approx(expected["scores"][detector]["p_bot"], abs=1e-5)


@pytest.fixture(scope="module")
def accounts_and_home(tmp_path_factory):
    """The accounts of `before-b` as new accounts, and the old store's home to train in."""
    from benchmarks.prediction import new_accounts

    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(BEFORE / "store.tgz") as archive:
        archive.extractall(folder, filter="data")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BOTBENCH_STORE", str(folder / "store"))
        (folder / "scratch").mkdir()
        with new_accounts.accounts("before-b", None, None, folder / "scratch") as accounts:
            yield accounts, folder / "store"


def test_every_detector_gives_the_scores_of_its_declared_revision(accounts_and_home, expected):
    """Trained on the release of 0.1. Whoever changes a detector's scores raises its revision and
    writes the new ones here.
    """
    from benchmarks.detectors import complete
    from benchmarks.prediction import predict

    accounts, home = accounts_and_home
    wrong = {}
    for spec in complete():
        before = expected["scores"].get(spec.name)
        if before is None or spec.revision != 1:
            continue
        scores = predict.train_and_apply(home, spec, ["a@1"], accounts).p[:12]
        if scores.tolist() != pytest.approx(before["p_bot"], abs=1e-4):
            wrong[spec.name] = scores.tolist()
    assert not wrong
