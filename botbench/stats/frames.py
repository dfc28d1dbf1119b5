"""The arrays over a frame that a share is estimated from, checked.

A wrong array would give a number that looks like any other, so each is refused by a sentence that
says which it is, what was expected, and what was found where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botbench.stats.design_based import Floats
from botbench.stats.proportions import normal_quantile

Bools = NDArray[np.bool_]

LEAST_CHANCE = 1e-12
"""A sampled account that stands for more than a trillion others is taken for a mistake."""
LARGEST = 1e100
"""Larger numbers are no scores, and their squares are no numbers."""


@dataclass(frozen=True)
class Frame:
    """Every account of a frame, in one order: float64[accounts], and bool[accounts] for `sampled`.

    `y` is 1, 0 or NaN; `scores` may be NaN, or None without a detector. `size` is scaled to at most
    1, because shares do not depend on its unit, and squares of large sizes overflow.
    """

    y: Floats
    sampled: Bools
    probability: Floats
    scores: Floats | None
    size: Floats

    @classmethod
    def of(
        cls,
        y: ArrayLike,
        sampled: ArrayLike,
        probability: ArrayLike,
        scores: ArrayLike | None,
        sizes: ArrayLike | None,
    ) -> Frame:
        """The frame of these arrays. Raises ValueError where one does not fit."""
        known, chance = _numbers("y", y), _numbers("probability", probability)
        drawn = _sampled(sampled)
        size = np.ones(len(known)) if sizes is None else _numbers("sizes", sizes)
        given = None if scores is None else _numbers("scores", scores)
        arrays = {"y": known, "sampled": drawn, "probability": chance, "sizes": size}
        lengths = {
            name: len(values)
            for name, values in (arrays if given is None else {**arrays, "scores": given}).items()
        }
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} {n:,}" for name, n in lengths.items())
            raise ValueError(f"all arrays must be of one length (that of y), not {said}")
        wrong = ~np.isnan(known) & (known != 0) & (known != 1)
        _refuse(wrong, known, "y must be 1 (bot), 0 (person), or NaN where it is not known")
        _refuse(~np.isfinite(size) | (size < 0), size, "sizes must be 0 or more and finite")
        if not size.any():
            raise ValueError("no account counts for anything: all sizes are 0, or there is none")
        _check_chance(chance, drawn, size)
        if given is not None:
            _refuse(
                np.abs(given) > LARGEST,
                given,
                "scores must be finite numbers (under 1e100), or NaN where there is none",
            )
        return cls(known, drawn, chance, given, _scaled(size))


def quantile_of(level: float) -> float:
    """The normal quantile of a two-sided interval. Raises ValueError for a level that is none.

    >>> round(quantile_of(0.95), 3)
    1.96
    """
    if isinstance(level, (int, float, np.number)) and 0 < level < 1 and (1 + level) / 2 < 1:
        return normal_quantile((1 + float(level)) / 2)
    raise ValueError(f"level must be above 0 and below 1 (such as 0.95), not {level!r}")


def _check_chance(chance: Floats, drawn: Bools, size: Floats) -> None:
    """Accounts of size 0 count for nothing, and need no chance unless they were drawn."""
    _refuse(
        ~((chance >= 0) & (chance <= 1)) | (drawn & (chance < LEAST_CHANCE)),
        chance,
        "inclusion probabilities must be above 0 and at most 1, of accounts that were not sampled"
        " too",
    )
    _refuse(
        (chance == 0) & (size > 0),
        chance,
        "inclusion probabilities must be above 0: an account that could not be drawn is in no"
        " sample, so leave it out of the frame",
    )
    _refuse(
        (chance == 1) & ~drawn & (size > 0),
        chance,
        "an account with the inclusion probability 1 must be sampled (y is NaN where it gave no"
        " answer)",
    )


def _numbers(name: str, values: ArrayLike) -> Floats:
    given = np.asarray(values)
    if given.dtype.kind not in "biufO":
        raise ValueError(f"{name} must be numbers, not {given.dtype.name}")
    try:
        numbers = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    if numbers.ndim != 1:
        raise ValueError(
            f"{name} must be one array over the accounts, not of {numbers.ndim} dimensions"
        )
    return numbers


def _sampled(values: ArrayLike) -> Bools:
    drawn = np.asarray(values)
    if drawn.ndim != 1:
        raise ValueError(
            f"sampled must be one array over the accounts, not of {drawn.ndim} dimensions"
        )
    fits = drawn.dtype.kind in "biufO" or not len(drawn)
    if not fits or not np.asarray((drawn == 0) | (drawn == 1)).all():
        raise ValueError("sampled must be true or false (or 1 or 0) of each account")
    return drawn.astype(np.bool_)


def _refuse(wrong: Bools, values: Floats, sentence: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{sentence}; found {values[at]:g} at place {at:,}, and {int(wrong.sum()):,} such in"
            " all"
        )


def _scaled(size: Floats) -> Floats:
    # By a power of two, so that no digit changes.
    return np.asarray(np.ldexp(size, -int(np.frexp(size.max(initial=0.0))[1])))
