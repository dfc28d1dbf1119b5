"""`botbench backup FOLDER`: copy the store, even in use, with the hash of every file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.terminal.console import emit, progress, say
from botbench.text.numbers import counted


def backup(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must not exist.")],
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Copy catalog, data, releases and results into a folder, each file with its sha256; other
    commands may go on.

    Temporary files, caches, downloads and other backups are left out: they can be made again. So
    are tokens and passwords of Label Studio: annotate serve makes new ones for a restored store.
    """
    from curation.maintenance import backup as room
    from curation.store.store import Store

    with Store(create=False) as store, progress(quiet=json_) as bar:
        task = bar.add_task("copying", total=None)
        kept = room.make(store, folder, lambda done, of: bar.update(task, completed=done, total=of))
    document = kept.document()
    if json_:
        emit(document)
        return
    say(
        f"Version {document['version']} is backed up: {counted(document['files'], 'file')},"
        f" {document['bytes'] / 1e6:,.1f} MB, in {folder}."
    )
    say(
        "Next: keep it on another disk. To make a store of it: botbench --store NEW-PLACE"
        f" restore-backup {folder}."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench backup /backups/botbench-2026-11-26` · `botbench backup ../copy"
            " --json`"
        )
    )(backup)
