"""More of those that detectors suspect."""

from __future__ import annotations

from dataclasses import dataclass

from curation.sampling.designs import design
from curation.sampling.unequal_probability import Weighted


@design("suspicion", "suspicion(n=100)")
@dataclass(frozen=True)
class Suspicion(Weighted):
    """Probability in proportion to p_bot (the mean over the score files), in classes of like score.

    >>> str(Suspicion(50))
    'suspicion(n=50)'
    """

    def weights(self, source: str) -> str:
        """The mean score."""
        return f"SELECT account_id, avg(p_bot) AS weight FROM {source} GROUP BY account_id"
