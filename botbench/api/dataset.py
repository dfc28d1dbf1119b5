"""`Dataset`: one data set of a store at a version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.api.base.table import Table
from botbench.html.fragment import Fragment

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from botbench.api.batch import Batch
    from botbench.api.labels import Consensus
    from botbench.api.release import Release
    from botbench.api.validation import Validation
    from botbench.api.workspace import Workspace
    from curation.store.store import Store


class Dataset(Shown):
    """A data set: `name`, and `version`, the store's version that it is read at.

    `accounts` (a row an observation), `posts`, `edges`, `claims` (those that stand) and `labels`
    (of the newest consensus) are tables, each with `.to_pandas()`, `.to_arrow()`, `.to_ibis()` and
    `.to_polars()`.
    """

    def __init__(self, workspace: Workspace, name: str, at: str | int | None = None) -> None:
        from botbench.core.errors import unknown
        from curation.ingest.data_sets import there

        self.workspace, self.name, self.at = workspace, name, at
        with workspace.store() as store:
            known = there(store, at)
            if name not in known:
                raise unknown("data set in this store", name, known)

    @property
    def version(self) -> int:
        """The store's version that it is read at: the one given, else the newest."""
        with self.workspace.store() as store:
            return store.resolve(self.at)

    @property
    def accounts(self) -> Table:
        """Observations of accounts: docs/tables.md."""
        return self.table("accounts")

    @property
    def posts(self) -> Table:
        """Posts: docs/tables.md."""
        return self.table("posts")

    @property
    def edges(self) -> Table:
        """Ties between accounts: docs/tables.md."""
        return self.table("edges")

    @property
    def claims(self) -> Table:
        """The claims that stand; `table("claims")` has the retracted ones too."""
        return Table(
            "claims",
            partial(self._arrow, "standing"),
            partial(self._ibis, "standing"),
            partial(self._size, "standing"),
        )

    @property
    def labels(self) -> Table:
        """The labels of the newest consensus, one row an account; none before `consensus()`."""
        return Table(
            "labels",
            partial(self._arrow, "labels"),
            partial(self._ibis, "labels"),
            partial(self._size, "labels"),
        )

    def table(self, name: str) -> Table:
        """One of the store's tables, all rows of this data set.

        Raises UserError for a table that has none.
        """
        from botbench.core.errors import unknown
        from curation.store import schema

        fitting = [n for n, t in schema.STORED.items() if "dataset" in t.names]
        if name not in fitting:
            raise unknown("table of a data set", name, fitting)
        key = f"every {name}"
        return Table(
            name, partial(self._arrow, key), partial(self._ibis, key), partial(self._size, key)
        )

    def consensus(
        self,
        method: str = "auto",
        kinds: Sequence[str] = ("person", "dataset"),
        scheme: str | Path | None = None,
    ) -> Consensus:
        """Make one label for each account from its claims, and keep it: `botbench consensus`.

        `kinds` are whose claims count. The same claims give the same labels and no new version.
        Raises UserError where there are no claims, and for an unknown method.
        """
        from botbench.api.labels import of_dataset

        return of_dataset(self, method, kinds, scheme)

    def sample(
        self,
        design: str = "uniform",
        n: int | None = None,
        *,
        seed: int = 0,
        copies: int = 1,
        again: bool = False,
        scores: Sequence[str | Path] = (),
    ) -> Batch:
        """Draw accounts for annotation, each with its recorded probability: `botbench sample`.

        `design` is such as `uniform(n=300)` or `posts(n=600)`, `n` how many where it does not say
        (100), `copies` how many people are asked for each account. Accounts of earlier batches are
        left out unless `again`. The same arguments find the same batch. Raises UserError for an
        unknown design and where too few accounts are left.
        """
        from botbench.api.batch import sample

        return sample(self, design, n, seed, copies, again, scores)

    def validate(self, against: str | int | None = None) -> Validation:
        """Check keys, types, ranges, times, references, claims, consensus and splits.

        As `botbench validate`: who breaks which rule is kept in the store. `against` compares with
        another version, tag or date.
        """
        from botbench.api.validation import of_dataset

        return of_dataset(self, against)

    def release(
        self,
        name: str,
        *,
        consensus: str | None = None,
        seed: int = 0,
        accept: str | None = None,
        because: str | None = None,
    ) -> Release:
        """Freeze the accounts settled as bot or human: `botbench release`.

        The same content again is the same version. Raises Findings where validation fails and
        `accept` (the reason why it may) is None, UserError where there is nothing to freeze.
        """
        from botbench.api.release import Release
        from curation.release.release import freeze

        with self.workspace.store() as store:
            made = freeze(
                store,
                name,
                self.name,
                at=self.at,
                accept=accept,
                seed=seed,
                consensus=consensus,
                because=because,
            )
        return Release(self.workspace, made)

    def frame(self) -> pd.DataFrame:
        """A row a table: table, rows."""
        import pandas as pd

        names = ("accounts", "posts", "edges", "claims", "labels")
        return pd.DataFrame({"table": names, "rows": [len(getattr(self, n)) for n in names]})

    def to_dict(self) -> dict[str, Any]:
        """`{"dataset", "version", "rows": {TABLE: n}}`."""
        rows = self.frame().set_index("table")["rows"].to_dict()
        return {"dataset": self.name, "version": self.version, "rows": rows}

    def view(self) -> Fragment:
        """How many rows its tables have."""
        at = "" if self.at is None else f" at {self.at}"
        return Fragment(f"Data set {self.name}{at}", tables=[grid(self.frame())])

    def __repr__(self) -> str:
        """Its name, and how many rows its tables have."""
        at = "" if self.at is None else f" at {self.at}"
        return f"Dataset {self.name}{at}\n{self.frame().to_string(index=False)}"

    def _query(self, store: Store, what: str) -> tuple[str, list[str]]:
        """SQL of the rows, and the columns that order them."""
        from botbench.core.sql import literal
        from curation.store import schema
        from curation.store.retractions import standing_claims
        from curation.store.snapshot_queries import newest_consensus

        version = None if self.at is None else store.resolve(self.at)
        where = f"WHERE dataset = {literal(self.name)}"
        if what == "standing":
            claims = f"(FROM {store.relation('claims', version)} {where})"
            return f"SELECT * FROM {standing_claims(claims)}", list(schema.TABLES["claims"].key)
        if what == "labels":
            newest = newest_consensus(store, self.name, version or store.head())
            where += f" AND consensus_id = {literal(newest or '')}"
            return f"SELECT * FROM {store.relation('labels', version)} {where}", ["account_id"]
        name = what.partition(" ")[2]
        return f"SELECT * FROM {store.relation(name, version)} {where}", list(
            schema.TABLES[name].key
        )

    def _arrow(self, what: str, limit: int | None) -> pa.Table:
        with self.workspace.store() as store:
            query, order = self._query(store, what)
            most = "" if limit is None else f" LIMIT {limit}"
            return store.arrow(f"{query} ORDER BY {', '.join(order)}{most}")

    def _size(self, what: str) -> int:
        with self.workspace.store() as store:
            return int(store.scalar(f"SELECT count(*) FROM ({self._query(store, what)[0]})"))

    def _ibis(self, what: str) -> Any:
        from curation.store.store import Store

        # The connection lives as long as the Ibis table that computes on it.
        store = Store(self.workspace.location, create=False)
        return store.ibis.sql(self._query(store, what)[0])
