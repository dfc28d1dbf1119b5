"""`botbench store compact`: small files together, old versions forgotten where asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from botbench.terminal.console import emit, say
from botbench.text.numbers import counted


def compact(
    forget_before: Annotated[
        str | None,
        typer.Option(
            "--forget-before",
            metavar="VERSION|TAG|DATE",
            help="Forget the versions before this one, up to the first that is tagged. For good.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write small inserts and files together, and say what that frees.

    Every version stays readable without --forget-before. Releases keep their own files either way.
    Run it while nobody reads: a command that is reading a file that goes has to be repeated.
    """
    from curation.maintenance.compaction import compact as together
    from curation.store.store import Store

    with Store(create=False) as store:
        done = together(store, forget_before)
    if json_:
        emit({**asdict(done), "freed": done.freed})
        return
    say(
        f"{counted(done.files_before, 'file')} became {done.files_after:,};"
        f" {done.bytes_before / 1e6:,.1f} MB became {done.bytes_after / 1e6:,.1f} MB."
    )
    if done.files_after > done.files_before:
        say("Files became more because small inserts, which lay in the catalog, are files now.")
    if forget_before is not None:
        say(
            f"{counted(done.forgotten, 'version')} forgotten; the oldest is {done.oldest} now."
            + (f" Version {done.kept} is tagged, so it stays." if done.kept else "")
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: `botbench store compact` · `botbench store compact --forget-before 2026-11-01`"
        " · `botbench store compact --json`"
    )
    group = typer.Typer(
        rich_markup_mode=None, epilog=examples, help="Look after the store's files."
    )
    group.command("compact", epilog=examples)(compact)
    # A group of one command would be that command.
    group.callback()(_group)
    app.add_typer(group, name="store")


def _group() -> None:
    """Look after the store's files."""
