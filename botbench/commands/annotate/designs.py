"""`botbench designs`: the sampling designs, and what each saves on simulated accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from botbench.commands.annotate.options import Json
from botbench.terminal.console import emit, say, table


def designs(
    *,
    simulate: Annotated[
        bool,
        typer.Option("--simulate", help="Try them on simulated accounts: labels needed, and bias."),
    ] = False,
    repeats: Annotated[int, typer.Option(min=2, help="Repeats of the simulation.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other simulated accounts.")] = 0,
    json_: Json = False,
) -> None:
    """List the sampling designs; with --simulate say how many labels each needs and that estimates
    from it are unbiased.

    The simulated table counts labels until a detector trained on them reaches an average precision
    of 0.75.
    """
    from curation.sampling.design_study import bias, labels_needed
    from curation.sampling.designs import DESIGNS

    if not simulate:
        listed = [
            {
                "design": name,
                "example": kind.example,
                "joint": kind.joint,
                "says": " ".join((kind.__doc__ or "").split(">>>")[0].split()),
            }
            for name, kind in DESIGNS.all().items()
        ]
        if json_:
            emit({"designs": listed})
            return
        table(
            "Designs",
            ("design", "example", "what it does"),
            [(d["design"], d["example"], d["says"]) for d in listed],
        )
        say("Next: botbench sample DATASET --design ...")
        return
    labels, biases = labels_needed(repeats, seed), bias(20 * repeats, seed)
    if json_:
        emit({"simulated": True, "labels_needed": labels, "bias": biases})
        return
    table(
        f"Simulated: labels until the average precision is 0.75 (mean of {repeats} repeats)",
        ("design", "labels", "of uniform", "at first", "at last"),
        [
            (
                r["design"],
                r["labels"] and round(r["labels"]),
                r["of_uniform"],
                r["first"],
                r["last"],
            )
            for r in labels
        ],
    )
    table(
        f"Simulated: estimates over {20 * repeats} draws",
        ("estimate", "truth", "mean", "off (in its error)", "error", "stated"),
        [
            (b["estimate"], b["truth"], b["mean"], b["off"], b["standard_error"], b["stated"])
            for b in biases
        ],
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench designs` · `botbench designs --simulate --repeats 40`")(
        designs
    )
