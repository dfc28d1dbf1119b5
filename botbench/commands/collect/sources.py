"""`botbench sources`: the formats of files that are pulled without a card."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table


def sources(
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the formats of files: their platform, the tables they fill, and what they cannot say."""
    from curation.ingest.sources import FORMATS

    listed: list[dict[str, Any]] = [
        {
            "name": name,
            "about": f.about,
            "platform": f.traits.platform or None,
            "tables": list(f.traits.fills),
            "unknown": f.traits.unknown,
            "recognised": f.traits.recognise is not None,
        }
        for name, f in FORMATS.all().items()
    ]
    if json_:
        emit({"sources": listed})
        return
    table(
        "",
        ("format", "platform", "tables", "what its files cannot say"),
        [
            (s["name"], s["platform"] or "any", ", ".join(s["tables"]), s["unknown"])
            for s in listed
            if s["recognised"]
        ],
    )
    others = ", ".join(str(s["name"]) for s in listed if not s["recognised"])
    say(f"Only cards name {others}. Next: botbench pull FILE.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench sources` · `botbench sources --json`")(sources)
