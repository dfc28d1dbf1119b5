"""TwiBot-22's published tables (Feng et al. 2022), their consistency, and our detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.audits import published, table
from benchmarks.reproductions import Outcome, Row, published_table, reproduction
from botbench.core.errors import UserError

if TYPE_CHECKING:
    from benchmarks.detectors import Spec
    from curation.store.store import Store

CITES = (
    "Feng et al. 2022, TwiBot-22: Towards Graph-Based Twitter Bot Detection, NeurIPS Datasets and"
    " Benchmarks; the tables of its repository"
)


@reproduction(
    "twibot22-tables",
    cites=CITES,
    about="The F1 that each published precision and recall imply, where it is over a point off.",
)
def tables(store: Store | None, seeds: int, first: int) -> Outcome:  # noqa: ARG001 (every reproduction has the same arguments)
    """No data is needed: a row's own numbers are put together again."""
    read = published.read(published_table("twibot22-readme"), percent=True)
    issues = table.audit(read)
    rows = [
        Row(
            "f1[bot]",
            i.published / 100,
            None if i.implied is None else i.implied / 100,
            method=f"{i.method}, {i.dataset}",
        )
        for i in issues
        if i.check == "f1"
    ]
    complete = int(
        np.isfinite([read.score(s) for s in ("precision", "recall", "f1")]).all(axis=0).sum()
    )
    counts = {
        check: sum(i.check == check for i in issues) for check in sorted({i.check for i in issues})
    }
    return Outcome(
        tuple(rows),
        (
            (
                f"of {complete} cells with precision, recall and F1, {counts.get('f1', 0)} have an"
                " F1 more than a point off what the other two imply;"
                f" {sum(i.check == 'f1' and not i.possible for i in issues)} of them no averaging"
                " over runs can explain"
            ),
            "published: the README's F1; ours: 2PR / (P + R) of the README's precision and recall",
            (
                "all issues, accuracies and intervals too: botbench audit table twibot22-readme"
                " --percent"
            ),
        ),
        {"cells": complete, **counts},
    )


DATASET = "cresci-rtbust-2019"
SCORES = {
    "accuracy": "accuracy",
    "precision": "precision[bot]",
    "recall": "recall[bot]",
    "f1": "f1[bot]",
}


@reproduction(
    "twibot22-rtbust-2019",
    cites=CITES,
    dataset=DATASET,
    about=(
        "Detectors that both have, on Cresci-rtbust-2019: their published scores, and ours by"
        " five-fold cross-validation."
    ),
)
def rtbust(store: Store | None, seeds: int, first: int) -> Outcome:
    """Compare levels, not digits: features, parameters and splits are ours.

    Ours is the mean over shuffles, with their range.
    """
    from benchmarks.detectors import detectors

    assert store is not None
    reference = _release(store)
    read = published.read(published_table("twibot22-readme"), percent=True)
    at = {read.method[i]: i for i in range(len(read)) if read.dataset[i].lower() == DATASET}
    rows: list[Row] = []
    notes = [
        f"ours: cross-validation(folds=5, repeats={seeds}, seed={first}) on {reference}, threshold"
        " chosen on the training part"
    ]
    for spec in detectors().values():
        if spec.published not in at:
            continue
        ours, reason = _ours(store, spec, reference, seeds, first)
        if ours is None:
            notes.append(f"{spec.name} ({spec.published}) was not run: {reason}")
            continue
        for short, name in SCORES.items():
            theirs = float(read.score(short)[at[spec.published]])
            rows.append(
                Row(
                    name,
                    theirs if np.isfinite(theirs) else None,
                    *ours[name],
                    method=f"{spec.name} ({spec.published})",
                )
            )
    return Outcome(
        tuple(rows),
        (
            *notes,
            (
                "theirs: the README's mean over runs on the authors' own split; which class was "
                "positive is "
                "not said there"
            ),
        ),
        {"detectors": len({r.method for r in rows})},
    )


def _release(store: Store) -> str:
    """The newest release of the data set. Raises UserError saying how to make one."""
    from curation.release import release

    for name, versions in release.listed(store.home).items():
        if release.load(store.home, f"{name}@{versions[-1]}").dataset == DATASET:
            return f"{name}@{versions[-1]}"
    raise UserError(
        f"The store has no release of {DATASET}: botbench pull {DATASET} --from DIR, botbench"
        f" consensus {DATASET}, botbench release rtbust --dataset {DATASET}."
    )


Measured = dict[str, tuple[float, float, float]]


def _ours(
    store: Store, spec: Spec, reference: str, repeats: int, seed: int
) -> tuple[Measured | None, str]:
    """Each metric's mean over repeats with their middle 95 %, or None and the reason."""
    from benchmarks.execution.cells import Task, compute
    from benchmarks.protocols import Plan

    protocol = f"cross-validation(folds=5, repeats={repeats}, seed={seed})"
    outcome = compute(
        Task(
            store.home,
            f"reproduce-{spec.name}",
            spec.name,
            protocol,
            Plan((reference,), (reference,)),
        )
    )
    if outcome.predictions is None:
        return None, str(outcome.reason)
    return _summary(store, outcome.predictions, reference), ""


def _summary(store: Store, predictions: Any, reference: str) -> Measured:
    import pyarrow.compute as pc

    from benchmarks.metrics import ordered
    from benchmarks.metrics.cell_values import values
    from curation.release import release

    store.connection.register("reproduced", predictions)
    rows = store.arrow(
        "SELECT p.*, (l.label = 'bot')::TINYINT AS y FROM reproduced p JOIN read_parquet(?) l USING"
        " (dataset, account_id)",
        [str(release.load(store.home, reference).file("labels"))],
    )
    store.connection.unregister("reproduced")
    metrics = ordered(list(SCORES.values()))
    info = {"test": reference, "train": [reference], "hashes": {}}
    runs = [
        values(info, rows.filter(pc.equal(rows["repeat"], r)), metrics)
        for r in pc.unique(rows["repeat"]).to_pylist()
    ]
    spread = {name: np.array([run[name] for run in runs]) for name in SCORES.values()}
    return {
        name: (float(v.mean()), float(np.quantile(v, 0.025)), float(np.quantile(v, 0.975)))
        for name, v in spread.items()
    }
