"""Measured seconds in a file of their own: the same results give the same leaderboard.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "timings.json"
OF_BOARD = ("seconds",)
OF_DETECTOR = ("fit_seconds", "score_ms_per_1000")
OF_CELL = ("fit_seconds", "score_seconds")


def without_seconds(board: Mapping[str, Any]) -> dict[str, Any]:
    """The board without what was measured with a clock."""
    return {
        **{k: v for k, v in board.items() if k not in OF_BOARD},
        **{
            part: [{k: v for k, v in entry.items() if k not in names} for entry in board[part]]
            for part, names in (("detectors", OF_DETECTOR), ("rows", OF_CELL))
            if part in board
        },
    }


def timings(board: Mapping[str, Any]) -> dict[str, Any]:
    """The document of `timings.json`: seconds of the run, of each detector, and of each cell."""
    return {
        "suite": board["suite"],
        "run": board["run"],
        **{k: board[k] for k in OF_BOARD},
        "detectors": {d["name"]: {k: d[k] for k in OF_DETECTOR} for d in board["detectors"]},
        "cells": {r["cell"]: {k: r[k] for k in OF_CELL} for r in board["rows"]},
    }
