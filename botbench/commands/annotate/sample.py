"""`botbench sample DATASET`: draw a batch of accounts to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.commands.annotate.options import Json
from botbench.terminal.console import emit, say, table


def sample(
    dataset: Annotated[str, typer.Argument(help="The data set's id, such as cresci-rtbust-2019.")],
    *,
    design: Annotated[
        str,
        typer.Option(
            help=(
                "How: uniform(n=100), stratified(by=COLUMN, n=100[,"
                " allocation=proportional|equal]), suspicion, uncertainty,"
                " disagreement, posts, rare-kinds; see botbench designs."
            )
        ),
    ] = "uniform",
    n: Annotated[
        int | None,
        typer.Option("--n", min=1, help="How many accounts, where the design does not say (100)."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws another batch.")] = 0,
    copies: Annotated[
        int, typer.Option(min=1, help="How many people are asked for each account.")
    ] = 1,
    again: Annotated[
        bool, typer.Option("--again", help="Accounts of earlier batches may be drawn again.")
    ] = False,
    scores: Annotated[
        list[Path] | None,
        typer.Option(
            "--scores",
            metavar="FILE",
            help=(
                "A detector's scores: CSV or Parquet with account_id, p_bot[, threshold]; once for"
                " each detector."
            ),
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Draw from the accounts at this version, tag or date."),
    ] = None,
    json_: Json = False,
) -> None:
    """Draw accounts by a design and a seed and record each one's inclusion probability.

    Accounts in earlier batches of the data set are left out, and the probabilities are conditional
    on those batches. The same command again finds the same batch.
    """
    from botbench.api.batch import chosen_design
    from curation.sampling.draw import sample as work
    from curation.store.store import Store

    chosen = chosen_design(design, n)
    with Store(create=False) as store:
        batch = work(
            store,
            dataset,
            chosen,
            seed=seed,
            copies=copies,
            at=at,
            again=again,
            scores=scores or [],
        )
    if json_:
        emit(batch.document())
    else:
        table(
            f"{dataset}: {batch.size:,} of {batch.population:,} accounts by {batch.design}, seed"
            f" {batch.seed}",
            ("stratum", "accounts", "drawn", "probability"),
            [(s.name, s.population, s.size, s.probability) for s in batch.strata],
        )
    if batch.unchanged:
        say("This batch was drawn before; nothing has changed. Another --seed draws another batch.")
    say(
        f"Batch {batch.batch_id}, {batch.copies} {'copy' if batch.copies == 1 else 'copies'} of"
        " each account."
    )
    say(f"Next: botbench annotate push {batch.batch_id}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench sample cresci-rtbust-2019 --n 200` · `botbench sample"
            " caverlee-2011 --design 'stratified(by=lang, n=300)' --seed 1 --copies 3 --json` ·"
            " `botbench sample my-set --design 'disagreement(n=200)' --scores a.parquet --scores"
            " b.parquet`"
        )
    )(sample)
