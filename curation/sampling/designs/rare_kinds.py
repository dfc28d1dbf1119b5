"""More of those suspected of a rare kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from curation.sampling.designs import design
from curation.sampling.unequal_probability import Needs, Weighted


@design("rare-kinds", "rare-kinds(n=100)")
@dataclass(frozen=True)
class RareKinds(Weighted):
    """Each suspected kind has the same expected share of the draw: an account's weight is the sum
    over kinds of p / P, where p is how much it is suspected of the kind and P the sum of that over
    accounts.

    Who is suspected of what comes from a file (--scores with account_id, kind, p), else from the
    kinds in the claims of rules, models, data sets and people; what nobody suspects of anything is
    a kind of its own.
    """

    needs: ClassVar[Needs] = "kinds"
    files: ClassVar[tuple[int, int]] = (0, 1)

    def weights(self, source: str) -> str:
        """The sum of p / P over kinds."""
        return (
            f"SELECT account_id, sum(p / total) AS weight FROM {source} JOIN (SELECT kind,"
            f" sum(p) AS total FROM {source} GROUP BY kind HAVING total > 0) USING (kind) GROUP"
            " BY account_id"
        )
