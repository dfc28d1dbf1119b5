"""A published board made again from its predictions, and every number that differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.compute import table
from benchmarks.leaderboard.compute.scores import silent
from benchmarks.leaderboard.render.timings import without_seconds
from benchmarks.leaderboard.site import data
from botbench.core.errors import UserError, reason

NEAR = 2e-6
"""Floats of a board have six places; machines may differ in the last one."""


def verify(folder: Path, tick: Callable[[int], object] = silent) -> dict[str, Any]:
    """The document of `botbench verify SITE --json`: cells scored again and differences.

    Raises UserError if the folder is no site of a board.
    """
    about, results, releases, plan = data.read(folder)
    published = _board(folder)
    again = json.loads(
        json.dumps(without_seconds(table.board(about, results, releases, plan, tick)))
    )
    differences = list(_differences(published, again))
    return {
        "cells": len(results),
        "rows": len(again["rows"]),
        "run": about.get("run"),
        "differences": differences,
    }


def changes(folder: Path, before: Path) -> list[dict[str, Any]]:
    """Differences between two editions of a board; nothing is scored.

    Raises UserError if one is no published board.
    """
    differences = _differences(_board(before), _board(folder))
    return [{"where": d["where"], "before": d["published"], "now": d["again"]} for d in differences]


def _board(folder: Path) -> dict[str, Any]:
    try:
        board = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{folder} has no readable leaderboard.json: {reason(error)}.") from None
    if not isinstance(board, dict):
        raise UserError(f"{folder / 'leaderboard.json'} is no board: expected an object.")
    # Boards of version 0.1 hold measured seconds, which differ between any two runs.
    return without_seconds(board)


def _differences(said: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows and summary entries by what they are of, everything else by its path."""
    yield from _entries("subsets", ("tests",), said.get("subsets", []), again.get("subsets", []))
    for part, key in (
        ("rows", ("detector", "protocol", "test", "metric", "cell")),
        ("summary", ("scope", "metric", "detector")),
    ):
        yield from _entries(part, key, said.get(part, []), again.get(part, []))
    for name in sorted({*said, *again} - {"rows", "summary", "subsets"}):
        for path, old, new in _walk(said.get(name), again.get(name), name):
            yield {"where": path, "published": old, "again": new}


def _entries(
    part: str, key: tuple[str, ...], said: list[Any], again: list[Any]
) -> Iterator[dict[str, Any]]:
    left, right = (
        {tuple(str(e.get(k)) for k in key): e for e in entries} for entries in (said, again)
    )
    for name in sorted({*left, *right}):
        for path, old, new in _walk(left.get(name), right.get(name), ""):
            yield {
                "where": f"{part}: {', '.join(name)}{': ' + path.strip('.') if path else ''}",
                "published": old,
                "again": new,
            }


def _walk(said: Any, again: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(said, dict) and isinstance(again, dict):
        for key in sorted({*said, *again}):
            yield from _walk(said.get(key), again.get(key), f"{path}.{key}")
    elif isinstance(said, list) and isinstance(again, list) and len(said) == len(again):
        for i, (old, new) in enumerate(zip(said, again, strict=True)):
            yield from _walk(old, new, f"{path}[{i}]")
    elif not _same(said, again):
        yield path, said, again


def _same(said: Any, again: Any) -> bool:
    if (
        isinstance(said, int | float)
        and isinstance(again, int | float)
        and not isinstance(said, bool)
    ):
        return abs(said - again) <= NEAR
    return bool(said == again)
