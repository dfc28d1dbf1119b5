"""`botbench datasets`: the data sets that botbench has cards for; check a card of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.core.errors import Findings
from botbench.terminal.console import emit, say, table
from botbench.terminal.console import show as show_text
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.ingest.card_model import Card

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def datasets(context: typer.Context, json_: Json = False) -> None:
    """List the data sets that botbench has cards for."""
    if context.invoked_subcommand is not None:
        return
    from curation.ingest import cards

    listed = cards.all_cards()
    if json_:
        emit({"datasets": [{"id": name, **_summary(card)} for name, card in listed.items()]})
        return
    table(
        "",
        ("data set", "platform", "title", "formats", "files"),
        [
            (name, c.platform, c.title, ", ".join(sorted({r.format for r in c.reads})), _files(c))
            for name, c in listed.items()
        ],
    )
    say("Next: botbench pull CARD --from DIR, or botbench datasets show CARD.")


def show(
    card: Annotated[
        str, typer.Argument(metavar="CARD", help="A data set's id, or the path of a card.")
    ],
    json_: Json = False,
) -> None:
    """Show one card: what its label means, who gave it, where its files are, what is odd in it."""
    from curation.ingest import cards

    path = cards.find(card)
    loaded = cards.load(card)
    if json_:
        emit(loaded.document)
        return
    show_text(path.read_text(encoding="utf-8").rstrip("\n"))
    say(f"Next: botbench pull {card} --from DIR.")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The card to check.")],
    json_: Json = False,
) -> None:
    """Check a card: every mistake with its field, what was expected and what was found (exit code 1
    where there is any).
    """
    from curation.ingest import cards

    problems = cards.check(cards.find(file))
    if json_:
        emit(
            {
                "card": str(file),
                "problems": [
                    {"field": p.field, "expected": p.expected, "found": p.found} for p in problems
                ],
            }
        )
    elif problems:
        table(
            str(file),
            ("field", "expected", "found"),
            [(p.field, p.expected, p.found) for p in problems],
        )
    if problems:
        raise Findings(
            f"{file} has {counted(len(problems), 'mistake')}; datasets/README.md describes the card"
            " format."
        )
    say(f"{file} is a good card. Next: botbench pull {file} --from DIR.")


def formats(json_: Json = False) -> None:
    """List the formats that a card can name."""
    from curation.ingest.sources import FORMATS

    registered = FORMATS.all()
    if json_:
        emit(
            {
                "formats": [
                    {"name": f.name, "about": f.about, "options": f.options.model_json_schema()}
                    for f in registered.values()
                ]
            }
        )
        return
    table(
        "",
        ("format", "what it reads", "options"),
        [(f.name, f.about, ", ".join(f.options.model_fields)) for f in registered.values()],
    )
    say(
        "Next: write a card (datasets/README.md describes every option), then botbench datasets"
        " check FILE."
    )


def _files(card: Card) -> str:
    """Where a card's files come from."""
    if not card.sources:
        return "none needed"
    return "download" if all(s.url for s in card.sources) else "local only"


def _summary(card: Card) -> dict[str, object]:
    return {
        "title": card.title,
        "platform": card.platform,
        "licence": card.licence,
        "simulated": card.simulated,
        "formats": sorted({r.format for r in card.reads}),
        "files": [s.file for s in card.sources],
        "origin": _files(card),
    }


def register(app: typer.Typer) -> None:
    """Add the command and its subcommands."""
    group = typer.Typer(
        invoke_without_command=True,
        rich_markup_mode=None,
        help="The data sets botbench has cards for; check a card of your own.",
        epilog=(
            "Examples: `botbench datasets` · `botbench datasets show cresci-rtbust-2019` · "
            "`botbench datasets check ./my-card.yaml`"
        ),
    )
    group.callback()(datasets)
    group.command(epilog="Example: `botbench datasets show cresci-rtbust-2019`")(show)
    group.command(epilog="Example: `botbench datasets check ./my-card.yaml`")(check)
    group.command(epilog="Example: `botbench datasets formats`")(formats)
    app.add_typer(group, name="datasets")
