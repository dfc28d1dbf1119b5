"""The leaderboard document: rows, means, ranks and ties, and the versions they were made from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from benchmarks import metrics
from benchmarks.data.floor_rows import FLOORS
from benchmarks.leaderboard.compute import clusters, fits
from benchmarks.leaderboard.compute.cell_ranks import UNRANKED, cell_ranks
from benchmarks.leaderboard.compute.scores import (
    DEFAULT_PLAN,
    MeasuredCell,
    Plan,
    Result,
    measure,
    silent,
)
from benchmarks.leaderboard.compute.subsets import licence_kind, subsets
from benchmarks.leaderboard.compute.summary import (
    KINDS,
    MEAN,
    BoardLayout,
    paired_score,
    summarise,
)
from botbench.core.errors import UserError
from botbench.stats import proportions
from botbench.stats.multiple_comparisons import friedman
from botbench.stats.resampling import percentiles

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.execution.results import Run
    from benchmarks.metrics import Metric

FORMAT = 1
PLACES = 6
AS_IT_IS = frozenset({str, int, bool, type(None)})
"""Kinds of values that a document has as they are."""
INSIDE = "in distribution"
RELEASE = (
    "name",
    "version",
    "content_hash",
    "dataset",
    "platform",
    "simulated",
    "accounts",
    "bots",
    "humans",
    "licence",
    "family",
)


def find_run(home: Path, run_id: str | None = None, suite: str | None = None) -> Run:
    """The run with that id, or the newest (of that suite). UserError lists the runs."""
    from benchmarks.execution import results
    from botbench.core.errors import unknown

    if run_id is not None or suite is None:
        return results.load_run(home, run_id)
    runs = results.runs(home)
    fitting = [run for run in runs if run.suite.get("name") == suite]
    if not fitting and runs:
        raise unknown("finished suite", suite, {str(run.suite.get("name")) for run in runs})
    return fitting[-1] if fitting else results.load_run(home)


def from_run(
    run: Run, plan: Plan = DEFAULT_PLAN, tick: Callable[[int], object] = silent
) -> dict[str, Any]:
    """The board of a finished run. Raises UserError if floor rows or a cell are missing."""
    from functools import partial

    from benchmarks.execution import results

    cells = [
        Result(c.info, partial(results.scored, c) if c.status == "done" else None)
        for c in results.cells(run)
    ]
    about: dict[str, Any] = {
        "run": run.run_id,
        "suite": str(run.suite.get("name", "")),
        "seconds": run.seconds,
    }
    wanted = run.suite.get("metrics")
    about["metrics"] = None if wanted in (None, "all") else wanted
    return board(about, cells, licensed(run), plan, tick)


def licensed(run: Run) -> list[dict[str, Any]]:
    """The run's releases with their licences, if they are in the store, and their families."""
    from curation.release import release

    rows = []
    for entry in run.releases:
        try:
            licence = release.load(run.home, f"{entry['name']}@{entry['version']}").info.get(
                "licence"
            )
        except UserError:
            licence = None
        rows.append({**entry, "licence": entry.get("licence") or licence})
    return clusters.named(run.home, rows)


def board(
    about: Mapping[str, Any],
    cells: Iterable[Result],
    releases: Iterable[Mapping[str, Any]],
    plan: Plan = DEFAULT_PLAN,
    tick: Callable[[int], object] = silent,
) -> dict[str, Any]:
    """The whole board as plain JSON, whatever the order of the cells.

    `about` has run, suite, seconds and optionally metrics.
    """
    kept = list(releases)
    return document(about, measured(about, cells, kept, plan, tick), kept, plan)


def measured(
    about: Mapping[str, Any],
    cells: Iterable[Result],
    releases: Iterable[Mapping[str, Any]],
    plan: Plan = DEFAULT_PLAN,
    tick: Callable[[int], object] = silent,
) -> BoardLayout:
    """Every cell measured and laid out. Raises UserError if the run has no shortcut rows."""
    results = list(cells)
    refuse_without_floors([r.info for r in results], str(about["suite"]))
    chosen = metrics.ordered(about.get("metrics"))
    return BoardLayout(measure(results, chosen, plan, tick), chosen, clusters.families(releases))


def document(
    about: Mapping[str, Any],
    layout: BoardLayout,
    releases: Iterable[Mapping[str, Any]],
    plan: Plan = DEFAULT_PLAN,
) -> dict[str, Any]:
    """The board of measured cells as plain JSON."""
    kept, chosen = sorted(releases, key=lambda r: (r["name"], r["version"])), layout.metrics
    ranks = cell_ranks(layout, chosen)
    tests = [_test(test, layout, kept) for test in layout.tests]
    return rounded(  # type: ignore[no-any-return]
        {
            "format": FORMAT,
            "suite": about["suite"],
            "run": about["run"],
            "seconds": about["seconds"],
            "simulated": (
                any(r["simulated"] for r in kept)
                or any(bool(m.info.get("simulated")) for m in layout.measured)
            ),
            "intervals": {
                "level": proportions.LEVEL,
                "resamples": plan.resamples,
                "seed": plan.seed,
                "unit": "account",
                "few": proportions.FEW,
            },
            "metrics": [m.about() for m in chosen],
            "protocols": [
                {"name": p, "kind": k, "shown": p in layout.protocols.values()}
                for p, k in _protocols(layout.measured)
            ],
            "ranked_by": layout.main,
            "releases": [
                {**{k: r.get(k) for k in RELEASE}, "reference": f"{r['name']}@{r['version']}"}
                for r in kept
            ],
            "tests": tests,
            "detectors": [
                {**_detector(name, layout), **_met(name, layout, kept)} for name in layout.detectors
            ],
            "rows": [
                {**_row(m, metric), **ranks.get((m.info["cell_key"], metric.name), UNRANKED)}
                for m in layout.measured
                for metric in chosen
            ],
            "summary": [
                entry
                for scope in (MEAN, *layout.tests)
                for m in chosen
                for entry in summarise(layout, m, scope)
            ],
            "subsets": subsets(layout, tests),
            "friedman": {m.name: _friedman(layout, m) for m in chosen if m.ranked},
            "versions": _versions(layout.measured),
            "unfenced": sum(
                (m.info.get("fence") or {}).get("landlock") == 0 for m in layout.measured
            ),
        }
    )


def refuse_without_floors(infos: Iterable[Mapping[str, Any]], suite: str) -> None:
    """Raise UserError if the run has no constant or no one-question tree to compare scores with."""
    missing = sorted(set(FLOORS) - {i["detector"] for i in infos})
    if missing:
        raise UserError(
            f"The run of suite {suite!r} lacks its shortcut rows: {', '.join(missing)}. A score"
            " says nothing without them beside it, so no board was written. Add them to the"
            " suite's `detectors:` (or say `all`) and run `botbench bench` again: what is done"
            " stays done."
        )


def _protocols(measured: Iterable[MeasuredCell]) -> list[tuple[str, str]]:
    return sorted({(m.info["protocol"], m.kind) for m in measured})


def _test(test: str, layout: BoardLayout, releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The tested data: one release, or the named pair of two."""
    own = [r for r in releases if f"{r['name']}@{r['version']}" in test.split("+")]
    # Another mix thins a class, so only cells that use all of the data set show whether it is few.
    done = [
        m
        for m in layout.measured
        if m.info["test"] == test and m.info["status"] == "done" and m.kind in KINDS
    ]
    bots, humans = (sum(int(r.get(k) or 0) for r in own) for k in ("bots", "humans"))
    return {
        "name": test,
        "platform": ", ".join(sorted({str(r.get("platform")) for r in own})),
        "accounts": bots + humans,
        "licence": ", ".join(sorted({licence_kind(r.get("licence")) for r in own})),
        "bots": bots,
        "humans": humans,
        "simulated": any(bool(r.get("simulated")) for r in own),
        "few": any(m.few for m in done) if done else proportions.few(bots, humans),
        "in_mean": test in layout.core,
        "cluster": layout.clusters(layout.tests)[layout.tests.index(test)],
    }


def _detector(name: str, layout: BoardLayout) -> dict[str, Any]:
    """A detector's facts, and its cost over its scored cells."""
    own = [m for m in layout.measured if m.info["detector"] == name]
    done = [m for m in own if m.info["status"] == "done"]
    info = own[0].info
    predictions = sum(m.predictions for m in done)
    fit, score = (
        sum(float((m.info.get("seconds") or {}).get(part) or 0) for m in done)
        for part in ("fit", "score")
    )
    return {
        "name": name,
        "about": info.get("detector_about") or "",
        "cites": info.get("cites"),
        "needs": list(info.get("needs") or []),
        "floor": bool(info.get("floor")) or name in FLOORS,
        "version": "; ".join(sorted({str(m.info.get("detector_version")) for m in own})),
        "threshold_rule": "; ".join(
            sorted({str(m.info["threshold_rule"]) for m in done if m.info.get("threshold_rule")})
        ),
        "cells": {
            s: sum(m.info["status"] == s for m in own) for s in ("done", "failed", "not applicable")
        },
        "fit_seconds": fit if done else None,
        "score_ms_per_1000": 1e6 * score / predictions if predictions else None,
        # Transfer first, so that what was learnt on the data set itself replaces it.
        "learnt": {
            m.info["test"]: m.info["learnt"]
            for m in sorted(done, key=lambda m: m.kind == INSIDE)
            if m.info.get("learnt")
        },
    }


def _met(name: str, layout: BoardLayout, releases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The data sets on which a detector declares it was pretrained, and their tests."""
    trained_on = sorted(
        {
            str(t)
            for m in layout.measured
            if m.info["detector"] == name
            for t in m.info.get("trained_on") or ()
        }
    )
    names = {t.partition("@")[0] for t in trained_on}
    same = {
        f"{r['name']}@{r['version']}" for r in releases if names & {r["name"], r.get("dataset")}
    }
    return {
        "trained_on": trained_on,
        "met": [test for test in layout.tests if same & set(test.split("+"))],
    }


def _row(m: MeasuredCell, metric: Metric) -> dict[str, Any]:
    """The document's row: one metric of one cell; without a value, `reason` explains it."""
    value, low, high = m.scores.get(metric.name, (None, None, None))
    doubt = (
        percentiles(m.label_draws[metric.name])
        if metric.name in m.label_draws and value is not None and not m.few_for(metric)
        else None
    )
    reason = m.info.get("reason")
    if m.info["status"] == "done" and value is None:
        reason = f"not defined: {metric.undefined}"
    elif m.filled_in:
        reason = m.filled_in
    seconds = m.info.get("seconds") or {}
    return {
        "detector": m.info["detector"],
        "protocol": m.info["protocol"],
        "kind": m.kind,
        "train": sorted(m.info["train"]),
        "test": m.info["test"],
        "metric": metric.name,
        "value": value,
        "low": low,
        "high": high,
        "n": m.accounts,
        "unscored": m.unscored,
        "coverage": m.coverage,
        "value_decided": None if m.coverage is None else m.decided.get(metric.name),
        "fits": m.fits,
        "refits": _refits(m, metric) if value is not None else None,
        "low_doubt": doubt[0] if doubt else None,
        "high_doubt": doubt[1] if doubt else None,
        "bots": m.bots,
        "humans": m.humans,
        "groups": list(m.groups) if m.groups else None,
        "few": m.few_for(metric),
        "interval": m.methods.get(metric.name),
        "status": m.info["status"],
        "reason": reason,
        "move": m.moves.get(metric.name),
        "simulated": bool(m.info.get("simulated")),
        "seed": m.info.get("seed"),
        "cell": m.info["cell_key"],
        "fit_seconds": seconds.get("fit"),
        "score_seconds": seconds.get("score"),
    }


def _refits(m: MeasuredCell, metric: Metric) -> str:
    """Where the variance between fits is: in interval and rank, in the rank alone, nowhere."""
    known = m.fit_values.get(metric.name)
    if known is None or known.variance.freedom == math.inf:
        return fits.NOT_MEASURED
    return fits.IN_RANK if known.resampled else fits.IN_BOTH


def _friedman(layout: BoardLayout, metric: Metric) -> dict[str, Any]:
    """Friedman's test over the clusters of the mean, for detectors scored on all data sets."""
    if layout.main is None:
        return friedman({})
    scores = {
        d: paired_score(layout, metric, d, layout.main, layout.core) for d in layout.detectors
    }
    whole = {d: s.by_cluster for d, s in scores.items() if s and not s.filled_in}
    return friedman(whole, metric.direction == "higher")


def _versions(measured: Iterable[MeasuredCell]) -> dict[str, str]:
    """Every package version that made a cell; cells of an earlier run can add a second version."""
    versions: dict[str, set[str]] = defaultdict(set)
    for m in measured:
        for package, version in (m.info.get("versions") or {}).items():
            versions[package].add(str(version))
    return {package: ", ".join(sorted(versions[package])) for package in sorted(versions)}


def rounded(said: Any) -> Any:
    """The document with floats at six places and NaN as null.

    Machines whose sums differ in the last bit then give the same document.
    """
    if isinstance(said, float):
        return round(said, PLACES) + 0.0 if math.isfinite(said) else None
    # Nearly all that is said is of these kinds, and asking costs less than a call.
    if isinstance(said, dict):
        return {k: v if type(v) in AS_IT_IS else rounded(v) for k, v in said.items()}
    if isinstance(said, list | tuple):
        return [v if type(v) in AS_IT_IS else rounded(v) for v in said]
    return said
