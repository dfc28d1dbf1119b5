"""`botbench doubtful DATASET`: labels worth a second look, with the precision to expect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers
from botbench.text.numbers import counted


def doubtful(
    dataset: Annotated[
        str, typer.Argument(help="The data set's id; it needs labels (botbench consensus).")
    ],
    *,
    scores: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Out-of-fold scores (account_id, p_bot) in place of ours from features.",
        ),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(help="Only features of this family; may be given several times."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="The queue's greatest length.")
    ] = None,
    flip: Annotated[
        float,
        typer.Option(min=0.001, max=0.4, help="Share of labels flipped to measure the queue."),
    ] = 0.05,
    repeats: Annotated[
        int, typer.Option(min=0, help="How often labels are flipped; 0 measures nothing.")
    ] = 3,
    batch: Annotated[
        bool, typer.Option("--batch", help="Push the queue: a batch to be adjudicated.")
    ] = False,
    copies: Annotated[
        int, typer.Option(min=1, help="Adjudicators asked for each account of the batch.")
    ] = 1,
    scheme: Annotated[
        Path | None,
        typer.Option(
            "--scheme", metavar="FILE", help="A scheme file in place of the default scheme."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds and flips.")] = 0,
    at: Annotated[
        str | None, typer.Option("--at", help="The labels at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Queue the labels that confident learning doubts, or on which claimants or data sets disagree;
    nothing is dropped.

    What share of such a queue is really wrong is measured on labels flipped on purpose: precision
    and recall at its length.
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels import label_errors as work
    from curation.store.store import Store

    with Store(create=False) as store:
        data = work.labelled(store, dataset, scores=scores, families=family, at=at)
        queue = work.queue(store, data, Scheme.load(scheme), length=n, seed=seed, at=at)
        measured = (
            work.measured(data, flip=flip, repeats=repeats, length=len(queue), seed=seed)
            if repeats and queue
            else None
        )
        pushed = work.push(store, data, queue, copies=copies) if batch else None
    document = {
        "dataset": dataset,
        "consensus_id": data.consensus_id,
        "accounts": len(data.accounts),
        "source": data.source,
        "length": len(queue),
        "measured": measured,
        "batch": pushed[0] if pushed else None,
        "queue": queue,
    }
    if json_:
        emit(document)
    else:
        _show(document)
    if pushed:
        say(
            f"Batch {pushed[0]} of {counted(len(queue), 'account')}"
            f" {'is to be adjudicated' if pushed[1] else 'was there already'}."
        )
        say(f"Next: botbench annotate push {pushed[0]}.")
    else:
        say(f"Next: botbench doubtful {dataset} --batch, or botbench claims ACCOUNT.")


def _show(document: dict[str, Any]) -> None:
    table(
        f"{document['dataset']}: {document['length']:,} doubtful labels of"
        f" {document['accounts']:,}, by {document['source']}",
        ("account", "label", "predicted p_bot", "reasons"),
        [
            (r["account"], r["label"], r["p_bot"], "; ".join(r["reasons"]))
            for r in document["queue"][:20]
        ],
    )
    m = document["measured"]
    if m:
        table(
            f"with {counted(m['labels_flipped'], 'label')} ({numbers.share(m['flipped'])}) flipped"
            f" on purpose, {m['repeats']} times",
            ("", "value", "95 % low", "high"),
            [
                (name, m[name]["value"], m[name]["low"], m[name]["high"])
                for name in ("precision", "recall")
            ],
        )
        say(
            f"By chance the precision would be {numbers.score(m['by_chance'])}. Where fewer than"
            f" {numbers.share(m['flipped'])} of the labels are wrong, expect less: --flip tries"
            " another share."
        )
        if m["optimistic"]:
            say("The scores were made before the labels were flipped: expect less.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench doubtful cresci-rtbust-2019` · `botbench doubtful caverlee-2011"
            " --n 200 --batch` · `botbench doubtful caverlee-2011 --scores predictions.parquet"
            " --json`"
        )
    )(doubtful)
