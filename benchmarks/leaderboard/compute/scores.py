"""Metrics and intervals of each cell, and the shared draws that make differences paired."""

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

from benchmarks.leaderboard.compute import fits, label_noise_bootstrap
from benchmarks.leaderboard.compute.fits import FitValues
from benchmarks.metrics import Array, Metric
from benchmarks.metrics.cell_values import (
    ScoredCell,
    decided_by,
    mean_over_repeats,
    scored_cells,
)
from benchmarks.metrics.intervals import interval
from benchmarks.metrics.scored_accounts import added_up
from benchmarks.metrics.weightings import Weightings
from benchmarks.protocols import Kind, kind_between
from botbench.core import code_versions
from botbench.core.files import draft_of
from botbench.stats import proportions, refits, resampling

if TYPE_CHECKING:
    import pyarrow as pa

Score = tuple[float, float, float]


class Plan(NamedTuple):
    """Bootstrap settings: number of draws, seed, and the folder that caches draws."""

    resamples: int = resampling.RESAMPLES
    seed: int = 0
    cache: Path | None = None


DEFAULT_PLAN = Plan()
DRAWS_REVISION = 2
"""Raised when the bootstrap's code changes what is drawn; a metric's own source is in the key of
what is kept.
"""


TOGETHER = 8
"""Cells whose sums are added up in one product of matrices."""


NOT_RANKED = "not ranked"
"""How the reason of a row begins that has a value and no rank."""
SCORED = 0.8
"""The share of tested accounts that must have a score of their own, for the cell to be ranked."""


def silent(_: int) -> None:
    """Progress without output."""


@dataclass(frozen=True)
class Result:
    """A cell: `info` is cell.json, `predictions` the rows of `results.scored` (None until done)."""

    info: dict[str, Any]
    predictions: Callable[[], pa.Table] | None = None


@dataclass(frozen=True)
class MeasuredCell:
    """A cell with its metric values; an account predicted in two repeats counts as one account.

    `scores` holds (value, low, high) of every defined metric, `methods` how each interval was made.
    `draws` holds float64[count] for every metric; cells with the same test share the drawn
    accounts. Where repeats are trials of which the worst counts, `moves` names the worst trial by
    metric. `label_draws` holds draws of accounts and labels where labels are uncertain. `groups`
    are the duplicate groups with bots and with humans; None where every account is independent.

    `coverage` is the share of accounts that the detector decides (None in cells of earlier
    versions), and `decided` holds each metric over these alone. Ranks never use it: they count all
    accounts.

    `fits` is the number of fits behind the cell, `fit_values` each fit's values by metric where
    there are several.
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
    label_draws: dict[str, Array] = field(default_factory=dict)
    groups: tuple[int, int] | None = None
    coverage: float | None = None
    decided: dict[str, float] = field(default_factory=dict)
    few_metrics: frozenset[str] = frozenset()
    """Metrics that rest on too few accounts although neither class is few."""
    fits: int | None = None
    fit_values: dict[str, FitValues] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of the cell's scores.

        Older cells without a kind are in distribution if tested on their training data, else
        transfer.
        """
        kind: Kind | None = self.info.get("kind")
        return kind or kind_between(self.info["train"], self.info["test"].split("+"))

    @property
    def unscored(self) -> int | None:
        """Tested accounts whose score was filled in; None in cells that did not count them."""
        counted: int | None = self.info.get("unscored")
        return counted

    @property
    def filled_in(self) -> str:
        """Why the cell is not ranked: too many accounts without a score. Empty if it may be."""
        tested = int(self.info.get("accounts") or 0)
        if not self.unscored or tested - self.unscored >= SCORED * tested:
            return ""
        return (
            f"{NOT_RANKED}: {self.unscored:,} of {tested:,} accounts had no score and got a"
            " filled-in one"
        )

    @property
    def key(self) -> tuple[Any, ...]:
        """The sort key of cells, whatever their input order."""
        i = self.info
        return i["test"], i["protocol"], i["detector"], sorted(i["train"]), i["cell_key"]

    @property
    def independent(self) -> tuple[int, int]:
        """The independent bots and humans: duplicate groups, an account alone being one."""
        return self.groups or (self.bots, self.humans)

    @property
    def few(self) -> bool:
        """Fewer than 30 accounts or groups of a class: shown, marked, not ranked."""
        return self.info["status"] == "done" and proportions.few(*self.independent)

    @cached_property
    def variances(self) -> dict[str, float]:
        """The variance of each metric's draws; NaN where no draw has a value."""
        drawn = np.array(list(self.draws.values()))
        nowhere = np.isnan(drawn).all(axis=1)
        found: Array = np.full(len(drawn), np.nan)
        found[~nowhere] = np.nanvar(drawn[~nowhere], axis=1)
        return dict(zip(self.draws, found.tolist(), strict=True))

    def few_for(self, metric: Metric) -> bool:
        """Whether a metric is few: the cell is, or what the metric rests on (a group of people)."""
        return self.few or metric.name in self.few_metrics


def measure(
    found: Iterable[Result],
    metrics: Sequence[Metric],
    plan: Plan = DEFAULT_PLAN,
    tick: Callable[[int], object] = silent,
) -> list[MeasuredCell]:
    """Measure every cell, sorted by key. Cells with the same test are drawn together.

    `tick(n)` is called when n cells are done.
    """
    import scipy.linalg  # noqa: F401  (a library is limited that is loaded already)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    groups: dict[str, list[Result]] = defaultdict(list)
    for result in found:
        groups[result.info["test"]].append(result)

    def one(group: list[Result]) -> list[MeasuredCell]:
        measured = _measure_test(
            sorted(group, key=lambda r: MeasuredCell(r.info).key), metrics, plan
        )
        tick(len(measured))
        return measured

    # Groups are at work at once; products of theirs on several threads each wait for one another,
    # and a board took five times as long.
    with threadpool_limits(1), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        done = list(
            pool.map(one, sorted(groups.values(), key=lambda group: str(group[0].info["test"])))
        )
    return sorted((m for group in done for m in group), key=lambda m: m.key)


def _measure_test(group: list[Result], metrics: Sequence[Metric], plan: Plan) -> list[MeasuredCell]:
    scored = [r for r in group if r.predictions is not None]
    prepared, accounts = scored_cells([(r.info, r.predictions()) for r in scored if r.predictions])
    # Before the draws, which then know what metrics add up (`Weighted.sums`).
    values = [mean_over_repeats(cell, metrics, None)[:, 0] for cell in prepared]
    draws = cached_draws(prepared, metrics, accounts, plan, _stream(group[0].info))
    measured = [
        replace(
            _values(cell, metrics, value, drawn),
            label_draws=_label_draws(cell, metrics, plan, _stream(group[0].info)),
        )
        for cell, value, drawn in zip(prepared, values, draws, strict=True)
    ]
    return measured + [MeasuredCell(r.info) for r in group if r.predictions is None]


def _label_draws(
    cell: ScoredCell, metrics: Sequence[Metric], plan: Plan, stream: int
) -> dict[str, Array]:
    # The worst trial under other labels may be another one, so it has no second interval.
    if cell.worst:
        return {}
    return label_noise_bootstrap.draw(
        cell.repeats,
        metrics,
        cell.posteriors,
        min(plan.resamples, label_noise_bootstrap.DRAWS),
        [plan.seed, stream],
        group=cell.group,
    )


def _stream(info: dict[str, Any]) -> int:
    """A number of the test's own, so that two data sets of one size are not drawn alike."""
    hashes = [
        str(info["hashes"].get(reference, "")) for reference in sorted(info["test"].split("+"))
    ]
    return int.from_bytes(hashlib.sha256("\n".join(hashes).encode()).digest()[:4])


def cached_draws(
    cells: Sequence[ScoredCell],
    metrics: Sequence[Metric],
    accounts: int,
    plan: Plan,
    stream: int,
) -> list[dict[str, Array]]:
    """Read each cell's draws from the cache; compute the missing ones together."""
    if plan.cache is None:
        return draw(cells, metrics, accounts, plan.resamples, [plan.seed, stream])
    code = [
        [m.name, m.by_fold, code_versions.of_function(getattr(m.measure, "func", m.measure))]
        for m in metrics
    ]
    settings = json.dumps([DRAWS_REVISION, plan.resamples, plan.seed, stream, accounts, code])
    paths = [
        plan.cache / f"{hashlib.sha256(f'{settings} {c.content}'.encode()).hexdigest()}.npy"
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
    cells: Sequence[ScoredCell],
    metrics: Sequence[Metric],
    accounts: int,
    count: int,
    stream: Sequence[int],
) -> list[dict[str, Array]]:
    """Each cell's metrics in `count` draws, mean over repeats; all cells share the accounts.

    Whole duplicate groups are drawn, which all cells share as well.
    """
    if not cells:
        return []
    kept = np.empty((len(cells), len(metrics), count))
    start = 0
    for weight in resampling.resamples(accounts, count, stream, group=cells[0].group):
        shared, end = Weightings.of(weight), start + len(weight)
        for first in range(0, len(cells), TOGETHER):
            some = slice(first, first + TOGETHER)
            whole = [one for c in cells[some] for one, places in c.repeats if places is None]
            sums = dict(zip(whole, added_up(whole, shared), strict=True))
            for cell, into in zip(cells[some], kept[some], strict=True):
                into[:, start:end] = mean_over_repeats(cell, metrics, shared, sums)
        start = end
    return [{m.name: drawn for m, drawn in zip(metrics, into, strict=True)} for into in kept]


def _values(
    cell: ScoredCell, metrics: Sequence[Metric], values: Array, draws: dict[str, Array]
) -> MeasuredCell:
    # Count one repeat only: five draws of 18 bots each are not 90 bots.
    accounts = round(float(np.mean([len(judged.y) for judged, _ in cell.repeats])))
    bots = cell.members(1)
    groups = None if cell.group is None else (cell.groups(1), cell.groups(0))
    scores, methods = {}, {}
    number = fits.count(cell.info, cell)
    each_fit = fits.of_cell(cell, metrics, number)
    for m, value in zip(metrics, values.tolist(), strict=True):
        if np.isfinite(value):
            low, high, methods[m.name] = interval(
                m, value, cell.sample(m), draws[m.name], groups or (bots, accounts - bots)
            )
            # NaN means that there is no interval.
            low, high = float(np.minimum(low, value)), float(np.maximum(high, value))
            if m.name in each_fit and not each_fit[m.name].resampled:
                low, high = refits.widened(value, low, high, each_fit[m.name].variance, m.range)
            scores[m.name] = (value, low, high)
    predictions = sum(len(judged.y) for judged, _ in cell.repeats)
    moves = cell.info.get("moves") or []
    worst = {
        name: moves[trial] or "none" for name, trial in cell.trials.items() if trial < len(moves)
    }
    coverage, decided = decided_by(cell, metrics)
    few = frozenset(m.name for m in metrics if m.rests_on_few(cell.sample(m)))
    return MeasuredCell(
        cell.info,
        accounts,
        predictions,
        bots,
        accounts - bots,
        scores,
        methods,
        draws,
        worst,
        groups=groups,
        coverage=coverage,
        decided=decided,
        few_metrics=few,
        fits=number,
        fit_values=each_fit,
    )
