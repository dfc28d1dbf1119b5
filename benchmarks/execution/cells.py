"""One cell: a detector under a protocol on named releases. What it is known by, and how it is
computed in a worker.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import masking, release_arrays, thresholds
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Spec, get
from benchmarks.execution import evidence, memory
from benchmarks.execution.evidence import Side
from benchmarks.execution.results import CellStatus
from benchmarks.protocols import Fold, NotApplicable, Plan, Pool, Protocol, parse
from botbench.core import code_versions
from botbench.core.hashing import short_hash

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]
REVISION = 1
"""The declared version of what takes part in every prediction (views, folds, masking, thresholds,
moves): raise it when the same detector, protocol and releases come to give other predictions."""


@dataclass(frozen=True)
class Task:
    """All that a worker needs: the store's home, the detector's name, the protocol's canonical
    string, and the plan.

    `version` is the detector's when the key was made; a worker that loads other code refuses the
    task.
    """

    home: Path
    key: str
    detector: str
    protocol: str
    plan: Plan
    version: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a task: predictions (schema.TABLES["predictions"]) or the reason why there are
    none.

    `learnt` is what the detector says it learnt; `mute` are releases of the training part without
    anything it looks at, which were left out.
    """

    status: CellStatus
    reason: str | None = None
    predictions: pa.Table | None = None
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    accounts: int = 0
    learnt: str | None = None
    mute: tuple[str, ...] = ()
    memory: Mapping[str, float | None] = dataclasses.field(default_factory=dict)


def cell_key(spec: Spec, protocol: str, plan: Plan, hashes: dict[str, str], features: str) -> str:
    """The cell's key: detector and its code, protocol with its seed, content of each release,
    feature and bench code.

    `hashes` are content hashes by reference; versions of releases are not part of it, so equal
    content is one cell.
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
        },
        24,
    )


def compute(task: Task) -> Outcome:
    """Do a task; whatever goes wrong inside the detector becomes a failed outcome with its reason,
    never an exception.
    """
    try:
        return _compute(task)
    except NotApplicable as reason:
        return Outcome("not applicable", str(reason))
    except (
        Exception
    ) as error:  # a detector is anybody's code: its failure is its cell's and nobody else's
        first = str(error).strip().splitlines()
        return Outcome("failed", f"{type(error).__name__}: {first[0] if first else 'no message'}")


def _compute(task: Task) -> Outcome:
    spec, protocol = get(task.detector), parse(task.protocol)
    if task.version not in {None, spec.version}:
        raise RuntimeError("the detector's code changed while the bench was running; run it again")
    # Within one release both sides are the same: it stands in the pool once.
    references = (
        task.plan.test if task.plan.train == task.plan.test else (*task.plan.train, *task.plan.test)
    )
    releases = [release_arrays.load(task.home, reference) for reference in references]
    tested = np.repeat(
        [r.reference in task.plan.test for r in releases], [len(r) for r in releases]
    )
    pool = pooled(releases, tested)
    found = evidence.gather(spec, releases)
    mute = mute_releases(releases, found.anything(), tested)
    silent = np.repeat(mute, [len(r) for r in releases])
    sides = list(
        _sides(
            task.plan,
            tested,
            silent,
            [r.reference for r, m in zip(releases, mute, strict=True) if not m],
        )
    )
    shared = evidence.check(spec, found, sides, pool.y)
    folds_ = (dataclasses.replace(f, train=f.train[~silent[f.train]]) for f in protocol.split(pool))
    with contextlib.ExitStack() as opened:
        views = {
            "": opened.enter_context(evidence.view(spec, releases, shared, masking.Mask(task.key)))
        }
        for move in filter(None, protocol.moves):
            after = [
                release_arrays.load(task.home, reference, move, protocol.seed)
                for reference in references
            ]
            told = evidence.gather(spec, after).named(shared.names)
            views[move] = opened.enter_context(
                evidence.view(spec, after, told, masking.Mask(task.key))
            )
        done = list(_folds(spec, views, pool, folds_, protocol.seed))
    outcome = _outcome(task.key, releases, done)
    return dataclasses.replace(
        outcome, mute=tuple(r.reference for r, m in zip(releases, mute, strict=True) if m)
    )


def mute_releases(
    releases: Sequence[release_arrays.Material], known: Mask, tested: Mask
) -> list[bool]:
    """Which releases to train on have nothing of what the detector declared: they can teach it
    nothing.
    """
    ends = np.cumsum([len(r) for r in releases])
    parts = [slice(end - len(r), end) for r, end in zip(releases, ends, strict=True)]
    return [not known[part].any() and not tested[part].any() for part in parts]


def _sides(plan: Plan, tested: Mask, silent: Mask, heard: Sequence[str]) -> Iterator[Side]:
    yield Side(" + ".join(plan.test), np.flatnonzero(tested))
    if plan.train != plan.test:
        teachers = [r for r in plan.train if r in heard] or plan.train
        yield Side(
            "the training part (" + " + ".join(teachers) + ")", np.flatnonzero(~tested & ~silent)
        )


def pooled(releases: Sequence[release_arrays.Material], tested: Mask) -> Pool:
    """The accounts of several releases as integers, one after the other.

    The same account of one platform in two releases shares its identity, and its group in both is
    one group.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(tested)
    ids = np.concatenate(
        [
            np.char.add(np.char.add(r.platform.astype(str), ":"), r.account_id.astype(str))
            for r in releases
        ]
    )
    groups = np.concatenate(
        [np.char.add(f"{i}:", r.group.astype(str)) for i, r in enumerate(releases)]
    )
    identity = np.unique(ids, return_inverse=True)[1].astype(np.int64)
    group = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    size = n + int(identity.max()) + 1
    ties = coo_array(
        (np.ones(n, dtype=np.int8), (n + identity, size + group)), shape=(size + n, size + n)
    )
    together = connected_components(ties, directed=False)[1][n + identity].astype(np.int64)
    sorts = np.unique(np.concatenate([r.sort for r in releases]).astype(str), return_inverse=True)
    named = np.where(np.char.str_len(sorts[0]) > 0, np.arange(len(sorts[0])), -1)[sorts[1]].astype(
        np.int64
    )
    kinds = sorted({kind for r in releases for kind in r.claimed})
    claimed = {
        k: np.concatenate([r.claimed.get(k, np.full(len(r), -1, dtype=np.int8)) for r in releases])
        for k in kinds
    }
    return Pool(
        tested,
        np.concatenate([r.y for r in releases]),
        together,
        identity,
        np.concatenate([r.part for r in releases]),
        np.concatenate([r.seen for r in releases]),
        named,
        claimed,
    )


@dataclass(frozen=True)
class _Scored:
    fold: Fold
    p: Floats
    threshold: float
    fit: float
    score: float
    learnt: str | None
    memory: tuple[float | None, float | None]


@dataclass(frozen=True)
class _Fitted:
    """A detector fitted on a fold's training part, with the stream that shuffles what it is to
    score.
    """

    fold: Fold
    made: Any
    threshold: float
    seconds: float
    megabytes: float | None
    order: np.random.Generator


def _folds(
    spec: Spec, views: Mapping[str, Accounts], pool: Pool, folds_: Iterable[Fold], seed: int
) -> Iterator[_Scored]:
    """Every fold scored; those that say so are scored by the fit of the one before."""
    fitted: _Fitted | None = None
    for fold in folds_:
        fresh = fitted is None or fold.fit is None or fold.fit != fitted.fold.fit
        if fitted is None or fresh:
            fitted = _fit(spec, views[""], pool, fold, seed)
        yield _score(fitted, views[fold.move], fold, fresh)


def _fit(spec: Spec, view: Accounts, pool: Pool, fold: Fold, seed: int) -> _Fitted:
    """Choose the threshold and train on the training part; rows shuffled, so that order is mute."""
    labels = pool.y if fold.labels is None else fold.labels
    if len(classes := np.unique(labels[fold.train])) < 2:
        only = "bots" if classes.all() else "humans"
        raise NotApplicable(
            f"the training part holds {only} only; a detector needs both classes to learn from."
        )
    draws = np.random.SeedSequence([seed, fold.repeat, fold.fold])
    order, inner, own = (int(word) >> 1 for word in draws.generate_state(3))
    rng = np.random.default_rng(order)
    train = rng.permutation(fold.train)
    teach = partial(learn, spec, own)
    begun = time.perf_counter()
    with memory.grown() as fitting:
        seen, y = view.take(train), labels[train]
        threshold = thresholds.choose(
            spec.threshold, teach, seen, y, group=pool.group[train], seed=inner
        )
        made = spec.seeded(own).fit(seen, y)
    return _Fitted(fold, made, threshold, time.perf_counter() - begun, fitting.megabytes, rng)


def _score(fitted: _Fitted, view: Accounts, fold: Fold, fresh: bool) -> _Scored:
    """Score the test part; a fit that served another fold before costs nothing again."""
    test = fitted.order.permutation(fold.test)
    begun = time.perf_counter()
    with memory.grown() as scoring:
        p = scores(fitted.made, view.take(test))
    spent = time.perf_counter() - begun
    grew = fitted.megabytes, scoring.megabytes
    done = dataclasses.replace(fold, test=test)
    return _Scored(
        done,
        p,
        fitted.threshold,
        fitted.seconds if fresh else 0.0,
        spent,
        fitted.made.explain(),
        grew,
    )


def learn(spec: Spec, seed: int, seen: Accounts, y: Any) -> Callable[[Accounts], Floats]:
    """A scoring function: the detector with that seed, fitted."""
    return partial(scores, spec.seeded(seed).fit(seen, y))


def scores(made: Any, seen: Accounts) -> Floats:
    """A fitted detector's p_bot, float64[n]. Raises ValueError where it is not a probability for
    each account.
    """
    proba = np.asarray(made.predict_proba(seen.to_score()), dtype=np.float64)
    if proba.shape != (len(seen), 2):
        raise ValueError(
            f"predict_proba returned shape {proba.shape} for {len(seen)} accounts; expected n x 2"
        )
    if bad := int((~((proba[:, 1] >= 0) & (proba[:, 1] <= 1))).sum()):
        raise ValueError(
            f"{bad} of {len(seen)} scores are missing or outside 0 to 1; every account needs one"
        )
    return proba[:, 1]


def _outcome(key: str, releases: list[release_arrays.Material], done: list[_Scored]) -> Outcome:
    learnt = Counter(s.learnt.split(" <= ")[0] for s in done if s.learnt)
    top = learnt.most_common(1)[0] if learnt else None
    table = _table(key, releases, done)
    return Outcome(
        "done",
        None,
        table,
        sum(s.fit for s in done),
        sum(s.score for s in done),
        len(np.unique(np.concatenate([s.fold.test for s in done]))),
        f"{top[0]} (in {top[1]} of {len(done)} folds)" if top else None,
        memory=_memory(done),
    )


def _memory(done: list[_Scored]) -> dict[str, float | None]:
    """The largest growth of any fold while fitting and while scoring, and the largest of scoring
    for one account, in MB.
    """
    fits, scored = ([s.memory[i] for s in done] for i in (0, 1))
    each = [m / max(len(s.p), 1) for m, s in zip(scored, done, strict=True) if m is not None]
    return {
        "fit_mb": max((m for m in fits if m is not None), default=None),
        "score_mb": max((m for m in scored if m is not None), default=None),
        "score_mb_per_account": max(each, default=None),
    }


def _table(key: str, releases: list[release_arrays.Material], done: list[_Scored]) -> pa.Table:
    """The predictions of all folds, sorted by repeat, data set and account."""
    import pyarrow as pa

    from curation.store.schema import TABLES, arrow_schema

    size = [len(s.p) for s in done]
    row = np.concatenate([s.fold.test for s in done])
    dataset = np.repeat([r.dataset for r in releases], [len(r) for r in releases])[row]
    account = np.concatenate([r.account_id for r in releases])[row]
    repeat = np.repeat([s.fold.repeat for s in done], size)
    columns = {
        "run_key": np.repeat(key, len(row)),
        "dataset": dataset,
        "account_id": account,
        "repeat": repeat,
        "p_bot": np.concatenate([s.p for s in done]),
        "threshold": np.repeat([s.threshold for s in done], size),
        "fold": np.repeat([s.fold.fold for s in done], size),
        "seconds": np.repeat([s.score / max(len(s.p), 1) for s in done], size),
    }
    # Rows of the pool stand by release and sorted account id, so their numbers sort as the ids do.
    order = np.lexsort((row, repeat))
    schema = arrow_schema(TABLES["predictions"])
    return pa.table([pa.array(columns[f.name][order], f.type) for f in schema], schema=schema)
