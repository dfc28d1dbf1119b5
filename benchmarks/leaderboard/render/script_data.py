"""The data of the board's script: what each cell and each mean is by every metric, packed.

Detectors and tests are positions in `detectors` and `tests`. Numbers by metric are packed
(`packing`), three for a value with its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.data.floor_rows import CONSTANT, ONE_QUESTION
from benchmarks.leaderboard.compute.summary import MEAN
from benchmarks.leaderboard.render import packing
from benchmarks.leaderboard.render.drawn_cells import CODE, DrawnCells, kinds_beside
from benchmarks.leaderboard.render.lead import in_text
from benchmarks.leaderboard.render.standing import bars_of
from benchmarks.leaderboard.render.summary_text import core, primary

KEY = 16
"""Characters of a cell's key that name its page."""


def script_data(
    board: Mapping[str, Any],
    kinds: list[str],
    drawn: DrawnCells,
    scales: Mapping[str, Any],
    order: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The summary by scope and metric, and the drawn cells."""
    names = [d["name"] for d in order]
    place = {name: i for i, name in enumerate(names)}
    wide = packing.widths(board)
    small = 1 if len(names) < 64 else 2
    return {
        "first": primary(board)["name"],
        "kinds": [CODE[k] for k in kinds],
        "beside": [CODE[k] for k in kinds_beside(board)],
        "detectors": names,
        "floors": [place[n] for n in (CONSTANT, ONE_QUESTION) if n in place],
        "tree": place.get(ONE_QUESTION),
        "tests": [t["name"] for t in board["tests"]],
        "core": core(board),
        "small": small,
        "groups": _groups(drawn, place, wide, small),
        "summary": _summary(board, place, wide, small),
        "gaps": {
            place[d["name"]]: {f"{scope}\n{kind}": why for (scope, kind), why in d["na"].items()}
            for d in order
            if d["na"]
        },
        "domain": scales,
        "few": {t["name"]: t["few"] for t in board["tests"] if t["few"]},
        "metrics": {
            m["name"]: {
                "title": m["title"],
                "said": in_text(m),
                "low": m["direction"] == "lower",
                "at": i,
                "w": wide[m["name"]],
            }
            for i, m in enumerate(board["metrics"])
        },
        "run": board["run"],
        "hashes": {r["reference"]: r["content_hash"] for r in board["releases"]},
        "sets": {t["name"]: [t["platform"], t["licence"]] for t in board["tests"]},
        "drawn": {
            p["name"]: CODE[p["kind"]]
            for p in board["protocols"]
            if p["shown"] and p["kind"] in CODE
        },
    }


def _groups(
    drawn: DrawnCells, place: Mapping[str, int], wide: Mapping[str, int], small: int
) -> list[dict[str, Any]]:
    """Cells that share kind, test, training, seed and counts, as one group of columns."""
    groups: dict[tuple[Any, ...], list[tuple[int, dict[str, Any]]]] = {}
    for (detector, kind, test), cell in drawn.items():
        if cell["v"]:
            facts = (cell["protocol"], cell["seed"], *cell["train"])
            shared = (CODE[kind], test, cell["n"], cell["bots"], facts)
            groups.setdefault(shared, []).append((place[detector], cell))
    return [
        {
            "d": packing.counts(sorted(i for i, _ in own), small),
            **_group(shared, [cell for _, cell in sorted(own, key=lambda pair: pair[0])], wide),
        }
        for shared, own in groups.items()
    ]


def _group(
    shared: tuple[Any, ...], cells: Sequence[Mapping[str, Any]], wide: Mapping[str, int]
) -> dict[str, Any]:
    kind, test, n, bots, (protocol, seed, *train) = shared
    metrics = [m for m in wide if any(m in cell["v"] for cell in cells)]
    group = {
        "k": kind,
        "t": test,
        "n": n,
        "b": bots,
        "p": protocol,
        "seed": seed,
        "train": train,
        "keys": "".join(str(cell["cell"])[:KEY].ljust(KEY) for cell in cells),
        "v": {m: _columns((cell["v"].get(m) for cell in cells), 3, wide[m]) for m in metrics},
    }
    if any((cell["coverage"] or 1) < 1 for cell in cells):
        group["share"] = packing.packed((cell["coverage"] for cell in cells), 2)
        group["decided"] = {
            m: packing.packed((cell["decided"].get(m) for cell in cells), wide[m]) for m in metrics
        }
    return group


def _columns(values: Any, n: int, wide: int) -> str:
    """Tuples of n numbers, or None for n times nothing, one after the other."""
    flat = (number for value in values for number in (value or [None] * n))
    return packing.packed(flat, wide)


def _summary(
    board: Mapping[str, Any], place: Mapping[str, int], wide: Mapping[str, int], small: int
) -> dict[str, dict[str, Any]]:
    """By scope and metric; '' is the mean of all, a part has a line end before each test."""
    by: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in board["summary"]:
        scope = "" if entry["scope"] == MEAN else entry["scope"]
        by.setdefault(scope, {}).setdefault(entry["metric"], []).append(entry)
    for part in board["subsets"]:
        for entry in part["summary"]:
            own = by.setdefault("\n" + "\n".join(part["tests"]), {})
            own.setdefault(entry["metric"], []).append(entry)
    tests = {t["name"] for t in board["tests"]}
    return {
        scope: {
            metric: _entries(entries, place, (wide[metric], small), alone=scope in tests)
            for metric, entries in metrics.items()
        }
        for scope, metrics in by.items()
    }


def _entries(
    found: Sequence[Mapping[str, Any]],
    place: Mapping[str, int],
    widths: tuple[int, int],
    *,
    alone: bool,
) -> dict[str, Any]:
    """The entries of one scope and metric, best first, as columns.

    Where the scope is one test (`alone`), the scores are those of its cells, and left out here.
    """
    wide, small = widths
    columns: dict[str, Any] = {"d": packing.counts((place[e["detector"]] for e in found), small)}
    if any(e["rank"] for e in found):
        columns["r"] = packing.counts((e["rank"] for e in found), small)
        ends = (e.get(k) for e in found for k in ("rank_low", "rank_high"))
        columns["here"] = packing.counts(ends, small)
        columns["bars"] = packing.lists([bars_of(e) for e in found], small)
    if any(e.get("rank_elsewhere") for e in found):
        pairs = (n for e in found for n in (e.get("rank_elsewhere") or [None] * 2))
        columns["else"] = packing.counts(pairs, small)
    if flips := {i: e["rank_doubt"] for i, e in enumerate(found) if e.get("flips")}:
        columns["f"] = flips
    for name in ("above", "lost"):
        if any(e[name] for e in found):
            columns[name] = _columns((e[name] for e in found), 3, wide)
    if not alone:
        columns["on"] = packing.counts((e["higher_on"] for e in found), 2)
        kinds = dict.fromkeys(k for e in found for k in e["scores"])
        columns["s"] = {
            CODE[k]: _columns((e["scores"].get(k) for e in found), 3, wide) for k in kinds
        }
        broad = dict.fromkeys(k for e in found for k in e["wide"])
        columns["w"] = {
            CODE[k]: _columns((e["wide"].get(k) for e in found), 2, wide) for k in broad
        }
        if any(e["above_wide"] for e in found):
            columns["aw"] = _columns((e["above_wide"] for e in found), 2, wide)
    return columns
