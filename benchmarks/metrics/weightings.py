"""Weightings of the same accounts, such as bootstrap draws, in the forms that sums read them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]
Numbers: TypeAlias = npt.NDArray[Any]
"""Numbers that are float64, or uint16 where all that is added up of them is whole and fits."""
WIDE = 100
"""Columns from which on a loop over rows is faster than NumPy's running sums."""
MOST = np.iinfo(np.uint16).max


class Weightings:
    """b weightings of n accounts: what the cells of one test share, made once.

    Running sums go along accounts, so weights are stored by account, float64[n, b]: six times
    faster.
    """

    def __init__(self, by_account: Array) -> None:
        self.by_account = by_account

    @classmethod
    def of(cls, weight: npt.ArrayLike) -> Weightings:
        """The weightings of [n] or [b, n]."""
        rows = np.atleast_2d(np.asarray(weight, dtype=np.float64))
        return cls(np.ascontiguousarray(rows.T))

    @property
    def many(self) -> bool:
        """Whether there are several."""
        return self.by_account.shape[1] > 1

    def at(self, places: Places) -> Weightings:
        """The weightings of some of the accounts."""
        return Weightings(self.by_account[places])

    @cached_property
    def compact(self) -> Numbers:
        """The weights [n, b] in uint16 if they count accounts, else as they are.

        Bootstrap draws count. A quarter of the memory has to be read, and sums are as exact.
        """
        given = self.by_account
        if given.shape[1] < WIDE or given.min(initial=0.0) < 0 or given.sum(axis=0).max() > MOST:
            return given
        counts = given.astype(np.uint16)
        return counts if np.array_equal(counts, given) else given


def running_sums(rows: Numbers, into: Numbers) -> Numbers:
    """The running sums of [n, b] along its rows; NumPy's go column by column.

    >>> running_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty((2, 2))).tolist()
    [[1.0, 2.0], [4.0, 6.0]]
    """
    if rows.shape[1] < WIDE:
        return np.cumsum(rows, axis=0, dtype=into.dtype, out=into)
    into[:1] = rows[:1]
    for i in range(1, len(rows)):
        np.add(into[i - 1], rows[i], out=into[i])
    return into
