"""`botbench --store PLACE restore-backup FOLDER`: make a store of a backup."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from botbench.terminal.console import emit, progress, say


def restore_backup(
    folder: Annotated[Path, typer.Argument(help="The folder that botbench backup made.")],
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make a store of a backup at --store (or BOTBENCH_STORE), where none may be; every file is
    compared with its hash first.
    """
    from curation.maintenance import backup as room
    from curation.store.connection import locate
    from curation.store.store import Store

    place = os.environ.get("BOTBENCH_STORE", "./.botbench")
    location = locate(place)
    with progress(quiet=json_) as bar:
        task = bar.add_task("restoring", total=None)
        backup = room.restore(
            folder, location, lambda done, of: bar.update(task, completed=done, total=of)
        )
    with Store(place) as store:
        head = store.head()
    if json_:
        emit({**backup.document(), "store": location.home, "head": head})
        return
    say(
        f"The store at {location.home} is what it was in version {backup.manifest['version']}."
        " Next: botbench doctor."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "restore-backup",
        epilog=(
            "Examples: `botbench --store ./again restore-backup /backups/botbench-2026-11-26` · "
            "`BOTBENCH_STORE=./again botbench restore-backup ../copy --json`"
        ),
    )(restore_backup)
