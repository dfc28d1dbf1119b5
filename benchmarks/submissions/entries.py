"""Submissions on the board: scored on sealed labels, accepted as a cell of a new run, withdrawn."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.thresholds import balanced_accuracy
from benchmarks.execution import results
from benchmarks.submissions import ladder, ledger, sealed
from benchmarks.submissions.check import Checked
from botbench.core.errors import UserError, unknown
from botbench.core.files import write_json
from botbench.core.hashing import short_hash
from curation.store.upkeep import leftovers

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.submissions.folder import Folder
    from benchmarks.submissions.manifest import Manifest

PREFIX = "submitted:"
"""What a submitted detector's name begins with on the board: nobody ran its code here."""


def score(home: Path, checked: Checked, reference: str) -> dict[str, Any]:
    """Balanced accuracy on the sealed labels in the Ladder's steps, counted as an answer.

    The same predictions again get the same answer and cost none. Raises Findings if no answers are
    left.
    """
    declared = _accepted(checked)
    public, labels = sealed.secret(home, reference)
    digest = declared.predictions.sha256
    with ledger.turn(home):
        history = ledger.events(home, event="scored", release=reference, detector=declared.detector)
        if same := [e for e in history if e["predictions"] == digest]:
            answer = ladder.Answer(
                same[0]["told"], same[0]["rose"], len(history), public["answers"] - len(history)
            )
        else:
            value = _balanced_accuracy(checked.table, labels, declared.threshold)
            answer = ladder.answer(history, value, public["step"], public["answers"])
            ledger.append(
                home,
                "scored",
                release=reference,
                detector=declared.detector,
                version=declared.version,
                predictions=digest,
                told=answer.score,
                rose=answer.rose,
            )
    return {
        "release": reference,
        "detector": declared.detector,
        "metric": "balanced-accuracy",
        "step": public["step"],
        **dataclasses.asdict(answer),
    }


def _accepted(checked: Checked) -> Manifest:
    if not checked.ok or checked.manifest is None:
        raise UserError(
            "The submission has mistakes: "
            + "; ".join(f"{p.where}: {p.what}" for p in checked.problems[:5])
            + ". See them all with botbench submit check."
        )
    return checked.manifest


def _balanced_accuracy(table: pa.Table | None, labels: pa.Table, threshold: float) -> float:
    """The mean of both classes' recall, by whole-array counts: no step depends on a label."""
    assert table is not None
    both = table.join(labels, keys="account_id", join_type="inner")
    y = (both["label"].to_numpy() == "bot").astype("int8")
    return float(balanced_accuracy(both["p_bot"].to_numpy() >= threshold, y))


def accept(home: Path, checked: Checked, release: Folder, run_id: str | None = None) -> results.Run:
    """Put a submission on the board: its predictions become a cell of a new run.

    An earlier version of the same name leaves the new run and stays in the old one. Raises
    UserError if the run was not tested on this release.
    """
    declared = _accepted(checked)
    run = results.load_run(home, run_id)
    protocol = _protocol(run, release)
    cell = _keep(home, declared, checked, release, protocol)
    name = PREFIX + declared.detector
    others = [
        c.key for c in results.cells(run) if c.detector != name or c.test != release.reference
    ]
    edition = _edition(home, run, [*others, cell])
    with ledger.turn(home):
        ledger.append(
            home,
            "accepted",
            release=release.reference,
            detector=declared.detector,
            version=declared.version,
            cell=cell,
            predictions=declared.predictions.sha256,
            run=edition.run_id,
            before=run.run_id,
            supersedes=declared.supersedes,
        )
    return edition


def withdraw(home: Path, detector: str, reason: str, run_id: str | None = None) -> results.Run:
    """Remove a submission's cells in a new run. Raises UserError if it is not on the board."""
    run = results.load_run(home, run_id)
    cells = results.cells(run)
    submitted = {c.detector.removeprefix(PREFIX) for c in cells if c.detector.startswith(PREFIX)}
    if detector not in submitted:
        raise unknown("submission on the board", detector, submitted)
    edition = _edition(home, run, [c.key for c in cells if c.detector != PREFIX + detector])
    with ledger.turn(home):
        ledger.append(
            home,
            "withdrawn",
            detector=detector,
            reason=reason,
            run=edition.run_id,
            before=run.run_id,
        )
    return edition


def _protocol(run: results.Run, release: Folder) -> str:
    """The protocol of the run whose test part the submission predicts."""
    if release.part and release.part[0] != "official":
        raise UserError(
            f"{release.reference} is sealed on the split {release.part[0]}, and only predictions of"
            " an official split's test part stand on the board, beside ours on the same accounts."
            " Its submissions are told their scores: botbench submit score. When the seal is"
            " opened, they can be compared with botbench submit verify-seal and the labels."
        )
    wanted = "official-split"
    fitting = sorted(
        {
            c.protocol
            for c in results.cells(run)
            if c.test == release.reference and c.protocol.startswith(wanted)
        }
    )
    if fitting:
        return fitting[0]
    tested = sorted({c.test for c in results.cells(run)})
    if release.reference not in tested:
        raise UserError(
            f"The run {run.run_id} was not tested on {release.reference}; it was on"
            f" {', '.join(tested)}. Name another run with --run."
        )
    raise UserError(
        f"The run {run.run_id} has no official-split cells of {release.reference}, so there is"
        " nothing to stand beside. Run a suite with the protocol official-split first."
    )


def _keep(home: Path, declared: Manifest, checked: Checked, release: Folder, protocol: str) -> str:
    """Write the cell; returns its key, which the predictions determine."""
    import pyarrow.parquet as pq

    key = short_hash(
        {
            "submission": declared.detector,
            "version": declared.version,
            "release": release.content_hash,
            "protocol": protocol,
            "predictions": declared.predictions.sha256,
            "threshold": declared.threshold,
        },
        24,
    )
    target = results.cell_folder(home, key)
    if target.is_dir():
        return key
    trained = [t.release for t in declared.trained_on if t.release]
    document = {
        "cell_key": key,
        "detector": PREFIX + declared.detector,
        "detector_version": declared.version,
        "detector_about": declared.about,
        "needs": [],
        "uses": [],
        "cites": declared.cites or None,
        "floor": False,
        "protocol": protocol,
        "train": [release.reference],
        "test": release.reference,
        "hashes": {release.reference: release.content_hash},
        "seed": 0,
        "submitted": True,
        "threshold_rule": f"the authors' ({declared.threshold:g})",
        "versions": {},
        "simulated": bool(release.info.get("simulated")),
        "mlflow_run_id": None,
        "status": "done",
        "reason": None,
        "accounts": checked.table.num_rows if checked.table else 0,
        "unscored": 0,
        "learnt": None,
        "left_out_of_training": [],
        "seconds": {"fit": 0.0, "score": declared.seconds},
        "memory": {},
        "trained_on": [t for t in trained if t != release.reference],
        "transductive": declared.transductive,
        "authors": declared.authors,
        "code": declared.code,
        "licence": declared.licence,
        "hardware": declared.hardware,
        "overlap": checked.overlap,
        "supersedes": declared.supersedes,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = leftovers.scratch_folder(home, "cell")
    pq.write_table(_predictions(key, checked, release, declared), scratch / "predictions.parquet")
    write_json(scratch / "cell.json", document)
    try:
        scratch.rename(target)
    except OSError:  # another process was first with the same predictions
        shutil.rmtree(scratch, ignore_errors=True)
    return key


def _predictions(key: str, checked: Checked, release: Folder, declared: Manifest) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from curation.store.schema import TABLES, arrow_schema

    assert checked.table is not None
    both = (
        release.wanted()
        .join(checked.table, keys="account_id", join_type="inner")
        .sort_by("account_id")
    )
    n = both.num_rows
    columns = {
        "run_key": np.repeat(key, n),
        "dataset": both["dataset"],
        "account_id": both["account_id"],
        "repeat": np.zeros(n, dtype=np.int64),
        "p_bot": both["p_bot"],
        "threshold": np.repeat(declared.threshold, n),
        "fold": np.zeros(n, dtype=np.int64),
        "seconds": np.repeat(declared.seconds / max(n, 1), n),
        "abstained": np.zeros(n, dtype=bool),
    }
    schema = arrow_schema(TABLES["predictions"])
    return pa.table(
        [
            (
                pa.array(columns[f.name], f.type)
                if isinstance(columns[f.name], np.ndarray)
                else columns[f.name].combine_chunks().cast(f.type)
            )
            for f in schema
        ],
        schema=schema,
    )


def _edition(home: Path, run: results.Run, cells: list[str]) -> results.Run:
    """A new run of the same suite with other cells; the old one stays as it is."""
    keys = list(dict.fromkeys(cells))
    run_id = f"{run.suite['name']}-{short_hash([run.suite, keys], 12)}"
    write_json(
        results.run_file(home, run_id),
        {
            "run_id": run_id,
            "suite": run.suite,
            "cells": keys,
            "releases": list(run.releases),
            "seconds": run.seconds,
            "finished_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "follows": run.run_id,
        },
    )
    return results.load_run(home, run_id)
