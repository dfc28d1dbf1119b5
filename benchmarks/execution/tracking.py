"""MLflow: one parent run for each suite, one child for each cell, written by the parent process.

Logged cells are left alone, so a repeated run adds nothing twice and the next run completes a
killed one. Predictions are the result; MLflow has a copy and a few metrics to look at.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.execution import curves, results
from benchmarks.execution.tracked import contents, headlines
from benchmarks.protocols import kind_between
from botbench.core import mlflow_store
from botbench.core.errors import ResourceFailure, UserError, first_line
from botbench.core.files import write_json
from botbench.core.mlflow_store import tracking_uri
from botbench.core.progress import NoProgress, Progress
from botbench.terminal.redaction import scrub
from curation.store.upkeep import processes

EXPERIMENT = "botbench"
PROCESS = "botbench.process"
"""The tag that names the process that logs a run."""
KIND = "mlflow.experimentKind"
"""The tag by which MLflow's page chooses a view: that of models, not that of language models."""


@dataclass(frozen=True)
class Tracker:
    """A tracking store and the experiment in it. `uri` names it; `client` is MLflow's."""

    uri: str
    client: Any
    experiment: str

    @staticmethod
    def open(uri: str | None = None) -> Tracker:
        """Connect; create the store and the experiment if missing (5 to 12 seconds, once).

        Raises ResourceFailure if the store cannot be used, UserError if the experiment was deleted.
        """
        uri = uri or tracking_uri()
        folder = _local_folder(uri)
        with _sentences(uri):
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            client = mlflow_store.client(uri)
            experiment = _experiment(client, folder)
            if folder:
                _write_ahead(folder / "mlflow.db")
            return Tracker(uri, client, experiment)

    def sync(self, run: results.Run, progress: Progress | None = None) -> int:
        """Log the run's cells that its parent does not hold yet; returns how many.

        Closes the runs of processes that have died. Raises ResourceFailure if the store fails.
        """
        with _sentences(self.uri):
            return self._sync(run, progress or NoProgress())

    def _sync(self, run: results.Run, progress: Progress) -> int:
        self._close_dead()
        parent = self._parent(run)
        there = dict(self._children(parent))
        fresh = [cell for cell in results.cells(run) if _mark(cell) not in there]
        progress.stage("mlflow", len(fresh))
        for cell in fresh:
            there[_mark(cell)] = self._log(cell, parent, run)
            progress.step(cell.detector)
        if fresh:
            self._close(parent, run)
        _remember(run, self.uri, there)
        return len(fresh)

    def _close_dead(self) -> None:
        """Mark the runs as killed whose process on this machine has ended before them."""
        query = f"attributes.status = 'RUNNING' and tags.`{PROCESS}` LIKE '%'"
        for page in self._pages(query):
            for run in page:
                if processes.is_dead(run.data.tags[PROCESS]):
                    self.client.set_terminated(run.info.run_id, "KILLED")

    def _pages(self, query: str) -> Iterator[Sequence[Any]]:
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment], query, max_results=1000, page_token=token
            )
            yield page
            token = page.token
            if not token:
                return

    def _parent(self, run: results.Run) -> str:
        from mlflow.entities import Param

        suite = run.suite["name"]
        parents = self.client.search_runs(
            [self.experiment],
            f"tags.`botbench.suite` = '{suite}' and tags.`botbench.kind` = 'suite'",
            max_results=1,
        )
        if parents:
            return str(parents[0].info.run_id)
        created = self.client.create_run(
            self.experiment,
            run_name=suite,
            tags={
                "botbench.kind": "suite",
                "botbench.suite": suite,
                PROCESS: processes.this_process(),
                **contents.who(),
            },
        )
        parameters = [Param(name, value) for name, value in contents.of_suite(run).items()]
        self.client.log_batch(created.info.run_id, params=parameters)
        return str(created.info.run_id)

    def _children(self, parent: str) -> Iterator[tuple[str, str]]:
        for page in self._pages(f"tags.`mlflow.parentRunId` = '{parent}'"):
            for child in page:
                # An interrupted child is logged again.
                if child.info.status not in {"RUNNING", "KILLED"}:
                    yield child.data.tags.get("botbench.mark", ""), child.info.run_id

    def _scores(self, parent: str) -> Iterator[headlines.Score]:
        """The headline metric of the parent's cells."""
        for page in self._pages(f"tags.`mlflow.parentRunId` = '{parent}'"):
            for child in page:
                given, value = child.data.params, child.data.metrics.get(headlines.HEADLINE)
                if value is not None:
                    train, test = given["train"].split(), given["test"].split("+")
                    kind = given.get("kind") or kind_between(train, test)
                    yield headlines.Score(given["detector"], kind, given["test"], value)

    def _log(self, cell: results.Cell, parent: str, run: results.Run) -> str:
        from mlflow.entities import Metric, Param

        end = int((cell.path / "cell.json").stat().st_mtime * 1000)
        begin = end - int(1000 * sum(cell.info["seconds"].values()))
        child = self.client.create_run(
            self.experiment,
            start_time=begin,
            run_name=f"{cell.detector} · {cell.protocol.partition('(')[0]} · {cell.test}",
            tags={
                "mlflow.parentRunId": parent,
                "botbench.kind": "cell",
                "botbench.mark": _mark(cell),
                PROCESS: processes.this_process(),
                **contents.tags(cell),
                **contents.who(),
            },
        ).info.run_id
        self.client.log_inputs(child, datasets=contents.inputs(cell, run))
        metrics = [Metric(name, value, end, 0) for name, value in measures(cell).items()]
        self.client.log_batch(
            child,
            metrics=metrics,
            params=[Param(k, v) for k, v in contents.parameters(cell).items()],
        )
        if cell.status == "done":
            self.client.log_artifact(child, str(cell.predictions))
            title = (
                f"{cell.detector} on {cell.test}{' (simulated)' if cell.info['simulated'] else ''}"
            )
            self.client.log_text(child, curves.svg(results.scored(cell), title), "curves.svg")
        self.client.set_terminated(
            child, "FAILED" if cell.status == "failed" else "FINISHED", end_time=end
        )
        _note(cell, child)
        return str(child)

    def _close(self, parent: str, run: results.Run) -> None:
        from mlflow.entities import Metric, RunTag

        statuses = [cell.status for cell in results.cells(run)]
        now = int(np.datetime64(run.finished_at.removesuffix("+00:00"), "ms").astype(int))
        counts = [
            Metric(f"cells.{s.replace(' ', '_')}", statuses.count(s), now, 0)
            for s in sorted(set(statuses))
        ]
        figures, best = headlines.headlines(self._scores(parent))
        tags = {
            "botbench.run_id": run.run_id,
            "mlflow.note.content": contents.description(run, best),
        }
        self.client.log_batch(
            parent,
            metrics=counts + [Metric(name, value, now, 0) for name, value in figures.items()],
            tags=[RunTag(name, value) for name, value in (tags | best).items()],
        )
        self.client.log_dict(
            parent,
            {"suite": run.suite, "releases": list(run.releases), "cells": list(run.cells)},
            f"{run.run_id}.json",
        )
        self.client.set_terminated(parent, "FINISHED")


def is_tracked(run: results.Run, uri: str | None = None) -> bool:
    """Whether every cell of the run is tracked already; then MLflow need not be imported."""
    uri = uri or tracking_uri()
    folder = _local_folder(uri)
    if folder and not (folder / "mlflow.db").exists():
        return False
    try:
        logged = json.loads(_memory(run, uri).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return all(_mark(cell) in logged for cell in results.cells(run))


def measures(cell: results.Cell) -> dict[str, float]:
    """A cell's metrics (mean over repeats) and seconds, under names that MLflow allows."""
    values_of = {f"seconds.{name}": float(value) for name, value in cell.info["seconds"].items()}
    if cell.status != "done":
        return values_of
    scored = results.scored(cell)
    if cell.info.get("unscored") is not None:
        values_of["accounts.unscored"] = float(cell.info["unscored"])
    from benchmarks.metrics import ordered
    from benchmarks.metrics.cell_values import decided_values, values

    labels = np.asarray(scored["y"].to_numpy())
    once = np.asarray(scored["repeat"].to_numpy()) == 0
    values_of |= {"accounts.n": float(once.sum()), "accounts.bots": float(labels[once].sum())}
    for name, value in values(cell.info, scored, ordered()).items():
        if math.isfinite(value):
            values_of[allowed(name)] = value
    coverage, decided = decided_values(cell.info, scored, ordered())
    if coverage is not None:
        values_of["coverage"] = coverage
    if coverage is not None and coverage < 1:
        values_of |= {f"value_decided/{allowed(n)}": value for n, value in decided.items()}
    return values_of


def allowed(metric: str) -> str:
    """A metric's name as MLflow allows it.

    >>> allowed("precision[bot]@prevalence=0.05")
    'precision.bot/prevalence/0.05'
    """
    return metric.replace("[", ".").replace("]", "").replace("@", "/").replace("=", "/")


def refuse_deleted() -> None:
    """Raise UserError if the experiment was deleted in the SQLite store, without opening MLflow.

    What else is wrong with the store is told when it is opened.
    """
    file = mlflow_store.database(tracking_uri())
    if file is None or not file.is_file():
        return
    query = "SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'deleted'"
    with contextlib.suppress(sqlite3.Error):
        place = f"{file.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(place, uri=True)) as connection:
            deleted = connection.execute(query, [_experiment_name()]).fetchone()
        if deleted:
            raise _was_deleted(deleted[0])


def _experiment_name() -> str:
    return os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)


def _was_deleted(experiment_id: object) -> UserError:
    return UserError(
        f"The experiment {_experiment_name()!r} was deleted in MLflow. The cells are kept. Restore"
        f" it: `mlflow experiments restore --experiment-id {experiment_id}` (with"
        " MLFLOW_TRACKING_URI set to the store); or name another one in MLFLOW_EXPERIMENT_NAME; or"
        " use --no-mlflow."
    )


def _experiment(client: Any, folder: Path | None) -> str:
    from mlflow.exceptions import MlflowException

    name = _experiment_name()
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(
                client.create_experiment(
                    name,
                    artifact_location=(folder / "artifacts").as_uri() if folder else None,
                    tags={KIND: "custom_model_development"},
                )
            )
        except MlflowException:  # another process has created it
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        raise _was_deleted(experiment.experiment_id)
    found = str(experiment.experiment_id)
    if KIND not in experiment.tags:
        client.set_experiment_tag(found, KIND, "custom_model_development")
    return found


@contextlib.contextmanager
def _sentences(uri: str) -> Iterator[None]:
    """Turn what MLflow and its stores raise into a sentence."""
    try:
        yield
    except ResourceFailure as error:
        raise ResourceFailure(f"{error} The cells are kept; --no-mlflow works without.") from error
    except UserError:
        raise
    except Exception as error:  # tracking stores raise many kinds of errors
        file = mlflow_store.database(uri)
        first = first_line(error, 10_000).rstrip(".")
        why = mlflow_store.sentence(file, error) if file else f"{scrub(uri)} fails: {first}."
        raise ResourceFailure(
            f"MLflow: {why} The cells are kept; set MLFLOW_TRACKING_URI right, or use --no-mlflow."
        ) from error


def _local_folder(uri: str) -> Path | None:
    """The folder of our own SQLite store, beside its artifacts; None for other tracking stores."""
    path = Path(uri.removeprefix("sqlite:///"))
    return path.parent if uri.startswith("sqlite:///") and path.name == "mlflow.db" else None


def _write_ahead(database: Path) -> None:
    """Use a write-ahead log: `mlflow ui` can read during writes, and a commit costs one sync."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _mark(cell: results.Cell) -> str:
    """The identity of a child run; a failed cell that is done later is another child."""
    return f"{cell.key}:{cell.status}"


def _note(cell: results.Cell, child: str) -> None:
    write_json(cell.path / "cell.json", {**cell.info, "mlflow_run_id": child})


def _memory(run: results.Run, uri: str) -> Path:
    name = hashlib.sha256(f"{uri} {run.suite['name']}".encode()).hexdigest()[:16]
    return run.home / "bench" / "tracked" / f"{name}.json"


def _remember(run: results.Run, uri: str, there: dict[str, str]) -> None:
    path = _memory(run, uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, there)
