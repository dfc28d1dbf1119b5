"""`botbench consensus-compare [DATASET]`: which consensus method is best, and where it fails."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table


def consensus_compare(
    dataset: Annotated[
        str | None,
        typer.Argument(
            help=(
                "A data set with several votes an account: methods predict votes they have not"
                " seen. Simulated crowds without one."
            ),
        ),
    ] = None,
    *,
    methods: Annotated[
        str | None, typer.Option(help="Some of the methods, separated by commas; all without it.")
    ] = None,
    kinds: Annotated[str, typer.Option(help="Whose claims count, separated by commas.")] = "person",
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="ATTRIBUTE",
            help=(
                "Compare with the truth that the claims' attribute of this name holds (bot, or else"
                " human)."
            ),
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Draws of each simulated crowd.")] = 3,
    folds: Annotated[int, typer.Option(min=2, help="Parts into which the votes fall.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds and simulated crowds.")] = 0,
    at: Annotated[
        str | None, typer.Option("--at", help="The claims at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compare methods: by log loss on held-out votes, by the truth where it is known, or on
    simulated crowds.

    Simulated crowds hold spammers, biased and adversarial people and bots on which everybody errs;
    nothing is written.
    """
    from curation.labels.consensus import compare
    from curation.labels.consensus.methods import METHODS

    chosen = (
        [m.strip() for m in methods.split(",") if m.strip()] if methods else list(METHODS.all())
    )
    for name in chosen:
        METHODS.get(name)
    if dataset is None:
        document: dict[str, Any] = {
            "simulated": True,
            "repeats": repeats,
            "seed": seed,
            "crowds": compare.on_crowds(chosen, repeats=repeats, seed=seed),
        }
    else:
        document = _on_votes(dataset, chosen, kinds, truth, folds, seed, at)
    if json_:
        emit(document)
        return
    _show(document)
    say("Next: botbench consensus DATASET --method METHOD.")


def _on_votes(dataset: str, methods: list[str], *options: Any) -> dict[str, Any]:
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.consensus import compare, truths
    from curation.labels.consensus.run import fit_votes
    from curation.store.store import Store

    kinds, truth, folds, seed, at = options
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    with Store(create=False) as store:
        voted = fit_votes(
            store, dataset, Scheme.load(), method="majority", kinds=chosen, at=at
        ).ballots
        if truth is None:
            return {
                "dataset": dataset,
                "folds": folds,
                "seed": seed,
                "held_out": compare.held_out(voted, methods, folds=folds, seed=seed),
            }
        return {
            "dataset": dataset,
            "truth": truth,
            "against_truth": compare.on_truth(
                voted, truths.of(store, dataset, truth, voted, at), methods
            ),
        }


def _show(document: dict[str, Any]) -> None:
    if "held_out" in document:
        rows = document["held_out"]
        table(
            f"{document['dataset']}: log loss on {rows[0]['votes']:,} held-out votes,"
            f" {document['folds']} folds",
            ("method", "log loss", "95 % low", "high", "of p_bot alone"),
            [
                (
                    r["method"],
                    r["log_loss"],
                    r["log_loss_low"],
                    r["log_loss_high"],
                    r["log_loss_p_bot"],
                )
                for r in rows
            ],
        )
    elif "against_truth" in document:
        table(
            f"{document['dataset']}: against the truth in attribute {document['truth']}",
            ("method", "accounts", "accuracy", "log loss", "calibration error", "error of skill"),
            [
                (
                    r["method"],
                    r["accounts"],
                    r["accuracy"],
                    r["log_loss"],
                    r["calibration"],
                    r.get("skill_error"),
                )
                for r in document["against_truth"]
            ],
        )
    else:
        table(
            f"simulated crowds, mean of {document['repeats']} draws",
            (
                "simulated crowd",
                "method",
                "accuracy",
                "log loss",
                "calibration error",
                "coverage of skill",
            ),
            [
                (
                    r["crowd"],
                    r["method"],
                    r["accuracy"],
                    r["log_loss"],
                    r["calibration"],
                    r.get("coverage"),
                )
                for r in document["crowds"]
            ],
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: `botbench consensus-compare twibot22-experts` · `botbench consensus-compare"
        " vk-2021-answers --truth truth` · `botbench consensus-compare --json`"
    )
    app.command("consensus-compare", epilog=examples)(consensus_compare)
