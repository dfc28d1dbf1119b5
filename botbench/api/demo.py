"""`botbench.demo`: a store of simulated accounts to try everything on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.api.base import progress

if TYPE_CHECKING:
    from botbench.api.workspace import Workspace
    from curation.store.store import Store

DATASETS = ("simulated-a", "simulated-b", "simulated-c")
ANNOTATED = "simulated-a"
ANNOTATORS = 3
SIZE = 150
"""Accounts of the annotated data set that simulated annotators answer."""


def demo(path: str | Path = "demo-store/store") -> Workspace:
    """A store of simulated accounts with their releases; nobody in it exists.

    It holds `simulated-a`, `simulated-b` and `simulated-c`, pulled, annotated (the first, by three
    simulated annotators), settled and released, as `botbench demo` leaves them but for its bench.
    Where they are there already, nothing is done. It takes under a minute.
    """
    from botbench.api.workspace import open as open_workspace

    workspace = open_workspace(path)
    missing = [n for n in DATASETS if not (workspace.home / "releases" / n).is_dir()]
    if not missing:
        return workspace
    with progress.shown() as bars:
        bars.stage("simulated data sets", len(missing))
        for name in missing:
            workspace.pull(name)
            dataset = workspace.dataset(name)
            if name == ANNOTATED:
                with tempfile.TemporaryDirectory() as scratch, workspace.store() as store:
                    annotate(store, Path(scratch) / "answers.json")
            dataset.consensus()
            dataset.release(name)
            bars.step(name)
    return workspace


def annotate(store: Store, export: Path) -> None:
    """Draw a batch and import simulated annotators' answers as a Label Studio export."""
    from curation.annotation.assignment.batches import find
    from curation.annotation.assignment.simulate import simulate_export
    from curation.annotation.label_studio import sync_run
    from curation.sampling.designs import parse
    from curation.sampling.draw import sample

    batch = sample(store, ANNOTATED, parse(f"uniform(n={SIZE})"), copies=ANNOTATORS)
    simulate_export(store, batch.batch_id, export, annotators=ANNOTATORS)
    sync_run.sync_file(store, export, batch=find(store, batch.batch_id))
