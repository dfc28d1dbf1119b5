"""Explain scores of any detector: how each changes when a piece of evidence is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data.accounts import Accounts, Floats, Records
from botbench.text import numbers

if TYPE_CHECKING:
    import pyarrow as pa

LEAST = 0.005
"""A change of the score smaller than this is not told."""
MOST = 500
"""Accounts that are explained, those with the highest scores: each piece of evidence costs one more
scoring.
"""


ROWS = 10_000
"""Accounts that are scored as one batch to explain others."""
WHOLE = 2000
"""Accounts up to which a batch that is scored as a whole is explained."""


@dataclass(frozen=True)
class Cause:
    """One piece of evidence: its value in words, the typical value, and what it adds to p_bot."""

    evidence: str
    value: str | None
    typical: str | None
    change: float

    def __str__(self) -> str:
        piece = self.evidence if self.value is None else f"{self.evidence} {self.value}"
        typical = f" (typical {self.typical})" if self.typical else ""
        return f"{piece}{typical} {numbers.score(self.change, 2, sign=True)}"


def causes(
    score: Callable[[Accounts], Floats],
    accounts: Accounts,
    p: Floats,
    typical: Floats,
    *,
    top: int = 3,
    apart: bool = True,
) -> list[list[Cause] | None]:
    """For each account the `top` pieces of evidence whose removal changes its score most.

    A feature is replaced by the training accounts' median (`typical`, float64[k]); a column or the
    posts are left out. `apart` means that accounts are scored one by one, so that only the `MOST`
    highest are explained and the others get None. A larger batch that is scored as a whole gets
    None throughout.
    """
    explained: list[list[Cause] | None] = [None for _ in p]
    if not apart and len(p) > WHOLE:
        return explained
    rows = np.sort(np.argsort(-p, kind="stable")[:MOST]) if apart else np.arange(len(p))
    view, before = accounts.take(rows), p[rows]
    changes = list(_without(view, typical))
    if not changes:
        return [[] for _ in p]
    others = [other for *_, other in changes]
    together = apart and view.posts is None and view.edges is None
    scores = _scored_together(score, others) if together else [score(other) for other in others]
    change = np.column_stack([before - own for own in scores])
    order = np.argsort(-np.abs(change), axis=1, kind="stable")[:, :top]
    for i, best in zip(rows, order, strict=True):
        k = int(np.searchsorted(rows, i))
        explained[i] = [
            Cause(changes[j][0], changes[j][1][k], changes[j][2], float(change[k, j]))
            for j in best
            if abs(change[k, j]) >= LEAST
        ]
    return explained


def _scored_together(
    score: Callable[[Accounts], Floats], views: Sequence[Accounts]
) -> Iterator[Floats]:
    """The score of each view, of which those that differ in features alone are scored as one.

    Views are of the same accounts, which are scored one by one, without posts or edges.
    """
    for _, alike in groupby(views, key=lambda view: id(view.columns)):
        some = list(alike)
        n = len(some[0])
        step = max(1, ROWS // max(n, 1))
        for first in range(0, len(some), step):
            own = some[first : first + step]
            # Each account of the first once for each view, and the views' values in its place.
            whole = own[0].take(np.tile(np.arange(n), len(own)))
            values = np.concatenate([view.values for view in own])
            yield from np.split(score(replace(whole, values=values)), len(own))


def sentence(moved: list[Cause] | None) -> str:
    """A plain sentence of what moved a score.

    >>> sentence([Cause("followers", "3", "290", 0.21), Cause("age_days", "4000", "900", -0.1)])
    'up: followers 3 (typical 290) +.21; down: age_days 4000 (typical 900) −.10'
    """
    if moved is None:
        return (
            f"not explained: only the {MOST} highest scores are, and batches scored as a whole up"
            f" to {WHOLE} accounts"
        )
    parts = [
        (word, [str(c) for c in moved if (c.change > 0) == up])
        for word, up in (("up", True), ("down", False))
    ]
    return (
        "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)
        or "nothing that is known of it moved the score"
    )


def _without(
    view: Accounts, typical: Floats
) -> Iterator[tuple[str, list[str | None], str | None, Accounts]]:
    """Each piece of evidence: name, each account's value, typical value, accounts without it."""
    for j, name in enumerate(view.names):
        if not np.isnan(view.values[:, j]).all():
            values = view.values.copy()
            values[:, j] = np.where(np.isnan(values[:, j]), np.nan, typical[j])
            values_in_words = [None if np.isnan(v) else _number(v) for v in view.values[:, j]]
            yield name, values_in_words, _number(typical[j]), replace(view, values=values)
    for name, column in view.columns.items():
        yield (
            name,
            [None] * len(view),
            None,
            replace(view, columns={**view.columns, name: _nothing(column)}),
        )
    if view.posts is not None:
        nobody = Records(view.posts.path, view.posts.ends, np.arange(len(view), dtype=np.uint64))
        yield "posts", [None] * len(view), None, replace(view, posts=nobody)


def _number(value: float) -> str:
    """Four digits, but whole numbers from a thousand up: nobody reads 1.296e+04 posts."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _nothing(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    return pa.nulls(len(column), column.type)
