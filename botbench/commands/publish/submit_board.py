"""`botbench submit score`, `accept`, `withdraw`, `history`: a maintainer takes submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.publish.submit import Json, ReleaseOption, Submission, checked, submit
from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from benchmarks.execution.results import Run

if TYPE_CHECKING:
    from benchmarks.execution.results import Run


@submit.command(epilog="Example: `botbench submit score my-detector --release rtbust`")
def score(submission: Submission, *, release: ReleaseOption, json_: Json = False) -> None:
    """The maintainer's answer: balanced accuracy on sealed labels, told in steps and counted (Blum
    and Hardt 2015).

    Exit code 1 where no answers are left.
    """
    from benchmarks.submissions import entries
    from curation.store.store import Store

    submitted, of = checked(submission, release)
    with Store(create=False) as store:
        answer = entries.score(store.home, submitted, of.reference)
    if json_:
        emit(answer)
        return
    rose = "a new best" if answer["rose"] else "not clearly above the best so far"
    say(
        f"{answer['detector']}: balanced accuracy {answer['score']:g} in steps of"
        f" {answer['step']:g} ({rose}); {answer['left']} answers left."
    )


@submit.command(
    epilog=(
        "Examples: `botbench submit accept my-detector --release rtbust` · "
        "`botbench submit accept my-detector --release rtbust --run RUN_ID`"
    )
)
def accept(
    submission: Submission,
    *,
    release: ReleaseOption,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN_ID", help="The run that it joins; the newest without it."),
    ] = None,
    json_: Json = False,
) -> None:
    """Put a checked submission on the board: a new run with its predictions as a cell; the earlier
    run stays as it was.
    """
    from benchmarks.submissions import entries
    from curation.store.store import Store

    submitted, of = checked(submission, release)
    with Store(create=False) as store:
        edition = entries.accept(store.home, submitted, of, run)
    if json_:
        emit({"run": edition.run_id, "cells": len(edition.cells)})
    say(f"Run {edition.run_id} holds it. {_next(edition)}")


@submit.command(
    epilog="Example: `botbench submit withdraw my-detector --reason 'a bug in the features'`"
)
def withdraw(
    detector: Annotated[str, typer.Argument(help="The submission's detector.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays in the history.")],
    run: Annotated[
        str | None, typer.Option(metavar="RUN_ID", help="The run; the newest without it.")
    ] = None,
    json_: Json = False,
) -> None:
    """Take a submission off the board; it stays in earlier runs and in the history."""
    from benchmarks.submissions import entries
    from curation.store.store import Store

    with Store(create=False) as store:
        edition = entries.withdraw(store.home, detector, reason, run)
    if json_:
        emit({"run": edition.run_id, "cells": len(edition.cells)})
    say(f"Run {edition.run_id} is without it. {_next(edition)}")


def _next(edition: Run) -> str:
    return f"Next: botbench leaderboard --run {edition.run_id} --out DIR"


@submit.command(epilog="Examples: `botbench submit history` · `botbench submit history --json`")
def history(json_: Json = False) -> None:
    """Everything that became of submissions here: scored, accepted, withdrawn."""
    from benchmarks.submissions import ledger
    from curation.store.store import Store

    with Store(create=False) as store:
        events = ledger.events(store.home)
    if json_:
        emit({"events": events})
        return
    table(
        f"{len(events)} events",
        ("at", "event", "detector", "version", "release", "told"),
        [
            (
                e["at"],
                e["event"],
                e.get("detector"),
                e.get("version"),
                e.get("release"),
                e.get("told"),
            )
            for e in events
        ],
    )
