"""Metrics as data: name, direction, range, formula and source, with one function each.

A metric is one decorated function in a module of this package (or of a third party, entry-point
group `botbench.metrics`); no list elsewhere is edited:

    @metric("accuracy", title="Accuracy", formula="(TP + TN) / n", ...)
    def accuracy(judged: Weighted) -> Array: ...

Bot is the positive class everywhere. Where that changes the value, the name says so: `f1[bot]`. A
family of metrics has a parameter, which is part of the name: `precision[bot]@prevalence=0.05`. Any
value can be asked for; the usual ones are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.metrics.scored_accounts import (
    Counts,
    ScoredAccounts,
    ScoredRepeats,
    Weighted,
    divide,
)
from benchmarks.metrics.weightings import Array
from botbench.core.errors import UserError
from botbench.core.registry import Registry

__all__ = [
    "METRICS",
    "Array",
    "Counts",
    "Metric",
    "ScoredAccounts",
    "ScoredRepeats",
    "Weighted",
    "family",
    "find",
    "metric",
    "ordered",
]

Direction: TypeAlias = Literal["higher", "lower"]
Need: TypeAlias = Literal["threshold", "score", "groups", "cost"]
Closed: TypeAlias = Callable[[float, ScoredRepeats], tuple[float, float]]
Value: TypeAlias = float | str


@dataclass(frozen=True)
class Metric:
    """One metric: its meaning and computation.

    `name` is the identity in the command line, MLflow, Parquet and file names. `needs` is what it
    reads: the answers ("threshold"), the scores, the groups of accounts, or the cost of scoring.
    `guessing` is the value of an answer without information, if it does not depend on the data set.
    `undefined` describes when there is no value (NaN, shown as not applicable). `by_fold` takes the
    mean over folds, because scores of two fits are not on one scale. `assumption` must be printed
    with the value. A metric that is not `ranked` is best somewhere in the middle.

    The 95 % interval: `trials` counts the accounts behind a share (Wilson; Clopper and Pearson if
    they are few); `closed` is another closed form, called `method`; `exact` means no sampling
    error. Without any of them, the interval is a bootstrap, on the logit scale if `scale` says so.
    `few` says whether it rests on too few accounts where neither class is few: a group of people,
    or the tail of their scores.
    """

    name: str
    title: str
    formula: str
    description: str
    trap: str
    source: str
    undefined: str
    needs: tuple[Need, ...]
    measure: Callable[[Weighted], Array] = field(repr=False)
    direction: Direction = "higher"
    range: tuple[float, float] = (0.0, 1.0)
    guessing: float | None = None
    order: int = 1000
    by_fold: bool = False
    assumption: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    trials: Callable[[ScoredRepeats], float] | None = field(default=None, repr=False)
    closed: Closed | None = field(default=None, repr=False)
    few: Callable[[ScoredRepeats], bool] | None = field(default=None, repr=False)
    method: str = "bootstrap"
    scale: Literal["", "logit"] = ""
    exact: bool = False
    ranked: bool = True

    def function(
        self,
        y: npt.ArrayLike,
        p: npt.ArrayLike,
        hat: npt.ArrayLike,
        weight: npt.ArrayLike | None = None,
        *,
        fold: npt.ArrayLike | None = None,
        facts: Mapping[str, npt.ArrayLike] | None = None,
    ) -> float | Array:
        """The value for labels y [n], scores p [n] and answers hat [n], weighted by [n] or [b, n].

        NaN if the metric is undefined. Raises ValueError on other lengths, labels that are not 0
        or 1, or scores that are NaN or infinite.

        >>> METRICS.get("accuracy").function([1, 0, 1], [.9, .2, .4], [True, False, False])
        0.6666666666666666
        """
        values = self.values(ScoredAccounts(y, p, hat, fold, facts).under(weight))
        return values if weight is not None and np.ndim(weight) == 2 else float(values[0])

    def values(self, judged: Weighted) -> Array:
        """The value under each weighting, float64[b]: pooled, or the mean over folds with one."""
        if not self.by_fold or len(judged.parts) == 1:
            return self.measure(judged)
        each = np.stack([self.measure(part) for part in judged.parts])
        there = ~np.isnan(each)
        total: Array = np.where(there, each, 0.0).sum(axis=0)
        return divide(total, there.sum(axis=0).astype(np.float64))

    def rests_on_few(self, sample: ScoredRepeats) -> bool:
        """Whether the value rests on too few accounts, although neither class is few."""
        return self.few is not None and self.few(sample)

    def better(self, a: float, b: float) -> bool:
        """Whether a is the better value of the two."""
        return a > b if self.direction == "higher" else a < b

    def about(self) -> dict[str, Any]:
        """The data of the metric as plain JSON."""
        data = asdict(replace(self, parameters=dict(self.parameters)))
        for code in ("measure", "closed", "trials", "few", "order", "method", "scale", "exact"):
            del data[code]
        return {
            **data,
            "interval": self.interval,
            "range": [None if np.isinf(b) else b for b in self.range],
        }

    @property
    def interval(self) -> str:
        """How its interval is made."""
        if self.exact:
            return "none"
        return (
            "wilson"
            if self.trials
            else self.method + (" on the logit scale" if self.scale == "logit" else "")
        )


METRICS: Registry[Metric] = Registry("metric", "benchmarks.metrics", "botbench.metrics")
FAMILIES: dict[str, Callable[[str, Value], Metric]] = {}
"""By name and parameter (`precision[bot]@prevalence`): what makes the metric of a value as it is
written and as it is.
"""


def metric(name: str, **about: Any) -> Callable[[Callable[[Weighted], Array]], Metric]:
    """Register a function as the metric `name` (keywords are the fields of `Metric`)."""
    return lambda measure: METRICS.add(name, Metric(name=name, measure=measure, **about))


def family(
    name: str,
    parameter: str,
    listed: tuple[Value, ...],
    check: Callable[[Value], str | None],
    **about: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of (judged, value) as the metrics `name@parameter=value`.

    `listed` values are shown. `check` returns what is wrong with a value, or None; asking for a
    metric with a wrong value raises UserError. In texts `{value}` is replaced by the value.
    Functions among the fields of `Metric` get the value as their last argument.
    """

    def register(measure: Callable[..., Any]) -> Callable[..., Any]:
        def make(written: str, value: Value) -> Metric:
            if wrong := check(value):
                raise UserError(f"The metric {name}@{parameter}={written}: {wrong}.")
            fields: dict[str, Any] = {key: _of_value(field, value) for key, field in about.items()}
            return Metric(
                name=f"{name}@{parameter}={_text(value)}",
                measure=partial(measure, parameter=value),
                parameters={parameter: value},
                **fields,
            )

        FAMILIES[f"{name}@{parameter}"] = make
        for value in listed:
            listed_metric = make(_text(value), value)
            METRICS.add(listed_metric.name, listed_metric)
        return measure

    return register


def _of_value(field: Any, value: Value) -> Any:
    """A field of a family as its member with that value has it."""
    if isinstance(field, str):
        return field.replace("{value}", _shown(value))
    return partial(field, parameter=value) if callable(field) else field


def _text(value: Value) -> str:
    return value if isinstance(value, str) else repr(float(value)).removesuffix(".0")


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{100 * value:g} %" if value < 1 else f"{value:g}"


def find(name: str) -> Metric:
    """The metric of a name, listed or not; raises UserError with the closest name.

    >>> find("precision[bot]@prevalence=0.020").name
    'precision[bot]@prevalence=0.02'
    """
    registered = METRICS.all()
    base, _, written = name.partition("=")
    if name in registered or base not in FAMILIES:
        return METRICS.get(name)
    try:
        value: Value = float(written)
    except ValueError:
        value = written
    metric_of_value = FAMILIES[base](written, value)
    return registered.get(metric_of_value.name, metric_of_value)


def ordered(names: list[str] | None = None) -> list[Metric]:
    """The metrics (by default all listed) in board order; raises UserError for unknown names."""
    chosen = {m.name: m for m in map(find, names)}.values() if names else METRICS.all().values()
    return sorted(chosen, key=lambda m: (m.order, m.name))


def mistake(name: str) -> str | None:
    """The error in a metric's name, as a sentence, or None."""
    try:
        find(name)
    except UserError as error:
        return str(error) if name.partition("=")[0] in FAMILIES else str(METRICS.missing(name))
    return None
