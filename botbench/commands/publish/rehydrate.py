"""`botbench rehydrate RELEASE --from CARD`: published ids back to accounts, with the losses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, progress, say, table
from botbench.text import numbers
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.release.publish.rehydration import Rehydrated


def rehydrate(
    folder: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A published folder with plain ids.")
    ],
    *,
    card: Annotated[
        str,
        typer.Option(
            "--card",
            help="The card that reads your own files (a data set's id, or the path of a card).",
        ),
    ],
    files: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="The folder of these files.")
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where profiles, posts and attrition.json go; a new folder.",
        ),
    ],
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Find the accounts of a published release in files that you have yourself: an archive, or what
    you collected by id.

    The files are pulled as any data set is. The report says, by label, which accounts were found,
    changed, are private, suspended or gone: losing more of one class than of the other is bias.
    """
    from curation.ingest import cards
    from curation.ingest.pull import pull
    from curation.release.publish import rehydration
    from curation.store.store import Store

    rehydration.published(folder)
    loaded = cards.load(card)
    with Store() as store:
        with progress() as bar:
            task = bar.add_task(f"pull {loaded.id}", total=None)
            pull(
                store,
                loaded,
                files,
                lambda what, done, total: bar.update(
                    task, description=what, completed=done, total=total
                ),
            )
        rehydrated = rehydration.rehydrate(store, folder, loaded.id, out)
    if json_:
        emit(rehydrated.document())
        return
    _show(rehydrated, out)


def _show(rehydrated: Rehydrated, out: Path) -> None:
    rows = [
        (fate, *_cells(rehydrated.fates["bot"][fate]), *_cells(rehydrated.fates["human"][fate]))
        for fate in rehydrated.fates["bot"]
    ]
    title = f"{rehydrated.reference}, {rehydrated.tier}: {counted(rehydrated.accounts, 'account')}"
    table(title, ("what became of it", "bots", "share", "humans", "share"), rows)
    lost = rehydrated.lost
    if lost["difference"] is not None:
        say(
            "Lost (gone, suspended or private), bots less humans:"
            f" {numbers.share(lost['difference'], sign=True)}"
            f" ({numbers.share_range(lost['low'], lost['high'], sign=True)})."
            " An interval without zero: what is left is not what was labelled."
        )
    say(
        f"{rehydrated.comparable:,} profiles could be compared with the labelled ones."
        f" All stands in {out}."
    )


def _cells(fate: dict[str, float]) -> tuple[object, str]:
    return int(fate["accounts"]), numbers.share_interval(fate["share"], fate["low"], fate["high"])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench rehydrate rtbust-research/ --card my-card.yaml --from DIR --out"
            " NEW` · `botbench rehydrate rtbust-research/ --card cresci-rtbust-2019 --from DIR"
            " --out NEW --json`"
        )
    )(rehydrate)
