"""Label propagation: bots are close to known bots in the graph of reposts and mentions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats, Records
from benchmarks.detectors import Detector, Labels, detector

CITES = (
    "Zhou, Bousquet, Lal, Weston & Schölkopf 2004, Learning with Local and Global Consistency (NIPS"
    " 16); on repost graphs as in Mendoza, Tesconi & Cresci 2020, Bots in Social and Interaction"
    " Networks (ACM TOIS 39), doi:10.1145/3419369"
)
EDGES = """
    SELECT account, target, count(*)::DOUBLE AS n FROM (
        SELECT account, unnest(coalesce(mentions, list_transform(
            regexp_extract_all(text, '[@\uff20](\\d{6,20})', 1),
            lambda name: try_cast(name AS UBIGINT)))) AS target
        FROM mine
        UNION ALL SELECT account, ref_account AS target FROM mine)
    WHERE target IS NOT NULL AND target <> account
    GROUP BY account, target ORDER BY account, target"""
"""Whom an account's posts mention or repost; in texts, names are numbers."""


@detector(
    "label-propagation",
    needs=("posts",),
    transductive=True,
    cites=CITES,
    about=(
        "Spreads the training labels along reposts and mentions to the accounts to be scored,"
        " through whom they turn to."
    ),
    revision=1,
)
class LabelPropagation(Detector):
    """Each round an account takes the mean of whom it turns to and of who turns to it; training
    accounts keep their label.

    `stay` is how much of the training share an account keeps in each round, so that what is far
    from any label says little.
    """

    def __init__(self, rounds: int = 15, stay: float = 0.1) -> None:
        self.rounds, self.stay = rounds, stay

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Keep the training accounts and labels; propagation runs when accounts are scored."""
        self.begin(y)
        self.taught_, self.labels_ = accounts, y
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]; accounts without an edge get the training part's share of bots."""
        p: Floats = np.full(len(accounts), self.share_)
        if accounts.posts is not None and self.taught_.posts is not None and len(accounts):
            # An account in both training and scoring (a check) is scored as unlabelled.
            others = ~np.isin(self.taught_.nodes, accounts.nodes)
            nodes = np.concatenate([accounts.nodes, self.taught_.nodes[others]])
            spread = self._spread(
                self._graph(accounts.posts, nodes), len(accounts), self.labels_[others]
            )
            p = np.asarray(np.clip(spread[: len(accounts)], 0, 1), dtype=np.float64)
        return np.column_stack([1 - p, p])

    def _graph(self, posts: Records, nodes: Any) -> Any:
        """The symmetric graph of accounts and the accounts they address, sparse float64[m, m].

        The accounts come first, in the order of `nodes`.
        """
        from scipy.sparse import csr_array

        table = Records(posts.path, posts.ends, np.unique(nodes)).query(EDGES)
        source, target = (table[end].to_numpy().astype(np.uint64) for end in ("account", "target"))
        everyone, place = np.unique(np.concatenate([nodes, source, target]), return_inverse=True)
        # Accounts first, then the others.
        number = np.full(len(everyone), -1)
        number[place[: len(nodes)]] = np.arange(len(nodes))
        others = np.flatnonzero(number < 0)
        number[others] = len(nodes) + np.arange(len(others))
        ends = number[place[len(nodes) :]].reshape(2, -1)
        weight = np.log1p(table["n"].to_numpy())
        graph = csr_array((weight, (ends[0], ends[1])), shape=(len(everyone), len(everyone)))
        return csr_array(graph + graph.T)

    def _spread(self, graph: Any, unknown: int, labels: Labels) -> Floats:
        degree = np.asarray(graph.sum(axis=1)).ravel()
        alone = degree == 0
        taught = slice(unknown, unknown + len(labels))
        p: Floats = np.full(graph.shape[0], self.share_)
        p[taught] = labels
        for _ in range(self.rounds):
            around = np.where(alone, self.share_, (graph @ p) / np.where(alone, 1, degree))
            p = self.stay * self.share_ + (1 - self.stay) * around
            p[taught] = labels
        return p
