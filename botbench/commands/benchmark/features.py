"""`botbench features`: the features of an account, and their needs."""

from __future__ import annotations

from typing import Annotated

import typer

from botbench.terminal.console import emit, say, show, table


def features(
    family: Annotated[
        list[str] | None, typer.Option(help="Only this family; may be given several times.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference page, as in docs/features.md.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List every feature: family, unit, definition, the columns it needs, and its source."""
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench features` · `botbench features --family timing --json` · "
            "`botbench features --markdown > docs/features.md`"
        )
    )(features)
