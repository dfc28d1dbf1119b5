"""Several detectors over many data sets: Friedman's test, and Nemenyi's for pairs. Only from ten
data sets up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from botbench.stats.intervals import LEVEL

LEAST = 10
"""Under so many data sets the test's distribution is a poor guess (Demšar 2006, JMLR 7:1), and
there is none here.
"""


def compare(values: Mapping[str, Sequence[float]], higher: bool = True) -> dict[str, Any]:
    """Friedman's p and, for each pair, Nemenyi's, of each detector's values on the same data sets
    in the same order.

    Keys: sets, p, mean_ranks (1 is best; ties share ranks), pairs ([better, worse, p] in order of
    name), reason where there are under three detectors or under ten data sets (then p is None).
    """
    names = sorted(values)
    table = np.array([values[name] for name in names], dtype=np.float64).T
    sets = table.shape[0] if table.ndim == 2 else 0
    if sets < LEAST or len(names) < 3:
        why = f"{sets} data sets" if sets < LEAST else f"{len(names)} detectors"
        return {
            "sets": sets,
            "p": None,
            "mean_ranks": {},
            "pairs": [],
            "reason": f"needs {LEAST} data sets and three detectors; there are {why}.",
        }
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    ranks = rankdata(-table if higher else table, axis=1).mean(axis=0)
    same = np.ptp(table, axis=1).max() == 0
    p = 1.0 if same else float(friedmanchisquare(*table.T).pvalue)
    k = len(names)
    error = np.sqrt(k * (k + 1) / (6 * sets))
    pairs: list[tuple[str, str, float]] = []
    for i, one in enumerate(names):
        for j in range(i + 1, k):
            apart = float(
                studentized_range.sf(abs(ranks[i] - ranks[j]) / error * np.sqrt(2), k, np.inf)
            )
            better, worse = (one, names[j]) if ranks[i] <= ranks[j] else (names[j], one)
            pairs.append((better, worse, apart))
    return {
        "sets": sets,
        "p": p,
        "mean_ranks": dict(zip(names, ranks.tolist(), strict=True)),
        "pairs": [list(pair) for pair in pairs],
        "separated": [[a, b] for a, b, q in pairs if p < 1 - LEVEL and q < 1 - LEVEL],
        "reason": None,
    }
