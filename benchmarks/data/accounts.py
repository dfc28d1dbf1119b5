"""The detector's view: accounts by position, with declared evidence and no identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botbench.core.duckdb_work import scratch_database
from botbench.core.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Records:
    """Posts or edges of some accounts, read from a masked Parquet file on demand.

    Every id is replaced by a number that has a meaning in one cell only; `ends` names the columns
    of the owner (`account` for posts, `source` and `target` for edges), `nodes` the numbers of the
    accounts in the view.
    """

    path: Path
    ends: tuple[str, ...]
    nodes: Codes

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of these accounts, with `position` if a row has one owner.

        `position` (int64) is the account's row in the view. `columns` limits what is read. Rows are
        in the order of the masked numbers, which reveals nothing.
        """
        import pyarrow as pa

        asked = ", ".join(f'p."{name}"' for name in columns) if columns else "p.*"
        nodes = pa.table({"node": self.nodes, "position": np.arange(len(self.nodes))})
        with scratch_database() as connection:
            connection.register("nodes", nodes)
            if len(self.ends) == 1:
                query = (
                    f"SELECT n.position, {asked} FROM read_parquet(?) p JOIN nodes n ON"
                    f" p.{self.ends[0]} = n.node"
                )
            else:
                touched = " OR ".join(f"p.{end} IN (SELECT node FROM nodes)" for end in self.ends)
                query = f"SELECT {asked} FROM read_parquet(?) p WHERE {touched}"
            return connection.execute(f"{query} ORDER BY ALL", [str(self.path)]).to_arrow_table()

    def query(self, sql: str) -> pa.Table:
        """A DuckDB query over `mine`, these accounts' posts with `position`; one thread, UTC.

        Use it for rows that do not fit into memory, and give it an ORDER BY: row order is undefined
        otherwise.
        """
        import pyarrow as pa

        nodes = pa.table({"node": self.nodes, "position": np.arange(len(self.nodes))})
        mine = (
            f"SELECT n.position, p.* FROM read_parquet({literal(self.path)}) p"
            f" JOIN nodes n ON p.{self.ends[0]} = n.node"
        )
        with scratch_database(threads=1) as connection:
            connection.register("nodes", nodes)
            return connection.execute(f"WITH mine AS ({mine}) {sql}").to_arrow_table()

    def take(self, rows: Rows) -> Records:
        """The same for some of the accounts."""
        return Records(self.path, self.ends, self.nodes[rows])


@dataclass(frozen=True)
class Accounts:
    """n accounts by position, without labels, data sets or ids.

    Handles and post ids are there only if declared. `names` are the features of the declared
    families, `values` their matrix (float64[n, k], NaN if missing); `columns` are declared profile
    columns as Arrow arrays; `posts` and `edges` are there only if declared. `domains` (int64[n]),
    if declared and only in training, is equal for accounts of one data set; its numbers mean
    nothing.
    """

    names: tuple[str, ...]
    values: Floats
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    posts: Records | None = None
    edges: Records | None = None
    domains: Rows | None = None

    def __len__(self) -> int:
        """How many accounts."""
        return len(self.values)

    @property
    def nodes(self) -> Codes:
        """The accounts' numbers in posts and edges, uint64[n].

        Raises LookupError if neither was declared.
        """
        records = self.posts or self.edges
        if records is None:
            raise LookupError(
                "this detector declared neither posts nor edges, so its accounts have no numbers"
            )
        return records.nodes

    def feature(self, name: str) -> Floats:
        """One feature, float64[n]. Raises LookupError if it was not declared."""
        if name not in self.names:
            raise LookupError(
                f"the feature {name!r} is not among what this detector declared it needs"
            )
        return self.values[:, self.names.index(name)]

    def column(self, name: str) -> pa.Array:
        """One profile column. Raises LookupError if it was not declared."""
        if name not in self.columns:
            raise LookupError(
                f"the column {name!r} is not among what this detector declared it needs"
            )
        return self.columns[name]

    def take(self, rows: Rows) -> Accounts:
        """Some of the accounts, in the order asked for.

        >>> view = Accounts(("followers",), np.array([[1.0], [2.0], [3.0]]))
        >>> view.take(np.array([2, 0])).feature("followers").tolist()
        [3.0, 1.0]
        """
        return Accounts(
            self.names,
            self.values[rows],
            {name: array.take(rows) for name, array in self.columns.items()},
            self.posts and self.posts.take(rows),
            self.edges and self.edges.take(rows),
            None if self.domains is None else self.domains[rows],
        )

    def to_score(self) -> Accounts:
        """The same without domains: what accounts are given as when they are to be scored."""
        return replace(self, domains=None)
