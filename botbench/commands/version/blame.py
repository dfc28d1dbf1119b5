"""`botbench blame ACCOUNT`: who wrote what of an account, in which version."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers


def blame(
    account: Annotated[str, typer.Argument(help="The account's id.")],
    *,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only in this data set.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Only up to this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List every row about an account with the version that brought it or took it away: who, when,
    why.
    """
    from curation.store import blame as room
    from curation.store.store import Store

    with Store(create=False) as store:
        history = room.blame(store, account, at, dataset)
    if json_:
        emit(history)
        return
    table(
        f"account {account}, up to version {history['version']}",
        ("version", "when (UTC)", "who", "data set", "what", "with"),
        [_row(line) for line in history["lines"]],
    )
    for now in history["now"]:
        p_bot = f", p_bot {numbers.score(now['p_bot'])}" if now["p_bot"] is not None else ""
        say(
            f"Now in {now['dataset']}: {now['label'] or 'no label'}, {now['status']}{p_bot}, "
            f"by {now['method']} of {now['n_claims']} votes."
        )
    if not history["now"]:
        say("No consensus covers it yet. Next: botbench consensus DATASET.")


def _row(line: dict[str, Any]) -> tuple[object, ...]:
    when = f"{line['made_at']:%Y-%m-%d %H:%M}" if "made_at" in line else None
    what = f"{'no longer: ' if line['change'] == 'removed' else ''}{line['what']}"
    version = "expired" if line["version"] is None else str(line["version"])
    return version, when, line.get("author"), line["dataset"], what, line.get("message")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench blame 2244994945` · "
            "`botbench blame 2244994945 --dataset caverlee-2011 --at before`"
        )
    )(blame)
