"""More of those that one detector cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from curation.sampling.designs import design
from curation.sampling.unequal_probability import Weighted


@design("uncertainty", "uncertainty(n=100)")
@dataclass(frozen=True)
class Uncertainty(Weighted):
    """Probability in proportion to the margin 1 - 2 |q - 1/2|, where q is the score with its
    threshold moved to 1/2 (margin sampling, Settles 2009, section 3.1, as a chance and not as a
    ranking)."""

    files: ClassVar[tuple[int, int]] = (1, 1)

    def weights(self, source: str) -> str:
        """The margin: 1 at the threshold, 0 at both ends."""
        return f"SELECT account_id, 1 - 2 * abs(q - 0.5) AS weight FROM {source}"
