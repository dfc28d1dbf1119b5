"""Every account with the same probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation.sampling.designs import Design, Stratum, design


@design("uniform", "uniform(n=100)")
@dataclass(frozen=True)
class Uniform(Design):
    """A simple random sample of n accounts.

    >>> Uniform(10).allocate([("all", 40)])[0].probability
    0.25
    """

    def allocate(self, strata: Sequence[tuple[str, int]]) -> list[Stratum]:
        """All n from the one stratum."""
        return [Stratum(name, population, self.n) for name, population in strata]
