"""The board as one self-contained page: no network, and readable without its script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data.floor_rows import ONE_QUESTION
from benchmarks.leaderboard.render import lead, text
from benchmarks.leaderboard.render.axis import scale
from benchmarks.leaderboard.render.drawn_cells import (
    CODE,
    decided,
    drawn_cells,
    drawn_protocols,
    kinds_beside,
    ordered_detectors,
    ranked_kinds,
    somebody_abstains,
)
from benchmarks.leaderboard.render.lead import INSIDE, TRANSFER
from benchmarks.leaderboard.render.marks import Marks
from benchmarks.leaderboard.render.script_data import KEY, script_data
from benchmarks.leaderboard.render.summary_text import answer, core, primary, title
from benchmarks.leaderboard.render.words import in_words
from botbench.html.environment import FIGURES
from botbench.html.environment import page as render
from botbench.text import numbers
from botbench.text.escaping import visible

HERE = Path(__file__).parent
STYLES = [FIGURES, HERE / "board.css"]
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
    ("decided", "decided"),
    ("cost", "cost"),
)


def to_html(
    board: Mapping[str, Any],
    nav: Sequence[tuple[str, str]] = (),
    links: Mapping[str, str] | None = None,
) -> str:
    """The page of a board, a pure function of the document.

    In a site, `nav` has (path, title) pairs and names link to pages.
    """
    from jinja2.utils import htmlsafe_json_dumps

    context = view(visible(board))
    context["data"]["site"] = bool(nav)
    return render(
        HERE / "board.html.j2",
        STYLES,
        script=(HERE / "board.js").read_text(encoding="utf-8"),
        nav=visible(list(nav)),
        links=visible(dict(links or {})),
        packed=htmlsafe_json_dumps(context["data"], separators=(",", ":")),
        **context,
    )


def view(board: Mapping[str, Any]) -> dict[str, Any]:
    """All contents of the page, computed once for the template."""
    metric = primary(board)
    kinds = ranked_kinds(board)
    by_key = drawn_cells(board)
    scales = {m["name"]: scale(board, m) for m in board["metrics"]}
    order = ordered_detectors(board, metric["name"], kinds)
    marks = Marks(scales[metric["name"]])

    def score(detector: str, kind: str, test: str) -> list[float] | None:
        cell = by_key.get((detector, kind, test))
        return cell["v"].get(metric["name"]) if cell else None

    def panel(test: Mapping[str, Any]) -> list[tuple[str, str]]:
        main, other = [*kinds, "", ""][:2]
        pairs = [
            (score(d["name"], main, test["name"]), score(d["name"], other, test["name"]))
            for d in order
        ]
        return marks.panel(pairs, hollow=bool(test["few"]))

    def page_of(detector: str, test: str) -> str:
        cell = by_key.get((detector, kinds[0], test))
        return f"cells/{str(cell['cell'])[:KEY]}.html" if cell else ""

    abstains = bool(kinds) and somebody_abstains(board)

    def share_decided(detector: str) -> tuple[float, float | None] | None:
        return decided(by_key, detector, kinds[0], core(board), metric["name"])

    def ticks(detector: str, kind: str) -> list[float]:
        scored = [score(detector, kind, test) for test in core(board)]
        return [v[0] for v in scored if v]

    return {
        "b": {**board, "tests": _tests(board)},
        "title": title(board),
        "metric": metric,
        "answer": answer(board),
        "kinds": kinds,
        "beside": kinds_beside(board),
        "mix": _mix(board),
        "core": core(board),
        "order": order,
        "code": CODE,
        "where": WHERE,
        "one_question": ONE_QUESTION,
        "scale": scales[metric["name"]],
        "marks": marks,
        "score": score,
        "panel": panel,
        "page_of": page_of,
        "ticks": ticks,
        "ranks": lead.ranks,
        "abstains": abstains,
        "decided": share_decided,
        "tick": numbers.tick,
        "span": text.span,
        "seconds": numbers.seconds,
        "milliseconds": numbers.milliseconds,
        "simulated": _simulated(board),
        "scope_text": _scope_text(board, kinds),
        "sorts": [
            s
            for s in SORTS
            if (s[0] not in ("other", "lost") or len(kinds) > 1) and (s[0] != "decided" or abstains)
        ],
        "needs": sorted({n for d in board["detectors"] for n in d["needs"]}),
        "floor_leads": any(d["floor"] and d["entry"] and d["entry"]["rank"] == 1 for d in order),
        "rules": "; ".join(
            sorted({d["threshold_rule"] for d in board["detectors"] if d["threshold_rule"]})
        ),
        "first_metrics": _first(board),
        "more_metrics": [m for m in board["metrics"] if m not in _first(board)],
        "platforms": sorted({t["platform"] for t in board["tests"]}),
        "licences": sorted({t["licence"] for t in board["tests"]}),
        "data": script_data(board, kinds, by_key, scales, order),
    }


def _first(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics shown at first: those without a parameter, and the metric the board opens with.

    All thirty would push the board off the screen.
    """
    return [
        m
        for m in board["metrics"]
        if m == primary(board)
        or (m["ranked"] and not m["parameters"] and not set(m["needs"]) & {"groups", "cost"})
    ]


def _mix(board: Mapping[str, Any]) -> str:
    """The share of bots of the prevalence column, in words."""
    match = re.search(r"prevalence=([\d.]+)", drawn_protocols(board).get("prevalence", ""))
    return f"{100 * float(match[1]):g} % bots" if match else ""


def _tests(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tests, those of the mean first.

    Each has the question of its one-question tree and, without a score, the reason.
    """
    asked = {
        test: question
        for d in board["detectors"]
        if d["name"] == ONE_QUESTION
        for test, question in d["learnt"].items()
    }
    scored = {row["test"] for row in board["rows"] if row["status"] == "done"}
    reasons = {row["test"]: row["reason"] for row in board["rows"] if row["test"] not in scored}
    order = sorted(board["tests"], key=lambda t: (not t["in_mean"], t["name"]))
    return [
        {
            **t,
            "question": in_words(asked[t["name"]]) if asked.get(t["name"]) else None,
            "unscored": reasons.get(t["name"]),
        }
        for t in order
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
