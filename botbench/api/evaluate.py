"""`botbench.evaluate`: a classifier or a detector on releases, beside the floor rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.leaderboard.render.summary_text import OF_PYTHON
from botbench.api.base import given as checks
from botbench.api.base import progress
from botbench.api.board import Board
from botbench.core.errors import UserError, unknown

if TYPE_CHECKING:
    from benchmarks.detectors.adapter import Given
    from benchmarks.execution.results import Cell, Run
    from benchmarks.execution.runner import Report
    from botbench.api.release import Release

SUITE = OF_PYTHON
"""The name of the suite whose runs these are: `botbench leaderboard --suite evaluate`."""
INSIDE, TRANSFER = "cross-validation(folds=5)", "leave-one-data-set-out()"


class Evaluation(Board):
    """A board of the detectors that were evaluated and the floor rows.

    `names` are the detectors that were asked for.
    """

    def __init__(self, board: Board, names: Sequence[str]) -> None:
        super().__init__(board.document, board.cells, board.runs)
        self.names = list(names)


def evaluate(
    detectors: Any,
    releases: Release | str | Sequence[Release | str],
    protocol: str | Sequence[str] | None = None,
    *,
    name: str | None = None,
    features: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    fits: int = 1,
    jobs: int | None = None,
    timeout: float | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Judge classifiers and detectors on releases, as `botbench bench` does, beside the floor rows.

    `detectors` is a scikit-learn classifier, a `DetectorAdapter`, a detector's name
    (`random-forest(trees=500)`), a list of these, or a mapping of names to them. `releases` is one
    (or its reference) or several. `protocol` is one or several; by default cross-validation within
    each release, and with several releases also training on the others.
    A classifier runs as any detector does: each fold is fitted and scored in a fenced process that
    holds no label it is judged on, and predictions are kept in the store.

    `name` is a single classifier's name on boards. `features` are the families that classifiers
    get, by default profile, timing, text, content and network. `metrics` are names, by default all.
    `fits` is how often each detector is fitted where a protocol has one fold. `jobs` are processes
    (one for each core), `timeout` the seconds that one cell may take, `resamples` and `seed` those
    of the intervals' bootstrap.

    Raises UserError for unknown names, for what is no classifier, and where a detector failed on
    every release (with its reason).
    """
    from benchmarks.execution import results, runner

    # Before any fit: a setting that is none must not cost a run.
    intervals = {
        "intervals": {"resamples": checks.resamples(resamples), "seed": checks.seed(seed)},
        "metrics": None,
    }
    if jobs is not None:
        _whole("jobs", jobs)
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise UserError(f"timeout is {timeout!r}; give seconds, above 0.")
    given, named = _detectors(detectors, name, features)
    chosen = _releases(releases)
    home = chosen[0].workspace.home
    suite = _suite([*given, *named], chosen, protocol, metrics, fits)
    with progress.shown() as bars:
        report = runner.bench(home, suite, jobs, timeout, bars, given=given)
    names = [*given, *named]
    _tell(report, names)
    cells = {cell.key: cell for cell in results.cells(report.run)}
    document, kept = board_of([report.run], cells, intervals)
    return Evaluation(Board(document, kept, [report.run]), names)


def _whole(name: str, value: Any) -> None:
    """Refuse what is no whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{name} is {value!r}; give a whole number, 1 or more.")


def board_of(
    runs: Sequence[Run], cells: Mapping[str, Cell], settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Cell]]:
    """The board of cells of some runs, with the intervals of `settings` (a board's document)."""
    from benchmarks.execution import results
    from benchmarks.leaderboard.compute import table
    from benchmarks.leaderboard.compute.scores import Plan, Result

    home = runs[0].home
    wanted: list[str] | None = []
    for run in runs:
        metrics = run.suite.get("metrics")
        wanted = None if wanted is None or metrics in (None, "all") else [*wanted, *metrics]
    about = {
        "run": ", ".join(run.run_id for run in runs),
        "suite": SUITE,
        "seconds": sum(run.seconds for run in runs),
        "metrics": wanted,
    }
    releases = {f"{r['name']}@{r['version']}": r for run in runs for r in table.licensed(run)}
    found = [
        Result(c.info, partial(results.scored, c) if c.status == "done" else None)
        for c in cells.values()
    ]
    how = settings["intervals"]
    plan = Plan(int(how["resamples"]), int(how["seed"]), home / "cache" / "draws")
    with progress.shown() as bars:
        bars.stage("intervals", len(found))

        def tick(measured: int) -> None:
            for _ in range(measured):
                bars.step("")

        document = table.board(about, found, releases.values(), plan, tick)
    return document, dict(cells)


def _detectors(
    detectors: Any, name: str | None, features: Sequence[str] | None
) -> tuple[dict[str, Given], list[str]]:
    """The classifiers by name, and the canonical names of registered detectors."""
    from benchmarks.detectors import get
    from benchmarks.detectors.adapter import given as pickled

    pairs = _pairs(detectors, name)
    given: dict[str, Given] = {}
    named: list[str] = []
    for called, one in pairs:
        if isinstance(one, str):
            canonical = get(one).name
            if called is not None and called != canonical:
                raise UserError(
                    f"{one} is a registered detector, which keeps its name; name= is for"
                    " classifiers."
                )
            named.append(canonical)
            continue
        spec = pickled(_adapter(one, called, features))
        if spec.name in given:
            raise UserError(
                f"Two classifiers are called {spec.name!r}. Give them names:"
                f" evaluate({{'{spec.name} 1': ..., '{spec.name} 2': ...}}, ...)."
            )
        given[spec.name] = spec
    return given, list(dict.fromkeys(named))


def _pairs(detectors: Any, name: str | None) -> list[tuple[str | None, Any]]:
    """Each detector with the name that it was given, if any."""
    if isinstance(detectors, Mapping):
        if name is not None:
            raise UserError("name= is for one classifier; the mapping's keys are names already.")
        pairs: list[tuple[str | None, Any]] = [(str(k), v) for k, v in detectors.items()]
    elif isinstance(detectors, list | tuple):
        pairs = [(None, one) for one in detectors]
        if name is not None and len(pairs) > 1:
            raise UserError("name= is for one classifier; give a mapping of names to classifiers.")
        pairs = [(name, one) for _, one in pairs]
    else:
        pairs = [(name, detectors)]
    if not pairs:
        raise UserError("No detector was given; give a classifier or a name (botbench detectors).")
    return pairs


def _adapter(one: Any, name: str | None, features: Sequence[str] | None) -> Any:
    """The adapter of a classifier with its name and features; checks both."""
    from benchmarks.detectors import detectors as registered
    from benchmarks.detectors.adapter import FAMILIES, DetectorAdapter
    from curation.features import FEATURES, families

    kept = one if isinstance(one, DetectorAdapter) else DetectorAdapter(one)
    wanted = kept.features if features is None else features
    wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    known = {*families(), *FEATURES, *FAMILIES}
    for feature in wanted:
        if feature not in known:
            raise unknown("family of features or feature", str(feature), known)
    if not wanted:
        raise UserError("features names none; leave it out for the usual families.")
    called = name or kept.name
    if called is not None and (called in registered() or not called.strip() or "@" in called):
        raise UserError(
            f"{called!r} cannot name a classifier: it is blank, has an @, or is a registered"
            " detector's name."
        )
    return DetectorAdapter(kept.estimator, called, wanted, kept.threshold)


def _releases(releases: Any) -> list[Release]:
    from botbench.api.release import Release, load

    several = releases if isinstance(releases, list | tuple) else [releases]
    if not several:
        raise UserError("No release was given; give one (botbench releases).")
    found = []
    for one in several:
        if not isinstance(one, Release | str | Path):
            raise UserError(
                f"{type(one).__name__} is no release; give botbench.load(NAME) or a name."
            )
        found.append(one if isinstance(one, Release) else load(one))
    if parts := [r.reference for r in found if r.part is not None]:
        raise UserError(
            f"{parts[0]} is limited to a part of its split; give the whole release, the protocol"
            " chooses who trains: protocol='official-split()'."
        )
    if len({r.workspace.home for r in found}) > 1:
        raise UserError("The releases are of several stores; give those of one.")
    return found


def _suite(
    names: Sequence[str],
    releases: Sequence[Release],
    protocol: str | Sequence[str] | None,
    metrics: Sequence[str] | None,
    fits: int,
) -> Any:
    """The suite of these names with the floor rows among them."""
    from benchmarks.data.floor_rows import FLOORS
    from benchmarks.execution.suite import Suite
    from benchmarks.metrics import ordered
    from benchmarks.protocols import parse

    if protocol is None:
        asked: Sequence[str] = [INSIDE, *([TRANSFER] if len(releases) > 1 else [])]
    else:
        if not isinstance(protocol, str | Sequence):
            raise UserError(f"protocol is {protocol!r}; give a name, such as {INSIDE!r}.")
        asked = [protocol] if isinstance(protocol, str) else list(protocol)
    if not asked:
        raise UserError("protocol names none; leave it out for cross-validation.")
    if isinstance(fits, bool) or not isinstance(fits, int) or not 1 <= fits <= 100:
        raise UserError(f"fits is {fits!r}; give a whole number from 1 to 100.")
    chosen: Any = "all"
    if metrics is not None:
        chosen = [m.name for m in ordered([metrics] if isinstance(metrics, str) else list(metrics))]
    return Suite(
        name=SUITE,
        about="Made by botbench.evaluate.",
        releases=list(dict.fromkeys(r.reference for r in releases)),
        detectors=list(dict.fromkeys([*FLOORS, *names])),
        protocols=list(dict.fromkeys(str(parse(text)) for text in asked)),
        metrics=chosen,
        fits=fits,
    )


def _tell(report: Report, names: Sequence[str]) -> None:
    """Raise UserError where a detector has no score at all; warn where it failed somewhere."""
    from benchmarks.execution import results

    cells = results.cells(report.run)
    for name in names:
        own = [cell for cell in cells if cell.detector == name]
        bad = [cell for cell in own if cell.status != "done"]
        reasons = "; ".join(dict.fromkeys(str(cell.reason).rstrip(".") for cell in bad))
        if own and len(bad) == len(own):
            raise UserError(
                f"{name} has no score on {', '.join(sorted({c.test for c in own}))}: {reasons}."
            )
        if bad:
            tests = ", ".join(sorted({cell.test for cell in bad}))
            warnings.warn(f"{name} has no score on {tests}: {reasons}.", stacklevel=3)
