"""The board's files and command: the same bytes from any order, hostile text made harmless, whole
files, wrong use in sentences.
"""

import base64
import csv
import hashlib
import importlib.util
import io
import json
import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import metrics
from benchmarks.leaderboard.compute import scores
from benchmarks.leaderboard.compute.scores import Plan, Result
from benchmarks.leaderboard.compute.table import board, rounded
from benchmarks.leaderboard.render import formats, page
from botbench.stats import resampling

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

THREE = [
    boards.release("a", 200, 250),
    boards.release("b", 300, 160),
    boards.release("c", 150, 300),
]


@pytest.fixture(scope="module")
def three():
    """Three data sets, six detectors, both protocols."""
    return boards.made(THREE)


# --- the same bytes


def shuffled(result, seed):
    def table():
        made = result.predictions()
        return made.take(np.random.default_rng(seed).permutation(len(made)))

    return Result(dict(reversed(result.info.items())), table if result.predictions else None)


def test_the_same_results_in_any_order_give_the_same_bytes():
    releases = [boards.release("a"), boards.release("b", 29, 90), boards.release("c", 70, 70)]
    cells = [
        *boards.cells(releases)[:-1],
        boards.cell("rate-72", releases[2], boards.LODO, releases, reason="none"),
    ]
    mixed = [shuffled(c, i) for i, c in enumerate(cells)]
    random.Random(4).shuffle(mixed)
    one, two = (
        board(boards.ABOUT, c, r, boards.QUICK)
        for c, r in ((cells, releases), (mixed, releases[::-1]))
    )
    for write in (formats.to_json, formats.to_csv, formats.to_markdown, page.to_html):
        assert write(one) == write(two)


def test_a_second_run_that_took_longer_gives_the_same_document(tmp_path):
    """Only timings.json differs; it holds what the clock measured."""
    releases = [boards.release("a"), boards.release("b")]
    cells = boards.cells(releases)
    slower = [
        Result(c.info | {"seconds": {"fit": 70.5, "score": 9.25}}, c.predictions) for c in cells
    ]
    for name, found, seconds in (("one", cells, 12.5), ("two", slower, 99.0)):
        made = board(boards.ABOUT | {"seconds": seconds}, found, releases, boards.QUICK)
        formats.write(made, tmp_path / name)
    one, two = ((tmp_path / name / "leaderboard.json").read_bytes() for name in ("one", "two"))
    assert one == two and not {b"fit_seconds", b"score_seconds", b"score_ms"} & set(one.split(b'"'))
    told = json.loads((tmp_path / "two" / "timings.json").read_text())
    assert set(told) == {"suite", "run", "seconds", "detectors", "cells"} and told["seconds"] == 99
    assert set(told["cells"]) == {c.info["cell_key"] for c in cells}
    assert {"fit_seconds": 70.5, "score_seconds": 9.25} in told["cells"].values()
    scored = sum(c.predictions is not None for c in cells if c.info["detector"] == "constant")
    assert told["detectors"]["constant"]["fit_seconds"] == 70.5 * scored


def test_kept_draws_give_the_same_bytes_and_are_used(tmp_path, monkeypatch):
    releases = [boards.release("a"), boards.release("b")]
    fresh = boards.made(releases, plan=Plan(200, 0))
    first = boards.made(releases, plan=Plan(200, 0, tmp_path))
    assert len(list(tmp_path.glob("*.npy"))) == len(boards.cells(releases)) and not list(
        tmp_path.glob("*.part")
    )
    monkeypatch.setattr(resampling, "resamples", lambda *_: pytest.fail("drawn again"))
    monkeypatch.setattr(
        scores, "draw", lambda cells, *_: [] if not cells else pytest.fail("drawn again")
    )
    assert (
        formats.to_json(fresh)
        == formats.to_json(first)
        == formats.to_json(boards.made(releases, plan=Plan(200, 0, tmp_path)))
    )


def test_another_seed_moves_the_bootstrap_and_not_the_values(three):
    other = boards.made(THREE, plan=Plan(200, 1))
    wanted = ("random-forest", "a@1", "average-precision[bot]", "in distribution")
    one, two = (
        next(r for r in d["rows"] if (r["detector"], r["test"], r["metric"], r["kind"]) == wanted)
        for d in (three, other)
    )
    assert one["value"] == two["value"] and (one["low"], one["high"]) != (two["low"], two["high"])


def test_floats_are_rounded_and_no_minus_zero():
    assert (
        json.dumps(rounded({"a": [-1e-9, 0.12345678], "b": (1,)}))
        == '{"a": [0.0, 0.123457], "b": [1]}'
    )


# --- files and hostile text


HOSTILE = [
    '=HYPERLINK("http://x.invalid","a")',
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "a|b\n# c",
    "x\u202egnp.exe",
    "@SUM(1)",
    "{{ 7*7 }}",
    "constructor",
]


@pytest.fixture(scope="module")
def hostile():
    releases = [boards.release("a"), boards.release("b\u202e<b>")]
    return boards.made(releases, detectors=(*boards.SKILL, *HOSTILE))


def test_csv_runs_no_formula_and_reads_back(hostile):
    rows = list(csv.DictReader(io.StringIO(formats.to_csv(hostile))))
    assert len(rows) == len(hostile["rows"])
    for r in rows:
        for value in r.values():
            assert not value.startswith(("=", "+", "@", "\t", "\r")) and (
                not value.startswith("-") or float(value) < 0
            )
    assert "'@SUM(1)" in {r["detector"] for r in rows}
    assert "a|b⟨U+000A⟩# c" in {r["detector"] for r in rows}


def test_markdown_shows_text_as_text(hostile):
    text = formats.to_markdown(hostile)
    assert "<script" not in text and "\u202e" not in text and "\n# c" not in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {
        len(re.findall(r"(?<!\\)\|", line))
        for line in table[: 2 + len(boards.SKILL) + len(HOSTILE)]
    } == {9}


def test_the_page_holds_hostile_text_as_text(hostile):
    html = page.to_html(hostile)
    assert (
        html.count("<script") == 2
        and "<img" not in html
        and "\u202e" not in html
        and "{{ 7*7 }}" in html
    )
    assert " style=" not in html and "http:" not in html.replace("http://x.invalid", "").replace(
        "http://www.w3.org/2000/svg", ""
    )
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert policy.startswith("default-src &#39;none&#39;") or policy.startswith(
        "default-src 'none'"
    )
    for tag in ("style", "script"):
        body = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        digest = base64.b64encode(hashlib.sha256(body[0].encode()).digest()).decode()
        assert len(body) == 1 and f"{tag}-src 'sha256-{digest}'" in policy


def test_json_is_json_and_keeps_names_as_they_are(hostile):
    document = json.loads(formats.to_json(hostile))
    assert set(HOSTILE) <= {d["name"] for d in document["detectors"]}


def test_the_files_are_written_whole(tmp_path, three):
    paths = formats.write(three, tmp_path / "deep" / "board")
    names = sorted(p.name for p in (tmp_path / "deep" / "board").iterdir())
    of_board = [f"leaderboard.{ending}" for ending in ("csv", "html", "json", "md")]
    assert names == [*of_board, "timings.json"]
    assert paths["json"].read_text() == formats.to_json(three)


def test_the_board_imports_no_template_engine_until_a_page_is_made():
    import subprocess
    import sys

    code = (
        "import sys, botbench.commands.publish.leaderboard, botbench.commands.benchmark.metrics\n"
        "assert not {'jinja2', 'numpy', 'pyarrow', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the command


def lay(home, document_cells, releases, run="run-1", suite="toy", finished="2026-01-01T00:00:00Z"):
    """Write cells and a run as a bench leaves them."""
    import pyarrow.parquet as pq

    for c in document_cells:
        folder = home / "bench" / "cells" / c.info["cell_key"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cell.json").write_text(json.dumps(c.info))
        if c.predictions:
            table = c.predictions()
            pq.write_table(table.drop_columns(["y"]), folder / "predictions.parquet")
            for r in releases:
                if c.info["test"] == f"{r['name']}@{r['version']}":
                    where = home / "releases" / r["name"] / str(r["version"])
                    where.mkdir(parents=True, exist_ok=True)
                    y = table.slice(0, r["accounts"])
                    label = ["bot" if v else "human" for v in y["y"].to_pylist()]
                    labels = pa.table(
                        {"dataset": y["dataset"], "account_id": y["account_id"], "label": label}
                    )
                    pq.write_table(labels, where / "labels.parquet")
    runs = home / "bench" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    (runs / f"{run}.json").write_text(
        json.dumps(
            {
                "run_id": run,
                "suite": {"name": suite, "metrics": "all"},
                "cells": [c.info["cell_key"] for c in document_cells],
                "releases": releases,
                "seconds": 1.5,
                "finished_at": finished,
            }
        )
    )


def test_the_command_writes_the_board_of_a_run(cli, store, tmp_path):
    releases = [boards.release("a"), boards.release("b")]
    lay(store.home, boards.cells(releases), releases)
    lay(
        store.home,
        boards.cells(releases[:1], protocols=(boards.CV,)),
        releases[:1],
        "run-2",
        "other",
        "2026-01-02T00:00:00Z",
    )
    document = cli.json("leaderboard", "--out", "board", "--suite", "toy", "--resamples", 200)
    assert document == json.loads(json.dumps(boards.made(releases) | {"seconds": 1.5}))
    again = cli("leaderboard", "--out", "again", "--run", "run-1", "--resamples", 200)
    assert (
        "gradient-boosting has the highest mean" in re.sub(r"\s+", " ", again.stderr)
        and "Next: open" in again.stderr
    )
    for ending in ("json", "csv", "md", "html"):
        one, two = (cli.cwd / folder / f"leaderboard.{ending}" for folder in ("board", "again"))
        assert one.read_bytes() == two.read_bytes()
    assert cli.json("leaderboard", "--out", "newest", "--resamples", 200)["run"] == "run-2"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--suite", "tyo"], "no finished suite 'tyo'. Did you mean 'toy'"),
        (["--run", "run-9"], "no run 'run-9'"),
        (["--run", "run-1", "--suite", "toy"], "both given"),
        (["--out", "file"], "is a file; give a folder"),
        (["--resamples", "5"], "greater than or equal to 200"),
    ],
)
def test_wrong_use_is_a_sentence(cli, store, arguments, said):
    releases = [boards.release("a")]
    lay(store.home, boards.cells(releases, protocols=(boards.CV,)), releases)
    (cli.cwd / "file").write_text("")
    done = cli("leaderboard", "--out", "board", *arguments, code=2)
    assert said in re.sub(r"[\s│]+", " ", done.stderr)
    assert not (cli.cwd / "board").exists()


def test_without_a_bench_the_command_says_what_to_run(cli, store):
    assert "botbench bench" in cli("leaderboard", "--out", "board", code=2).stderr


def test_metrics_are_listed(cli):
    assert "f1[bot]" in cli("metrics").stdout
    listed = cli.json("metrics")["metrics"]
    assert [m["name"] for m in listed] == [m.name for m in metrics.ordered()] and all(
        m["source"] for m in listed
    )
