"""What a score is: each metric is data (name, direction, range, formula, source) that points to one function.

A metric is one decorated function in a module of this package (or of a third party, entry-point group
`botbench.metrics`); no list elsewhere is edited:

    @metric("accuracy", title="Accuracy", formula="(TP + TN) / n", ...)
    def accuracy(judged: Weighted) -> Array: ...

Bot is the positive class everywhere. Where that changes the value, the name says so: `f1[bot]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.metrics._judged import Array, Counts, Judged, Weighted
from curation.registry import Registry

__all__ = ["METRICS", "Array", "Counts", "Judged", "Metric", "Weighted", "metric", "ordered"]

Direction: TypeAlias = Literal["higher", "lower"]
Need: TypeAlias = Literal["threshold", "score"]
Closed: TypeAlias = Callable[[float, Counts], tuple[float, float]]


@dataclass(frozen=True)
class Metric:
    """One metric: what it means, and how it is worked out.

    `name` is the identity in the command line, MLflow, Parquet and file names. `needs` says whether it reads the
    answers ("threshold") or the scores. `guessing` is what an answer without information gets, where that does
    not depend on the data set. `undefined` says when there is no value (NaN, shown as not applicable).
    `closed` gives a 95 % interval in closed form from the value and the counts; without it the bootstrap does.
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
    closed: Closed | None = field(default=None, repr=False)

    def function(
        self, y: npt.ArrayLike, p: npt.ArrayLike, hat: npt.ArrayLike, weight: npt.ArrayLike | None = None,
    ) -> float | Array:
        """The value for labels y [n], scores p [n] and answers hat [n]; weight [n] or [b, n] gives a float or float[b].

        NaN where the metric is undefined. Raises ValueError on other lengths, labels that are not 0 or 1, or NaN scores.

        >>> METRICS.get("accuracy").function([1, 0, 1], [.9, .2, .4], [True, False, False])
        0.6666666666666666
        """
        judged = Judged(y, p, hat)
        values = self.measure(judged.under(weight))
        return values if weight is not None and np.ndim(weight) == 2 else float(values[0])

    def better(self, a: float, b: float) -> bool:
        """Whether a is the better value of the two."""
        return a > b if self.direction == "higher" else a < b

    def about(self) -> dict[str, Any]:
        """The data of the metric as plain JSON."""
        said = asdict(self)
        for code in ("measure", "closed", "order"):
            del said[code]
        return {**said, "interval": "closed form" if self.closed else "bootstrap", "range": list(self.range)}


METRICS: Registry[Metric] = Registry("metric", "benchmarks.metrics", "botbench.metrics")


def metric(name: str, **about: Any) -> Callable[[Callable[[Weighted], Array]], Metric]:
    """Register the function that follows as the metric `name` (keywords are the fields of `Metric`)."""
    return lambda measure: METRICS.add(name, Metric(name=name, measure=measure, **about))


def ordered(names: list[str] | None = None) -> list[Metric]:
    """The metrics asked for (all of them by default) in the order boards show them; raises UserError on unknown names."""
    chosen = [METRICS.get(n) for n in dict.fromkeys(names)] if names else list(METRICS.all().values())
    return sorted(chosen, key=lambda m: (m.order, m.name))
