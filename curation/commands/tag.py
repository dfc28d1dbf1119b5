"""`botbench tag NAME [VERSION]`: give a version a name."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.console import emit, say


def tag(
    name: Annotated[str, typer.Argument(help="The tag; it cannot read as a number or a date.")],
    version: Annotated[str | None, typer.Argument(help="A version, tag or date; the newest without one.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Name a version. A tag never moves; the same tag again on the same version changes nothing."""
    from curation.store import Store

    with Store(create=False) as store:
        number = store.tag(name, version)
    if json_:
        emit({"tag": name, "version": number})
        return
    say(f"{name} is version {number}. Next: any reading command with --at {name}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench tag before-correction` · `botbench tag paper-2026 7`")(tag)
