"""One question, and four: a small tree on the features.

Hays et al. 2023 report .71 to .98 accuracy on eleven data sets.
"""

from __future__ import annotations

from benchmarks.audits.dataset import Audited, NotApplicable, Result, check
from benchmarks.audits.separability import separability_of

ONE, FOUR = 0.8, 0.9
"""Balanced accuracy from which on a data set is too easy to tell detectors apart: with one
question, and with depth 4.
"""


def _tree(audited: Audited, depth: int, limit: float, what: str) -> Result:
    arrays, y = audited.arrays, audited.y
    present = [
        i for i in range(len(arrays.names)) if (arrays.values[:, i] == arrays.values[:, i]).any()
    ]
    if not present:
        raise NotApplicable("the data set has no features at all.")
    names = tuple(arrays.names[i] for i in present)
    separable = separability_of(
        arrays.values[:, present], y, arrays.group, names=names, depth=depth, seed=audited.seed
    )
    issue = separable.above(limit)
    warning = " Any detector's score here must be read beside it." if issue else ""
    detail = (
        f"{what} gets a balanced accuracy of {separable} on folds it was not trained on; "
        f"{'it' if depth == 1 else 'at its root it'} asks: {separable.question}{warning}"
    )
    return Result(separable.value, issue, detail, separable.low, separable.high)


@check("one-question", "How far does one question about one feature go?", ONE)
def one_question(audited: Audited) -> Result:
    """A tree of depth 1."""
    return _tree(audited, 1, ONE, "One question")


@check("depth-4", "How far does a tree of depth 4 go?", FOUR)
def depth_four(audited: Audited) -> Result:
    """A tree of depth 4."""
    return _tree(audited, 4, FOUR, "A tree of depth 4")
