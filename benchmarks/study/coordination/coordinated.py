"""Groups that act together beyond chance: their document, their codes, and the network's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.study.coordination.fusion import RATE, WINDOW, fused
from benchmarks.study.coordination.network import Codes, TieNetwork
from botbench.stats import partitions

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Coordinated:
    """A network with what is known of its accounts: `codes` (object[n], None where unknown)."""

    network: TieNetwork
    codes: Codes | None = None

    def groups(self) -> list[dict[str, Any]]:
        """A document for each group, the largest first: the contract's `groups`.

        `{"group": from 1, "accounts": [ids], "by": [traces, the one with most ties first],
        "agreement": the share of its coded accounts that have its most frequent code, "code": that
        code, "ties": n}`; agreement and code are null where no account of the group is coded.
        """
        network = self.network
        of = network.group[network.a]
        within = of == network.group[network.b]
        ties = np.zeros((network.groups, len(network.traces)), dtype=np.int64)
        np.add.at(ties, of[within], network.tied_by()[within])
        order = np.argsort(-ties, axis=1, kind="stable")
        members = network.members(self.codes).to_pandas().groupby("group")
        documents = []
        for group, rows in members:
            k = int(group) - 1
            code, share = _most_frequent(rows["code"].dropna().tolist())
            documents.append(
                {
                    "group": int(group),
                    "accounts": rows["account_id"].tolist(),
                    "by": [network.traces[t] for t in order[k] if ties[k, t]],
                    "agreement": share,
                    "code": code,
                    "ties": int(np.count_nonzero(within & (of == k))),
                }
            )
        return documents

    def agreement(self) -> partitions.Partitions | None:
        """How far the groups agree with the codes, over accounts that have both; None without."""
        if self.codes is None:
            return None
        known = np.array([c is not None for c in self.codes], dtype=np.bool_)
        there = np.flatnonzero(known & (self.network.group >= 0))
        code = np.unique(self.codes[there].astype(str), return_inverse=True)[1].astype(np.int64)
        return partitions.compare(self.network.group[there], code)

    def document(self, network: Path) -> dict[str, Any]:
        """`groups`, `network` (the path of the GraphML file) and `agreement` (null without codes).

        Agreement is `{"n", "groups", "codes", "adjusted_rand": {"value", "low", "high", "shuffled",
        "shuffled_high", "p"}, "adjusted_mutual_information": {...}}`.
        """
        found = self.agreement()
        return {
            "groups": self.groups(),
            "network": str(network),
            "agreement": None if found is None else asdict(found),
        }

    def write(self, folder: Path) -> Path:
        """Write the network's files into `folder`; returns the path of the GraphML file."""
        return self.network.write(folder, self.codes)


def _most_frequent(codes: list[str]) -> tuple[str | None, float | None]:
    if not codes:
        return None, None
    names, times = np.unique(np.asarray(codes, dtype=str), return_counts=True)
    k = int(np.argmax(times))
    return str(names[k]), round(float(times[k] / times.sum()), 6)


def coordinated(
    connection: duckdb.DuckDBPyConnection,
    posts: str,
    codes: str | None = None,
    *,
    window: float = WINDOW,
    rate: float = RATE,
    of: Sequence[str] | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> Coordinated:
    """Who acts together in `posts` beyond chance, in groups: by all traces in time, or those `of`.

    `posts` is a relation with the columns of the posts table, `codes` one with account_id and code,
    such as categories coded by hand. Use it so, also for a report of an operation::

        found = coordinated(connection, frame.posts_sql, codes)
        document |= found.document(found.write(folder))      # groups, network, agreement

    `found.network` has ties, to_igraph and to_networkx. Memory is bounded: pairs are counted in
    parts (`meetings.BLOCK`). Raises UserError for an unknown trace.
    """
    network = fused(connection, posts, window=window, rate=rate, of=of, done=done)
    if codes is None:
        return Coordinated(network)
    coded = connection.execute(
        f"SELECT account_id, min(code::VARCHAR) AS code FROM {codes} WHERE code IS NOT NULL"
        " GROUP BY account_id"
    ).to_arrow_table()
    known = dict(zip(coded["account_id"].to_pylist(), coded["code"].to_pylist(), strict=True))
    return Coordinated(network, np.array([known.get(a) for a in network.accounts], dtype=object))
