"""`botbench quality DATASET|BATCH`: how the annotators do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers
from botbench.text.numbers import counted


def quality(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|BATCH", help="A data set's id, or a batch (how its id begins)."
        ),
    ],
    *,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="ATTRIBUTE",
            help=(
                "The claims' attribute that tells the truth; what adjudicators settled without it."
            ),
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="ATTRIBUTE", help="Also count right and wrong by this attribute."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the pages go; the store's reports without it."),
    ] = None,
    scheme: Annotated[
        Path | None,
        typer.Option(
            "--scheme", metavar="FILE", help="A scheme file in place of the default scheme."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The answers at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show each annotator's sensitivity and specificity on gold, drift, speed, runs, copied notes
    and agreement with others.

    Writes a private page for each and one for the lead; all open without a network. Small counts
    are not judged.
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels import annotator_pages
    from curation.labels.annotator_quality import Gold
    from curation.labels.annotator_quality import quality as work
    from curation.store.store import Store

    with Store(create=False) as store:
        document = work(store, reference, Scheme.load(scheme), gold=Gold(gold), by=by, at=at)
        pages = annotator_pages.write(out or store.home / "reports", document)
    if json_:
        emit({**document, "pages": pages})
        return
    _show(document)
    say(f"For the lead: {pages['lead']}; {len(pages['annotators'])} private pages beside it.")
    if gold is None and not document["gold"]["accounts"]:
        say(
            "Without gold, sensitivity and specificity are not known: have disputed accounts"
            " settled (botbench annotate adjudicate BATCH --to PERSON), or name an attribute by"
            " --gold."
        )
    say(f"Next: botbench consensus {document['dataset']}.")


def _show(document: dict[str, Any]) -> None:
    named = (
        f"{document['dataset']}, batch {document['batch']}"
        if document["batch"]
        else document["dataset"]
    )
    gold = f"{document['gold']['source']} ({counted(document['gold']['accounts'], 'account')})"
    table(
        f"{named}: {len(document['annotators'])} annotators; gold is {gold}",
        (
            "annotator",
            "answers",
            "sensitivity",
            "95 %",
            "specificity",
            "95 %",
            "as others",
            "remarks",
        ),
        [
            (
                r["annotator"],
                r["answers"],
                r["sensitivity"]["value"],
                _span(r["sensitivity"]),
                r["specificity"]["value"],
                _span(r["specificity"]),
                (r.get("with_others") or {}).get("value"),
                len(r["warnings"]),
            )
            for r in document["annotators"]
        ],
    )
    for name, values in document.get("by", {}).items():
        table(
            f"by {name}",
            (name, "right", "wrong", "undecided"),
            [(v["value"], v["right"], v["wrong"], v["undecided"]) for v in values],
        )
    for row in document["annotators"]:
        for warning in row["warnings"]:
            say(f"{row['annotator']}: {warning}")


def _span(share: dict[str, Any]) -> str:
    return numbers.score_range(share["low"], share["high"], 2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench quality twibot22-experts` · "
            "`botbench quality vk-2021-answers --gold truth --by quality --json`"
        )
    )(quality)
