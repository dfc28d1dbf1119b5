"""Means over the data sets that a platform or a licence leaves: the same rules as the whole mean,
on fewer data sets.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

NAMES = ("constant", "one-question-tree", "gradient-boosting")


def test_each_platform_and_licence_has_its_mean_and_ranks():
    sets = [
        boards.release("a") | {"licence": "MIT (LICENSE)"},
        boards.release("b") | {"licence": "MIT"},
        boards.release("c") | {"platform": "weibo", "licence": "data: none stated. A copy."},
    ]
    document = boards.made(sets, NAMES)
    assert [(t["name"], t["platform"], t["licence"]) for t in document["tests"]] == [
        ("a@1", "twitter", "MIT"),
        ("b@1", "twitter", "MIT"),
        ("c@1", "weibo", "none stated"),
    ]
    # twitter and MIT leave the same two; twitter with "none stated" leaves nobody, and is no part
    assert [s["tests"] for s in document["subsets"]] == [["a@1", "b@1"], ["c@1"]]
    entry = next(
        e
        for e in document["subsets"][0]["summary"]
        if (e["detector"], e["metric"]) == ("gradient-boosting", "balanced-accuracy")
    )
    own = [
        r["value"]
        for r in document["rows"]
        if (r["detector"], r["metric"], r["kind"])
        == ("gradient-boosting", "balanced-accuracy", "transfer")
        and r["test"] in ("a@1", "b@1")
    ]
    assert len(own) == 2 and entry["scores"]["transfer"][0] == pytest.approx(np.mean(own), abs=2e-6)
    assert entry["rank"] == 1 and entry["rank_elsewhere"] is None, (
        "two data sets say nothing about others"
    )
    constant = {"detector": "constant", "metric": "balanced-accuracy"}
    alone = next(e for e in document["subsets"][1]["summary"] if e.items() >= constant.items())
    of_c = next(
        e for e in document["summary"] if e.items() >= (constant | {"scope": "c@1"}).items()
    )
    assert alone == of_c | {"scope": "mean"}


def test_one_platform_and_licence_needs_no_part():
    assert boards.made([boards.release("a"), boards.release("b")], NAMES)["subsets"] == []


def test_what_a_detector_met_before_is_told_by_release_or_data_set():
    sets = [boards.release("a"), boards.release("b") | {"dataset": "b-2020"}, boards.release("c")]
    cells = boards.cells(sets, NAMES[:2])
    for name, said in (
        ("by-release", ["a@3"]),
        ("by-data-set", ["b-2020"]),
        ("elsewhere", ["z@1"]),
    ):
        cells += [
            boards.cell(name, r, p, sets, trained_on=said)
            for r in sets
            for p in (boards.CV, boards.LODO)
        ]
    found = {
        d["name"]: d for d in boards.board(boards.ABOUT, cells, sets, boards.QUICK)["detectors"]
    }
    assert found["by-release"]["met"] == ["a@1"] and found["by-release"]["trained_on"] == ["a@3"]
    assert (
        found["by-data-set"]["met"] == ["b@1"]
        and found["elsewhere"]["met"] == found["constant"]["met"] == []
    )
