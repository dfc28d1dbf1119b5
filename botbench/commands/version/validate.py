"""`botbench validate DATASET`: check a data set at a version, list findings, write the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from botbench.api.validation import Validation as Found
    from curation.store.store import Store
    from curation.validation.outcome import Validation


def validate(
    dataset: Annotated[
        str | None, typer.Argument(help="The data set's id, such as cresci-rtbust-2019.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="A version, tag or date; the newest without one.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare with this version, tag or date too.")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option("--release", help="Check a release's files, NAME or NAME@N, instead."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check keys, types, ranges, times, references, claims, consensus and splits; exit code 1 where
    one is broken.

    Who breaks which rule is kept in the store (table findings) and stands in the report. With
    --against, the numbers of rows, the share of bots and the spread of the accounts' values are
    compared with those of another version.
    """
    from curation.store.store import Store

    with Store(create=False) as store:
        found = _validated(store, dataset, at, against, release)
        then = _next(store, found.outcome.dataset)
    validation, page, dataset = found.outcome, found.report, found.outcome.dataset
    if json_:
        emit(found.to_dict())
    else:
        _show(validation)
    say(f"Report: {page}")
    if not validation.success:
        say(
            f"Next: mend it and pull again, or botbench release NAME --dataset {dataset} --accept"
            " REASON."
        )
        raise typer.Exit(1)
    say(f"Next: {then}.")


def _next(store: Store, dataset: str) -> str:
    """What comes after a validation: a release where there are labels, else labels or claims."""
    from curation.ingest.data_sets import there
    from curation.store.snapshot_queries import newest_consensus

    if newest_consensus(store, dataset, store.head()):
        return f"botbench release NAME --dataset {dataset}"
    if dataset in there(store, tables=["claims"]):
        return f"botbench consensus {dataset}"
    return f"nobody has labelled it; botbench sample {dataset} draws accounts to annotate"


def _validated(
    store: Store, dataset: str | None, at: str | None, against: str | None, release: str | None
) -> Found:
    from botbench.api.validation import Validation as Kept
    from botbench.api.validation import of_store
    from botbench.core.errors import UserError
    from curation.release.release import load, validate_release
    from curation.validation import report

    if release is not None:
        if dataset or at or against:
            raise UserError(
                "--release names what is checked: leave out the data set, --at and --against."
            )
        outcome = validate_release(store, load(store.home, release), keep=True)
        return Kept(outcome, report.write(store.home, outcome))
    if dataset is None:
        raise UserError(
            "Name the data set to check, or a release with --release. What there is: botbench"
            " datasets."
        )
    return of_store(store, dataset, at, against)


def _show(validation: Validation) -> None:
    from botbench.text.escaping import to_line

    table(
        f"{to_line(validation.dataset)}, version {validation.version}:"
        f" {'passed' if validation.success else 'failed'}",
        ("suite", "outcome", "rows", "checks", "broken", "errors", "warnings"),
        [
            (s.name, s.outcome, s.rows, s.ran, len(s.failures), len(s.errors), len(s.warnings))
            for s in validation.suites
        ],
    )
    for title, findings in (
        ("broken", [f for s in validation.suites for f in s.failures]),
        ("to know (does not stop a release)", [f for s in validation.suites for f in s.warnings]),
    ):
        if findings:
            table(
                title,
                ("rule", "rows", "accounts", "finding"),
                [(f"{f.table}.{f.rule.name}", f.rows, f.accounts, f.rule.title) for f in findings],
            )
    if validation.drift:
        say(f"Compared with version {validation.drift.against}:")
        for sentence in validation.drift.told or ["nothing moved by as much as would be told."]:
            say(f"  {sentence}")
    for s in validation.suites:
        for rule, message in s.errors:
            say(f"{s.name}.{rule.name} could not run: {to_line(message[:300])}")
        if s.outcome == "failed" and s.reason and not s.rows:
            say(f"{s.name}: {s.reason}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench validate cresci-rtbust-2019` · `botbench validate caverlee-2011"
            " --at 12 --against 7 --json` · `botbench validate --release rtbust@1`"
        )
    )(validate)
