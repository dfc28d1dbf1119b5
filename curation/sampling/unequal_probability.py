"""What designs share that draw by a weight: probabilities from weights, and classes in which they
are exact.

Nothing is ever "the top k": a part of every draw (`floor`) is spread evenly over all accounts, so
that each can be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from botbench.core.errors import UserError
from curation.sampling.designs import Design, Stratum
from curation.sampling.designs.stratified import apportion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Needs = Literal["scores", "posts", "kinds"]
CLASSES, EACH = 20, 5
"""At most so many classes of a weight, and about so many accounts drawn from each: enough for a
variance in every class.
"""


@dataclass(frozen=True)
class Weighted(Design):
    """A design whose probabilities follow a weight; `floor` is the part of the draw that is spread
    evenly on everybody.
    """

    needs: ClassVar[Needs] = "scores"
    files: ClassVar[tuple[int, int]] = (1, 1_000)
    """How many score files it takes, at least and at most."""
    floor: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.floor <= 1:
            raise UserError(
                f"{self.name}: floor must be above 0 and at most 1, got {self.floor}: with 0 some"
                " accounts could never be drawn, and no estimate from the batch would be unbiased."
            )

    def weights(self, source: str) -> str:
        """SQL of account_id and weight (0 or more) from the relation `source`, whose columns follow
        from `needs`. scores: detector, account_id, p_bot, threshold, q; posts: account_id,
        collected, posts_total; kinds: account_id, kind, p.
        """
        raise NotImplementedError


def classes(probability: NDArray[np.float64], n: int) -> tuple[NDArray[np.int64], list[Stratum]]:
    """Classes of like probability: for each account its class, and the classes (the surest first;
    one that is taken whole is called `take all`).

    Accounts of equal probability share a class, and within a class a simple random sample is drawn:
    the probabilities that hold are n_h / N_h, exactly, and so are the joint ones.
    """
    import numpy as np

    sure = probability >= 1 - 1e-12
    value, inverse = np.unique(np.where(sure, 2.0, probability), return_inverse=True)
    size = np.bincount(inverse)
    mass = np.where(value > 1, 0.0, value * size)[::-1]
    left = n - int(sure.sum())
    wanted = min(CLASSES, max(1, round(left / EACH)))
    middle = np.cumsum(mass) - mass / 2
    of_value = np.minimum((middle * wanted / max(left, 1)).astype(np.int64), wanted - 1)
    of_value = _merged(of_value, mass)[::-1] + (1 if sure.any() else 0)
    if sure.any():
        of_value[-1] = 0
    number = of_value[inverse]
    return number, _strata(number, probability, sure, n)


def _merged(of_value: NDArray[np.int64], mass: NDArray[np.float64]) -> NDArray[np.int64]:
    """Classes numbered from 0 without gaps; one that would give fewer than two accounts joins the
    one before it.
    """
    import numpy as np

    merged, number, held = np.empty_like(of_value), 0, 0.0
    for start, stop in _runs(of_value):
        here = float(mass[start:stop].sum())
        if start and held >= 2 and here >= 2:
            number, held = number + 1, 0.0
        merged[start:stop], held = number, held + here
    return merged


def _runs(values: NDArray[np.int64]) -> list[tuple[int, int]]:
    import numpy as np

    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return list(pairwise(edges))


def _strata(
    number: NDArray[np.int64], probability: NDArray[np.float64], sure: NDArray[np.bool_], n: int
) -> list[Stratum]:
    import numpy as np

    populations = np.bincount(number).tolist()
    masses = np.bincount(number, weights=probability).tolist()
    whole = [Stratum("take all", populations[0], populations[0])] if sure.any() else []
    rest = slice(len(whole), None)
    if not populations[rest]:
        return whole
    sizes = apportion(populations[rest], masses[rest], n - sum(s.size for s in whole))
    return whole + [
        Stratum(f"class {i:02d}", population, size)
        for i, (population, size) in enumerate(zip(populations[rest], sizes, strict=True), 1)
    ]
