"""The network of accounts that act together: ties, groups, and the files others read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import UserError
from botbench.text.escaping import visible

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.object_]

GRAPHML, TIES, ACCOUNTS = "network.graphml", "network-ties.parquet", "network-accounts.parquet"


@dataclass(frozen=True)
class TieNetwork:
    """Ties between accounts that act together beyond chance.

    `accounts` (object[n]) are ids by number. A tie k joins `a[k]` < `b[k]` (int64[m]), with `q[k]`
    and `weight[k]`, the sum of its traces' overlaps. Its traces are rows of `tie`, `trace`,
    `shared`, `expected`, `p` and `meant` (the traces that tie it; the others only met). `group` is
    int64[n] by size from 0, -1 for accounts without a tie. `compared` pairs were tested; `actions`,
    `crowded` and `met` count for each trace its actions, moments left out, and pairs that met.
    """

    accounts: NDArray[np.object_]
    traces: tuple[str, ...]
    a: Ints
    b: Ints
    q: Floats
    weight: Floats
    tie: Ints
    trace: Ints
    shared: Ints
    expected: Floats
    p: Floats
    meant: NDArray[np.bool_]
    group: Ints
    compared: int
    actions: tuple[int, ...]
    crowded: tuple[int, ...]
    met: tuple[int, ...]

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.group.max(initial=-1)) + 1

    def tied_by(self) -> NDArray[np.bool_]:
        """Which traces tie each tie, bool[m, traces]."""
        table = np.zeros((len(self.a), len(self.traces)), dtype=np.bool_)
        table[self.tie[self.meant], self.trace[self.meant]] = True
        return table

    def ties(self) -> pa.Table:
        """The ties as a table: a row a tie, with `shared_T` and `expected_T` for each trace T.

        A trace that the two accounts did not do together twice has 0 and no expected number.
        """
        import pyarrow as pa

        names, by = np.asarray(self.traces, dtype=object), self.tied_by()
        columns: dict[str, Any] = {
            "account": pa.array(self.accounts[self.a].tolist(), pa.string()),
            "with": pa.array(self.accounts[self.b].tolist(), pa.string()),
            "q": self.q,
            "weight": self.weight,
            "traces": pa.array([names[row].tolist() for row in by], pa.list_(pa.string())),
        }
        for k, name in enumerate(self.traces):
            rows = self.trace == k
            shared = np.zeros(len(self.a), dtype=np.int64)
            shared[self.tie[rows]] = self.shared[rows]
            expected = np.full(len(self.a), np.nan)
            expected[self.tie[rows]] = self.expected[rows]
            columns[f"shared_{name}"] = shared
            columns[f"expected_{name}"] = pa.array(expected, from_pandas=True)
        return pa.table(columns)

    def members(self, codes: Codes | None = None) -> pa.Table:
        """The accounts with a tie: account_id, group from 1, and `code` (null where unknown)."""
        import pyarrow as pa

        there = np.flatnonzero(self.group >= 0)
        code = [None] * len(there) if codes is None else codes[there].tolist()
        return pa.table(
            {
                "account_id": pa.array(self.accounts[there].tolist(), pa.string()),
                "group": self.group[there] + 1,
                "code": pa.array(code, pa.string()),
            }
        )

    def to_igraph(self, codes: Codes | None = None) -> Any:
        """An igraph.Graph of the accounts with a tie.

        Vertices have `name`, `group` from 1 and `code` ("" where unknown), edges `q`, `weight` and
        `traces` (separated by blanks).
        """
        import igraph

        members = self.members(codes)
        there = np.flatnonzero(self.group >= 0)
        place = np.zeros(len(self.accounts), dtype=np.int64)
        place[there] = np.arange(len(there))
        graph = igraph.Graph(len(there), np.stack([place[self.a], place[self.b]], axis=1).tolist())
        graph.vs["name"] = members["account_id"].to_pylist()
        graph.vs["group"] = members["group"].to_pylist()
        graph.vs["code"] = [c or "" for c in members["code"].to_pylist()]
        graph.es["q"] = self.q.tolist()
        graph.es["weight"] = self.weight.tolist()
        graph.es["traces"] = [" ".join(t) for t in self.ties()["traces"].to_pylist()]
        return graph

    def to_networkx(self, codes: Codes | None = None) -> Any:
        """A networkx.Graph with the same attributes; nodes are account ids.

        Raises UserError where networkx is not installed.
        """
        try:
            import networkx
        except ImportError as error:
            raise UserError(
                "networkx is not installed. Install it (pip install networkx), or use to_igraph."
            ) from error
        graph = networkx.Graph()
        members = self.members(codes).to_pylist()
        graph.add_nodes_from(
            (m["account_id"], {"group": m["group"], "code": m["code"] or ""}) for m in members
        )
        graph.add_edges_from(
            (
                t["account"],
                t["with"],
                {"q": t["q"], "weight": t["weight"], "traces": " ".join(t["traces"])},
            )
            for t in self.ties().select(["account", "with", "q", "weight", "traces"]).to_pylist()
        )
        return graph

    def write(self, folder: Path, codes: Codes | None = None) -> Path:
        """Write network.graphml, network-ties.parquet and network-accounts.parquet into `folder`.

        Returns the path of the GraphML file. What cannot stand in XML is spelled out there.
        """
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.ties(), folder / TIES)
        pq.write_table(self.members(codes), folder / ACCOUNTS)
        graph = self.to_igraph(codes)
        for key in ("name", "code"):
            graph.vs[key] = [str(visible(text)) for text in graph.vs[key]]
        graph.write_graphml(str(folder / GRAPHML))
        return folder / GRAPHML
