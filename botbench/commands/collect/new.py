"""`botbench new card FILE`, `botbench new detector NAME`: a file to start from."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.collect.shown_ledger import show_ledger
from botbench.core.errors import UserError
from botbench.terminal.console import emit, say, show
from curation.ingest import QUARANTINE_LIMIT

if TYPE_CHECKING:
    from curation.ingest.ledger import PullResult
    from curation.ingest.recognition.recognise import Found

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

HEAD = """\
# Made from the columns of {file} by botbench new card; look at it before you use it:
# title, platform, licence and citation are yours to say, and so is what the label means.
# A column that stands under accounts keeps its name at the right. datasets/README.md has all.
"""


def card(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The table (CSV) or any file that pull knows.")
    ],
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="The data set's id; else by the file's name."),
    ] = None,
    platform: Annotated[str | None, typer.Option(help="Where the accounts are from.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The card's file; NAME.yaml without it."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write a card for a file from its own columns, and check it by a pull into a store that is
    thrown away.

    Column names that are common (user_id, screen_name, followers_count, label, ...) are told to
    what they are; the others are kept under `extra`. Nothing is pulled into your store.
    """
    from curation.ingest.ledger import over_limit
    from curation.ingest.recognition.columns import card_for

    found = card_for(file, as_, platform)
    path = out or Path(f"{found.card.id}.yaml")
    if path.exists():
        raise UserError(f"{path} is there already; name another with --as NAME or --out FILE.")
    result = _tried(found)
    path.write_text(HEAD.format(file=file.name) + found.written(), encoding="utf-8")
    notes = [*(n for f in found.files for n in f.guess.notes), *result.notes.values()]
    if json_:
        emit(
            {
                "card": str(path),
                "tables": result.tables,
                "set_aside": result.reasons,
                "notes": notes,
            }
        )
    else:
        show_ledger(result, "a pull by this card", "set aside: correct the card, or the file")
    for note in notes:
        say(f"Note: {note}")
    if found.card.label is None:
        say("No column of it is known to be a label; the accounts can be sampled and annotated.")
    next_ = f"botbench pull --from {shlex.quote(str(found.folder))} {shlex.quote(str(path))}."
    if over := over_limit(result, QUARANTINE_LIMIT):
        say(f"{path} is written. Correct it, or the file, first: {'; '.join(over)}. Then: {next_}")
    else:
        say(f"{path} is written. Next: {next_}")


def _tried(found: Found) -> PullResult:
    """What a pull by the card gives, in a store of its own."""
    from curation.ingest.pull import pull
    from curation.store.store import Store

    with (
        tempfile.TemporaryDirectory(prefix="botbench-") as scratch,
        Store(Path(scratch) / "store") as store,
    ):
        return pull(store, found.card, found.folder)


def detector(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and dashes.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The new folder; ./NAME without it."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write a detector to start from: a folder with one file, its test, and what makes botbench
    find it once it is installed.

    It runs as it is: a logistic regression on two counts of the profile. Change what it looks at
    (`needs`, `uses`) and its model.
    """
    from benchmarks.demonstration.detector_starter import write

    folder = out or Path(name)
    written = write(name, folder)
    if json_:
        emit({"files": [str(path) for path in written]})
    for path in written:
        if not json_:
            show(f"  {path}")
    place = shlex.quote(str(folder.absolute()))
    say(
        f"Next: pip install -e {place}, then botbench detectors {name}, and `detectors: [{name}]`"
        " in a suite. In a checkout you can also move its file to benchmarks/detectors/."
    )


def register(app: typer.Typer) -> None:
    """Add the command and its subcommands."""
    group = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Write a card or a detector to start from.",
        epilog=(
            "Examples: `botbench new card my-accounts.csv` · `botbench new detector my-detector`"
        ),
    )
    group.command(
        epilog=(
            "Examples: `botbench new card my-accounts.csv` · `botbench new card users.csv --as"
            " my-set --platform twitter --json`"
        )
    )(card)
    group.command(
        epilog=(
            "Examples: `botbench new detector my-detector` · `botbench new detector my-detector"
            " --out detectors/mine`"
        )
    )(detector)
    app.add_typer(group, name="new")
