"""`botbench claims ACCOUNT`: all claims on an account."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table


def claims(
    account: Annotated[str, typer.Argument(help="The account's id, as in the store.")],
    *,
    dataset: Annotated[str | None, typer.Option(help="Only in this data set.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="As of this version, tag or date.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Tell the history of one account: who said what, when and why, what was corrected or taken
    back, and its label now.
    """
    from curation.labels.claims import history
    from curation.store.store import Store

    with Store(create=False) as store:
        document = history(store, account, dataset, at)
    if json_:
        emit(document)
        return
    _show(document)
    say(f"Next: botbench consensus {document['datasets'][0]} --explain {account}.")


def _show(document: dict[str, Any]) -> None:
    from curation.labels.claims import sentence

    for dataset, rows in groupby(document["claims"], key=lambda r: r["dataset"]):
        table(
            f"{document['account']} in {dataset}",
            ("when (UTC)", "what was said"),
            [
                (
                    r["made_at"].strftime("%Y-%m-%d %H:%M") if r["made_at"] else "not known",
                    sentence(r),
                )
                for r in rows
            ],
        )
    if document["labels"]:
        table(
            "its label now",
            ("data set", "label", "status", "p_bot", "votes", "method"),
            [
                (r["dataset"], r["label"], r["status"], r["p_bot"], r["n_claims"], r["method"])
                for r in document["labels"]
            ],
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench claims 7654321` · `botbench claims 7654321 --dataset caverlee-2011"
            " --json`"
        )
    )(claims)
