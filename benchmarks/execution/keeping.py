"""Write a cell's outcome into the store's home."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from benchmarks.execution import results
from benchmarks.execution.cells import Outcome, Task
from botbench.core.files import write_json
from curation.store.upkeep import leftovers


def keep(task: Task, document: Mapping[str, Any], outcome: Outcome) -> None:
    """Write a cell atomically: into a folder beside its place, then renamed over a failed cell.

    `document` is what the plan says of it.
    """
    import pyarrow.parquet as pq

    home, key = task.home, task.key
    target = results.cell_folder(home, key)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = leftovers.scratch_folder(home, "cell")
    if outcome.predictions is not None:
        pq.write_table(outcome.predictions, scratch / "predictions.parquet")
    write_json(
        scratch / "cell.json",
        {
            **document,
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
