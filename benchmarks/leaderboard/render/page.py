"""The board as one self-contained page: opens from disk, asks the network for nothing, works
without its script.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.leaderboard.compute.summary import MEAN, ONE_QUESTION
from benchmarks.leaderboard.render import text
from benchmarks.leaderboard.render.summary_text import (
    INSIDE,
    TRANSFER,
    answer,
    core,
    entries,
    primary,
    title,
)
from botbench.html.environment import FIGURES
from botbench.html.environment import page as render
from botbench.text import numbers
from botbench.text.escaping import visible

DrawnCells: TypeAlias = dict[tuple[str, str, str], dict[str, Any]]
"""The cells drawn, by detector, kind and test."""

HERE = Path(__file__).parent
STYLES = [FIGURES, HERE / "board.css"]
CODE = {TRANSFER: "t", INSIDE: "i", "worst evasion": "e", "prevalence": "p"}
WHERE = {
    TRANSFER: "tested on a data set left out of training",
    INSIDE: "other accounts of the training data sets",
    "worst evasion": "in distribution, bots touched up",
    "prevalence": "in distribution, another mix",
}
SORTS = (
    ("rank", "rank"),
    ("name", "detector"),
    ("main", "score"),
    ("other", "in distribution"),
    ("above", "above one question"),
    ("lost", "lost"),
    ("cost", "cost"),
)


def to_html(
    board: Mapping[str, Any],
    nav: Sequence[tuple[str, str]] = (),
    links: Mapping[str, str] | None = None,
) -> str:
    """The page of a board; a pure function of the document. In a site it has a `nav` (path, title),
    and names lead to pages.
    """
    shown = view(visible(board))
    shown["data"]["site"] = bool(nav)
    return render(
        HERE / "board.html.j2",
        STYLES,
        script=(HERE / "board.js").read_text(encoding="utf-8"),
        nav=visible(list(nav)),
        links=visible(dict(links or {})),
        **shown,
    )


def view(board: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the page says, worked out once; the template only places it."""
    metric = primary(board)
    kinds = _kinds(board)
    known = _cells(board)
    scales = {m["name"]: scale(board, m) for m in board["metrics"]}
    order = _order(board, metric["name"], kinds)
    marks = scales[metric["name"]]
    drawn = {d["name"]: d for d in order}

    def x(value: float) -> str:
        return f"{2 + 96 * (value - marks['a']) / (marks['b'] - marks['a']):.2f}%"

    def cells(detector: str, test: str) -> list[tuple[str, list[float]]]:
        own = [(k, known.get((detector, k, test))) for k in kinds]
        return [(k, c["v"][metric["name"]]) for k, c in own if c and metric["name"] in c["v"]]

    def ticks(detector: str, kind: str) -> list[float]:
        found = [known.get((detector, kind, test)) for test in core(board)]
        return [c["v"][metric["name"]][0] for c in found if c and metric["name"] in c["v"]]

    return {
        "b": {**board, "tests": _tests(board)},
        "title": title(board),
        "metric": metric,
        "answer": answer(board),
        "kinds": kinds,
        "beside": _beside(board),
        "mix": _mix(board),
        "core": core(board),
        "order": order,
        "code": CODE,
        "where": WHERE,
        "one_question": ONE_QUESTION,
        "scale": marks,
        "x": x,
        "cells": cells,
        "ticks": ticks,
        "tick": numbers.tick,
        "span": text.span,
        "seconds": numbers.seconds,
        "milliseconds": numbers.milliseconds,
        "simulated": _simulated(board),
        "scope_text": _scope_text(board, kinds),
        "sorts": [s for s in SORTS if s[0] not in ("other", "lost") or len(kinds) > 1],
        "needs": sorted({n for d in board["detectors"] for n in d["needs"]}),
        "floor_leads": any(d["floor"] and d["entry"] and d["entry"]["rank"] == 1 for d in order),
        "rules": "; ".join(
            sorted({d["threshold_rule"] for d in board["detectors"] if d["threshold_rule"]})
        ),
        "first_metrics": _first(board),
        "more_metrics": [m for m in board["metrics"] if m not in _first(board)],
        "platforms": sorted({t["platform"] for t in board["tests"]}),
        "licences": sorted({t["licence"] for t in board["tests"]}),
        "every": _every(board),
        "data": _data(board, kinds, known, scales, drawn),
    }


def _first(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics that stand in the open: those of answers and scores without a parameter, and the
    one the board opens with.

    All thirty would push the board off the screen.
    """
    return [
        m
        for m in board["metrics"]
        if m == primary(board)
        or (m["ranked"] and not m["parameters"] and not set(m["needs"]) & {"groups", "cost"})
    ]


def _shown(board: Mapping[str, Any]) -> dict[str, str]:
    """The protocol drawn, by kind; where no cell was scored, the first of each, so that the reasons
    are shown.
    """
    drawn = [p for p in board["protocols"] if p["shown"]] or board["protocols"][::-1]
    return {p["kind"]: p["name"] for p in drawn if p["kind"] in CODE}


def _kinds(board: Mapping[str, Any]) -> list[str]:
    """The columns: the kind that ranks, then the other one."""
    own = [kind for kind in _shown(board) if kind in (TRANSFER, INSIDE)]
    return sorted(own, key=lambda kind: (kind != board["ranked_by"], kind != TRANSFER))


def _beside(board: Mapping[str, Any]) -> list[str]:
    """The further columns: the same data sets, touched up or in another mix."""
    return [kind for kind in ("worst evasion", "prevalence") if kind in _shown(board)]


def _mix(board: Mapping[str, Any]) -> str:
    """The share of bots of the prevalence column, as a person says it."""
    found = re.search(r"prevalence=([\d.]+)", _shown(board).get("prevalence", ""))
    return f"{100 * float(found[1]):g} % bots" if found else ""


def _cells(board: Mapping[str, Any]) -> DrawnCells:
    """The cells drawn: n, bots, status, and every metric's (value, low, high)."""
    shown = set(_shown(board).values())
    found: DrawnCells = {}
    for row in board["rows"]:
        if row["protocol"] not in shown:
            continue
        cell = found.setdefault(
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
                "v": {},
            },
        )
        if row["value"] is not None:
            cell["v"][row["metric"]] = [row["value"], row["low"], row["high"]]
    return found


def _order(board: Mapping[str, Any], metric: str, kinds: list[str]) -> list[dict[str, Any]]:
    """Detectors as the page lists them: by rank, then those with a score, then the rest; each with
    its entry and its gaps.
    """
    found = {e["detector"]: e for e in bars(entries(board, metric))}
    known = _cells(board)
    place = {name: i for i, name in enumerate(found)}
    detectors = sorted(
        board["detectors"], key=lambda d: (place.get(d["name"], len(place)), d["name"])
    )
    return [
        {**d, "entry": found.get(d["name"]), "na": _gaps(board, d["name"], kinds, known)}
        for d in detectors
    ]


def _gaps(
    board: Mapping[str, Any], name: str, kinds: list[str], known: DrawnCells
) -> dict[Any, str]:
    """Why there is no score, by (scope, kind's code); the scope '' is the mean."""
    gaps: dict[Any, str] = {}
    for kind in kinds:
        why = {t["name"]: _why(known.get((name, kind, t["name"]))) for t in board["tests"]}
        gaps.update({(test, CODE[kind]): reason for test, reason in why.items() if reason})
        missing = [test for test in core(board) if why[test]]
        if missing:
            where = {
                reason: text.listed([t for t in missing if why[t] == reason])
                for reason in sorted({why[t] for t in missing})
            }
            shared = [
                reason if tests in reason else f"{reason} ({tests})"
                for reason, tests in where.items()
            ]
            scored = f"{len(core(board)) - len(missing)} of {len(core(board))} data sets"
            gaps["", CODE[kind]] = f"not ranked: {scored}; {'; '.join(shared)}"
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
    """The entries with the bars that join what is not separated: lane, first, last and the others
    of each.
    """
    runs: dict[int, list[str]] = {}
    for entry in found:
        for run in entry.get("ties") or []:
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
                for r in e.get("ties") or []
            ],
        }
        for e in found
    ]


def scale(board: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    """The axis of a metric: from a to b in steps of a tenth or more, wide enough for all that is
    drawn.
    """
    bottom, top = (
        end if bound is None else bound
        for bound, end in zip(metric["range"], (-math.inf, math.inf), strict=True)
    )
    said = [
        row for row in board["rows"] if row["metric"] == metric["name"] and row["value"] is not None
    ]
    values = [row[k] for row in said for k in ("low", "value", "high") if row[k] is not None]
    values += [metric["guessing"]] if metric["guessing"] is not None else []
    values += [
        bound
        for e in entries(board, metric["name"])
        for wide in e["wide"].values()
        for bound in wide
    ]
    best = top if metric["direction"] == "higher" else bottom
    values += [best if math.isfinite(best) else 0.0]
    low, high = min(values), max(values)
    a = max(bottom, math.floor(low * 10 + 1e-9) / 10)
    b = min(top, math.ceil(high * 10 - 1e-9) / 10)
    a, b = (a, b) if b - a > 0.05 else (max(bottom, a - 0.1), min(top, b + 0.1))
    step = next(
        s
        for power in range(-1, 12)
        for s in (10**power, 2 * 10**power, 5 * 10**power)
        if (b - a) / s <= 9
    )
    first = math.ceil(a / step - 1e-9)
    count = math.floor(b / step + 1e-9) - first + 1
    return {
        "a": round(a, 1),
        "b": round(b, 1),
        "ticks": [round((first + i) * step, 1) for i in range(count)],
        "chance": metric["guessing"],
    }


def _tests(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tests of the mean first, each with the question that the one-question tree asks there,
    and why nothing was scored.
    """
    asked = {
        test: said
        for d in board["detectors"]
        if d["name"] == ONE_QUESTION
        for test, said in d["learnt"].items()
    }
    scored = {row["test"] for row in board["rows"] if row["status"] == "done"}
    reasons = {row["test"]: row["reason"] for row in board["rows"] if row["test"] not in scored}
    order = sorted(board["tests"], key=lambda t: (not t["in_mean"], t["name"]))
    return [
        {**t, "question": asked.get(t["name"]), "unscored": reasons.get(t["name"])} for t in order
    ]


def _simulated(board: Mapping[str, Any]) -> str:
    names = [r["reference"] for r in board["releases"] if r["simulated"]]
    who = "Every release here" if len(names) == len(board["releases"]) else text.listed(names)
    verb = "were" if len(names) > 1 and len(names) < len(board["releases"]) else "was"
    mixed = (
        ""
        if len(names) == len(board["releases"])
        else " Simulated data sets are left out of the mean."
    )
    return (
        f"{who} {verb} made by a program: such scores show that the tools work, and say nothing"
        f" about real accounts.{mixed}"
    )


def _scope_text(board: Mapping[str, Any], kinds: list[str]) -> str:
    sets = len(core(board))
    if not kinds or not sets:
        return "Nothing is ranked; the values stand below, data set by data set."
    each = ", each left out of training in turn" if kinds[0] == TRANSFER and sets > 1 else ""
    return f"Mean of {sets} data set{'s' if sets > 1 else ''}{each}."


def _every(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cells with all their metrics, drawn or not, for the plain table."""
    grouped = groupby(board["rows"], key=lambda row: row["cell"])
    return [{**rows[0], "rows": rows} for _, each in grouped if (rows := list(each))]


def _data(
    board: Mapping[str, Any],
    kinds: list[str],
    known: DrawnCells,
    scales: Mapping[str, Any],
    drawn: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """What the script needs: the summary by scope, metric and detector, and the cells drawn."""
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
    for (detector, kind, test), cell in known.items():
        if cell["v"]:
            kept = {
                key: cell[key] for key in ("n", "bots", "train", "cell", "protocol", "seed", "v")
            }
            cells.setdefault(detector, {}).setdefault(CODE[kind], {})[test] = kept
    gaps = {
        name: {f"{scope}\n{kind}": reason for (scope, kind), reason in d["na"].items()}
        for name, d in drawn.items()
    }
    metrics = {
        m["name"]: {"title": m["title"], "low": m["direction"] == "lower", "at": i}
        for i, m in enumerate(board["metrics"])
    }
    return {
        "first": primary(board)["name"],
        "kinds": [CODE[k] for k in kinds],
        "beside": [CODE[k] for k in _beside(board)],
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
        "f": entry.get("rank_doubt") if entry.get("flips") else None,
        "lost": entry["lost"],
        "above": entry["above"],
        "on": entry["higher_on"],
        "bars": entry["bars"],
    }
