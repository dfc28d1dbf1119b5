"""Apply a detector to new accounts: trained on releases or loaded; with what each account lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import release_arrays
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.data.masking import Mask
from benchmarks.data.release_arrays import ReleaseArrays
from benchmarks.detectors import Spec
from benchmarks.detectors.registry import Described
from benchmarks.execution import evidence, fitting
from benchmarks.execution.evidence import DOMAINS, TABLE_NEEDS, Evidence, Side
from benchmarks.execution.pools import pooled, without_evidence
from benchmarks.prediction import confined, explain
from benchmarks.prediction.explain import Cause
from benchmarks.prediction.models import Trained, write_ledger
from benchmarks.protocols import NotApplicable, Pool
from botbench.core.errors import UserError
from botbench.core.files import draft_of

ENDINGS = (".csv", ".parquet")
"""What a file of scores may end in."""


@dataclass(frozen=True)
class Predicted:
    """Scores of new accounts by account id: `p` float64[n], missing needs, causes of the score.

    `abstained` bool[n] marks the accounts that the detector cannot tell; they have a score too.
    """

    trained: Trained
    platform: NDArray[np.object_]
    account_id: NDArray[np.object_]
    p: Floats
    missing: list[list[str]]
    moved: list[list[Cause] | None]
    abstained: NDArray[np.bool_]

    @property
    def coverage(self) -> float:
        """The share of accounts that the detector decides; 1 for no account."""
        return 1.0 - float(self.abstained.mean()) if len(self.abstained) else 1.0


def train_and_apply(
    home: Path, spec: Spec, references: Sequence[str], new: ReleaseArrays, seed: int = 0
) -> Predicted:
    """Train on the features that releases and new accounts share, and score the new accounts.

    Accounts that are among the new ones are excluded from training. Raises UserError if the
    evidence does not suffice.
    """
    from curation.release import release

    releases = [release.load(home, reference, verify=True) for reference in references]
    arrays = [*(release_arrays.load(home, r.reference) for r in releases), new]
    sizes = [len(of_release) for of_release in arrays]
    tested = np.repeat([False] * len(releases) + [True], sizes)
    available = evidence.gather(spec, arrays)
    excluded = np.repeat(without_evidence(arrays, available.anything(), tested), sizes)
    pool = pooled(arrays, tested)
    train = np.flatnonzero(~tested & ~excluded & ~np.isin(pool.identity, pool.identity[tested]))
    rows = np.flatnonzero(tested)
    sides = [
        Side("the new accounts", rows),
        Side(f"the training part ({' + '.join(references)})", train),
    ]
    shared = _checked(spec, available, sides, pool.y)
    with evidence.view(spec, arrays, shared, Mask(f"predict {seed}")) as view:
        trained = _train(spec, view, pool, train, seed)
        trained = replace(
            trained,
            releases=tuple(_used(r) for r in releases),
            platform=np.concatenate([a.platform for a in arrays])[train],
            account_id=np.concatenate([a.account_id for a in arrays])[train],
        )
        return _applied(trained, view.take(rows), available, rows, new)


def _used(release: Any) -> dict[str, Any]:
    return {
        "reference": release.reference,
        "content_hash": release.content_hash,
        "simulated": bool(release.info.get("simulated")),
    }


def apply(trained: Trained, new: ReleaseArrays) -> Predicted:
    """Score new accounts with a trained detector; features that they lack are missing values.

    Raises UserError if no account has anything of what the detector looks at.
    """
    available = evidence.gather(trained.spec, [new])
    place = {name: i for i, name in enumerate(available.names)}
    lacking = np.full(len(new), np.nan)
    columns = [available.values[:, place[n]] if n in place else lacking for n in trained.names]
    values = np.column_stack(columns) if columns else np.empty((len(new), 0))
    families = tuple(available.families[place[n]] if n in place else "" for n in trained.names)
    rows = np.arange(len(new))
    if not available.anything().any():
        looks = ", ".join(trained.spec.needs or trained.spec.uses)
        raise UserError(
            f"{new.reference} has nothing of what {trained.spec.name} looks at: {looks}."
        )
    seen = Evidence(trained.names, families, values, available.columns, available.tables)
    with evidence.view(trained.spec, [new], seen, Mask(f"predict {trained.seed}")) as view:
        return _applied(trained, view, available, rows, new)


def _checked(
    spec: Spec, available: Evidence, sides: Sequence[Side], y: NDArray[np.int8]
) -> Evidence:
    try:
        return evidence.check(spec, available, sides, y)
    except NotApplicable as reason:
        raise UserError(f"{spec.name} cannot be applied: {reason}") from reason


def _train(spec: Spec, view: Accounts, pool: Pool, train: NDArray[np.int64], seed: int) -> Trained:
    """Fit as the bench does, with the threshold chosen on the training part."""
    fitted = (
        confined.fit(spec, view, pool, train, seed)
        if isinstance(spec, Described)
        else fitting.fit(spec, view, pool, train, seeds=(seed, 0, 0))
    )
    values = view.take(fitted.rows).values
    empty = np.isnan(values).all(axis=0)
    typical = np.full(len(view.names), np.nan)
    typical[~empty] = np.nanmedian(values[:, ~empty], axis=0)
    nobody = np.empty(0, dtype=np.object_)
    return Trained(
        spec, fitted.detector, fitted.threshold, seed, view.names, typical, (), nobody, nobody
    )


def _applied(
    trained: Trained,
    view: Accounts,
    available: Evidence,
    rows: NDArray[np.int64],
    new: ReleaseArrays,
) -> Predicted:
    p, abstained = trained.told(view)
    moved = explain.causes(
        trained.score, view.to_score(), p, trained.typical, apart=not trained.spec.transductive
    )
    missing = _missing(trained.spec, available, rows)
    return Predicted(trained, new.platform, new.account_id, p, missing, moved, abstained)


def _missing(spec: Spec, available: Evidence, rows: NDArray[np.int64]) -> list[list[str]]:
    """What each account lacks: whole families, else features, columns, posts or edges."""
    gaps: list[tuple[str, NDArray[np.bool_]]] = []
    for need in dict.fromkeys((*spec.needs, *spec.uses)):
        if need == DOMAINS:
            continue
        whole = (
            ~available.has(need)[rows]
            if _named(available, need)
            else np.ones(len(rows), dtype=np.bool_)
        )
        gaps.append((need, whole))
        members = [i for i, family in enumerate(available.families) if family == need]
        gaps += [
            (available.names[i], np.isnan(available.values[rows, i]) & ~whole) for i in members
        ]
    lacks = (
        np.column_stack([gap for _, gap in gaps]) if gaps else np.zeros((len(rows), 0), dtype=bool)
    )
    names = np.array([name for name, _ in gaps], dtype=np.object_)
    return [names[row].tolist() for row in lacks]


def _named(available: Evidence, need: str) -> bool:
    return need in {*available.names, *available.families, *available.columns, *TABLE_NEEDS}


def document(predicted: Predicted) -> dict[str, Any]:
    """The document of `botbench predict --json`."""
    trained = predicted.trained
    rows = zip(
        predicted.account_id,
        predicted.p,
        predicted.abstained,
        predicted.missing,
        predicted.moved,
        strict=True,
    )
    return {
        "detector": trained.spec.name,
        "threshold": trained.threshold,
        "transductive": trained.spec.transductive,
        "simulated": trained.simulated,
        "trained_on": list(trained.releases),
        "training_accounts": len(trained.account_id),
        "seed": trained.seed,
        "coverage": predicted.coverage,
        "accounts": [
            {
                "account": account,
                "p_bot": float(p),
                "bot": bool(p >= trained.threshold),
                "abstained": bool(abstained),
                "missing": missing,
                "moved": None if moved is None else [asdict(cause) for cause in moved],
                "explanation": explain.sentence(moved),
            }
            for account, p, abstained, missing, moved in rows
        ],
    }


def check_ending(out: Path) -> None:
    """Raise UserError for a file of scores that ends in neither .csv nor .parquet."""
    if out.suffix not in ENDINGS:
        raise UserError(
            f"--out {out} ends in {out.suffix or 'nothing'}; give a file that ends in"
            f" {' or '.join(ENDINGS)}."
        )
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; give a file that ends in .csv or .parquet.")


def write(predicted: Predicted, out: Path) -> None:
    """Write account_id, p_bot, threshold as .csv or .parquet, which also names the detector.

    Where the detector cannot tell some accounts, a column `abstained` says which.

    FILE.trained_on.parquet beside it lists the accounts that the detector was trained on; a study
    of the scored accounts excludes them. Raises UserError for another ending.
    """
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    check_ending(out)
    trained = predicted.trained
    table = pa.table(
        {
            "account_id": pa.array(predicted.account_id, pa.string()),
            "p_bot": pa.array(predicted.p, pa.float64()),
            "threshold": pa.array(np.full(len(predicted.p), trained.threshold), pa.float64()),
        }
    )
    if predicted.abstained.any():
        table = table.append_column("abstained", pa.array(predicted.abstained, pa.bool_()))
    metadata = {
        "detector": trained.spec.name,
        "detector_version": trained.spec.version,
        "trained_on": list(trained.releases),
    }
    with draft_of(out) as draft:
        if out.suffix == ".csv":
            # It is read back, so no value is changed for a spreadsheet.
            csv.write_csv(table, draft, csv.WriteOptions(quoting_style="needed"))
        else:
            pq.write_table(
                table.replace_schema_metadata({b"botbench": json.dumps(metadata).encode()}), draft
            )
        write_ledger(trained, out.with_suffix(".trained_on.parquet"))
