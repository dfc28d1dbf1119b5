"""Run a suite: plan its cells, compute the missing ones in parallel, keep each as it ends."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.detectors.adapter import Given
from benchmarks.execution import on_engine, results
from benchmarks.execution.cells import Outcome, Task, compute
from benchmarks.execution.keeping import keep
from benchmarks.execution.planning import (
    NONE,
    Planned,
    find_releases,
    plan,
    prepare,
    prepare_moves,
)
from benchmarks.execution.suite import Suite
from benchmarks.execution.workers import Lost, each
from botbench.core.files import write_json
from botbench.core.hashing import short_hash
from botbench.core.progress import NoProgress, Progress
from curation import engines
from curation.engines import DUCKDB
from curation.store.upkeep import leftovers

if TYPE_CHECKING:
    from benchmarks.execution.tracking import Tracker
    from curation.release.release import Release


@dataclass
class Counts:
    """Cells by status; `done` in this run, `cached` from an earlier one."""

    done: int = 0
    cached: int = 0
    failed: int = 0
    not_applicable: int = 0


@dataclass(frozen=True)
class Report:
    """The result of a run."""

    run: results.Run
    counts: Counts
    seconds: float
    failures: list[dict[str, Any]] = field(default_factory=list)
    not_applicable: list[dict[str, Any]] = field(default_factory=list)


def bench(
    home: Path,
    suite: Suite,
    jobs: int | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    *,
    track: bool = False,
    given: Mapping[str, Given] = NONE,
    engine: str = DUCKDB,
) -> Report:
    """Compute a suite's missing cells in `jobs` processes (default: one a core) and write the run.

    `timeout` is in seconds for one cell; `track` logs to MLflow. `given` are the suite's
    detectors that were given as objects, by name. On an `engine` of Spark its workers compute and
    keep the cells, so they must see `home`; only this process logs. Failed cells are computed
    again, done and not applicable ones are not. The bench may be killed and started again at any
    time, because cells are written atomically. Raises UserError for missing releases.
    """
    begun = time.perf_counter()
    progress = progress or NoProgress()
    engines.check(engine)
    if track:
        from benchmarks.execution import tracking

        tracking.refuse_deleted()
    leftovers.remove(home)
    releases = find_releases(home, suite.releases)
    version = prepare(home, releases, progress)
    prepare_moves(home, suite, releases, progress)
    planned = plan(home, suite, releases, version, given)
    counts, missing = _split_by_cache(planned)
    opening = _TrackerOpening() if track and missing else None
    work = _Work(jobs or os.cpu_count() or 1, timeout, engine)
    _compute_missing(missing, counts, work, progress)
    run = _write_run(
        home, suite, planned, releases, time.perf_counter() - begun if missing else None
    )
    if track:
        _track(run, opening, progress)
    cells = [c.info for c in results.cells(run)]
    failed, not_applicable = (
        [c for c in cells if c["status"] == s] for s in ("failed", "not applicable")
    )
    return Report(run, counts, time.perf_counter() - begun, failed, not_applicable)


class _TrackerOpening:
    """Opens MLflow's store in a thread while cells are computed: import and migrations are slow."""

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._open, daemon=True)
        self.thread.start()

    def _open(self) -> None:
        from benchmarks.execution.tracking import Tracker

        try:
            self.tracker = Tracker.open()
        except (Exception, SystemExit) as error:  # it is raised again when the tracker is used
            self.error = error

    def result(self) -> Tracker:
        """The open tracker. Raises what opening raised."""
        self.thread.join()
        if self.tracker is None:
            raise self.error or RuntimeError("MLflow was not opened")
        return self.tracker


def _track(run: results.Run, opening: _TrackerOpening | None, progress: Progress) -> None:
    from benchmarks.execution import tracking

    if opening is None and tracking.is_tracked(run):
        return
    progress.stage("opening MLflow", 1)
    tracker = (opening or _TrackerOpening()).result()
    progress.step("MLflow is open")
    tracker.sync(run, progress)


def _split_by_cache(planned: Sequence[Planned]) -> tuple[Counts, list[Planned]]:
    """Counts of the cells that are there already, and the missing cells, once each."""
    counts = Counts()
    missing: dict[str, Planned] = {}
    for one in planned:
        before = results.find_cell(one.task.home, one.task.key)
        if before is None or before.status == "failed":
            missing[one.task.key] = one
        else:
            _count(counts, "cached" if before.status == "done" else before.status)
    return counts, list(missing.values())


@dataclass(frozen=True)
class _Work:
    """By how many processes cells are computed, in how much time each, on which engine."""

    jobs: int
    timeout: float | None
    engine: str


def _compute_missing(
    missing: Sequence[Planned], counts: Counts, work: _Work, progress: Progress
) -> None:
    """Compute and keep the missing cells, the largest first, and count the outcomes."""
    progress.stage("cells", len(missing))
    for one, status, reason in _kept(missing, work):
        _count(counts, status)
        progress.step(f"{one.spec.name} on {one.document['test']}: {reason or status}")


def _count(counts: Counts, status: str) -> None:
    name = status.replace(" ", "_")
    setattr(counts, name, getattr(counts, name) + 1)


def _kept(missing: Sequence[Planned], work: _Work) -> Iterator[tuple[Planned, str, str | None]]:
    """Every missing cell with status and reason, once it is kept.

    A worker computes it unless the plan gives a reason against it.
    """
    for one in missing:
        if one.task.plan.reason:
            keep(one.task, one.document, Outcome("not applicable", one.task.plan.reason))
            yield one, "not applicable", one.task.plan.reason
    left = [one for one in missing if not one.task.plan.reason]
    left.sort(key=lambda one: _workload(one.task), reverse=True)
    if work.engine != DUCKDB:
        yield from on_engine.each(left, work.engine, work.jobs, work.timeout)
        return
    by_key = {one.task.key: one for one in left}
    for task, found in each([one.task for one in left], compute, work.jobs, work.timeout):
        one = by_key[task.key]
        outcome = Outcome("failed", found.reason) if isinstance(found, Lost) else found
        keep(one.task, one.document, outcome)
        yield one, outcome.status, outcome.reason


def _workload(task: Task) -> tuple[bool, int]:
    """A sort key for a cell's run time: floor detectors are quick; then the bytes of the labels."""
    files = [
        task.home / "releases" / Path(*r.rpartition("@")[::2]) / "labels.parquet"
        for r in task.plan.train
    ]
    return not task.spec.floor, sum(f.stat().st_size for f in files if f.exists())


def _write_run(
    home: Path,
    suite: Suite,
    planned: Sequence[Planned],
    releases: Sequence[Release],
    seconds: float | None,
) -> results.Run:
    """Write the run's document. Its id is a hash of the suite and the cell keys.

    Without `seconds` nothing was computed, and the document keeps the seconds it has.
    """
    keys = list(dict.fromkeys(one.task.key for one in planned))
    document = suite.document()
    run_id = f"{suite.name}-{short_hash([document, keys], 12)}"
    path = results.run_file(home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    if seconds is None:
        seconds = json.loads(path.read_text("utf-8"))["seconds"] if path.exists() else 0.0
    write_json(
        path,
        {
            "run_id": run_id,
            "suite": document,
            "cells": keys,
            "releases": [_described(home, r) for r in releases],
            "seconds": seconds,
            "finished_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        },
    )
    return results.load_run(home, run_id)


def _described(home: Path, release: Release) -> dict[str, Any]:
    info = release.info
    return {
        "name": release.name,
        "version": release.version,
        "content_hash": release.content_hash,
        "dataset": release.dataset,
        "platform": release.platform,
        "simulated": bool(info.get("simulated")),
        "accounts": info["accounts"],
        "bots": info["bots"],
        "humans": info["humans"],
        "path": str(release.path.relative_to(home)),
    }


def as_json(report: Report) -> dict[str, Any]:
    """The document of `botbench bench --json`."""
    return {
        "suite": report.run.suite["name"],
        "run_id": report.run.run_id,
        "cells": asdict(report.counts),
        "seconds": round(report.seconds, 3),
    }
