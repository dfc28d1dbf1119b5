"""`botbench pull`: a data set's files into the store, with a ledger that adds up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.memory import DEFAULT, Memory
from botbench.core.errors import Findings
from botbench.terminal.console import emit, progress, say, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.ingest.ledger import PullResult


def pull(
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD", help="A data set's id (see botbench datasets), or the path of a card."
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="The folder that holds the card's files; without it they are downloaded.",
        ),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(
            "--quarantine-limit",
            min=0,
            max=1,
            help="The share of a table's rows that may be set aside before the exit code is 1.",
        ),
    ] = 0.01,
    memory: Memory = DEFAULT,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Read a data set into the store: accounts, posts, edges, and its labels as claims.

    Rows that cannot be read are set aside with their reason, never dropped: read = kept + duplicate
    + quarantined. The same files again change nothing.
    """
    from curation.ingest import cards
    from curation.ingest.ledger import over_limit
    from curation.ingest.pull import pull as work
    from curation.store.store import Store

    loaded = cards.load(card)
    with Store() as store, progress() as bar:
        task = bar.add_task(f"pull {loaded.id}", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        result = work(store, loaded, folder, tell, memory, show=lambda s: say(s.sentence()))
    if json_:
        emit(result.document())
    else:
        _print(result)
    if result.unchanged:
        say(
            f"{loaded.id} was pulled before from these very files (version {result.version}):"
            " nothing has changed."
        )
        if n := result.erasures_since:
            say(
                f"Since then: {counted(n, 'erasure')}. The table counts rows as they were read,"
                " also those of erased accounts, which are gone and are not read again."
            )
    if over := over_limit(result, limit):
        nothing = [s for word, s in result.notes.items() if word.startswith("nothing_kept")]
        kept = "" if nothing else " The other rows are kept."
        raise Findings(
            f"{' '.join(nothing) or '; '.join(over) + '.'}{kept} See why: botbench quarantine"
            f" {loaded.id}"
        )
    say(
        f"Next: botbench consensus {loaded.id}."
        if result.totals["claims"]
        else f"Next: botbench sample {loaded.id}."
    )


def _print(result: PullResult) -> None:
    names = ("read", "kept", "duplicate", "quarantined")
    table(
        f"{result.dataset}, version {result.version}",
        ("table", *names),
        [(name, *(counts[n] for n in names)) for name, counts in result.tables.items()],
    )
    if result.reasons:
        table(
            "set aside",
            ("table", "reason", "rows", "first"),
            [(r["table"], r["reason"], r["rows"], r["first"]) for r in result.reasons],
        )
    for word, sentence in result.notes.items():
        if word != "supersedes" and not word.startswith("nothing_kept"):
            say(f"Note: {sentence}")
    totals = result.totals
    answers = [
        (kind, answer, n) for kind, tally in totals["claims"].items() for answer, n in tally.items()
    ]
    if answers:
        table("claims", ("claimant", "answer", "rows"), answers)
    say(
        f"{counted(totals['accounts'], 'account')}, {counted(totals['posts'], 'post')};"
        f" {counted(totals['unprofiled'], 'claimed account')} not observed;"
        f" {counted(sum(totals['conflicts'].values()), 'account')} with several answers."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench pull cresci-rtbust-2019 --from DIR` · `botbench pull"
            " ./my-card.yaml --from DIR --json`"
        )
    )(pull)
