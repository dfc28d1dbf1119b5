"""`botbench validate DATASET`: check one data set at one version, list who breaks which rule, write the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from curation.console import emit, say, table

if TYPE_CHECKING:
    from curation.validation.outcome import Validation


def validate(
    dataset: Annotated[str, typer.Argument(help="The data set's id, such as cresci-rtbust-2019.")],
    at: Annotated[str | None, typer.Option("--at", help="A version, tag or date; the newest without one.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check keys, types, ranges, times, references, claims, consensus and splits; exit code 1 where one is broken."""
    from curation.store import Store
    from curation.validation import report, run

    with Store(create=False) as store:
        found = run.validate(store, dataset, at)
        page = report.write(store.home, found)
    if json_:
        emit({**found.document(), "report": str(page)})
    else:
        _show(found)
    say(f"Report: {page}")
    if not found.success:
        say(f"Next: mend it and pull again, or botbench release NAME --dataset {dataset} --accept REASON.")
        raise typer.Exit(1)
    say(f"Next: botbench release NAME --dataset {dataset}.")


def _show(found: Validation) -> None:
    from curation.validation.report import visible

    table(f"{visible(found.dataset)}, version {found.version}: {'passed' if found.success else 'failed'}",
          ("suite", "outcome", "rows", "checks", "broken", "errors", "warnings"),
          [(s.name, s.outcome, s.rows, s.ran, len(s.failures), len(s.errors), len(s.warnings)) for s in found.suites])
    for title, findings in (("broken", [f for s in found.suites for f in s.failures]),
                            ("to know (does not stop a release)", [f for s in found.suites for f in s.warnings])):
        if findings:
            table(title, ("rule", "rows", "accounts", "must hold"), [
                (f"{f.table}.{f.rule.name}", f.rows, f.accounts, f.rule.says) for f in findings])
    for s in found.suites:
        for rule, message in s.errors:
            say(f"{s.name}.{rule.name} could not run: {visible(message[:300])}")
        if s.outcome == "failed" and s.reason and not s.rows:
            say(f"{s.name}: {s.reason}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench validate cresci-rtbust-2019` · "
                "`botbench validate caverlee-2011 --at 12 --json`")(validate)
