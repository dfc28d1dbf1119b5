"""Applying a detector to new accounts: train it on releases or take a saved one, score, and say
what was missing and why.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import release_arrays, thresholds
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.data.masking import Mask
from benchmarks.data.release_arrays import Material
from benchmarks.detectors import Spec
from benchmarks.execution import cells, evidence
from benchmarks.execution.evidence import DOMAINS, TABLE_NEEDS, Evidence, Side
from benchmarks.prediction import explain
from benchmarks.prediction.explain import Cause
from benchmarks.prediction.models import Trained, write_ledger
from benchmarks.protocols import NotApplicable
from botbench.core.errors import UserError


@dataclass(frozen=True)
class Predicted:
    """Scores of new accounts, sorted by account id: `p` float64[n], what was missing and what moved
    each score.
    """

    trained: Trained
    platform: NDArray[np.object_]
    account_id: NDArray[np.object_]
    p: Floats
    missing: list[list[str]]
    moved: list[list[Cause] | None]


def train_and_apply(
    home: Path, spec: Spec, references: Sequence[str], new: Material, seed: int = 0
) -> Predicted:
    """Train on releases, on what both they and the new accounts have, and score the new accounts.

    Accounts that are among the new ones do not teach. Raises UserError where the evidence does not
    suffice.
    """
    from curation.release import release

    made_of = [release.load(home, reference, verify=True) for reference in references]
    releases = [release_arrays.load(home, r.reference) for r in made_of]
    pool = [*releases, new]
    tested = np.repeat([False] * len(releases) + [True], [len(m) for m in pool])
    found = evidence.gather(spec, pool)
    mute = np.repeat(cells.mute_releases(pool, found.anything(), tested), [len(m) for m in pool])
    joined = cells.pooled(pool, tested)
    train = np.flatnonzero(~tested & ~mute & ~np.isin(joined.identity, joined.identity[tested]))
    rows = np.flatnonzero(tested)
    sides = [
        Side("the new accounts", rows),
        Side(f"the training part ({' + '.join(references)})", train),
    ]
    shared = _checked(spec, found, sides, joined.y)
    with evidence.view(spec, pool, shared, Mask(f"predict {seed}")) as view:
        trained = _train(spec, view, joined, train, seed)
        trained = replace(
            trained,
            releases=tuple(_used(r) for r in made_of),
            platform=np.concatenate([m.platform for m in pool])[train],
            account_id=np.concatenate([m.account_id for m in pool])[train],
        )
        return _applied(trained, view.take(rows), found, rows, new)


def _used(release: Any) -> dict[str, Any]:
    return {
        "reference": release.reference,
        "content_hash": release.content_hash,
        "simulated": bool(release.info.get("simulated")),
    }


def apply(trained: Trained, new: Material) -> Predicted:
    """Score new accounts with a detector trained before; what it was taught and they lack is
    missing.
    """
    found = evidence.gather(trained.spec, [new])
    place = {name: i for i, name in enumerate(found.names)}
    lacking = np.full(len(new), np.nan)
    known = [found.values[:, place[n]] if n in place else lacking for n in trained.names]
    values = np.column_stack(known) if known else np.empty((len(new), 0))
    families = tuple(found.families[place[n]] if n in place else "" for n in trained.names)
    rows = np.arange(len(new))
    if not found.anything().any():
        looks = ", ".join(trained.spec.needs or trained.spec.uses)
        raise UserError(
            f"{new.reference} has nothing of what {trained.spec.name} looks at: {looks}."
        )
    seen = Evidence(trained.names, families, values, found.columns, found.tables)
    with evidence.view(trained.spec, [new], seen, Mask(f"predict {trained.seed}")) as view:
        return _applied(trained, view, found, rows, new)


def _checked(spec: Spec, found: Evidence, sides: Sequence[Side], y: NDArray[np.int8]) -> Evidence:
    try:
        return evidence.check(spec, found, sides, y)
    except NotApplicable as reason:
        raise UserError(f"{spec.name} cannot be applied: {reason}") from reason


def _train(spec: Spec, view: Accounts, pool: Any, train: NDArray[np.int64], seed: int) -> Trained:
    """Fit, with the threshold chosen as the bench does; rows shuffled, so that order is mute."""
    order, inner, own = (
        int(word) >> 1 for word in np.random.SeedSequence([seed, 0, 0]).generate_state(3)
    )
    train = np.random.default_rng(order).permutation(train)
    seen, y = view.take(train), pool.y[train]
    threshold = thresholds.choose(
        spec.threshold,
        partial(cells.learn, spec, own),
        seen,
        y,
        group=pool.group[train],
        seed=inner,
    )
    made = spec.seeded(own).fit(seen, y)
    empty = np.isnan(seen.values).all(axis=0)
    typical = np.full(len(view.names), np.nan)
    typical[~empty] = np.nanmedian(seen.values[:, ~empty], axis=0)
    nobody = np.empty(0, dtype=np.object_)
    return Trained(spec, made, threshold, seed, view.names, typical, (), nobody, nobody)


def _applied(
    trained: Trained, view: Accounts, found: Evidence, rows: NDArray[np.int64], new: Material
) -> Predicted:
    score = partial(cells.scores, trained.made)
    p = score(view)
    moved = explain.causes(
        score, view.to_score(), p, trained.typical, apart=not trained.spec.transductive
    )
    return Predicted(
        trained, new.platform, new.account_id, p, _missing(trained.spec, found, rows), moved
    )


def _missing(spec: Spec, found: Evidence, rows: NDArray[np.int64]) -> list[list[str]]:
    """What the detector looks at and an account lacks: whole families by name, else single
    features, columns, posts, edges.
    """
    gaps: list[tuple[str, NDArray[np.bool_]]] = []
    for need in dict.fromkeys((*spec.needs, *spec.uses)):
        if need == DOMAINS:
            continue
        whole = (
            ~found.known(need)[rows] if _named(found, need) else np.ones(len(rows), dtype=np.bool_)
        )
        gaps.append((need, whole))
        members = [i for i, family in enumerate(found.families) if family == need]
        gaps += [(found.names[i], np.isnan(found.values[rows, i]) & ~whole) for i in members]
    lacks = (
        np.column_stack([gap for _, gap in gaps]) if gaps else np.zeros((len(rows), 0), dtype=bool)
    )
    names = np.array([name for name, _ in gaps], dtype=np.object_)
    return [names[row].tolist() for row in lacks]


def _named(found: Evidence, need: str) -> bool:
    return need in {*found.names, *found.families, *found.columns, *TABLE_NEEDS}


def document(predicted: Predicted) -> dict[str, Any]:
    """The document of `botbench predict --json`."""
    trained = predicted.trained
    rows = zip(predicted.account_id, predicted.p, predicted.missing, predicted.moved, strict=True)
    return {
        "detector": trained.spec.name,
        "threshold": trained.threshold,
        "transductive": trained.spec.transductive,
        "simulated": trained.simulated,
        "trained_on": list(trained.releases),
        "training_accounts": len(trained.account_id),
        "seed": trained.seed,
        "accounts": [
            {
                "account": account,
                "p_bot": float(p),
                "bot": bool(p >= trained.threshold),
                "missing": missing,
                "moved": None if moved is None else [asdict(cause) for cause in moved],
                "explanation": explain.sentence(moved),
            }
            for account, p, missing, moved in rows
        ],
    }


def write(predicted: Predicted, out: Path) -> None:
    """A Parquet file of account_id, p_bot, threshold; its metadata says which detector, trained on
    what.

    Beside it stands FILE.trained_on.parquet, whom the detector learned from: a study of these
    accounts needs to know.
    """
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    trained = predicted.trained
    table = pa.table(
        {
            "account_id": pa.array(predicted.account_id, pa.string()),
            "p_bot": pa.array(predicted.p, pa.float64()),
            "threshold": pa.array(np.full(len(predicted.p), trained.threshold), pa.float64()),
        }
    )
    told = {
        "detector": trained.spec.name,
        "detector_version": trained.spec.version,
        "trained_on": list(trained.releases),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=out.parent, suffix=".parquet", delete=False) as scratch:
        pq.write_table(
            table.replace_schema_metadata({b"botbench": json.dumps(told).encode()}), scratch.name
        )
    write_ledger(trained, out.with_suffix(".trained_on.parquet"))
    Path(scratch.name).replace(out)
