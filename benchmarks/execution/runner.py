"""Run a suite: plan its cells, compute the missing ones in parallel, keep each as it ends."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.detectors.adapter import Given
from benchmarks.execution import results
from benchmarks.execution.cells import Outcome, Task, compute
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
) -> Report:
    """Compute a suite's missing cells in `jobs` processes (default: one a core) and write the run.

    `timeout` is in seconds for one cell; `track` logs to MLflow. `given` are the suite's
    detectors that were given as objects, by name. Failed cells are computed again,
    done and not applicable ones are not. The bench may be killed and started again at any time,
    because cells are written atomically. Raises UserError for missing releases.
    """
    begun = time.perf_counter()
    progress = progress or NoProgress()
    leftovers.remove(home)
    releases = find_releases(home, suite.releases)
    version = prepare(home, releases, progress)
    prepare_moves(home, suite, releases, progress)
    planned = plan(home, suite, releases, version, given)
    counts, missing = _split_by_cache(planned)
    opening = _TrackerOpening() if track and missing else None
    _compute_missing(missing, counts, jobs or os.cpu_count() or 1, timeout, progress)
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
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._open, daemon=True)
        self.thread.start()

    def _open(self) -> None:
        from benchmarks.execution.tracking import Tracker

        try:
            self.tracker = Tracker.open()
        except Exception as error:  # it is raised again when the tracker is used
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


def _compute_missing(
    missing: Sequence[Planned], counts: Counts, jobs: int, timeout: float | None, progress: Progress
) -> None:
    """Compute and keep the missing cells, the largest first, and count the outcomes."""
    progress.stage("cells", len(missing))
    for one, outcome in _outcomes(missing, jobs, timeout):
        keep(one, outcome)
        _count(counts, outcome.status)
        progress.step(
            f"{one.spec.name} on {one.document['test']}: {outcome.reason or outcome.status}"
        )


def _count(counts: Counts, status: str) -> None:
    name = status.replace(" ", "_")
    setattr(counts, name, getattr(counts, name) + 1)


def _outcomes(
    missing: Sequence[Planned], jobs: int, timeout: float | None
) -> Iterator[tuple[Planned, Outcome]]:
    """Every missing cell with its outcome, computed by a worker unless the plan gives a reason."""
    for one in missing:
        if one.task.plan.reason:
            yield one, Outcome("not applicable", one.task.plan.reason)
    by_key = {one.task.key: one for one in missing if not one.task.plan.reason}
    tasks = sorted((one.task for one in by_key.values()), key=_workload, reverse=True)
    for task, outcome in each(tasks, compute, jobs, timeout):
        yield (
            by_key[task.key],
            (Outcome("failed", outcome.reason) if isinstance(outcome, Lost) else outcome),
        )


def _workload(task: Task) -> tuple[bool, int]:
    """A sort key for a cell's run time: floor detectors are quick; then the bytes of the labels."""
    files = [
        task.home / "releases" / Path(*r.rpartition("@")[::2]) / "labels.parquet"
        for r in task.plan.train
    ]
    return not task.spec.floor, sum(f.stat().st_size for f in files if f.exists())


def keep(one: Planned, outcome: Outcome) -> None:
    """Write a cell atomically: into a folder beside its place, then renamed over a failed cell."""
    import pyarrow.parquet as pq

    home, key = one.task.home, one.task.key
    target = results.cell_folder(home, key)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = leftovers.scratch_folder(home, "cell")
    if outcome.predictions is not None:
        pq.write_table(outcome.predictions, scratch / "predictions.parquet")
    write_json(
        scratch / "cell.json",
        {
            **one.document,
            "status": outcome.status,
            "reason": outcome.reason,
            "accounts": outcome.accounts,
            "unscored": outcome.unscored if outcome.status == "done" else None,
            "fits": outcome.fits if outcome.status == "done" else None,
            "learnt": outcome.learnt,
            "left_out_of_training": list(outcome.excluded_from_training),
            "seconds": {"fit": outcome.fit_seconds, "score": outcome.score_seconds},
            "memory": dict(outcome.memory),
            "fence": {"landlock": outcome.landlock},
        },
    )
    try:
        scratch.rename(target)
    except OSError:  # the folder exists: a failed cell, or one that another run has finished
        before = results.find_cell(home, key)
        if before is None or before.status == "failed":
            shutil.rmtree(target, ignore_errors=True)
            scratch.rename(target)
        else:
            shutil.rmtree(scratch, ignore_errors=True)


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
