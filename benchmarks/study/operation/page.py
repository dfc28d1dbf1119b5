"""Write the report of an operation: one self-contained page, and its numbers as CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.coordination.traces import TRACES
from benchmarks.study.operation.operation import Operation, ask
from benchmarks.study.operation.rank_rows import Settings
from benchmarks.study.questions import Figure, Table, Text
from benchmarks.study.report import pieces
from botbench.html.environment import CHARTS, FIGURES, page
from botbench.text import numbers
from botbench.text.escaping import visible
from curation.engines import DUCKDB

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign
    from curation.store.store import Store

HERE = Path(__file__).parent
SHOWN = 7
"""Rows of a table on the page; the CSV has all."""
PLAIN = {"posts on a median active day", "hashtags a post", "lag"}
"""Columns of numbers that are no share of 1."""
NOT_SHOWN = {"carriers"}
"""Tables that stand in files alone."""
LIMITS = (
    (
        "A rank says how often these accounts used something on a day. It says neither that anybody"
        " read it, nor that it came from them."
    ),
    (
        "That the accounts belong together is a claim of the cohort's claimant; nothing here proves"
        " it. No account is called a bot."
    ),
    (
        "An interval says what other accounts of the same cohort would have given. It does not"
        " cover accounts that are missing or wrongly named: those have tables of their own."
    ),
    "Days and hours are UTC.",
)


def report(
    store: Store,
    campaign: Campaign,
    out: str | Path | None = None,
    begun: Callable[[int], object] = lambda _: None,
    done: Callable[[str], None] = lambda _: None,
    *,
    engine: str = DUCKDB,
) -> tuple[Operation, Path]:
    """Answer a campaign of `kind: operation` on an open store, and write the report's folder.

    `out` is that folder, by default one in the store; `engine` reads the posts. Raises
    UserError if the cohort has no account or posted nothing in the window.
    """
    from benchmarks.study.study import Study

    settings = Settings.read(campaign.settings.get("operation", {}), campaign.seed)
    begun(len(settings.of) + len(TRACES.all()) + 1)
    folder = Path(out) if out is not None else store.home / "studies" / campaign.name
    operation = ask(Study.open(store, campaign, engine), folder.resolve(), done)
    return operation, write(operation, folder.resolve())


def write(operation: Operation, out: Path, today: date | None = None) -> Path:
    """Write report.html, study.json, figures.json and CSV files; returns the page's path.

    The same study gives the same bytes, except for the date.
    """
    when = (today or date.today()).isoformat()
    document = operation.document(pieces.PAGE)
    return pieces.write(out, html(operation, when), document, operation.pieces, when)


def html(operation: Operation, when: str) -> str:
    """The page; a pure function of the answers and the date."""
    campaign = operation.study.campaign
    return page(
        HERE / "operation.html.j2",
        [FIGURES, CHARTS, HERE.parent / "report" / "report.css", HERE / "operation.css"],
        filters={"cell": cell},
        is_text=lambda block: isinstance(block, Text),
        is_figure=lambda block: isinstance(block, Figure),
        is_shown=lambda block: getattr(block, "name", "") not in NOT_SHOWN,
        numeric=_numeric,
        file=pieces.file,
        most=SHOWN,
        o=operation,
        campaign=campaign,
        study=operation.study,
        limits=LIMITS,
        when=when,
    )


def cell(value: Any, column: str = "") -> str:
    """A cell: a share as percent, a count with commas, nothing as a dash.

    >>> cell(0.1534, "part"), cell(1234, "posts"), cell(None), cell(2.5, "hashtags a post")
    ('15.3 %', '1,234', '–', '2.5')
    """
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if column in PLAIN else numbers.share(value)
    return f"{value:,}" if isinstance(value, int) else str(visible(str(value)))


def _numeric(table: Table | Figure, place: int) -> bool:
    return any(isinstance(row[place], int | float) for row in table.rows)
