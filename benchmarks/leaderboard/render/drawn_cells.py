"""The drawn part of the board: one protocol of each kind, its cells, and ordered detectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, TypeAlias

from benchmarks.leaderboard.render.lead import INSIDE, TRANSFER
from benchmarks.leaderboard.render.standing import bars_of
from benchmarks.leaderboard.render.summary_text import core, entries
from benchmarks.leaderboard.render.words import few_words

CODE = {TRANSFER: "t", INSIDE: "i", "worst evasion": "e", "prevalence": "p"}
DrawnCells: TypeAlias = dict[tuple[str, str, str], dict[str, Any]]
"""The cells drawn, by detector, kind and test."""


def drawn_protocols(board: Mapping[str, Any]) -> dict[str, str]:
    """The drawn protocol of each kind; if no cell has a score, the first, to show the reasons."""
    drawn = [p for p in board["protocols"] if p["shown"]] or board["protocols"][::-1]
    return {p["kind"]: p["name"] for p in drawn if p["kind"] in CODE}


def ranked_kinds(board: Mapping[str, Any]) -> list[str]:
    """The columns: the kind that ranks, then the other one."""
    own = [kind for kind in drawn_protocols(board) if kind in (TRANSFER, INSIDE)]
    return sorted(own, key=lambda kind: (kind != board["ranked_by"], kind != TRANSFER))


def kinds_beside(board: Mapping[str, Any]) -> list[str]:
    """The further columns: the same data sets, touched up or in another mix."""
    return [kind for kind in ("worst evasion", "prevalence") if kind in drawn_protocols(board)]


def drawn_cells(board: Mapping[str, Any]) -> DrawnCells:
    """The cells drawn: n, bots, status, and every metric's (value, low, high)."""
    protocols = set(drawn_protocols(board).values())
    cells: DrawnCells = {}
    for row in board["rows"]:
        if row["protocol"] not in protocols:
            continue
        cell = cells.setdefault(
            (row["detector"], row["kind"], row["test"]),
            {
                "n": row["n"],
                "bots": row["bots"],
                "train": row["train"],
                "cell": row["cell"],
                "status": row["status"],
                "reason": row["reason"],
                "protocol": row["protocol"],
                "seed": row["seed"],
                "coverage": row.get("coverage"),
                "v": {},
                "decided": {},
            },
        )
        if row.get("value_decided") is not None:
            cell["decided"][row["metric"]] = row["value_decided"]
        if row["value"] is not None:
            cell["v"][row["metric"]] = [row["value"], row["low"], row["high"]]
    return cells


def somebody_abstains(board: Mapping[str, Any]) -> bool:
    """Whether a detector of the board says of any account that it cannot tell."""
    return any(row.get("coverage") is not None and row["coverage"] < 1 for row in board["rows"])


def decided(
    cells: DrawnCells, detector: str, kind: str, tests: Sequence[str], metric: str
) -> tuple[float, float | None] | None:
    """Means over the tests: the share of accounts decided, and the value over these.

    None where a cell is missing or did not count abstentions.
    """
    own = [cells.get((detector, kind, test), {}) for test in tests]
    coverages = [float(cell["coverage"]) for cell in own if cell.get("coverage") is not None]
    if not own or len(coverages) < len(own):
        return None
    values = [cell["decided"][metric] for cell in own if metric in cell["decided"]]
    return fmean(coverages), fmean(values) if len(values) == len(own) else None


def ordered_detectors(
    board: Mapping[str, Any], metric: str, kinds: list[str]
) -> list[dict[str, Any]]:
    """Detectors with entry and gaps: by rank, then those with a score, then the rest."""
    by_detector = {e["detector"]: e for e in bars(entries(board, metric))}
    cells = drawn_cells(board)
    place = {name: i for i, name in enumerate(by_detector)}
    detectors = sorted(
        board["detectors"], key=lambda d: (place.get(d["name"], len(place)), d["name"])
    )
    return [
        {**d, "entry": by_detector.get(d["name"]), "na": _gaps(board, d["name"], kinds, cells)}
        for d in detectors
    ]


def _gaps(
    board: Mapping[str, Any], name: str, kinds: list[str], known: DrawnCells
) -> dict[Any, str]:
    """The reasons for missing scores by (scope, kind's code); the scope '' is the mean."""
    gaps: dict[Any, str] = {}
    for kind in kinds:
        why = {t["name"]: _why(known.get((name, kind, t["name"]))) for t in board["tests"]}
        gaps.update({(test, CODE[kind]): reason for test, reason in why.items() if reason})
        missing = [test for test in core(board) if why[test]]
        if missing:
            counted = Counter(why[test] for test in missing)
            scored = len(core(board)) - len(missing)
            gaps["", CODE[kind]] = few_words(counted, scored, len(core(board)))
        elif not core(board):
            gaps["", CODE[kind]] = "no data set to rank on"
    return gaps


def _why(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "not run"
    return (
        ""
        if cell["status"] == "done"
        else f"{cell['status']}: {(cell['reason'] or 'no reason given').rstrip('.')}"
    )


def bars(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries, and the bars that join tied detectors: lane, first, last and the others."""
    runs: dict[int, list[str]] = {}
    for entry in found:
        for run in bars_of(entry):
            runs.setdefault(run, []).append(entry["detector"])
    lanes: dict[int, int] = {}
    for run in sorted(runs):
        taken = {lanes[o] for o in lanes if set(runs[o]) & set(runs[run])}
        lanes[run] = min({0, 1, 2} - taken, default=2)
    return [
        {
            **e,
            "bars": [
                {
                    "lane": lanes[r],
                    "first": runs[r][0] == e["detector"],
                    "last": runs[r][-1] == e["detector"],
                    "others": [o for o in runs[r] if o != e["detector"]],
                }
                for r in bars_of(e)
            ],
        }
        for e in found
    ]
