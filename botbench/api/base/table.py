"""`Table`: rows of a store or a release, in the form that a library wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SHOWN = 5


class Table(Shown):
    """One table; nothing is read before it is asked for.

    `arrow` gives its rows, `ibis` the same as an Ibis table that DuckDB computes on; `size` counts
    them.
    """

    def __init__(
        self,
        name: str,
        arrow: Callable[[int | None], pa.Table],
        ibis: Callable[[], Any],
        size: Callable[[], int],
    ) -> None:
        self.name, self._arrow, self._ibis, self._size = name, arrow, ibis, size

    def __len__(self) -> int:
        """How many rows."""
        return self._size()

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table, in the order of its key."""
        return self._arrow(None)

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a data frame."""
        found: pd.DataFrame = self.to_arrow().to_pandas()
        return found

    def to_polars(self) -> Any:
        """All rows as a Polars data frame. Raises UserError where Polars is not installed."""
        try:
            import polars
        except ImportError:
            raise UserError(
                "polars is not installed: pip install polars, or use .to_pandas()."
            ) from None
        return polars.from_arrow(self.to_arrow())

    def to_ibis(self) -> Any:
        """The table for Ibis: filters and sums run in DuckDB, and only their result is read."""
        return self._ibis()

    def frame(self) -> pd.DataFrame:
        """As `to_pandas`."""
        return self.to_pandas()

    def head(self, rows: int = SHOWN) -> pd.DataFrame:
        """The first rows as a data frame; no others are read."""
        found: pd.DataFrame = self._arrow(rows).to_pandas()
        return found

    def to_dict(self) -> dict[str, Any]:
        """`{NAME: [rows as objects]}`."""
        return {self.name: self.to_arrow().to_pylist()}

    def view(self) -> Fragment:
        """Its size and its first rows."""
        head = self.head()
        some = head.iloc[:, :8]
        left = head.shape[1] - some.shape[1]
        columns = f", {counted(left, 'more column')}" if left else ""
        return Fragment(
            f"{self.name}: {counted(len(self), 'row')}", tables=[grid(some, f"the first{columns}")]
        )

    def _first(self) -> str:
        return self.head().to_string(index=False, max_cols=8, max_colwidth=40)

    def __repr__(self) -> str:
        """Its name, its size and its first rows."""
        return f"{self.name}: {counted(len(self), 'row')}\n{self._first()}"
