"""`botbench agreement DATASET|BATCH`: how far claimants agree on the same accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers
from botbench.text.numbers import counted


def agreement(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|BATCH", help="A data set's id, or a batch (how its id begins)."
        ),
    ],
    *,
    kinds: Annotated[
        str,
        typer.Option(
            help=(
                "Whose answers are compared, separated by commas: person, dataset, platform, rule,"
                " model."
            )
        ),
    ] = "person",
    scheme: Annotated[
        Path | None,
        typer.Option(
            "--scheme",
            metavar="FILE",
            help="A scheme file in place of the default scheme; it orders the answers.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    at: Annotated[
        str | None, typer.Option("--at", help="The answers at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show agreement: percent, Fleiss, Krippendorff's alpha, Gwet's AC1 and Cohen's kappa for each
    pair, with intervals.

    "Cannot tell" counts as an answer of its own and is left out; both are shown. Intervals are of
    the accounts; the last part says how much depends on who answered.
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.agreement_report import report
    from curation.store.store import Store

    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    with Store(create=False) as store:
        document = report(store, reference, Scheme.load(scheme), kinds=chosen, at=at, seed=seed)
    if json_:
        emit(document)
        return
    _show(document)
    say("Next: botbench consensus " + document["dataset"] + ", or botbench conflicts.")


def _show(document: dict[str, Any]) -> None:
    named = (
        f"{document['dataset']}, batch {document['batch']}"
        if document["batch"]
        else document["dataset"]
    )
    share = (
        ""
        if document["unanimous"] is None
        else f", {numbers.share(document['unanimous'])} of {document['paired']:,} unanimous"
    )
    table(
        f"{named}: {counted(document['answers'], 'answer')} of "
        f"{counted(document['annotators'], 'annotator')} on"
        f" {counted(document['accounts'], 'account')}{share}",
        ("agreement", "with cannot tell", "95 %", "without", "95 %"),
        _figures(document),
    )
    if why := document["alpha"]["nominal"].get("why"):
        say(f"Fleiss' kappa and alpha have {why}.")
    people = document["annotators_resampled"]
    table(
        f"depending on who answered ({people['method']})",
        ("alpha", "low", "high"),
        [(name.replace("_", " "), v["low"], v["high"]) for name, v in people["alpha"].items()],
    )
    for group in ("batch", "stratum", "platform"):
        if len(document["by"][group]) > 1:
            table(
                f"by {group}",
                (group, "accounts", "annotators", "answers", "unanimous", "alpha nominal", "95 %"),
                [
                    (
                        r[group],
                        r["accounts"],
                        r["annotators"],
                        r["counted"],
                        r["unanimous"],
                        r["alpha"]["nominal"]["value"],
                        _span(r["alpha"]["nominal"]),
                    )
                    for r in document["by"][group]
                ],
            )
    table(
        "by answer (specific: given one says so, the chance that another does)",
        ("answer", "answers", "accounts", "specific", "alpha against the rest", "95 %"),
        [
            (
                r["answer"],
                r["answers"],
                r["accounts"],
                r["specific"],
                r["alpha"]["value"],
                _span(r["alpha"]),
            )
            for r in document["by"]["answer"]
        ],
    )
    pairs = sorted(document["pairs"], key=lambda r: -r["accounts"])
    table(
        f"pairs of annotators ({len(pairs):,}; the 20 with most accounts in common, all by --json)",
        ("a", "b", "accounts", "percent", "Cohen's kappa"),
        [(r["a"], r["b"], r["accounts"], r["percent"], r["kappa"]) for r in pairs[:20]],
    )


def _figures(document: dict[str, Any]) -> list[tuple[object, ...]]:
    without, alpha = document["without_cannot_tell"], document["alpha"]
    rows = [(name, document[name], without[name]) for name in ("percent", "fleiss", "ac1", "ac2")]
    rows += [
        (f"alpha {name}", alpha[name], alpha[f"{name}_without_cannot_tell"])
        for name in ("nominal", "ordinal")
    ]
    return [(name, a["value"], _span(a), b["value"], _span(b)) for name, a, b in rows]


def _span(interval: dict[str, float | None]) -> str:
    low, high = interval["low"], interval["high"]
    return numbers.score_range(low, high)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: `botbench agreement twibot22-experts` · `botbench agreement 3f2a --json`"
    )(agreement)
