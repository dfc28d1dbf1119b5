"""One cell, a detector under a protocol on named releases: its key, and its computation."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import masking, release_arrays
from benchmarks.data.release_arrays import ReleaseArrays
from benchmarks.detectors import Spec, get
from benchmarks.detectors.adapter import Given
from benchmarks.execution import evidence, training_draws
from benchmarks.execution.evidence import Side
from benchmarks.execution.fitting import ScoredFold, score_folds
from benchmarks.execution.pools import pooled, without_evidence
from benchmarks.execution.results import CellStatus
from benchmarks.isolation.children import Failed, Refused
from benchmarks.protocols import NotApplicable, Plan, Protocol, parse
from botbench.core import code_versions
from botbench.core.errors import brief
from botbench.core.hashing import short_hash

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]
REVISION = 1
"""The declared version of what takes part in every prediction (views, folds, masking, thresholds,
moves): raise it when the same detector, protocol and releases come to give other predictions."""


@dataclass(frozen=True)
class Task:
    """All that a worker needs: the store's home, the names of detector and protocol, and the plan.

    `version` is the detector's version when the key was made. A worker that loads another version
    refuses the task. `fits` is how often each fold is fitted (`training_draws`). `given` is a
    detector that has no registered name.
    """

    home: Path
    key: str
    detector: str
    protocol: str
    plan: Plan
    version: str | None = None
    fits: int = 1
    given: Given | None = None

    @property
    def spec(self) -> Spec:
        """The detector: the one that was given as an object, else the registered one."""
        return self.given or get(self.detector)


@dataclass(frozen=True)
class Outcome:
    """The result of a task: predictions (schema.TABLES["predictions"]), or the reason for none.

    `fits` counts fitted detectors; `learnt` is the detector's explanation of its fit;
    `excluded_from_training` are training releases without any of the declared evidence.
    `landlock` is the version of the fence that the detector ran in, 0 where the system has none,
    None where it did not run. `unscored` counts the tested accounts of which the detector has no
    evidence: their scores are filled in.
    """

    status: CellStatus
    reason: str | None = None
    predictions: pa.Table | None = None
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    accounts: int = 0
    learnt: str | None = None
    excluded_from_training: tuple[str, ...] = ()
    memory: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    landlock: int | None = None
    unscored: int = 0
    fits: int = 0


def cell_key(  # noqa: PLR0917 (all that a cell depends on)
    spec: Spec,
    protocol: str,
    plan: Plan,
    hashes: dict[str, str],
    features: str,
    fits: int = 1,
    groups: Sequence[str] = (),
) -> str:
    """The cell's key: a hash of its inputs and code versions.

    Inputs are detector, protocol with its seed, and the content of each release (`hashes` by
    reference); versions are those of detector, protocol, features and bench. Version numbers of
    releases are not part of the key, so releases of equal content give one cell. `fits` is part of
    the key where it is not 1, so that cells of earlier versions keep theirs; likewise `groups`, the
    hashes of groups that folds keep together beyond equal profiles (`duplicates.beyond_profiles`).
    """
    classes = [c for c in type(parse(protocol)).__mro__ if issubclass(c, Protocol)]
    code = [f"revision {REVISION}", *map(code_versions.of_class, classes)]
    return short_hash(
        {
            "detector": spec.name,
            "detector_version": spec.version,
            "protocol": protocol,
            "features": features,
            "train": [(r.rpartition("@")[0], hashes[r]) for r in plan.train],
            "test": [(r.rpartition("@")[0], hashes[r]) for r in plan.test],
            "bench": short_hash(code),
            **({"fits": [fits, training_draws.REVISION]} if fits > 1 else {}),
            **({"groups": list(groups)} if groups else {}),
        },
        24,
    )


def compute(task: Task) -> Outcome:
    """Run a task. An error inside the detector gives a failed outcome with its reason."""
    try:
        return _compute(task)
    except (NotApplicable, Refused) as reason:
        return Outcome("not applicable", str(reason))
    except Failed as reason:
        return Outcome("failed", str(reason))
    # A cell's failure must not affect others.
    except Exception as error:
        return Outcome("failed", brief(error))


def _compute(task: Task) -> Outcome:
    spec, protocol = task.spec, parse(task.protocol)
    if task.version not in {None, spec.version}:
        raise RuntimeError("the detector's code changed while the bench was running; run it again")
    # Within one release both sides are the same, so the pool contains it once.
    references = (
        task.plan.test if task.plan.train == task.plan.test else (*task.plan.train, *task.plan.test)
    )
    releases = [release_arrays.load(task.home, reference) for reference in references]
    sizes = [len(release) for release in releases]
    tested = np.repeat([release.reference in task.plan.test for release in releases], sizes)
    pool = pooled(releases, tested)
    available = evidence.gather(spec, releases)
    is_excluded = without_evidence(releases, available.anything(), tested)
    excluded = tuple(r.reference for r, out in zip(releases, is_excluded, strict=True) if out)
    trainable = ~np.repeat(is_excluded, sizes)
    sides = list(_sides(task.plan, tested, trainable, excluded))
    shared = evidence.check(spec, available, sides, pool.y)
    folds = (
        dataclasses.replace(fold, train=fold.train[trainable[fold.train]])
        for fold in training_draws.drawn(protocol.split(pool), pool, protocol.seed, task.fits)
    )
    with contextlib.ExitStack() as opened:
        views = {
            "": opened.enter_context(evidence.view(spec, releases, shared, masking.Mask(task.key)))
        }
        for move in filter(None, protocol.moves):
            after = [release_arrays.load(task.home, r, move, protocol.seed) for r in references]
            same_features = evidence.gather(spec, after).named(shared.names)
            views[move] = opened.enter_context(
                evidence.view(spec, after, same_features, masking.Mask(task.key))
            )
        scored = list(score_folds(spec, views, pool, folds, protocol.seed))
    rows = np.unique(np.concatenate([s.fold.test for s in scored]))
    return dataclasses.replace(
        _outcome(task.key, releases, scored),
        excluded_from_training=excluded,
        unscored=int((~shared.scorable()[rows]).sum()),
        fits=sum(s.fresh for s in scored),
    )


def _sides(plan: Plan, tested: Mask, trainable: Mask, excluded: Sequence[str]) -> Iterator[Side]:
    yield Side(" + ".join(plan.test), np.flatnonzero(tested))
    if plan.train != plan.test:
        teachers = [r for r in plan.train if r not in excluded] or plan.train
        title = "the training part (" + " + ".join(teachers) + ")"
        yield Side(title, np.flatnonzero(~tested & trainable))


def _outcome(key: str, releases: list[ReleaseArrays], scored: list[ScoredFold]) -> Outcome:
    learnt = Counter(s.learnt.split(" <= ")[0] for s in scored if s.learnt)
    top = learnt.most_common(1)[0] if learnt else None
    table = _table(key, releases, scored)
    return Outcome(
        "done",
        None,
        table,
        sum(s.fit for s in scored),
        sum(s.score for s in scored),
        len(np.unique(np.concatenate([s.fold.test for s in scored]))),
        f"{top[0]} (in {top[1]} of {len(scored)} folds)" if top else None,
        memory=_memory(scored),
        landlock=min(s.landlock for s in scored),
    )


def _memory(scored: list[ScoredFold]) -> dict[str, float | None]:
    """The largest growth of any fold, in MB: while fitting, while scoring, per scored account."""
    fitting = [s.memory[0] for s in scored if s.memory[0] is not None]
    scoring = [(s.memory[1], len(s.p)) for s in scored if s.memory[1] is not None]
    return {
        "fit_mb": max(fitting, default=None),
        "score_mb": max((grown for grown, _ in scoring), default=None),
        "score_mb_per_account": max((grown / max(n, 1) for grown, n in scoring), default=None),
    }


def _table(key: str, releases: list[ReleaseArrays], scored: list[ScoredFold]) -> pa.Table:
    """The predictions of all folds, sorted by repeat, data set and account id."""
    import pyarrow as pa

    from curation.store.schema import TABLES, arrow_schema

    size = [len(s.p) for s in scored]
    row = np.concatenate([s.fold.test for s in scored])
    dataset = np.repeat([r.dataset for r in releases], [len(r) for r in releases])[row]
    account = np.concatenate([r.account_id for r in releases])[row]
    repeat = np.repeat([s.fold.repeat for s in scored], size)
    columns = {
        "run_key": np.repeat(key, len(row)),
        "dataset": dataset,
        "account_id": account,
        "repeat": repeat,
        "p_bot": np.concatenate([s.p for s in scored]),
        "threshold": np.repeat([s.threshold for s in scored], size),
        "fold": np.repeat([s.fold.fold for s in scored], size),
        "seconds": np.repeat([s.score / max(len(s.p), 1) for s in scored], size),
        "abstained": np.concatenate([s.abstained for s in scored]),
    }
    # Pool rows are sorted by release and account id, so their numbers sort like the ids.
    order = np.lexsort((row, repeat))
    schema = arrow_schema(TABLES["predictions"])
    return pa.table([pa.array(columns[f.name][order], f.type) for f in schema], schema=schema)
