"""Ours: evidence as values and as ranks within its data set.

Some evidence transfers only as one or the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.data.accounts import Floats, Rows
from benchmarks.data.folds import few
from benchmarks.detectors import HALF, Labels, detector
from benchmarks.detectors.tuning import BUDGET, splits, worth
from benchmarks.detectors.value_rank_ensemble import (
    MEMBERS,
    ValueRankEnsemble,
    fitted_members,
    member_logits,
    probability,
    ranked,
)

CHOICES = (
    tuple(MEMBERS),
    ("forest", "boosting"),
    ("ranked forest", "ranked regression"),
    ("forest", "ranked regression"),
)
"""Ensembles to choose from, as many as every tuned detector may try."""
INNER = 400
"""Accounts of each data set and class that inner splits see."""


@detector(
    "raw-and-rank",
    uses=("profile", "timing", "text", "content", "network", "domains"),
    threshold=HALF,
    transductive=True,
    cites=(
        "botbench; ranks within a data set after Sun & Saenko 2016, Deep CORAL (ECCV workshops):"
        " align before comparing; leave-one-domain-out choice after Gulrajani & Lopez-Paz 2021, In"
        " Search of Lost Domain Generalization (ICLR)"
    ),
    about=(
        "Ours: forests, boosting and a regression on values and on ranks within the data set; every"
        " data set counts alike."
    ),
    revision=1,
)
class RawAndRank(ValueRankEnsemble):
    """The mean logit of a few models; which of them is chosen by leaving training data sets out in
    turn.

    A value means something by itself (a million followers) and by its place among the accounts it
    was collected with (more followers than most of them). Ranks undo what differs between
    collections, values keep what ranks lose. Every data set, and in it every class, counts alike.
    The accounts to be scored are ranked among themselves: it is transductive.
    """

    def choose(self, values: Floats, domains: Rows, y: Labels) -> Sequence[str]:
        """The ensemble that does best on inner splits."""
        self.chosen_ = self._chosen(values, domains, y)
        return CHOICES[self.chosen_]

    def _chosen(self, values: Floats, domains: Rows, y: Labels) -> int:
        """The best choice on training data sets left out in turn; each member is fitted once."""
        assert len(CHOICES) <= BUDGET
        rows = few(domains, y, INNER, self.random_state)
        values, domains, y = values[rows], domains[rows], y[rows]
        tried = []
        for a, b in splits(domains, y, self.random_state):
            models = fitted_members(tuple(MEMBERS), values[a], domains[a], y[a], self.random_state)
            places = ranked(values[b], np.zeros(len(b), dtype=np.int64))
            scores = dict(zip(models, member_logits(models, values[b], places), strict=True))
            tried.append(
                [
                    worth(y[b], probability(np.mean([scores[name] for name in choice], axis=0)))
                    for choice in CHOICES
                ]
            )
        return int(np.argmax(np.mean(tried, axis=0))) if tried else 0

    def explain(self) -> str | None:
        """Which ensemble was chosen."""
        return " + ".join(CHOICES[self.chosen_]) if self.models_ else None
