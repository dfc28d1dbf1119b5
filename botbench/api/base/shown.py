"""What every object of the API can do: say itself in a line, as a frame, as JSON, and be kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.html.fragment import ROWS, Fragment, Grid, html

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".json", ".csv", ".parquet")


def grid(frame: pd.DataFrame, caption: str = "", folded: bool = False) -> Grid:
    """A data frame's first rows as a table of a notebook."""
    head = frame.head(ROWS)
    plain = head.astype(object).where(head.notna(), None)
    rows = [[_plain(v) for v in row] for row in plain.itertuples(index=False, name=None)]
    return Grid(caption, list(map(str, frame.columns)), rows, folded, len(frame) - len(rows))


def _plain(value: Any) -> Any:
    """A value of a frame as Python has it."""
    if hasattr(value, "item"):
        return value.item()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


class Shown:
    """The base of what functions of `botbench` return."""

    def frame(self) -> pd.DataFrame:
        """Its table."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The document that the command's `--json` prints."""
        raise NotImplementedError

    def view(self) -> Fragment:
        """What it shows in a notebook: title, sentences, charts and tables."""
        frame = self.frame()
        return Fragment(type(self).__name__, tables=[grid(frame)], more=".frame()")

    def _repr_html_(self) -> str:
        """Itself in a notebook, in the style of the pages."""
        return html(self.view())

    def save(self, path: str | Path) -> Path:
        """Write `to_dict()` to a .json, `frame()` to a .csv or .parquet; returns the path.

        Raises UserError for another ending and for a folder that is not there. A file of that name
        is replaced.
        """
        from botbench.core.files import draft_of, write_json

        path = Path(path)
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            raise UserError(f"{path} ends in {ending or 'nothing'}; give {', '.join(ENDINGS)}.")
        if not path.parent.is_dir():
            raise UserError(f"There is no folder {path.parent}; make it first.")
        if path.is_dir():
            raise UserError(f"{path} is a folder; give a file.")
        if ending == ".json":
            write_json(path, self.to_dict())
            return path
        with draft_of(path) as draft:
            if ending == ".csv":
                _write_csv(draft, self.frame())
            else:
                self.frame().to_parquet(draft, index=False)
        return path

    def __repr__(self) -> str:
        """Its table as text."""
        return f"{type(self).__name__}\n{self.frame().to_string(index=False)}"


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    """A table for a spreadsheet; what is missing is empty."""
    from botbench.text.spreadsheet import write_csv

    plain = frame.astype(object).where(frame.notna(), None)
    write_csv(path, list(frame.columns), plain.itertuples(index=False, name=None))
