"""`botbench predict DETECTOR FILE|DATASET`: scores of new accounts, missing evidence and causes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.prediction.predict import Predicted
    from botbench.api.prediction.predict import Prediction

SHOWN = 20


def predict(  # noqa: PLR0917 (typer gives every option by name)
    detector: Annotated[
        str,
        typer.Argument(
            help="A detector (see botbench detectors), such as random-forest(trees=500)."
        ),
    ],
    accounts: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DATASET", help="A file of accounts, or a data set in the store."
        ),
    ],
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="RELEASE", help="Further releases, after --train RELEASE."),
    ] = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            "--train",
            metavar="RELEASE",
            help="Train on this release; again for more. Without it, on the newest of each.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="DIR", help="Take the detector saved there instead."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Keep the trained detector there.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write account_id, p_bot, threshold: FILE.csv or FILE.parquet.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the training.")] = 0,
    platform: Annotated[
        str | None,
        typer.Option("--platform", help="Where a file's accounts are from, such as twitter."),
    ] = None,
    observed_at: Annotated[
        str | None,
        typer.Option(
            "--observed-at",
            metavar="TIME",
            help="When the accounts looked like this, where nobody says: for ages.",
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Load models that run their maker's code. Only if you trust it."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Score new accounts: p_bot, the threshold, what evidence was missing, and what moved each
    score.

    A file is Twitter's JSON or CSV, or any CSV, JSON or Parquet with account_id and columns of the
    schema. Scores of accounts unlike those trained on are guesses: see the transfer columns of the
    leaderboard first. The column "missing" is what the detector looks at and an account lacks: a
    family of features, single features, columns, posts or edges; --json names all of them.
    """
    if trust:
        from benchmarks.detectors.safe_loading import trust as trust_all

        trust_all()
    if out is not None:
        from benchmarks.prediction.predict import check_ending

        check_ending(out)
    import tempfile

    from botbench.api.prediction.predict import Asked, Prediction, scored
    from botbench.commands.benchmark.bench import home
    from curation.store.connection import usual

    asked = Asked(
        detector,
        home(),
        usual(),
        _named(train, more, model, save),
        model,
        save,
        seed,
        platform,
        observed_at,
    )
    asked.check()
    with tempfile.TemporaryDirectory(prefix="botbench-") as scratch:
        found = Prediction(scored(asked, accounts, Path(scratch)))
    if out is not None:
        from benchmarks.prediction.predict import write

        write(found.found, out)
    if json:
        emit(found.to_dict())
    else:
        _show(found.found)
    _tell(found, out, save)


def _named(
    train: list[str] | None, more: list[str] | None, model: Path | None, save: Path | None
) -> list[str]:
    """The releases that are named to train on; options that exclude each other are refused."""
    from botbench.core.errors import UserError

    if model is not None and (train or more):
        raise UserError(
            "Say either --train RELEASE (once for each release) or --model DIR (a detector saved"
            " before)."
        )
    if model is not None and save is not None:
        raise UserError(
            "--save keeps a detector that is trained now; --model takes one that is kept already."
        )
    if more and not train:
        raise UserError(
            f"{' '.join(more)}: one file or data set at a time; releases to train on come after"
            " --train."
        )
    return [name for text in (*(train or ()), *(more or ())) for name in text.split(",")]


def _show(predicted: Predicted) -> None:
    """The highest scores, each with what moved it."""
    import numpy as np

    from benchmarks.prediction.explain import sentence

    threshold = predicted.trained.threshold
    order = np.argsort(-predicted.p, kind="stable")[:SHOWN]
    table(
        f"{predicted.trained.spec.name}: bot from {numbers.score(threshold)} up",
        ("account", "p_bot", "bot", "missing", "what moved it"),
        [
            (
                predicted.account_id[i],
                float(predicted.p[i]),
                "cannot tell" if predicted.abstained[i] else bool(predicted.p[i] >= threshold),
                _first(predicted.missing[i]),
                sentence(predicted.moved[i]),
            )
            for i in order
        ],
    )
    if any(predicted.missing[i] for i in order):
        say("missing: what the detector looks at and the account lacks; --json names all of it.")


def _first(names: list[str]) -> str:
    """The first of several names, and how many more there are.

    >>> _first([]), _first(["profile"]), _first(["bio_length", "handle_length", "lang"])
    ('nothing', 'profile', 'bio_length and 2 more')
    """
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _tell(found: Prediction, out: Path | None, save: Path | None) -> None:
    say(found.sentence)
    if undecided := found.undecided:
        say(undecided)
    if elsewhere := found.elsewhere:
        say(elsewhere)
    if found.found.trained.spec.transductive:
        say("It looks at these accounts as a whole: another batch gives other scores.")
    for path in filter(None, (out, save)):
        say(f"  {path}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench predict random-forest users.json --train rtbust --json` ·"
            " `botbench predict botometer-lite campaign --train rtbust --train caverlee --save lite"
            " --out scores.csv` · `botbench predict botometer-lite users.csv --model lite`"
        )
    )(predict)
