"""`botbench diff A B [TABLE]`: rows added, removed and changed between two versions."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.console import emit, say, table


def diff(
    a: Annotated[str, typer.Argument(help="From this version, tag or date ...")],
    b: Annotated[str, typer.Argument(help="... to this one.")],
    name: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="Only this table.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compare two versions table by table: a row is changed when its key stayed and its content did not."""
    from curation.store import Store

    with Store(create=False) as store:
        first, last = store.resolve(a), store.resolve(b)
        tables = store.diff(first, last, name)
    if json_:
        emit({"from": first, "to": last, "tables": tables})
        return
    if not any(any(c.values()) for c in tables.values()):
        say(f"Nothing differs between version {first} and version {last}.")
        return
    table(f"version {first} to {last}", ("table", "added", "removed", "changed"), [
        (n, c["added"], c["removed"], c["changed"]) for n, c in tables.items()])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench diff 3 7` · `botbench diff before after claims --json`")(diff)
