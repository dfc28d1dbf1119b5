"""`botbench restore VERSION`: a new version that holds what an old one held."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.core.errors import UserError
from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.store.store import Store


def restore(
    version: Annotated[str, typer.Argument(help="The version, tag or date to go back to.")],
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", metavar="NAME", help="Only the rows of this data set."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without being asked.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make a new version equal to an old one. Nothing is lost: what came between stays in its own
    versions.

    It says what it brings back and takes out, and asks; --yes answers before. Tags, releases and
    what validation found stay, for they speak of versions.
    """
    from curation.store import diff
    from curation.store.store import Store

    with Store(create=False) as store:
        if not yes:
            _ask(store, version, dataset)
        restored = diff.restore(store, version, dataset=dataset)
    if json_:
        emit(asdict(restored))
        return
    if restored.version is None:
        say(_nothing(restored.restored, dataset))
        return
    _show(
        f"version {restored.version} holds what version {restored.restored} held"
        f"{f' of {dataset}' if dataset else ''}",
        restored.tables,
    )
    say(
        f"Next: botbench diff {restored.restored} {restored.version}; to undo this, botbench"
        f" restore {restored.version - 1}."
    )


def _ask(store: Store, version: str, dataset: str | None) -> None:
    """Say what would change, and ask; UserError where nobody can answer, Exit where it is no."""
    from curation.store import diff

    tables = diff.would_restore(store, version, dataset=dataset)
    if not tables:
        return
    say(f"Restoring version {store.resolve(version)} would bring back, take out or change back:")
    for name, counts in tables.items():
        say(f"  {name}: {counts['added']:,}, {counts['removed']:,}, {counts['changed']:,}")
    if not sys.stdin.isatty():
        raise UserError(
            "restore asks before it changes anything, and nobody can answer here. Nothing was"
            " changed; say --yes to do it."
        )
    if not typer.confirm("Make a new version that holds this?", err=True):
        say("Nothing was changed.")
        raise typer.Exit(1)


def _show(title: str, tables: dict[str, dict[str, int]]) -> None:
    table(
        title,
        ("table", "brought back", "taken out", "changed back"),
        [(n, c["added"], c["removed"], c["changed"]) for n, c in tables.items()],
    )


def _nothing(version: int, dataset: str | None) -> str:
    what = f" of {dataset}" if dataset else ""
    return f"The newest version holds what version {version} holds{what}; no version was made."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench restore 7` · `botbench restore before-correction --yes` · "
            "`botbench restore 2026-11-01 --dataset rtbust`"
        )
    )(restore)
