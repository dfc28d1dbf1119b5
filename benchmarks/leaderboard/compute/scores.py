"""From predictions to values: each cell's metrics with intervals, and the draws that make
differences paired.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.data.groups import GROUPS
from benchmarks.leaderboard.compute import label_noise_bootstrap as doubt
from benchmarks.metrics import Array, Metric, ScoredAccounts, ScoredRepeats
from benchmarks.metrics.intervals import interval
from benchmarks.protocols import Kind
from botbench.core import code_versions
from botbench.core.files import draft_of
from botbench.stats import proportions, resampling

if TYPE_CHECKING:
    import pyarrow as pa

Score = tuple[float, float, float]
Places = npt.NDArray[np.intp]


class Plan(NamedTuple):
    """How accounts are drawn: how often, from which seed, and the folder that keeps draws for the
    next board.
    """

    resamples: int = resampling.RESAMPLES
    seed: int = 0
    kept: Path | None = None


USUAL = Plan()
KEPT = 2
"""Raised when the bootstrap's code changes what is drawn; a metric's own source is in the key of
what is kept.
"""


POSTERIORS = ("posterior", "posterior_low", "posterior_high")
FACTS = ("seconds", *GROUPS)
"""Columns of the predictions that metrics may read beside score and label."""


def silent(_: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Result:
    """A cell as the board needs it: `info` is cell.json, `predictions` the rows of `results.scored`
    (None unless done).
    """

    info: dict[str, Any]
    predictions: Callable[[], pa.Table] | None = None


@dataclass(frozen=True)
class Measured:
    """A cell with its values; an account predicted in two repeats is one account and two
    predictions.

    `scores` holds (value, low, high) of every metric that is defined; `methods` how each interval
    was made; `draws` float64[count] of every metric, the same accounts drawn for every cell with
    this test. Where repeats are trials of which the worst counts, `moves` says which it was, metric
    by metric. `doubt` holds draws under label doubt, if any.
    """

    info: dict[str, Any]
    accounts: int = 0
    predictions: int = 0
    bots: int = 0
    humans: int = 0
    scores: dict[str, Score] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    draws: dict[str, Array] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    doubt: dict[str, Array] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What its scores tell; of older cells, in distribution where it was tested on what it was
        trained on, else transfer.
        """
        same = set(self.info["train"]) == set(self.info["test"].split("+"))
        kind: Kind = self.info.get("kind") or ("in distribution" if same else "transfer")
        return kind

    @property
    def key(self) -> tuple[Any, ...]:
        """What cells are sorted by, whatever order they came in."""
        i = self.info
        return i["test"], i["protocol"], i["detector"], sorted(i["train"]), i["cell_key"]

    @property
    def few(self) -> bool:
        """Fewer than 30 accounts of a class: shown, marked, not ranked."""
        return self.info["status"] == "done" and proportions.few(self.bots, self.humans)


@dataclass(frozen=True)
class Prepared:
    """A cell's repeats, each as judged accounts and their places in the accounts of the test (None:
    all, in order).

    `content` is a hash of everything above, so that draws can be kept.
    """

    info: dict[str, Any]
    repeats: list[tuple[ScoredAccounts, Places | None]]
    posteriors: Array = field(default_factory=lambda: np.empty((3, 0)))

    @property
    def content(self) -> str:
        """The hash of labels, scores, answers and places, in order of repeats and accounts."""
        sha = hashlib.sha256()
        for judged, places in self.repeats:
            own = np.arange(len(judged.y)) if places is None else places
            fold = np.zeros(0) if judged.fold is None else judged.fold
            for part in (
                judged.y,
                judged.p,
                judged.hat,
                own,
                fold,
                *(judged.facts[name] for name in sorted(judged.facts)),
            ):
                sha.update(np.ascontiguousarray(part).tobytes())
        sha.update(str(self.worst).encode())
        return sha.hexdigest()

    @property
    def size(self) -> int:
        """The accounts that places point into: those of the test, of which this cell may have
        scored a part.
        """
        return max(
            len(judged.y) if places is None else int(places.max()) + 1
            for judged, places in self.repeats
        )

    @property
    def worst(self) -> bool:
        """Whether the worst of the repeats counts, and not the mean."""
        return bool(self.info.get("worst"))

    @cached_property
    def trials(self) -> dict[str, int]:
        """The repeat that counts, by metric: filled as metrics are measured, from all accounts and
        never from a draw.
        """
        return {}

    def counted(self, metric: Metric) -> list[tuple[ScoredAccounts, Places | None]]:
        """The repeats that a metric's value is the mean of: all of them, or the worst one (the
        first of equally bad ones).
        """
        if not self.worst:
            return self.repeats
        if metric.name not in self.trials:
            values = np.array([metric.values(judged.under())[0] for judged, _ in self.repeats])
            bad = -values if metric.direction == "higher" else values
            self.trials[metric.name] = int(np.argmax(np.where(np.isnan(bad), -np.inf, bad)))
        return [self.repeats[self.trials[metric.name]]]


def measure(
    found: Iterable[Result],
    metrics: Sequence[Metric],
    plan: Plan = USUAL,
    tick: Callable[[int], object] = silent,
) -> list[Measured]:
    """Every cell measured, sorted by its key. Cells with the same test are drawn together;
    `tick(n)` says n are done.
    """
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in found:
        groups[result.info["test"]].append(result)

    def one(group: list[Result]) -> list[Measured]:
        measured = _measure_test(sorted(group, key=lambda r: Measured(r.info).key), metrics, plan)
        tick(len(measured))
        return measured

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        done = list(
            pool.map(one, sorted(groups.values(), key=lambda group: str(group[0].info["test"])))
        )
    return sorted((m for group in done for m in group), key=lambda m: m.key)


def _measure_test(group: list[Result], metrics: Sequence[Metric], plan: Plan) -> list[Measured]:
    scored = [r for r in group if r.predictions is not None]
    prepared, accounts = prepare([(r.info, r.predictions()) for r in scored if r.predictions])
    draws = drawn_or_kept(prepared, metrics, accounts, plan, _stream(group[0].info))
    measured = [
        replace(
            _values(cell, metrics, drawn), doubt=_doubt(cell, metrics, plan, _stream(group[0].info))
        )
        for cell, drawn in zip(prepared, draws, strict=True)
    ]
    return measured + [Measured(r.info) for r in group if r.predictions is None]


def _doubt(cell: Prepared, metrics: Sequence[Metric], plan: Plan, stream: int) -> dict[str, Array]:
    if (
        cell.worst
    ):  # the worst trial under other labels may be another one: no second interval there
        return {}
    return doubt.draw(
        cell.repeats,
        metrics,
        cell.posteriors,
        min(plan.resamples, doubt.DRAWS),
        [plan.seed, stream],
    )


def _stream(info: dict[str, Any]) -> int:
    """A number of the test's own, so that two data sets of one size are not drawn alike."""
    hashes = [
        str(info["hashes"].get(reference, "")) for reference in sorted(info["test"].split("+"))
    ]
    return int.from_bytes(hashlib.sha256("\n".join(hashes).encode()).digest()[:4])


def prepare(cells: Sequence[tuple[dict[str, Any], pa.Table]]) -> tuple[list[Prepared], int]:
    """The cells of one test as arrays, and the number of accounts among them; the rows may come in
    any order.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = [pc.binary_join_element_wise(t["dataset"], t["account_id"], "\x1f") for _, t in cells]
    if not keys:
        return [], 0
    known = pc.unique(pa.chunked_array([chunk for key in keys for chunk in key.chunks]))
    known = known.take(pc.sort_indices(known))
    places = [pc.index_in(key, known) for key in keys]
    return [
        _prepare(info, table, at, len(known))
        for (info, table), at in zip(cells, places, strict=True)
    ], len(known)


def _prepare(info: dict[str, Any], table: pa.Table, index: Any, accounts: int) -> Prepared:
    at, repeat, y, p, threshold = (
        np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))
        for column in (index, table["repeat"], table["y"], table["p_bot"], table["threshold"])
    )
    fold = np.asarray(table["fold"].to_numpy())
    facts = _facts(info, table)
    repeats: list[tuple[ScoredAccounts, Places | None]] = []
    for number in np.unique(repeat):
        rows = np.flatnonzero(repeat == number)
        rows = rows[np.argsort(at[rows], kind="stable")]
        places = at[rows].astype(np.intp)
        whole = len(places) == accounts and bool((places == np.arange(accounts)).all())
        known = {name: fact[rows] for name, fact in facts.items()}
        judged = ScoredAccounts(y[rows], p[rows], p[rows] >= threshold[rows], fold[rows], known)
        repeats.append((judged, None if whole else places))
    posteriors: Array = np.full((3, accounts), np.nan)
    for own, name in zip(posteriors, POSTERIORS, strict=True):
        if name in table.column_names:
            own[at] = table[name].to_numpy()
    return Prepared(info, repeats, posteriors)


def _facts(info: dict[str, Any], table: pa.Table) -> dict[str, Array]:
    """What is known of each row beside score and label: groups, seconds, and the cell's memory."""
    facts = {
        name: np.asarray(table[name].to_numpy(), dtype=np.float64)
        for name in FACTS
        if name in table.column_names
    }
    memory = (info.get("memory") or {}).get("score_mb_per_account")
    return (
        facts if memory is None else {**facts, "memory_mb": np.full(table.num_rows, float(memory))}
    )


def drawn_or_kept(
    cells: Sequence[Prepared],
    metrics: Sequence[Metric],
    accounts: int,
    plan: Plan,
    stream: int,
) -> list[dict[str, Array]]:
    """Each cell's draws, read back where an earlier board kept them; what was not kept is drawn
    together.
    """
    if plan.kept is None:
        return draw(cells, metrics, accounts, plan.resamples, [plan.seed, stream])
    code = [
        [m.name, m.by_fold, code_versions.of_function(getattr(m.measure, "func", m.measure))]
        for m in metrics
    ]
    told = json.dumps([KEPT, plan.resamples, plan.seed, stream, accounts, code])
    paths = [
        plan.kept / f"{hashlib.sha256(f'{told} {c.content}'.encode()).hexdigest()}.npy"
        for c in cells
    ]
    missing = [i for i, path in enumerate(paths) if not path.exists()]
    fresh = draw(
        [cells[i] for i in missing], metrics, accounts, plan.resamples, [plan.seed, stream]
    )
    for i, drawn in zip(missing, fresh, strict=True):
        with draft_of(paths[i]) as draft, draft.open("wb") as file:
            np.save(file, np.stack([drawn[m.name] for m in metrics]))
    return [dict(zip((m.name for m in metrics), np.load(path), strict=True)) for path in paths]


def draw(
    cells: Sequence[Prepared],
    metrics: Sequence[Metric],
    accounts: int,
    count: int,
    stream: Sequence[int],
) -> list[dict[str, Array]]:
    """Each cell's metrics in `count` draws of the accounts, the mean over repeats; the same draw
    for every cell.
    """
    if not cells:
        return []
    kept = np.empty((len(cells), len(metrics), count))
    start = 0
    for weight in resampling.resamples(accounts, count, stream):
        for cell, into in zip(cells, kept, strict=True):
            into[:, start : start + len(weight)] = _mean_over_repeats(cell, metrics, weight)
        start += len(weight)
    return [{m.name: drawn for m, drawn in zip(metrics, into, strict=True)} for into in kept]


def _mean_over_repeats(cell: Prepared, metrics: Sequence[Metric], weight: Array | None) -> Array:
    """float64[metrics, b]; an account drawn twice counts twice in every repeat."""
    total: Array = np.zeros((len(metrics), 1 if weight is None else len(weight)))
    counted = [cell.counted(m) for m in metrics]
    for judged, places in cell.repeats:
        under = judged.under(weight if weight is None or places is None else weight.T[places].T)
        for i, (metric, own) in enumerate(zip(metrics, counted, strict=True)):
            if any(judged is one for one, _ in own):
                total[i] += metric.values(under) / len(own)
    return total


def _values(cell: Prepared, metrics: Sequence[Metric], draws: dict[str, Array]) -> Measured:
    values = _mean_over_repeats(cell, metrics, None)[:, 0]
    # Of one repeat, not of all of them: five draws of 18 bots each do not make 90 in any of them.
    accounts = round(float(np.mean([len(judged.y) for judged, _ in cell.repeats])))
    bots = round(float(np.mean([int(judged.y.sum()) for judged, _ in cell.repeats])))
    scores, methods = {}, {}
    for m, value in zip(metrics, values.tolist(), strict=True):
        if np.isfinite(value):
            own = cell.counted(m)
            sample = ScoredRepeats(
                [judged for judged, _ in own], [places for _, places in own], cell.size
            )
            low, high, methods[m.name] = interval(
                m, value, sample, draws[m.name], (bots, accounts - bots)
            )
            # NaN says that there is no interval, and stays NaN.
            scores[m.name] = (value, float(np.minimum(low, value)), float(np.maximum(high, value)))
    predictions = sum(len(judged.y) for judged, _ in cell.repeats)
    moves = cell.info.get("moves") or []
    made = {
        name: moves[trial] or "none" for name, trial in cell.trials.items() if trial < len(moves)
    }
    return Measured(
        cell.info, accounts, predictions, bots, accounts - bots, scores, methods, draws, made
    )


def values(info: dict[str, Any], table: pa.Table, metrics: Sequence[Metric]) -> dict[str, float]:
    """Every metric of one cell by name, without an interval; NaN where it is undefined."""
    (cell,), _ = prepare([(info, table)])
    return dict(
        zip(
            (m.name for m in metrics),
            _mean_over_repeats(cell, metrics, None)[:, 0].tolist(),
            strict=True,
        )
    )
