"""`Release`: a frozen data set as frames, for scikit-learn and for the bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.api.base.table import Table
from botbench.core.errors import UserError, unknown
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from benchmarks.data.release_arrays import ReleaseArrays
    from botbench.api.workspace import Workspace
    from curation.release.release import Release as Frozen

PARTS = ("train", "validation", "test")


def load(reference: str | Path, store: Workspace | str | Path | None = None) -> Release:
    """A release: `rtbust` is its newest version, `rtbust@1` that one, or the path of its folder.

    `store` is a workspace or where its store is; by default the one opened last, else
    BOTBENCH_STORE or `./.botbench`. Raises UserError, with the closest name, where there is none.
    """
    from botbench.api.workspace import Workspace, current
    from curation.release import release

    if not isinstance(reference, str | Path):
        raise UserError(
            f"{reference!r} is no release; give its name, such as 'rtbust@1', or its folder."
        )
    path = Path(reference)
    if (path / "release.json").is_file():
        home = path.resolve().parents[2]
        return Release(
            Workspace(home),
            release.load(home, f"{path.resolve().parent.name}@{path.resolve().name}"),
        )
    workspace = current(store)
    if not workspace.home.exists():
        raise UserError(
            f"There is no store at {workspace.home}. Open yours: botbench.open(PATH), or make one:"
            " botbench.demo()."
        )
    return Release(workspace, release.load(workspace.home, str(reference)))


class Release(Shown):
    """A frozen data set: `name`, `version`, `reference` (`rtbust@1`), `content_hash`, `info`.

    `split("train")` is the same limited to a part of a split; its `part` says which.
    """

    def __init__(
        self, workspace: Workspace, frozen: Frozen, part: tuple[str, str] | None = None
    ) -> None:
        self.workspace, self.frozen, self.part = workspace, frozen, part
        self.name, self.version = frozen.name, frozen.version
        self.reference, self.dataset = frozen.reference, frozen.dataset
        self.content_hash, self.info, self.path = frozen.content_hash, frozen.info, frozen.path

    def __len__(self) -> int:
        """How many accounts (of the part)."""
        return len(self._rows())

    def labels(self) -> pd.Series[Any]:
        """The labels, int8 (1 bot, 0 human), by account_id."""
        import pandas as pd

        rows = self._rows()
        index = pd.Index(self._arrays.account_id[rows], name="account_id")
        return pd.Series(self._arrays.y[rows], index=index, name="bot")

    def features(self, families: Sequence[str] | None = None) -> pd.DataFrame:
        """The features by account_id, float64, NaN where unknown: docs/features.md.

        `families` are names such as `profile` and `timing`; by default all. They are computed once
        and kept. Raises UserError for an unknown family.
        """
        import pandas as pd

        arrays, rows = self._arrays, self._rows()
        if families is not None:
            asked = [families] if isinstance(families, str) else list(families)
            for family in asked:
                if family not in arrays.families:
                    raise unknown("family of features", family, set(arrays.families))
        columns = [i for i, f in enumerate(arrays.families) if families is None or f in asked]
        index = pd.Index(arrays.account_id[rows], name="account_id")
        names = [arrays.names[i] for i in columns]
        return pd.DataFrame(arrays.values[rows][:, columns], index=index, columns=names)

    def split(self, part: str, split: str | None = None) -> Release:
        """The release limited to the accounts of a part: train, validation or test.

        `split` is the split's name (`info["splits"]`); by default the data set's own (`official`)
        where it has one, else the drawn one. Raises UserError for another part or split.
        """
        if part not in PARTS:
            raise unknown("part of a split", part, PARTS)
        names = self.splits()
        if not names:
            raise UserError(f"{self.reference} has no split.")
        if split is not None and split not in names:
            raise unknown(f"split of {self.reference}", split, names)
        chosen = split or ("official" if "official" in names else names[0])
        return Release(self.workspace, self.frozen, (chosen, part))

    def splits(self) -> list[str]:
        """The names of its splits."""
        return [s if isinstance(s, str) else s["split_id"] for s in self.info.get("splits", ())]

    def table(self, name: str) -> Table:
        """A table of the release: accounts, posts, edges, claims, labels or splits."""
        file = self.frozen.file(name)
        return Table(
            name, lambda most: _read(file, most), lambda: _ibis(file), lambda: _count(file)
        )

    def to_pandas(self) -> pd.DataFrame:
        """One row an account: account_id, label (`bot` or `human`), and the features."""
        import numpy as np

        frame = self.features().reset_index()
        label = np.where(self.labels().to_numpy() == 1, "bot", "human")
        frame.insert(1, "label", label.tolist())
        return frame

    def frame(self) -> pd.DataFrame:
        """As `to_pandas`."""
        return self.to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """What release.json says of it."""
        return dict(self.info)

    def view(self) -> Fragment:
        """What it holds, and the first accounts with some of their features."""
        title, _, counts = repr(self).partition(": ")
        return Fragment(
            title,
            sentences=[f"{counts}."],
            simulated=bool(self.info.get("simulated")),
            tables=[grid(self.to_pandas().iloc[:5, :8], "the first accounts", folded=True)],
            more=".to_pandas()",
        )

    def __repr__(self) -> str:
        """Its name, its accounts, and that they are simulated, where they are."""
        y = self.labels()
        part = "" if self.part is None else f", {self.part[1]} of {self.part[0]}"
        simulated = ", simulated" if self.info.get("simulated") else ""
        return (
            f"Release {self.reference} of {self.dataset}{part}{simulated}:"
            f" {counted(len(y), 'account')}, {counted(int(y.sum()), 'bot')},"
            f" {counted(int((y == 0).sum()), 'human')}, content hash {self.content_hash[:12]}"
        )

    @property
    def _arrays(self) -> ReleaseArrays:
        from benchmarks.data import release_arrays

        return release_arrays.load(self.workspace.home, self.reference)

    def _rows(self) -> Any:
        """The rows of the arrays that belong to the part."""
        import numpy as np

        ids = self._arrays.account_id.astype(str)
        if self.part is None:
            return np.arange(len(ids))
        from botbench.core.duckdb_work import scratch_database

        with scratch_database(threads=1) as connection:
            found = connection.execute(
                "SELECT account_id FROM read_parquet(?) WHERE split_id = ? AND part = ?",
                [str(self.path / "splits.parquet"), *self.part],
            ).to_arrow_table()
        return np.flatnonzero(
            np.isin(ids, found["account_id"].to_numpy(zero_copy_only=False).astype(str))
        )


def _read(file: Path, most: int | None) -> pa.Table:
    import pyarrow.parquet as pq

    if most is None:
        return pq.read_table(file)
    return next(pq.ParquetFile(file).iter_batches(most), None) or pq.read_table(file)


def _count(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def _ibis(file: Path) -> Any:
    import ibis

    return ibis.duckdb.connect().read_parquet(str(file))
