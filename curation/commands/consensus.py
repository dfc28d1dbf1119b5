"""`botbench consensus DATASET`: labels from claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.console import emit, say, table


def consensus(
    dataset: Annotated[str, typer.Argument(help="The data set's id, such as cresci-rtbust-2019.")],
    *,
    method: Annotated[str, typer.Option(help="How votes become a label: majority.")] = "majority",
    kinds: Annotated[str, typer.Option(
        help="Whose claims count, separated by commas: person, dataset, platform, rule, model.")] = "person,dataset",
    scheme: Annotated[Path | None, typer.Option(
        "--scheme", metavar="FILE", help="A scheme file in place of the default scheme.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="The claims at this version, tag or date.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make one label for each account from its claims: one vote for each claimant, the latest not retracted.

    Accounts whose votes disagree are disputed, those with too few judging votes say so; neither gets a label. The
    same claims give the same labels and no new version.
    """
    from curation.annotation.scheme import Scheme
    from curation.consensus import consensus as work
    from curation.store import Store

    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    with Store(create=False) as store:
        found = work(store, dataset, Scheme.load(scheme), method=method, kinds=chosen, at=at)
    if json_:
        emit(found.document())
    else:
        table(f"{dataset}: {found.accounts:,} accounts by {method} of {kinds}", ("", "accounts"), [
            *((f"labelled {label}", n) for label, n in found.labels.items()),
            *((status, n) for status, n in found.status.items() if status != "agreed")])
    if found.unchanged:
        say("These labels were there already; nothing has changed.")
    say(f"Next: botbench validate {dataset}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench consensus cresci-rtbust-2019` · "
                "`botbench consensus twibot22-experts --kinds person --json`")(consensus)
