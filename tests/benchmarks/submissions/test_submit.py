"""Submissions: every mistake is a sentence, seals hold, the Ladder gives little away, and a made-up
team reaches the board.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks.execution import results
from benchmarks.submissions import (
    check,
    entries,
    folder,
    ladder,
    ledger,
    manifest,
    package,
    prepare,
    sealed,
)
from botbench.core.errors import Findings, UserError

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

SAID = {
    "detector": "our-hours",
    "version": "1.0",
    "authors": ["A. Author"],
    "about": "Looks at the hours of posts.",
    "cites": "",
    "code": "not public",
    "licence": "MIT",
    "hardware": "2 cores",
    "seconds": 1.5,
    "threshold": 0.5,
    "trained_on": [{"name": "toy@1", "release": "toy@1", "part": "train"}],
}


@pytest.fixture
def release(make):
    """A release with an official split and real hashes of its files."""
    made = make("toy", bots=60, humans=60, official=True, posts=2)
    file = made.path / "release.json"
    info = json.loads(file.read_text())
    import hashlib

    info |= {
        "content_hash": hashlib.sha256(b"toy").hexdigest(),
        "files": {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in made.path.glob("*.parquet")
        },
    }
    file.write_text(json.dumps(info))
    from curation.release import release as releases

    return releases.load(made.path.parents[2], "toy@1")


@pytest.fixture
def public(release, home):
    sealed.seal(home, release, split="official", part="test", answers=3, step=0.01)
    return folder.read(sealed.folder(home, "toy@1") / "public")


def truth(release):
    return {r["account_id"]: r["label"] for r in pq.read_table(release.file("labels")).to_pylist()}


def write(tmp_path, public, p=None, name="p.csv", text=None):
    ids = public.wanted()["account_id"].to_pylist()
    file = tmp_path / name
    rows = "".join(f"{i},{(p or {}).get(i, 0.25)}\n" for i in ids)
    file.write_text(text if text is not None else "account_id,p_bot\n" + rows)
    return file


def made(tmp_path, public, p=None, **said):
    out = tmp_path / f"s{len(list(tmp_path.iterdir()))}"
    prepare.prepare(public, write(tmp_path, public, p), out, SAID | said)
    return out


def problems(path, public, home=None):
    return [p.what for p in check.check(path, public, home).problems]


def test_what_goes_out_of_a_sealed_release_holds_no_sealed_label(public, release):
    test = set(public.wanted()["account_id"].to_pylist())
    assert 20 < len(test) < 60
    labels = pq.read_table(public.path / "labels.parquet")["account_id"].to_pylist()
    assert not test & set(labels) and len(labels) + len(test) == 120
    for table in ("accounts", "posts", "edges"):
        whole = pq.read_table(release.file(table)).to_pylist()
        assert pq.read_table(public.path / f"{table}.parquet").to_pylist() == whole
    splits = pq.read_table(public.path / "splits.parquet").to_pylist()
    assert {r["split_id"] for r in splits} == {"official"} and len(splits) == 120
    assert not {"bots", "humans", "evidence"} & set(public.info)
    assert public.seal["accounts"] == len(test)


def test_a_seal_is_made_once_and_opens_to_the_same_labels(public, release, home, tmp_path):
    again = sealed.seal(home, release, split="official", part="test", answers=3, step=0.01)
    assert again["commitment"] == public.seal["commitment"]
    with pytest.raises(UserError, match="sealed already"):
        sealed.seal(home, release, split="official", part="test", answers=9, step=0.01)
    opened = sealed.open_seal(home, "toy@1", tmp_path / "opened")
    assert sealed.verify(public.path, opened)
    labels = pq.read_table(opened / "sealed-labels.parquet").to_pylist()
    ids, true = public.wanted()["account_id"].to_pylist(), truth(release)
    assert {r["account_id"]: r["label"] for r in labels} == {i: true[i] for i in ids}
    labels[0]["label"] = "bot" if labels[0]["label"] == "human" else "human"
    pq.write_table(pa.Table.from_pylist(labels), opened / "sealed-labels.parquet")
    assert not sealed.verify(public.path, opened)
    kept = sealed.folder(home, "toy@1") / "labels.parquet"
    pq.write_table(pa.Table.from_pylist(labels), kept)
    with pytest.raises(UserError, match="not those that the commitment"):
        sealed.secret(home, "toy@1")


def test_the_commitment_says_nothing_without_the_salt():
    """By hand: sha256 of the salt, a newline, and one canonical row a line."""
    import hashlib

    table = pa.table({"dataset": ["d", "d"], "account_id": ["2", "10"], "label": ["bot", "human"]})
    by_hand = hashlib.sha256(b'ab\n["d","10","human"]\n["d","2","bot"]\n').hexdigest()
    assert sealed.commitment("ab", table) == by_hand != sealed.commitment("ac", table)


def test_a_good_submission_is_in_order(tmp_path, public):
    found = check.check(made(tmp_path, public), public)
    assert found.ok and found.document() | {"overlap": []} == {
        "ok": True,
        "problems": [],
        "overlap": [],
        "detector": "our-hours",
    }
    assert found.overlap == [{"name": "toy@1", "release": "toy@1", "part": "train", "shared": 0}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[1:], "1 of {n} accounts are missing"),
        (lambda rows: [*rows, ("stranger", "0.5")], "1 accounts are not among those"),
        (lambda rows: [*rows, rows[0]], "1 accounts stand there more than once"),
        (lambda rows: [(rows[0][0], "bot"), *rows[1:]], "a label instead of a probability"),
        (lambda rows: [(rows[0][0], "NaN"), *rows[1:]], "1 values of p_bot are NaN"),
        (
            lambda rows: [(rows[0][0], "1.5"), (rows[1][0], "-0.1"), *rows[2:]],
            "2 values of p_bot are outside 0 to 1",
        ),
        (lambda rows: [(rows[0][0], "-inf"), *rows[1:]], "1 values of p_bot are infinite"),
        (lambda rows: [(rows[0][0], ""), *rows[1:]], "1 accounts have no p_bot"),
        (lambda rows: [(rows[0][0], "much"), *rows[1:]], "1 values of p_bot are no numbers"),
        (lambda rows: [(i, "1") for i, _ in rows], "every p_bot is exactly 0 or 1"),
        (
            lambda rows: [*rows, ("=HYPERLINK(1)", "0.5")],
            "1 account ids begin like a spreadsheet's formula",
        ),
    ],
)
def test_mistakes_in_predictions_are_sentences(tmp_path, public, change, said):
    out = made(tmp_path, public)
    ids = public.wanted()["account_id"].to_pylist()
    rows = change([(i, "0.25") for i in ids])
    (out / "predictions.csv").write_text(
        "account_id,p_bot\n" + "".join(f'"{i}",{p}\n' for i, p in rows)
    )
    found = problems(out, public)
    assert any(said.format(n=len(ids)) in what for what in found), found
    assert any("another sha256" in what for what in found)


def test_all_mistakes_come_at_once_and_nothing_is_written(tmp_path, public):
    file = write(tmp_path, public, text="account_id,p_bot\nx,2\nx,bot\n")
    with pytest.raises(UserError) as raised:
        prepare.prepare(public, file, tmp_path / "out", SAID)
    assert all(
        s in str(raised.value)
        for s in ("outside 0 to 1", "label instead", "more than once", "missing", "not among")
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"about": "<script>alert(1)</script> is what it does"}, "about: holds markup"),
        ({"authors": ["=cmd|' /C calc'!A0"]}, "begins like a spreadsheet's formula"),
        ({"authors": ["A\u0007"]}, "holds markup or control characters"),
        ({"detector": "Our Detector"}, "detector: string should match"),
        ({"seconds": float("nan")}, "seconds"),
        ({"threshold": 1.5}, "threshold"),
        ({"extra": 1}, "extra: extra inputs"),
    ],
)
def test_mistakes_in_a_manifest_are_sentences(tmp_path, public, said, what):
    with pytest.raises(UserError, match="nothing was written") as raised:
        made(tmp_path, public, **said)
    assert what in str(raised.value)
    out = made(tmp_path, public)
    document = yaml.safe_load((out / manifest.NAME).read_text()) | said
    (out / manifest.NAME).write_text(yaml.safe_dump(document))
    assert any(what in p for p in problems(out, public))


def test_another_releases_hash_and_version(tmp_path, public):
    out = made(tmp_path, public)
    document = yaml.safe_load((out / manifest.NAME).read_text())
    document["release"]["content_hash"] = "0" * 64
    (out / manifest.NAME).write_text(yaml.safe_dump(document))
    assert "another content of toy@1" in problems(out, public)[0]
    document["release"]["version"] = 2
    (out / manifest.NAME).write_text(yaml.safe_dump(document))
    assert "is for toy@2, and this is toy@1" in problems(out, public)[0]


def test_training_on_what_is_predicted_is_found(tmp_path, public, release, home, make):
    whole = made(tmp_path, public, trained_on=[{"name": "toy@1", "release": "toy@1"}])
    n = len(public.wanted())
    assert f"trained on {n} of the accounts that it predicts" in problems(whole, public)[0]
    ids = public.wanted()["account_id"].to_pylist()
    make("other", bots=20, humans=20, seed=7, ids=[*ids[:4], *(f"77{i:05d}" for i in range(36))])
    other = made(
        tmp_path,
        public,
        trained_on=[{"name": "other@1", "release": "other@1"}, {"name": "a crawl of our own"}],
    )
    assert problems(other, public) == []  # it cannot be counted where there is no store
    assert "trained on 4 of the accounts" in problems(other, public, home)[0]


def zipped(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_and_a_path_out_of_it_is_not(tmp_path, public):
    out = made(tmp_path, public)
    good = {f"my-detector/{p.name}": p.read_bytes() for p in out.iterdir()}
    assert problems(zipped(tmp_path / "good.zip", good), public) == []
    for bad in ("../../evil.csv", "/tmp/evil.csv", "a/../../evil.csv", "..\\evil.csv"):
        found = problems(zipped(tmp_path / "bad.zip", good | {bad: "x"}), public)
        assert any("leads out of the zip" in what for what in found)
        assert not list(tmp_path.rglob("evil.csv"))
    found = problems(zipped(tmp_path / "code.zip", good | {"my-detector/model.pkl": b"x"}), public)
    assert any("model.pkl" in what and "was not read" in what for what in found)


def test_a_large_file_is_not_read(tmp_path, public):
    out = made(tmp_path, public)
    with (out / "predictions.csv").open("wb") as file:
        file.truncate(10_000_000_000)
    assert any("10,000,000,000 bytes" in what for what in problems(out, public))


def test_the_ladder_by_hand():
    history = []
    for score, told, rose in (
        (0.612, 0.61, True),
        (0.615, 0.61, False),
        (0.629, 0.63, True),
        (0.5, 0.63, False),
    ):
        answer = ladder.answer(history, score, 0.01, 4)
        assert (answer.score, answer.rose, answer.left) == (told, rose, 3 - len(history))
        history.append({"told": answer.score})
    with pytest.raises(Findings, match="All 4 answers"):
        ladder.answer(history, 0.9, 0.01, 4)


def test_a_careless_team_gains_little_on_the_ladder():
    """Simulated: 500 random guesses on 200 accounts and their majority. Told in full, the gain is
    above 25 points.
    """
    full = ladder.simulate(500, 200, None, sets=40, seed=1)
    stepped = ladder.simulate(500, 200, 0.02, sets=40, seed=1)
    assert full.gain > 0.25 and stepped.gain < full.gain / 2
    assert ladder.simulate(500, 200, None, sets=40, seed=1) == full
    assert ladder.simulate(20, 4000, 0.02, sets=60, seed=1).gain < 0.02


def test_scores_are_told_in_steps_counted_and_the_same_file_costs_nothing(
    tmp_path, public, release, home
):
    label = truth(release)
    ids = public.wanted()["account_id"].to_pylist()
    right = {i: 0.9 if label[i] == "bot" else 0.1 for i in ids}
    half = right | {i: 1 - right[i] for i in ids[:6]}
    found = check.check(made(tmp_path, public, half), public)
    bots = np.array([label[i] == "bot" for i in ids])
    wrong = np.arange(len(ids)) < 6
    true = (np.mean(~wrong[bots]) + np.mean(~wrong[~bots])) / 2
    first = entries.score(home, found, "toy@1")
    assert first["score"] == pytest.approx(round(true, 2)) and first["left"] == 2 and first["rose"]
    assert entries.score(home, found, "toy@1") == first
    better = entries.score(
        home, check.check(made(tmp_path, public, right, version="1.1"), public), "toy@1"
    )
    assert (better["score"], better["left"]) == (1.0, 1)
    worse = entries.score(
        home, check.check(made(tmp_path, public, {}, version="1.2"), public), "toy@1"
    )
    assert (worse["score"], worse["rose"], worse["left"]) == (1.0, False, 0)
    with pytest.raises(Findings, match="All 3 answers"):
        entries.score(
            home,
            check.check(made(tmp_path, public, dict.fromkeys(ids, 0.7), version="1.3"), public),
            "toy@1",
        )
    assert len(ledger.events(home, event="scored")) == 3


def test_a_made_up_team_goes_from_prepare_to_the_board(cli, tmp_path, release, home):
    """As the documentation has it, by commands alone; the board has the submission beside ours, on
    the same accounts.
    """
    from curation.store.store import Store

    # The releases were made without a store, and a store is not made over them: one made elsewhere
    # is laid beside them.
    Store(tmp_path / "empty").close()
    shutil.copytree(tmp_path / "empty", home, dirs_exist_ok=True)
    store = {"BOTBENCH_STORE": str(home)}
    suite = tmp_path / "s.yaml"
    suite.write_text(
        "name: s\nreleases: [toy]\ndetectors: [constant, one-question-tree]\nprotocols:"
        " [official-split]\n"
    )
    cli("bench", suite, "--no-mlflow", "-j", "1", **store)
    place = cli.json("submit", "seal", "toy", "--answers", "3", **store)["path"]
    outside = {"BOTBENCH_STORE": str(tmp_path / "no-store")}
    public = folder.read(__import__("pathlib").Path(place))
    label = truth(release)
    file = write(
        tmp_path,
        public,
        {i: 0.8 if label[i] == "bot" else 0.3 for i in public.wanted()["account_id"].to_pylist()},
    )
    facts = [
        "--detector",
        "our-hours",
        "--detector-version",
        "1",
        "--author",
        "A",
        "--about",
        "Looks at hours only.",
        "--code",
        "not public",
        "--licence",
        "MIT",
        "--hardware",
        "2 cores",
        "--seconds",
        "2",
        "--threshold",
        ".5",
        "--trained-on",
        "toy@1:train",
    ]
    cli(
        "submit",
        "prepare",
        "--release",
        place,
        "--predictions",
        file,
        "--out",
        "mine",
        *facts,
        **outside,
    )
    assert cli.json("submit", "check", "mine", "--release", place, **outside)["ok"] is True
    assert cli.json("submit", "score", "mine", "--release", place, **store)["score"] == 1.0
    run = cli.json("submit", "accept", "mine", "--release", "toy", **store)["run"]
    write_board = ("leaderboard", "--run", run, "--out", tmp_path / "board", "--resamples", "200")
    refused = cli(*write_board, code=2, **store).stderr
    assert "A part of toy@1 is sealed, and a board of it would tell its labels" in refused
    assert not (tmp_path / "board").exists()
    cli("submit", "open", "toy", "--out", tmp_path / "opened", **store)
    cli("submit", "verify-seal", place, tmp_path / "opened", **outside)
    board = cli.json(*write_board, **store)
    rows = {(r["detector"], r["metric"]): r for r in board["rows"]}
    assert rows["submitted:our-hours", "balanced-accuracy"]["value"] == 1.0
    before = results.runs(home)[0]
    assert "submitted:our-hours" not in {c.detector for c in results.cells(before)}
    gone = cli.json("submit", "withdraw", "our-hours", "--reason", "a mistake", **store)["run"]
    assert gone == before.run_id
    assert [e["event"] for e in cli.json("submit", "history", **store)["events"]] == [
        "scored",
        "accepted",
        "withdrawn",
    ]
    (tmp_path / "mine" / "predictions.csv").write_text("account_id,p_bot\n1,1\n")
    assert cli.json("submit", "check", "mine", "--release", place, code=1, **outside)["ok"] is False


def test_a_newer_version_takes_the_place_of_the_older_one(tmp_path, release, home, cli):
    from benchmarks.execution import runner
    from benchmarks.execution.suite import check as suite

    document = {
        "name": "s",
        "releases": ["toy"],
        "detectors": ["constant"],
        "protocols": ["official-split"],
    }
    runner.bench(home, suite(document, "s"), jobs=1)
    of = folder.read(release.path)
    one = entries.accept(home, check.check(made(tmp_path, of), of), of)
    two = entries.accept(
        home, check.check(made(tmp_path, of, version="2.0", supersedes="1.0"), of), of
    )
    versions = [
        [
            c.info["detector_version"]
            for c in results.cells(r)
            if c.detector == "submitted:our-hours"
        ]
        for r in (one, two)
    ]
    assert versions == [["1.0"], ["2.0"]]
    cell = next(c for c in results.cells(two) if c.info.get("submitted"))
    assert results.scored(cell).num_rows == len(of.wanted())


def test_the_template_is_a_repository(cli, tmp_path):
    files = cli.json("submit", "template", "board")["files"]
    assert files == [".github/workflows/submissions.yml", "README.md", "submissions/README.md"]
    workflow = yaml.safe_load((tmp_path / "board" / files[0]).read_text())
    assert "submit check" in str(workflow["jobs"]["check"]["steps"]) and workflow[
        "permissions"
    ] == {"contents": "read"}
    assert "not empty" in cli("submit", "template", "board", code=2).stderr


@pytest.fixture
def repository(tmp_path, public):
    """The template as a git repository with a release, one published submission and a board; HEAD
    is a branch from main.
    """
    from benchmarks.leaderboard.site import build
    from benchmarks.submissions import repository as template

    place = tmp_path / "repository" / "work"
    template.write(place)
    shutil.copytree(public.path, place / "release")
    shutil.copytree(made(tmp_path, public), place / "submissions" / "first")
    sets = [boards.release("alpha", 40, 40), boards.release("beta", 40, 40)]
    build.write(
        place / "board",
        boards.ABOUT,
        boards.cells(sets, ("constant", "one-question-tree"), (boards.LODO,)),
        sets,
        boards.QUICK,
    )
    git(place, "init", "-q", "-b", "main")
    commit(place)
    git(place, "checkout", "-q", "-b", "team")
    return place


def git(place, *words):
    known = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *known, *words], cwd=place, check=True, capture_output=True)


def commit(place):
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "x")


def step(place, number, tmp_path):
    """The exit code and the words of one shell step of the workflow, run as its runner does;
    `botbench` is this tree's.
    """
    steps = yaml.safe_load((place / ".github/workflows/submissions.yml").read_text())["jobs"][
        "check"
    ]["steps"]
    shell = [s for s in steps if "env" in s][number]
    tools = tmp_path / "tools"
    tools.mkdir(exist_ok=True)
    program = f"{sys.executable} -c 'from botbench.commands.main import main; main()'"
    (tools / "botbench").write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    (tools / "botbench").chmod(0o755)
    own = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "BASE": "main",
        "BOTBENCH_STORE": str(tmp_path / "no-store"),
        "PYTHONPATH": str(Path(check.__file__).parents[2]),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", shell["run"]], cwd=place, env=own, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_the_workflow_takes_a_good_submission_and_refuses_others(repository, tmp_path, public):
    shutil.copytree(
        made(tmp_path, public, detector="second"), repository / "submissions" / "second"
    )
    commit(repository)
    code, said = step(repository, 0, tmp_path)
    assert code == 0 and "== second" in said and "in order" in said and "== first" not in said
    (repository / "submissions" / "third \u00e9").mkdir()
    (repository / "submissions" / "third \u00e9" / "predictions.csv").write_text(
        "account_id,p_bot\nx,2\n"
    )
    (repository / "submissions" / "first" / "predictions.csv").rename(
        repository / "submissions" / "second" / "moved.csv"
    )
    commit(repository)
    code, said = step(repository, 0, tmp_path)
    assert code == 1 and "== third \u00e9" in said and "manifest.yaml" in said
    assert "submissions/first/predictions.csv" in said and "changed or removed" in said


def test_the_workflow_makes_the_board_again_and_says_what_changed(repository, tmp_path):
    file = repository / "board" / "leaderboard.json"
    board = json.loads(file.read_text())
    row = next(r for r in board["rows"] if r["value"] is not None)
    row["value"] = 0.987654
    file.write_text(json.dumps(board))
    commit(repository)
    code, said = step(repository, 1, tmp_path)
    assert code == 1 and "1 differences:" in said and "1 changes:" in said
    assert said.count("0.987654") == 2


def test_an_odd_zip_is_a_finding_and_leaves_nothing(tmp_path):
    """No submission of these is read at all: each ends in sentences, whatever the zip says."""
    for name, holds, sentence in (
        ("dot", {".": "x"}, "has no name that is read"),
        ("long", {"x" * 300 + ".csv": "x"}, "has no name that is read"),
        ("deep", {"a/b/c.csv": "x"}, "has no name that is read"),
        ("bomb", {"predictions.csv": b"0" * 20_000_000}, "over 200 times as large"),
        ("both", {"a.csv": "x", "a.csv/b.csv": "y"}, "is a file and a folder at once"),
    ):
        path = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, data in holds.items():
                archive.writestr(entry, data)
        with package.opened(path) as (folder, found):
            assert any(sentence in problem.what for problem in found), (name, found)
            assert not [p for p in folder.rglob("*") if p.name not in ("a.csv",)]
    (tmp_path / "cut.zip").write_bytes((tmp_path / "both.zip").read_bytes()[:-30])
    with package.opened(tmp_path / "cut.zip") as (_, found):
        assert "cut.zip is not a whole zip" in found[0].what
