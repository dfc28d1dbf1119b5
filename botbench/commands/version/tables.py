"""`botbench tables`: the reference page of the tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from botbench.terminal.console import emit, show


def tables(
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Print every table of the store: keys, columns, types and meaning (Markdown)."""
    from curation.store.schema import TABLES, reference_page

    if json_:
        emit({name: asdict(table) for name, table in TABLES.items()})
        return
    show(reference_page())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench tables > docs/tables.md` · `botbench tables --json`")(
        tables
    )
