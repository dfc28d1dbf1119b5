"""`botbench predict DETECTOR FILE|DATASET`: scores of new accounts, missing evidence and causes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.data.release_arrays import ReleaseArrays
    from benchmarks.prediction.predict import Predicted

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
    leaderboard first.
    """
    if trust:
        from benchmarks.detectors.safe_loading import trust as trust_all

        trust_all()
    _check(detector, observed_at, train, more, model, out, accounts)
    with _new(accounts, platform, observed_at) as new:
        teachers = _teachers(train, more, model, accounts)
        try:
            predicted = _predicted(detector, new, teachers, model, save, seed)
        except ValueError as error:
            from botbench.core.errors import UserError

            raise UserError(f"{detector} could not be trained or applied: {error}") from error
    if out is not None:
        from benchmarks.prediction.predict import write

        write(predicted, out)
    if json:
        from benchmarks.prediction.predict import document

        emit(document(predicted))
    else:
        _show(predicted)
    _tell(predicted, out, save)


def _check(  # noqa: PLR0917, what the user said
    detector: str,
    observed_at: str | None,
    train: list[str] | None,
    more: list[str] | None,
    model: Path | None,
    out: Path | None,
    accounts: str,
) -> None:
    """Refuse what cannot be done before anything is read: names, files, releases, endings."""
    from benchmarks.detectors import get
    from benchmarks.prediction.predict import check_ending
    from botbench.commands.benchmark.bench import home
    from curation.release import release

    _check_time(observed_at)
    if out is not None:
        check_ending(out)
    get(detector)
    if train and model is None:
        for name in _teachers(train, more, model, accounts):
            release.load(home(), name)


def _check_time(observed_at: str | None) -> None:
    from datetime import datetime

    from botbench.core.errors import UserError

    try:
        if observed_at is not None:
            datetime.fromisoformat(observed_at)
    except ValueError:
        raise UserError(
            f"--observed-at {observed_at!r} is no time; write 2020-05-01 or"
            " 2020-05-01T12:00:00+00:00."
        ) from None


def _teachers(
    train: list[str] | None, more: list[str] | None, model: Path | None, accounts: str
) -> list[str]:
    """The releases to train on; none for a saved model.

    They are those named, else the newest of each name in the store.
    """
    from botbench.commands.benchmark.bench import home
    from botbench.core.errors import UserError
    from curation.release import release

    if model is not None and (train or more):
        raise UserError(
            "Say either --train RELEASE (once for each release) or --model DIR (a detector saved"
            " before)."
        )
    if more and not train:
        raise UserError(
            f"{' '.join(more)}: one file or data set at a time; releases to train on come after"
            " --train."
        )
    if train or model is not None:
        return [name for text in (*(train or ()), *(more or ())) for name in text.split(",")]
    releases = [
        name for name in release.listed(home()) if release.load(home(), name).dataset != accounts
    ]
    if not releases:
        raise UserError(
            "There is no release to train on in this store. Make one (botbench release), or name a"
            " kept detector with --model DIR."
        )
    return releases


@contextmanager
def _new(accounts: str, platform: str | None, observed_at: str | None) -> Iterator[ReleaseArrays]:
    """The accounts to score, read into a temporary scratch folder."""
    import tempfile

    from benchmarks.prediction import new_accounts

    with (
        tempfile.TemporaryDirectory(prefix="botbench-") as scratch,
        new_accounts.accounts(accounts, platform, observed_at, Path(scratch)) as new,
    ):
        yield new


def _predicted(  # noqa: PLR0917, what the user said
    detector: str,
    new: ReleaseArrays,
    train: list[str],
    model: Path | None,
    save: Path | None,
    seed: int,
) -> Predicted:
    from benchmarks.detectors import get
    from benchmarks.prediction import models, predict
    from botbench.commands.benchmark.bench import home
    from botbench.core.errors import UserError

    if model is not None and save is not None:
        raise UserError(
            "--save keeps a detector that is trained now; --model takes one that is kept already."
        )
    spec = get(detector)
    if model is not None:
        return predict.apply(models.load(model, spec), new)
    if save is not None:
        _refuse_sealed(train)
    predicted = predict.train_and_apply(home(), spec, train, new, seed)
    if save is not None:
        models.save(predicted.trained, save)
    return predicted


def _refuse_sealed(train: list[str]) -> None:
    """A saved model is handed on, and its weights and its card depend on the labels."""
    from botbench.commands.benchmark.bench import home
    from curation.release import release
    from curation.release.publish import seals

    for reference in train:
        seals.refuse(home(), release.load(home(), reference), "a saved model")


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
                len(predicted.missing[i]),
                sentence(predicted.moved[i]),
            )
            for i in order
        ],
    )


def _tell(predicted: Predicted, out: Path | None, save: Path | None) -> None:
    trained = predicted.trained
    n, bots = len(predicted.p), int((predicted.p >= trained.threshold).sum())
    what = ", ".join(r["reference"] for r in trained.releases)
    say(
        f"Bots by their score: {bots:,} of {numbers.counted(n, 'account')}"
        f" ({numbers.share(bots / max(n, 1))});"
        f" {trained.spec.name} was trained on"
        f" {numbers.counted(len(trained.account_id), 'account')} of"
        f" {what}{' (simulated)' if trained.simulated else ''}. Uncorrected for the detector's"
        " errors: this is no estimate of the share of bots."
    )
    if predicted.abstained.any():
        say(
            f"It cannot tell {int(predicted.abstained.sum()):,} of them (it decides"
            f" {numbers.share(predicted.coverage)}): the share above counts these by their scores."
        )
    if trained.spec.transductive:
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
