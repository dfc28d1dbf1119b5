"""The ledger of a pull as tables on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.terminal.console import table

if TYPE_CHECKING:
    from curation.ingest.ledger import PullResult


def show_ledger(result: PullResult, title: str, title_set_aside: str) -> None:
    """Print the four numbers of each table, and why rows were set aside where any were."""
    names = ("read", "kept", "duplicate", "quarantined")
    table(
        title,
        ("table", *names),
        [(name, *(counts[n] for n in names)) for name, counts in result.tables.items()],
    )
    if result.reasons:
        table(
            title_set_aside,
            ("table", "reason", "rows", "first"),
            [(r["table"], r["reason"], r["rows"], r["first"]) for r in result.reasons],
        )
