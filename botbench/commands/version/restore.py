"""`botbench restore VERSION`: a new version that holds what an old one held."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from botbench.terminal.console import emit, say, table


def restore(
    version: Annotated[str, typer.Argument(help="The version, tag or date to go back to.")],
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make a new version equal to an old one. Nothing is lost: what came between stays in its own
    versions.

    Tags, releases and what validation found stay, for they speak of versions.
    """
    from curation.store import diff
    from curation.store.store import Store

    with Store(create=False) as store:
        restored = diff.restore(store, version)
    if json_:
        emit(asdict(restored))
        return
    if restored.version is None:
        say(
            f"The newest version holds what version {restored.restored} holds; no version was made."
        )
        return
    table(
        f"version {restored.version} holds what version {restored.restored} held",
        ("table", "brought back", "taken out", "changed back"),
        [(n, c["added"], c["removed"], c["changed"]) for n, c in restored.tables.items()],
    )
    say(
        f"Next: botbench diff {restored.restored} {restored.version}; to undo this, botbench"
        f" restore {restored.version - 1}."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench restore 7` · `botbench restore before-correction` · "
            "`botbench restore 2026-11-01`"
        )
    )(restore)
