"""The data of the board's script: summary by scope, metric and detector, and drawn cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.leaderboard.compute.summary import MEAN, ONE_QUESTION
from benchmarks.leaderboard.render.drawn_cells import (
    CODE,
    DrawnCells,
    bars,
    kinds_beside,
    somebody_abstains,
)
from benchmarks.leaderboard.render.summary_text import core, entries, primary


def script_data(
    board: Mapping[str, Any],
    kinds: list[str],
    drawn: DrawnCells,
    scales: Mapping[str, Any],
    order: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The summary by scope, metric and detector, and the drawn cells."""
    summary: dict[str, Any] = {}
    for scope in (MEAN, *(t["name"] for t in board["tests"])):
        own = summary.setdefault("" if scope == MEAN else scope, {})
        for m in board["metrics"]:
            own[m["name"]] = {
                e["detector"]: _small(e) for e in bars(entries(board, m["name"], scope))
            }
    for part in board["subsets"]:
        own = summary.setdefault(
            "\n".join(part["tests"]), {m["name"]: {} for m in board["metrics"]}
        )
        for m in board["metrics"]:
            own[m["name"]] = {
                e["detector"]: _small(e)
                for e in bars([e for e in part["summary"] if e["metric"] == m["name"]])
            }
    cells: dict[str, Any] = {}
    shown = ["n", "bots", "train", "cell", "protocol", "seed", "v"]
    if somebody_abstains(board):
        shown += ["coverage", "decided"]
    for (detector, kind, test), cell in drawn.items():
        if cell["v"]:
            facts = {key: cell[key] for key in shown}
            cells.setdefault(detector, {}).setdefault(CODE[kind], {})[test] = facts
    gaps = {
        d["name"]: {f"{scope}\n{kind}": reason for (scope, kind), reason in d["na"].items()}
        for d in order
    }
    metrics = {
        m["name"]: {"title": m["title"], "low": m["direction"] == "lower", "at": i}
        for i, m in enumerate(board["metrics"])
    }
    return {
        "first": primary(board)["name"],
        "kinds": [CODE[k] for k in kinds],
        "beside": [CODE[k] for k in kinds_beside(board)],
        "core": core(board),
        "summary": summary,
        "cells": cells,
        "gaps": gaps,
        "domain": scales,
        "few": {t["name"]: t["few"] for t in board["tests"]},
        "tree": ONE_QUESTION,
        "metrics": metrics,
        "run": board["run"],
        "hashes": {r["reference"]: r["content_hash"] for r in board["releases"]},
        "sets": {t["name"]: [t["platform"], t["licence"]] for t in board["tests"]},
        "drawn": {
            p["name"]: CODE[p["kind"]]
            for p in board["protocols"]
            if p["shown"] and p["kind"] in CODE
        },
    }


def _small(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "r": entry["rank"],
        "here": [entry.get("rank_low"), entry.get("rank_high")],
        "else": entry.get("rank_elsewhere"),
        "s": {CODE[k]: v for k, v in entry["scores"].items()},
        "w": {CODE[k]: v for k, v in entry["wide"].items()},
        "g": entry.get("tie_group"),
        "ge": entry.get("tie_group_elsewhere"),
        "f": entry.get("rank_doubt") if entry.get("flips") else None,
        "lost": entry["lost"],
        "above": entry["above"],
        "on": entry["higher_on"],
        "bars": entry["bars"],
    }
