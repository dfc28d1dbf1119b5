"""Cells computed by the workers of a Spark engine; each keeps what it computed."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.execution import results
from benchmarks.execution.cells import Outcome, Task, compute
from benchmarks.execution.keeping import keep
from benchmarks.execution.planning import Planned
from benchmarks.execution.workers import Lost
from benchmarks.execution.workers import each as each_here
from curation.engines import SAIL, failures, session

if TYPE_CHECKING:
    import pyarrow as pa

RESULT = "number long, status string, reason string"
"""The schema of what a worker answers, as Spark writes it."""


def each(
    cells: Sequence[Planned], engine: str, jobs: int, timeout: float | None = None
) -> Iterator[tuple[Planned, str, str | None]]:
    """Compute and keep every cell on an engine; yields (cell, status, reason) in any order.

    Cells go out as rows of pickles. A worker computes them in a process beside it, so one that dies
    or is late (`timeout` in seconds) fails alone. A worker that is killed is replaced by Spark, and
    the cells that it kept are not computed again. On Sail `jobs` cells are computed at a
    time; a cluster decides for itself. Raises ResourceFailure where the engine fails.
    """
    import pyarrow as pa

    if not cells:
        return
    table = pa.table(
        {
            "number": pa.array(range(len(cells)), pa.int64()),
            "cell": pa.array(
                [pickle.dumps((cell.task, cell.document)) for cell in cells], pa.binary()
            ),
        }
    )
    with failures(engine, "it computed cells"), session(engine) as spark:
        # Sail runs all partitions at once, Spark as many as it has slots.
        parts = min(len(cells), jobs) if engine == SAIL else len(cells)
        frame = spark.createDataFrame(table).repartition(parts)
        for row in frame.mapInArrow(_worker(timeout), RESULT).toLocalIterator():
            yield cells[row.number], row.status, row.reason


def _worker(
    timeout: float | None,
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a worker does with its cells."""

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        rows = [row for batch in batches for row in batch.to_pylist()]
        cells = {row["number"]: pickle.loads(row["cell"]) for row in rows}
        for number, status, reason in computed(cells, timeout):
            columns = [
                pa.array([number], pa.int64()),
                pa.array([status], pa.string()),
                pa.array([reason], pa.string()),
            ]
            yield pa.RecordBatch.from_arrays(columns, names=["number", "status", "reason"])

    return work


def computed(
    cells: Mapping[int, tuple[Task, Mapping[str, Any]]], timeout: float | None
) -> Iterator[tuple[int, str, str | None]]:
    """Number, status and reason of each cell, computed one after the other here, and kept.

    They share a process of their own, which is replaced where a cell ends it.
    """
    by_key = {task.key: (number, document) for number, (task, document) in cells.items()}
    left = []
    for number, (task, _) in cells.items():
        before = results.find_cell(task.home, task.key)
        if before is None or before.status == "failed":
            left.append(task)
        else:
            yield number, before.status, None
    for task, found in each_here(left, compute, 1, timeout):
        outcome = Outcome("failed", found.reason) if isinstance(found, Lost) else found
        number, document = by_key[task.key]
        keep(task, document, outcome)
        yield number, outcome.status, outcome.reason
