"""Running a suite: plan its cells, do what is missing side by side, keep each as it ends, name them
all in a run.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.detectors import Spec, complete, get
from benchmarks.execution import earlier_cells, results
from benchmarks.execution.cells import Outcome, Task, cell_key, compute
from benchmarks.execution.suite import Suite
from benchmarks.execution.workers import Lost, each
from benchmarks.protocols import Facts, parse
from botbench.core.errors import UserError
from botbench.core.files import write_json
from botbench.core.hashing import short_hash
from botbench.core.progress import Silent, Watcher

if TYPE_CHECKING:
    from benchmarks.execution.tracking import Tracker
    from curation.release.release import Release


@dataclass
class Counts:
    """Cells by what became of them: `done` in this run, `cached` from an earlier one."""

    done: int = 0
    cached: int = 0
    failed: int = 0
    not_applicable: int = 0


@dataclass(frozen=True)
class Report:
    """What a run came to."""

    run: results.Run
    counts: Counts
    seconds: float
    failures: list[dict[str, Any]] = field(default_factory=list)
    not_applicable: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """One cell to be: its task, its detector, and what its cell.json says before it is computed."""

    task: Task
    spec: Spec
    document: dict[str, Any]


def bench(
    home: Path,
    suite: Suite,
    jobs: int | None = None,
    timeout: float | None = None,
    watcher: Watcher | None = None,
    *,
    track: bool = False,
) -> Report:
    """Do a suite's missing cells in `jobs` processes (by default one for each core) and write the
    run's document.

    `timeout` is in seconds for one cell; `track` logs to MLflow. Cells done or found not applicable
    before are not done again; failed ones are. Safe to be killed and run again: cells are written
    whole. Raises UserError for releases that are not there.
    """
    begun = time.perf_counter()
    watcher = watcher or Silent()
    releases = find_releases(home, suite.releases)
    version = prepare(home, releases, watcher)
    prepare_moves(home, suite, releases, watcher)
    planned = plan(home, suite, releases, version)
    counts, missing = _there(planned)
    opening = _Opening() if track and missing else None
    _fill(missing, counts, jobs or os.cpu_count() or 1, timeout, watcher)
    run = _write_run(
        home, suite, planned, releases, time.perf_counter() - begun if missing else None
    )
    if track:
        _track(run, opening, watcher)
    cells = [c.info for c in results.cells(run)]
    failed, not_applicable = (
        [c for c in cells if c["status"] == s] for s in ("failed", "not applicable")
    )
    return Report(run, counts, time.perf_counter() - begun, failed, not_applicable)


class _Opening:
    """MLflow's store being opened beside the cells: its import and its first migrations take many
    seconds.
    """

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._open, daemon=True)
        self.thread.start()

    def _open(self) -> None:
        from benchmarks.execution.tracking import Tracker

        try:
            self.tracker = Tracker.open()
        except Exception as error:  # it is raised again where the tracker is wanted
            self.error = error

    def result(self) -> Tracker:
        """The open tracker. Raises what opening raised."""
        self.thread.join()
        if self.tracker is None:
            raise self.error or RuntimeError("MLflow was not opened")
        return self.tracker


def _track(run: results.Run, opening: _Opening | None, watcher: Watcher) -> None:
    from benchmarks.execution import tracking

    if opening is None and tracking.is_tracked(run):
        return
    watcher.stage("opening MLflow", 1)
    tracker = (opening or _Opening()).result()
    watcher.step("MLflow is open")
    tracker.sync(run, watcher)


def find_releases(home: Path, references: Sequence[str]) -> list[Release]:
    """The releases a suite names. Raises UserError that names every one that is not there."""
    from curation.release import release

    found, missing = [], []
    for reference in references:
        try:
            found.append(release.load(home, reference, verify=True))
        except UserError as error:
            missing.append(str(error))
    if missing:
        raise UserError(
            f"{len(missing)} of the suite's {len(references)} releases cannot be read. "
            + " ".join(missing)
        )
    twice = {r.reference for r in found if [f.reference for f in found].count(r.reference) > 1}
    if twice:
        raise UserError(f"The suite names the same release twice: {', '.join(sorted(twice))}.")
    return found


def prepare(home: Path, releases: Sequence[Release], watcher: Watcher) -> str:
    """Compute the releases' features where they are not cached; returns the version of the feature
    code.
    """
    from curation.features import cached, code_version

    watcher.stage("features", len(releases))
    for release in releases:
        cached(release, home / "cache" / "features")
        watcher.step(release.reference)
    return code_version()


def prepare_moves(home: Path, suite: Suite, releases: Sequence[Release], watcher: Watcher) -> None:
    """The releases after each move that the suite's protocols ask for, and their features, where
    they are not cached.
    """
    from benchmarks.data import moves
    from curation.features import cached

    wanted = {
        (move, parse(text).seed) for text in suite.protocols for move in parse(text).moves if move
    }
    several = [r for r in releases if r.info["bots"] and r.info["humans"]]
    watcher.stage("moves", len(wanted) * len(several))
    for release in several:
        for move, seed in sorted(wanted):
            after = moves.moved(
                release.path, release.content_hash, move, seed, home / "cache" / "moves"
            )
            cached(after, home / "cache" / "features")
            watcher.step(f"{release.reference}: {move}")


def plan(home: Path, suite: Suite, releases: Sequence[Release], features: str) -> list[Planned]:
    """The suite's cells, in its order: protocol by protocol, plan by plan, detector by detector."""
    specs = complete() if suite.detectors == "all" else [get(name) for name in suite.detectors]
    facts = [facts_of(release) for release in releases]
    by_reference = {release.reference: release for release in releases}
    earlier = earlier_cells.index(home)
    return [
        _planned(Task(home, "", spec.name, text, one), spec, by_reference, features, earlier)
        for text in suite.protocols
        for one in parse(text).plans(_within(suite, text, facts))
        for spec in specs
        if _wanted(suite, text, spec)
    ]


def _within(suite: Suite, protocol: str, facts: Sequence[Facts]) -> list[Facts]:
    """The releases that the suite lets a protocol see."""
    limits = suite.narrowed.get(protocol)
    return [
        f
        for f in facts
        if limits is None or limits.releases is None or {f.name, f.reference} & set(limits.releases)
    ]


def _wanted(suite: Suite, protocol: str, spec: Spec) -> bool:
    """Whether the suite runs a detector under a protocol; the floors always, so that no score
    stands alone.
    """
    limits = suite.narrowed.get(protocol)
    return limits is None or limits.detectors is None or spec.floor or spec.name in limits.detectors


def facts_of(release: Release) -> Facts:
    """What protocols may know of a release."""
    info = release.info
    splits = tuple(s if isinstance(s, str) else s["split_id"] for s in info.get("splits", ()))
    return Facts(
        release.reference, release.dataset, info["accounts"], info["bots"], info["humans"], splits
    )


def _planned(
    task: Task,
    spec: Spec,
    releases: dict[str, Release],
    features: str,
    earlier: dict[str, str],
) -> Planned:
    one, text = task.plan, task.protocol
    used = {reference: releases[reference] for reference in (*one.train, *one.test)}
    hashes = {reference: release.content_hash for reference, release in used.items()}
    key = cell_key(spec, text, one, hashes, features)
    if earlier and earlier_cells.comparable(spec, text):
        key = earlier.get(
            earlier_cells.identity(
                spec.name,
                text,
                train=one.train,
                test=one.test,
                hashes=hashes,
                versions=spec.versions,
            ),
            key,
        )
    document = {
        "cell_key": key,
        "key_form": earlier_cells.KEY_FORM,
        "detector": spec.name,
        "detector_version": spec.version,
        "detector_about": spec.about,
        "needs": list(spec.needs),
        "uses": list(spec.uses),
        "cites": spec.cites,
        "floor": spec.floor,
        "protocol": text,
        "transductive": spec.transductive,
        "trained_on": list(spec.fresh().trained_on()),
        "train": list(one.train),
        "test": "+".join(one.test),
        "hashes": hashes,
        "seed": parse(text).seed,
        "kind": parse(text).kind_of(one),
        "worst": parse(text).worst,
        "moves": list(parse(text).moves),
        "threshold_rule": spec.threshold,
        "versions": {"botbench": _botbench(), **spec.versions},
        "simulated": any(bool(r.info.get("simulated")) for r in used.values()),
        "mlflow_run_id": None,
    }
    return Planned(replace(task, key=key, version=spec.version), spec, document)


def _botbench() -> str:
    from botbench.core.version import __version__

    return __version__


def _there(planned: Sequence[Planned]) -> tuple[Counts, list[Planned]]:
    """What is there from before, counted, and what is missing (once each)."""
    counts = Counts()
    missing: dict[str, Planned] = {}
    for one in planned:
        before = results.find_cell(one.task.home, one.task.key)
        if before is None or before.status == "failed":
            missing[one.task.key] = one
        else:
            _count(counts, "cached" if before.status == "done" else before.status)
    return counts, list(missing.values())


def _fill(
    missing: Sequence[Planned], counts: Counts, jobs: int, timeout: float | None, watcher: Watcher
) -> None:
    """Do and keep what is missing, the largest first, and count what became of it."""
    watcher.stage("cells", len(missing))
    for one, outcome in _done(missing, jobs, timeout):
        keep(one, outcome)
        _count(counts, outcome.status)
        watcher.step(
            f"{one.spec.name} on {one.document['test']}: {outcome.reason or outcome.status}"
        )


def _count(counts: Counts, status: str) -> None:
    name = status.replace(" ", "_")
    setattr(counts, name, getattr(counts, name) + 1)


def _done(
    missing: Sequence[Planned], jobs: int, timeout: float | None
) -> Iterator[tuple[Planned, Outcome]]:
    """Every missing cell with its outcome: at once where the plan has a reason, from a worker
    otherwise.
    """
    for one in missing:
        if one.task.plan.reason:
            yield one, Outcome("not applicable", one.task.plan.reason)
    by_key = {one.task.key: one for one in missing if not one.task.plan.reason}
    tasks = sorted((one.task for one in by_key.values()), key=_work, reverse=True)
    for task, outcome in each(tasks, compute, jobs, timeout):
        yield (
            by_key[task.key],
            (Outcome("failed", outcome.reason) if isinstance(outcome, Lost) else outcome),
        )


def _work(task: Task) -> tuple[bool, int]:
    """A guess at a cell's length: detectors that are fitted on many features, then the bytes of the
    labels.
    """
    files = [
        task.home / "releases" / Path(*r.rpartition("@")[::2]) / "labels.parquet"
        for r in task.plan.train
    ]
    return not get(task.detector).floor, sum(f.stat().st_size for f in files if f.exists())


def keep(one: Planned, outcome: Outcome) -> None:
    """Write a cell whole: into a folder beside, then renamed; a failed one that stands there gives
    way.
    """
    import pyarrow.parquet as pq

    home, key = one.task.home, one.task.key
    target = results.cell_folder(home, key)
    target.parent.mkdir(parents=True, exist_ok=True)
    (home / "tmp").mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="cell-", dir=home / "tmp"))
    if outcome.predictions is not None:
        pq.write_table(outcome.predictions, scratch / "predictions.parquet")
    write_json(
        scratch / "cell.json",
        {
            **one.document,
            "status": outcome.status,
            "reason": outcome.reason,
            "accounts": outcome.accounts,
            "learnt": outcome.learnt,
            "left_out_of_training": list(outcome.mute),
            "seconds": {"fit": outcome.fit_seconds, "score": outcome.score_seconds},
            "memory": dict(outcome.memory),
        },
    )
    try:
        scratch.rename(target)
    except (
        OSError
    ):  # it stands there: a failed one of before, or one that another run finished meanwhile
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
    """The run's document. Its id is made of the suite and its cells, so the same run again is the
    same run.

    Without `seconds` nothing was computed: what the run took stays what it was.
    """
    keys = list(dict.fromkeys(one.task.key for one in planned))
    document = suite.model_dump()
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
