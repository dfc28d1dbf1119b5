"""`botbench study one-account ID`: the evidence on one account, without a campaign file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.commands.study.study import Json, study
from botbench.terminal.console import emit, say, show


@study.command(
    "one-account",
    epilog=(
        "Examples: `botbench study one-account 12345` · `botbench study one-account 12345 --dataset"
        " cresci-2015-timelines --out evidence --json`"
    ),
)
def one_account(
    account: Annotated[str, typer.Argument(metavar="ID", help="The account's id.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where several data sets have the account.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="VERSION", help="A version, tag or date; else the newest.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the page goes; else into the store."),
    ] = None,
    json_: Json = False,
) -> None:
    """Print one account's evidence as a page: the annotator's card, rates, company and claims.

    It is evidence for a person to judge, and no verdict.
    """
    from benchmarks.study.account import page
    from botbench.core.hashing import short_hash
    from curation.store.store import Store

    with Store(create=False) as store:
        found = page.read(store, account, dataset, at)
        folder = out or store.home / "studies" / f"account-{short_hash(account, 12)}"
        written = page.write(found, folder).resolve()
    if json_:
        emit(found.document(str(written)))
        return
    show(found.lead)
    say(f"Next: open {written} in a browser; it needs no network.")


def register(app: typer.Typer) -> None:
    """The sub-command is added as this module is imported."""
