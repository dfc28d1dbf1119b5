"""More of those that detectors disagree about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from curation.sampling.designs import design
from curation.sampling.unequal_probability import Weighted


@design("disagreement", "disagreement(n=100)")
@dataclass(frozen=True)
class Disagreement(Weighted):
    """Probability in proportion to the mean distance between two detectors' scores, each with its
    threshold moved to 1/2 (query by committee, Settles 2009, section 3.2, as a chance and not as a
    ranking)."""

    files: ClassVar[tuple[int, int]] = (2, 1_000)

    def weights(self, source: str) -> str:
        """The mean of |q - q'| over pairs of detectors that scored the account."""
        return (
            f"SELECT a.account_id, avg(abs(a.q - b.q)) AS weight FROM {source} a JOIN"
            f" {source} b ON a.account_id = b.account_id AND a.detector < b.detector GROUP BY"
            " a.account_id"
        )
