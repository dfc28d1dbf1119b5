"""The share of bots of each row of a published table: stated, or common to its data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.audits import implied_scores
from benchmarks.audits.published import Floats, Published

ROWS = 3
"""Rows of a data set from which on their median prevalence says something."""


@dataclass(frozen=True)
class Prevalence:
    """Shares of bots by row, float64[k], NaN if unknown: `stated`, and `common` (median)."""

    stated: Floats
    common: Floats

    @property
    def is_stated(self) -> NDArray[np.bool_]:
        """Whether the row states its own share."""
        return np.asarray(np.isfinite(self.stated), dtype=np.bool_)

    @property
    def share(self) -> Floats:
        """The stated one, else the common one."""
        return np.where(self.is_stated, self.stated, self.common)


def known(table: Published) -> Prevalence:
    """The prevalence of each row.

    A few wrong rows do not move the median; fewer than three rows give none.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        stated = np.where(
            (table.n > 0) & (table.bots >= 0) & (table.bots <= table.n),
            table.bots / table.n,
            np.nan,
        )
        implied = implied_scores.prevalence(
            table.score("precision"), table.score("recall"), table.score("accuracy")
        )
    usable = np.where((implied >= 0) & (implied <= 1), implied, np.nan)
    names = np.asarray(table.dataset_key, dtype=object)
    common = np.full(len(table), np.nan)
    for name in dict.fromkeys(table.dataset_key):
        here = names == name
        if np.isfinite(usable[here]).sum() >= ROWS:
            common[here] = np.nanmedian(usable[here])
    return Prevalence(stated, common)
