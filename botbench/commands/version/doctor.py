"""`botbench doctor`: what is wrong with the store, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.maintenance.doctor import Diagnosis

SHOWN = 10
"""Files named for one finding; all are in the JSON document."""


def doctor(
    clean: Annotated[
        bool,
        typer.Option(
            "--clean",
            help=(
                "Move orphaned files and unfinished work older than a day to the store's folder"
                " trash/."
            ),
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --clean: also where more than half of the data files would be moved.",
        ),
    ] = False,
    stack: Annotated[
        bool,
        typer.Option("--stack", help="Look at the installed packages instead: do they fit?"),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Look at catalog, schema, files, releases and unfinished work, without changing anything; exit
    code 1 where it is ill.
    """
    if stack:
        _stack(json_)
        return
    from curation.maintenance import cleanup
    from curation.maintenance.doctor import examine
    from curation.store.connection import TRASH, locate, usual

    location = locate(usual())
    if clean and examine(location).well:
        moved = cleanup.clean(location, force=force)
        say(
            f"Moved {counted(len(moved), 'file or folder', 'files and folders')} to"
            f" {location.home / TRASH}."
            if moved
            else "There was nothing to move."
        )
    diagnosis = examine(location)
    if json_:
        emit(diagnosis.document())
    else:
        _show(diagnosis, str(location.home))
    if not diagnosis.well:
        raise typer.Exit(1)


def _stack(json_: bool) -> None:
    """Every package and extension with its outcome; exit code 1 where one does not fit."""
    from curation.maintenance import stack

    parts = stack.parts()
    if json_:
        emit(stack.document(parts))
    else:
        table(
            "the packages that botbench asks for",
            ("package", "wanted", "installed", "extra", "outcome"),
            [(p.name, p.wanted, p.installed or "", p.extra or "", p.outcome) for p in parts],
        )
        for part in (p for p in parts if p.says):
            say(f"{part.name}: {part.says}")
    if any(p.ill for p in parts):
        raise typer.Exit(1)


def _show(diagnosis: Diagnosis, home: str) -> None:
    table(
        f"the store at {home}",
        ("looked at", "outcome", "found"),
        [(f.check, f.outcome, f.says) for f in diagnosis.findings],
    )
    for f in (f for f in diagnosis.findings if f.do):
        say(f"{f.check}: {f.do}")
        for item in f.items[:SHOWN]:
            say(f"  {item}")
        if len(f.items) > SHOWN:
            say(f"  and {len(f.items) - SHOWN:,} more (all with --json)")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench doctor` · `botbench doctor --clean` · `botbench doctor --json` · "
            "`botbench doctor --stack`"
        )
    )(doctor)
