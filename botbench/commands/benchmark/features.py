"""`botbench features`: what is computed of an account, and its values for a release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.core.errors import UserError
from botbench.terminal.console import emit, progress, say, show, table

ENGINES = "duckdb, sail, local-spark, spark://HOST:PORT or sc://HOST:PORT"


def features(  # noqa: PLR0917 (typer gives every option by name)
    release: Annotated[
        str | None,
        typer.Argument(help="A release, such as rtbust or rtbust@2: compute its features."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.parquet",
            help="Where the release's features go; a file there is replaced.",
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="ENGINE", help=f"{ENGINES}; duckdb without it."),
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Only this family; may be given several times.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference page, as in docs/features.md.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List every feature: family, unit, definition, columns and source; or compute a release's.

    Without a release they are listed. With one, FILE.parquet gets one row an account, sorted by
    account_id, the same from every engine.
    """
    if release is not None:
        _compute(release, out, "duckdb" if engine is None else engine, family, json_)
        return
    if out is not None or engine is not None:
        raise UserError(
            "--out and --engine compute the features of a release, and none is named: botbench"
            " features RELEASE --out FILE.parquet."
        )
    from curation.features import chosen, one_line, reference_page

    if markdown:
        show(reference_page())
        return
    listed = chosen(family or None)
    if json_:
        emit(
            {
                "features": [
                    {
                        "name": f.name,
                        "family": f.family,
                        "unit": f.unit,
                        "definition": one_line(f.doc),
                        "needs": list(f.needs),
                        "source": f.source,
                    }
                    for f in listed
                ]
            }
        )
        return
    table(
        f"{len(listed)} features",
        ("feature", "family", "unit", "definition", "needs", "source"),
        [(f.name, f.family, f.unit, one_line(f.doc), " ".join(f.needs), f.source) for f in listed],
    )
    say("Next: botbench detectors shows which of them each detector uses.")


def _compute(
    reference: str, out: Path | None, engine: str, family: list[str] | None, json_: bool
) -> None:
    from dataclasses import asdict

    from botbench.commands.benchmark.bench import home
    from botbench.core.files import for_others
    from botbench.core.progress import ProgressBars
    from botbench.text import numbers
    from curation.engines import check
    from curation.features import write
    from curation.release.release import load

    if out is None or out.is_dir():
        what = "" if out is None else f"{out} is a folder. "
        raise UserError(
            f"{what}Name the file that the features go to: botbench features {reference} --out"
            f" {reference.replace('@', '-')}.parquet."
        )
    if not out.parent.is_dir():
        raise UserError(f"There is no folder {out.parent}; make it first, or name another file.")
    check(engine)
    frozen = load(home(), reference)
    with progress(quiet=json_) as bars, for_others(out):
        written = write(frozen, out, engine, family or None, ProgressBars(bars, say))
    if json_:
        emit(asdict(written))
        return
    say(
        f"{numbers.counted(written.features, 'feature')} of"
        f" {numbers.counted(written.accounts, 'account')} by {written.engine}:"
        f" {written.seconds:.1f} s, at most {written.peak_bytes / 1e6:,.0f} MB of memory.\n  {out}"
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench features` · `botbench features --family timing --json` · "
            "`botbench features rtbust --out features.parquet` · "
            "`botbench features rtbust --engine sail --out features.parquet --json` · "
            "`botbench features --markdown > docs/features.md`"
        )
    )(features)
