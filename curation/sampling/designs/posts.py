"""In proportion to what accounts posted: what an estimate of a share of posts needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from botbench.core.errors import unknown
from curation.sampling.designs import design
from curation.sampling.unequal_probability import Needs, Weighted
from curation.store.schema import Joint

COUNTS = ("collected", "posts_total")


@design("posts", "posts(n=100)")
@dataclass(frozen=True)
class Posts(Weighted):
    """Probability in proportion to an account's posts; whoever would exceed 1 is taken in any case
    (stratum `take all`).

    Each account is tossed for by itself (Poisson sampling), so that its probability is exactly
    min(1, c x) and joint probabilities are products; n is then the expected size. `floor` is spread
    evenly: an account without posts can be drawn.
    """

    needs: ClassVar[Needs] = "posts"
    joint: ClassVar[Joint] = "independent"
    files: ClassVar[tuple[int, int]] = (0, 0)
    count: str = "collected"
    floor: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count not in COUNTS:
            raise unknown("count of posts", self.count, COUNTS)

    def weights(self, source: str) -> str:
        """The number of posts: those in the store, or what the platform counts."""
        return f"SELECT account_id, {self.count} AS weight FROM {source}"
