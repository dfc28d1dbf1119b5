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
    pulled = _pulled()
    rows = [{"id": name, **_summary(card, pulled.get(name))} for name, card in listed.items()]
    rows += [
        {"id": name, **there, "pulled": True, "origin": "your own"}
        for name, there in pulled.items()
        if name not in listed
    ]
    if json_:
        emit({"datasets": rows})
        return
    columns = ("accounts", "bots", "humans", "pulled", "origin")
    table(
        "",
        ("data set", "accounts", "bots", "people", "pulled", "files"),
        [(row["id"], *(row[c] for c in columns)) for row in rows],
    )
    say("Next: botbench pull CARD --from DIR, or botbench datasets show CARD.")


def _pulled() -> dict[str, dict[str, int]]:
    """The data sets of the store with their counts; none where there is no store."""

    from curation.ingest.data_sets import counts
    from curation.store import connection
    from curation.store.store import Store

    if not connection.locate(connection.usual()).home.exists():
        return {}
    with Store(create=False) as store:
        return counts(store)


def show(
    card: Annotated[
        str, typer.Argument(metavar="CARD", help="A data set's id, or the path of a card.")
    ],
    json_: Json = False,
) -> None:
    """Show one card: what its label means, who gave it, where its files are, what is odd in it.

    Of a data set that was pulled from a file, it is the card that was made for it.
    """
    from curation.ingest import cards

    if card in _pulled() and card not in {f.name for f in cards.folders()}:
        _show_kept(card, json_)
        return
    path = cards.find(card)
    loaded = cards.load(card)
    if json_:
        emit(loaded.document)
        return
    show_text(path.read_text(encoding="utf-8").rstrip("\n"))
    say(f"Next: botbench pull {card} --from DIR.")


def _show_kept(dataset: str, json_: bool) -> None:
    """The card that a data set of the store was pulled by."""
    import yaml

    from botbench.core.errors import UserError
    from curation.ingest.data_sets import card_of
    from curation.store.store import Store

    with Store(create=False) as store:
        document = card_of(store, dataset)
    if document is None:
        raise UserError(f"{dataset} is in the store, but was not pulled: it has no card.")
    if json_:
        emit(document)
        return
    show_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip("\n"))
    say(f"Next: botbench consensus {dataset}, or botbench sample {dataset}.")


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


def _summary(card: Card, there: dict[str, int] | None) -> dict[str, object]:
    """A card in short, with the counts of the store if it was pulled, else those it promises."""
    answers = card.expected.get("answers") or {}
    told: dict[str, int] = answers.get("dataset") or next(iter(answers.values()), None) or {}
    promised = {
        "accounts": card.expected.get("accounts"),
        "bots": told.get("bot"),
        "humans": told.get("human"),
    }
    return {
        "title": card.title,
        "platform": card.platform,
        "licence": card.licence,
        "simulated": card.simulated,
        "formats": sorted({r.format for r in card.reads}),
        "files": [s.file for s in card.sources],
        "origin": _files(card),
        **(there or promised),
        "pulled": there is not None,
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
