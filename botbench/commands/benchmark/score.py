"""`botbench score FILE`: one's own predictions with the board's metrics and intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.prediction.scored_file import ScoredFile


def score(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Your predictions: CSV, JSON or Parquet with account_id and p_bot (threshold).",
        ),
    ],
    *,
    release: Annotated[
        str, typer.Option("--release", metavar="NAME", help="The release they are judged on.")
    ],
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Bot from this score on; without it the file's own, else .5."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Only this metric (botbench metrics); may be repeated."),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=200, help="Bootstrap draws of accounts behind each interval.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Measure predictions of your own on a release: every metric of the board, with its interval.

    No suite is written and nothing is kept. Accounts of the release without a score are counted and
    left out. For scores on a board, beside floor rows and other detectors, name the file in a suite
    as external(file="FILE").
    """
    import botbench
    from benchmarks.metrics import ordered
    from benchmarks.prediction.scored_file import beside
    from botbench.commands.benchmark.bench import home
    from curation.release import release as releases
    from curation.release.publish import seals

    chosen = [m.name for m in ordered(metric)] if metric else None
    judged_on = releases.load(home(), release, verify=True)
    seals.refuse(home(), judged_on, "a score")
    given = beside(file, judged_on, threshold)
    scores = botbench.score(
        given.y,
        given.p,
        groups=given.groups,
        people=given.people,
        threshold=given.threshold,
        metrics=chosen,
        resamples=resamples,
        seed=seed,
    )
    if json_:
        emit(
            {
                "release": judged_on.reference,
                "detector": given.detector,
                "rows": scores.to_dict()["rows"],
                "unscored": given.unscored,
            }
        )
    else:
        table(
            f"{given.detector} on {judged_on.reference}"
            f"{' (simulated)' if judged_on.info.get('simulated') else ''}:"
            f" {numbers.counted(len(given.y), 'account')}, bot from"
            f" {numbers.score(given.threshold)} up",
            ("metric", "value", "low", "high", "few"),
            [(r["metric"], r["value"], r["low"], r["high"], r["few"]) for r in scores.rows],
        )
    _tell(given, file, judged_on.reference)


def _tell(given: ScoredFile, file: Path, release: str) -> None:
    if given.unscored:
        say(
            f"{numbers.counted(given.unscored, 'account')} of {release} have no score in {file} and"
            " are left out: the values are of the others alone."
        )
    if given.strangers:
        say(f"{numbers.counted(given.strangers, 'account')} of {file} are not in {release}.")
    say(
        f"Next: put detectors: ['external(file=\"{file}\")', ...] into a suite, to see it beside"
        " others: botbench bench SUITE.yaml."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench score scores.csv --release rtbust` · `botbench score"
            " scores.parquet --release rtbust@1 --metric roc-auc --metric 'f1[bot]' --json`"
        )
    )(score)
