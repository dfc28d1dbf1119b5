"""`botbench avatars`: our own small copies of profile pictures, for the card."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from botbench.terminal.console import emit, progress, say, table


def avatars(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="The data set whose accounts they are of.")
    ],
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR", help="Pictures named by account id, such as 12345.png."
        ),
    ] = None,
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch", help="Instead: fetch those that a network named, once, from public hosts."
        ),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="With --fetch: a server that may be a private address."),
    ] = None,
    seen: Annotated[
        datetime | None, typer.Option("--seen", help="When the accounts had these pictures (UTC).")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Keep small copies of profile pictures, without metadata, with a perceptual hash; safe to run
    again.

    Cards show these and never a picture from elsewhere. Nothing is fetched without `--fetch`: the
    files must be there.
    """
    from datetime import UTC

    from botbench.core.errors import UserError
    from curation.annotation.card.avatars import import_pictures
    from curation.annotation.card.fetched_avatars import fetch_pictures
    from curation.store.store import Store

    if (folder is None) == (not fetch) or (fetch and seen):
        raise UserError("Name --from DIR (and --seen), or --fetch.")
    with Store(create=False) as store, progress(json_) as bar:
        task = bar.add_task("pictures", total=None)
        if folder is None:
            kept = fetch_pictures(
                store, dataset, server or "", lambda n, of: bar.update(task, completed=n, total=of)
            )
        else:
            when = seen.replace(tzinfo=UTC) if seen else None
            kept = import_pictures(
                store, dataset, folder, seen_at=when, advance=lambda n: bar.advance(task, n)
            )
    if json_:
        emit({"dataset": dataset, **vars(kept)})
        return
    say(
        f"{kept.added:,} pictures kept, {kept.existing:,} were there, {len(kept.unknown):,} of no"
        f" known account, {len(kept.refused):,} refused."
    )
    if kept.refused:
        table("Refused", ("file", "reason"), [(r["file"], r["reason"]) for r in kept.refused])
    say(f"Next: botbench sample {dataset}, then botbench annotate push")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench avatars my-set --from pictures/` · `botbench avatars my-set --from"
            " p --seen 2018-07-01 --json` · `botbench avatars walkaway --fetch`"
        ),
    )(avatars)
