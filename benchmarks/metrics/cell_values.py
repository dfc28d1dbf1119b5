"""The metrics of one cell from its predictions, as means over repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data import duplicates
from benchmarks.data.groups import GROUPS
from benchmarks.metrics.scored_accounts import ScoredAccounts, ScoredRepeats, Sums
from benchmarks.metrics.weightings import Array, Places, Weightings
from botbench.core.errors import UserError
from botbench.stats.account_groups import ALONE, Codes, codes

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.metrics import Metric

POSTERIORS = ("posterior", "posterior_low", "posterior_high")
FACTS = ("seconds", "abstained", *GROUPS)
"""Columns of the predictions that metrics may read beside score and label."""


@dataclass(frozen=True)
class ScoredCell:
    """A cell's repeats: scored accounts and their places in the test's accounts (None: all).

    `group` is the duplicate group of each of the test's accounts, None if each is alone. `content`
    is a hash of everything above, so that draws can be cached.
    """

    info: dict[str, Any]
    repeats: list[tuple[ScoredAccounts, Places | None]]
    posteriors: Array = field(default_factory=lambda: np.empty((3, 0)))
    group: Codes | None = None

    @property
    def content(self) -> str:
        """The hash of labels, scores, answers and places, in order of repeats and accounts."""
        sha = hashlib.sha256()
        for scored, places in self.repeats:
            own = np.arange(len(scored.y)) if places is None else places
            fold = np.zeros(0) if scored.fold is None else scored.fold
            for part in (
                scored.y,
                scored.p,
                scored.hat,
                own,
                fold,
                *(scored.facts[name] for name in sorted(scored.facts)),
            ):
                sha.update(np.ascontiguousarray(part).tobytes())
        sha.update(str(self.worst).encode())
        if self.group is not None:
            sha.update(np.ascontiguousarray(self.group, dtype=np.int64).tobytes())
        return sha.hexdigest()

    @property
    def size(self) -> int:
        """The number of accounts of the test; this cell can have scored a part of them."""
        return max(
            len(scored.y) if places is None else int(places.max()) + 1
            for scored, places in self.repeats
        )

    @property
    def worst(self) -> bool:
        """Whether the worst of the repeats counts, and not the mean."""
        return bool(self.info.get("worst"))

    @cached_property
    def trials(self) -> dict[str, int]:
        """The repeat that counts, by metric; set by measuring all accounts, never by a draw."""
        return {}

    def counted(self, metric: Metric) -> list[tuple[ScoredAccounts, Places | None]]:
        """The repeats that a metric's mean covers: all, or the worst one (the first of equals)."""
        if not self.worst:
            return self.repeats
        if metric.name not in self.trials:
            values = np.array([metric.values(scored.under())[0] for scored, _ in self.repeats])
            bad = -values if metric.direction == "higher" else values
            self.trials[metric.name] = int(np.argmax(np.where(np.isnan(bad), -np.inf, bad)))
        return [self.repeats[self.trials[metric.name]]]

    def sample(self, metric: Metric) -> ScoredRepeats:
        """What the closed-form interval of a metric is made from."""
        own, size = self.counted(metric), self.size
        group = None if self.group is None else self.group[:size]
        return ScoredRepeats([judged for judged, _ in own], [at for _, at in own], size, group)

    def members(self, label: int) -> int:
        """The accounts of a class, the mean over repeats."""
        return round(float(np.mean([int((judged.y == label).sum()) for judged, _ in self.repeats])))

    def groups(self, label: int) -> int:
        """The groups with an account of a class, the mean over repeats; alone counts as a group."""
        if self.group is None:
            return self.members(label)
        counts = [
            len(np.unique((self.group if at is None else self.group[at])[judged.y == label]))
            for judged, at in self.repeats
        ]
        return round(float(np.mean(counts)))


def values(info: dict[str, Any], table: pa.Table, metrics: Sequence[Metric]) -> dict[str, float]:
    """Every metric of one cell by name, without an interval; NaN if it is undefined."""
    (cell,), _ = scored_cells([(info, table)])
    return dict(
        zip(
            (m.name for m in metrics),
            mean_over_repeats(cell, metrics, None)[:, 0].tolist(),
            strict=True,
        )
    )


def scored_cells(cells: Sequence[tuple[dict[str, Any], pa.Table]]) -> tuple[list[ScoredCell], int]:
    """The cells of one test as arrays, and their number of accounts; rows in any order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = [pc.binary_join_element_wise(t["dataset"], t["account_id"], "\x1f") for _, t in cells]
    if not keys:
        return [], 0
    accounts = pc.unique(pa.chunked_array([chunk for key in keys for chunk in key.chunks]))
    accounts = accounts.take(pc.sort_indices(accounts))
    places = [pc.index_in(key, accounts) for key in keys]
    group = _groups([table for _, table in cells], places, len(accounts))
    return [
        _scored_cell(info, table, at, group, len(accounts))
        for (info, table), at in zip(cells, places, strict=True)
    ], len(accounts)


def _groups(tables: Sequence[pa.Table], places: Any, accounts: int) -> Codes | None:
    """The duplicate group of each of the test's accounts; None where no two share one."""
    numbers = np.full(accounts, ALONE, dtype=np.int64)
    for table, at in zip(tables, places, strict=True):
        if duplicates.COLUMN in table.column_names:
            numbers[np.asarray(at.to_numpy())] = table[duplicates.COLUMN].to_numpy()
    return codes(numbers)


def _scored_cell(
    info: dict[str, Any],
    table: pa.Table,
    index: Any,
    group: Codes | None,
    accounts: int,
) -> ScoredCell:
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
        own = {name: fact[rows] for name, fact in facts.items()}
        try:
            scored = ScoredAccounts(y[rows], p[rows], p[rows] >= threshold[rows], fold[rows], own)
        except ValueError as error:
            raise UserError(
                f"{info.get('detector')} on {info.get('test')} ({info.get('cell_key')}) cannot be"
                f" measured: {error}. Its predictions were not made by this bench, or were"
                " changed; delete the cell's folder and run the bench again."
            ) from None
        repeats.append((scored, None if whole else places))
    posteriors: Array = np.full((3, accounts), np.nan)
    for own, name in zip(posteriors, POSTERIORS, strict=True):
        if name in table.column_names:
            own[at] = table[name].to_numpy()
    return ScoredCell(info, repeats, posteriors, group)


def _facts(info: dict[str, Any], table: pa.Table) -> dict[str, Array]:
    """Further facts on each row: groups, seconds, and the cell's memory."""
    facts = {
        name: np.asarray(table[name].to_numpy(), dtype=np.float64)
        for name in FACTS
        if name in table.column_names
    }
    memory = (info.get("memory") or {}).get("score_mb_per_account")
    return (
        facts if memory is None else {**facts, "memory_mb": np.full(table.num_rows, float(memory))}
    )


def mean_over_repeats(
    cell: ScoredCell,
    metrics: Sequence[Metric],
    weight: Weightings | None,
    sums: Mapping[ScoredAccounts, Sums] = MappingProxyType({}),
) -> Array:
    """float64[metrics, b]; an account drawn twice counts twice in every repeat.

    `sums` are what was added up of a repeat already.
    """
    total: Array = np.zeros((len(metrics), 1 if weight is None else weight.by_account.shape[1]))
    counted = [cell.counted(m) for m in metrics]
    for scored, places in cell.repeats:
        under = scored.under(
            weight if weight is None or places is None else weight.at(places), sums.get(scored)
        )
        for i, (metric, own) in enumerate(zip(metrics, counted, strict=True)):
            if any(scored is one for one, _ in own):
                total[i] += metric.values(under) / len(own)
    return total


def decided_values(
    info: dict[str, Any], table: pa.Table, metrics: Sequence[Metric]
) -> tuple[float | None, dict[str, float]]:
    """`decided_by` of one cell's predictions with labels."""
    (cell,), _ = scored_cells([(info, table)])
    return decided_by(cell, metrics)


def decided_by(
    cell: ScoredCell, metrics: Sequence[Metric]
) -> tuple[float | None, dict[str, float]]:
    """The share of accounts that the detector decides, and each metric over these alone."""
    kept = [1 - judged.fact("abstained") for judged, _ in cell.repeats]
    coverage = float(np.mean([weight.mean() for weight in kept])) if kept else float("nan")
    if np.isnan(coverage):
        return None, {}
    under = [judged.under(own) for (judged, _), own in zip(cell.repeats, kept, strict=True)]
    values = {}
    for m in metrics:
        counted = [judged for judged, _ in cell.counted(m)]
        own = [m.values(w)[0] for w in under if any(w.judged is one for one in counted)]
        values[m.name] = float(np.mean(own))
    return coverage, {name: value for name, value in values.items() if np.isfinite(value)}
