"""`botbench audit table|dataset|run`: impossible scores, shortcuts, and overlap with training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.terminal.console import emit, progress, say, show, table
from botbench.text.numbers import counted

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    rich_markup_mode=None,
    help=(
        "Check a published table, a data set or a finished run for what makes its scores worthless."
    ),
    epilog=(
        "Examples: `botbench audit table scores.csv --percent` · `botbench audit dataset rtbust` ·"
        " `botbench audit run`"
    ),
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SHOWN = 40


@audit.command(
    "table",
    epilog=(
        "Examples: `botbench audit table scores.csv` · "
        "`botbench audit table twibot22-readme --percent --json`"
    ),
)
def table_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=(
                "A CSV with method, dataset and scores; or the name of a table in"
                " datasets/published/."
            ),
        ),
    ],
    percent: Annotated[
        bool, typer.Option("--percent", help="Scores are in percent, not fractions.")
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="FRACTION",
            help="How far, beyond its rounding, a score may lie off what the others imply; "
            "0 shows whatever rounding cannot explain.",
        ),
    ] = 0.01,
    json_: Json = False,
) -> None:
    """Rebuild what a table's numbers imply and list what cannot be or does not fit, with what might
    explain it.

    FILE has the columns method, dataset and any of n, bots, accuracy, balanced_accuracy, precision,
    recall, f1, mcc, auc, each with _low and _high where an interval was published. Exit code 1
    where something was found.
    """
    from botbench.api.audit import audit_table

    document = audit_table(file, percent=percent, tolerance=tolerance).to_dict()
    issues, ignored = document["issues"], document["ignored_columns"]
    if json_:
        emit(document)
    else:
        table(
            f"{counted(len(issues), 'issue')} in {counted(document['values'], 'value')}"
            f" of {counted(document['rows'], 'row')}",
            (
                "row",
                "check",
                "method",
                "dataset",
                "published",
                "implied",
                "possible",
                "what might explain it",
            ),
            [
                (
                    i["row"],
                    i["check"],
                    i["method"],
                    i["dataset"],
                    i["published"],
                    i["implied"],
                    i["possible"],
                    "; ".join(i["explanations"]),
                )
                for i in issues[:SHOWN]
            ],
        )
        if len(issues) > SHOWN:
            say(f"{len(issues) - SHOWN:,} more: --json shows all.")
        if ignored:
            say(f"Not read: the columns {', '.join(ignored)}.")
    raise typer.Exit(1 if issues else 0)


@audit.command(
    epilog="Examples: `botbench audit dataset rtbust` · `botbench audit dataset rtbust@2 --json`"
)
def dataset(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="NAME (the newest version) or NAME@VERSION.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the folds.")] = 0,
    json_: Json = False,
) -> None:
    """Ask whether labels can be told by what is no evidence: the id, what is missing, dates, order,
    one question, copies.

    Each check passed, is an issue, or is not applicable, with its figure. Exit code 1 where there
    is an issue.
    """
    from benchmarks.audits import dataset as audits
    from curation.store.store import Store

    with Store(create=False) as store, progress(json_) as bar:
        task = bar.add_task("checks", total=len(audits.checks()))
        report = audits.audit(store.home, release, seed, lambda: bar.advance(task))
    issues = [f for f in report.findings if f.outcome == "issue"]
    if json_:
        emit(report.document())
    else:
        table(
            f"{report.release}: {len(issues)} of {len(report.findings)} checks found an issue",
            ("check", "outcome", "value"),
            [(f.check, f.outcome, f.value) for f in report.findings],
        )
        for f in report.findings:
            show(f"{f.check}: {f.detail}")
    raise typer.Exit(1 if issues else 0)


@audit.command("run", epilog="Examples: `botbench audit run` · `botbench audit run RUN_ID --json`")
def run_(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN_ID]", help="A finished run; the newest without one."),
    ] = None,
    json_: Json = False,
) -> None:
    """Count the accounts that a detector's training data share with the set it is tested on.

    Exit code 1 where a detector was judged on accounts it had declared to be trained on.
    """
    from benchmarks.audits import overlap
    from benchmarks.execution.results import load_run
    from curation.store.store import Store

    with Store(create=False) as store:
        rows = overlap.audit(load_run(store.home, run))
    seen = [row for row in rows["overlaps"] if row["outcome"] == "issue"]
    if json_:
        emit(rows)
    else:
        table(
            f"Run {rows['run']}: {len(rows['overlaps'])} pairs of training and test data,"
            f" {len(seen)} with an issue",
            ("detector", "trained on", "tested on", "shared", "left out of training", "outcome"),
            [
                (r["detector"], r["train"], r["test"], r["shared"], r["left_out"], r["outcome"])
                for r in rows["overlaps"]
            ],
        )
    raise typer.Exit(1 if seen else 0)


def register(app: typer.Typer) -> None:
    """Add the sub-commands."""
    app.add_typer(audit)
