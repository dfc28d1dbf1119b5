"""`Board`: detectors beside each other, with intervals, ranks, tie groups and floor rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base import drawn
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.execution.results import Cell, Run

SUMMARY = ("detector", "protocol", "test", "value", "low", "high", "rank", "tie_group", "few")


class Board(Shown):
    """The board of detectors on releases, as `botbench leaderboard` computes it.

    `document` is leaderboard.json; `answer` says in words what it comes to.
    """

    def __init__(
        self, document: Mapping[str, Any], cells: Mapping[str, Cell], runs: list[Run]
    ) -> None:
        self.document, self.cells, self.runs = dict(document), dict(cells), runs

    @property
    def answer(self) -> str:
        """The board in words: which detector leads, what guessing gives, what is missing."""
        from benchmarks.leaderboard.render.summary_text import answer

        return answer(self.document).sentence

    @property
    def detectors(self) -> list[str]:
        """The detectors, by name; the floor rows are among them."""
        return [str(d["name"]) for d in self.document["detectors"]]

    def frame(self) -> pd.DataFrame:
        """A row a detector, protocol, test and metric: the columns of the board's rows.

        detector, protocol, train, test, metric, value, low, high, n, unscored, coverage, groups,
        few, rank, tie_group, fits, refits and more: docs/contracts.md.
        """
        import pandas as pd

        return pd.DataFrame(self.document["rows"])

    def summary(self, metric: str | None = None) -> pd.DataFrame:
        """One metric (by default the board's first): value, interval, rank and tie group.

        Raises UserError for a metric that the board does not have.
        """
        from benchmarks.leaderboard.render.summary_text import primary
        from botbench.api.base.wide import Wide
        from botbench.core.errors import unknown

        names = [m["name"] for m in self.document["metrics"]]
        if metric is not None and metric not in names:
            raise unknown("metric of this board", metric, names)
        found = self.frame()
        found = found[found["metric"] == (metric or primary(self.document)["name"])]
        order = ["protocol", "test", "rank", "detector"]
        return Wide(found.sort_values(order)[list(SUMMARY)].reset_index(drop=True))

    def predictions(self) -> pd.DataFrame:
        """Every prediction of every detector, a row an account, repeat and fold.

        Columns are detector, protocol, test, account_id, repeat, fold, p_bot, threshold and y.
        `y` is the label (1 bot), `threshold` the least score that means bot in that fold.
        """
        import pandas as pd

        from benchmarks.execution import results

        columns = ["account_id", "repeat", "fold", "p_bot", "threshold", "y"]
        frames: list[pd.DataFrame] = []
        for cell in self.cells.values():
            if cell.status == "done":
                rows = results.scored(cell).select(columns).to_pandas()
                rows.insert(0, "test", cell.test)
                rows.insert(0, "protocol", cell.protocol)
                rows.insert(0, "detector", cell.detector)
                frames.append(rows)
        if not frames:
            return pd.DataFrame(columns=["detector", "protocol", "test", *columns])
        return pd.concat(frames, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """leaderboard.json."""
        return self.document

    def save(self, path: str | Path) -> Path:
        """Write a folder as `botbench leaderboard --out` does, or one .json, .csv or .parquet.

        The folder holds leaderboard.html, .json, .csv, .md and timings.json. Raises UserError for a
        board that says an impossible number.
        """
        path = Path(path)
        if path.suffix:
            return super().save(path)
        from benchmarks.leaderboard.render import formats, gate

        if path.is_file():
            raise UserError(f"{path} is a file; give a folder.")
        for run in self.runs:
            gate.refuse(self.document, gate.said(run))
        formats.write(self.document, path)
        return path

    def view(self) -> Fragment:
        """The answer, the first metric by protocol and test as charts, and its table."""
        from benchmarks.leaderboard.render.summary_text import answer, primary

        said, metric = answer(self.document), primary(self.document)
        rows = self.summary()
        plain = rows.astype(object).where(rows.notna(), None)
        parts = list(plain.groupby(["protocol", "test"], sort=False))[:4]
        title = metric["title"].lower()
        charts = [
            drawn.scores(
                part.to_dict("records"),
                "detector",
                f"{title}, {str(protocol).partition('(')[0]}, {test}",
                metric["guessing"],
            )
            for (protocol, test), part in parts
        ]
        return Fragment(
            type(self).__name__,
            sentences=["".join(text for text, _ in said.lead)],
            warnings=[said.caution] if said.caution else [],
            simulated=bool(self.document["simulated"]),
            charts=charts,
            tables=[grid(rows, f"{title}: ranks and tie groups", folded=True)],
            more=".summary()",
        )

    def __repr__(self) -> str:
        """What it comes to, and the first metric of every detector."""
        from benchmarks.leaderboard.render.summary_text import primary

        return (
            f"{type(self).__name__}: {self.answer}\n{primary(self.document)['name']}\n"
            f"{self.summary().to_string(index=False)}"
        )


def compare(*evaluations: Board) -> Board:
    """One board of several evaluations: what `evaluate` returned, or boards.

    All detectors are measured on the same draws of accounts, so that ranks and tie groups count
    paired differences. Raises UserError for evaluations of several stores, and where two different
    detectors have one name.
    """
    from botbench.api.evaluate import board_of

    boards = [b for given in evaluations for b in (given if isinstance(given, list) else [given])]
    if not boards:
        raise UserError("compare needs an evaluation; give what botbench.evaluate returned.")
    for one in boards:
        if not isinstance(one, Board):
            raise UserError(
                f"{type(one).__name__} is no evaluation; give what botbench.evaluate returned."
            )
    cells: dict[str, Cell] = {}
    names: dict[tuple[str, str, str], str] = {}
    for one in boards:
        for key, cell in one.cells.items():
            what = (cell.detector, cell.protocol, cell.test)
            version = str(cell.info["detector_version"])
            if names.setdefault(what, version) != version:
                raise UserError(
                    f"Two different detectors are called {cell.detector!r}. Give one of them a"
                    " name: botbench.evaluate(..., name=...)."
                )
            cells[key] = cell
    runs = list({run.run_id: run for one in boards for run in one.runs}.values())
    if len({run.home for run in runs}) > 1:
        raise UserError("The evaluations are of several stores; evaluate them in one.")
    document, kept = board_of(runs, cells, boards[0].document)
    return Board(document, kept, runs)
