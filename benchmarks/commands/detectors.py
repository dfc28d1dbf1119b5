"""`botbench detectors`: what can be judged, what each needs and whom it cites."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.console import emit, say


def detectors(json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> None:
    """List the detectors: what each looks at, what must be there, what it also uses, how its threshold is chosen."""
    from benchmarks.detectors import detectors as registered

    specs = registered().values()
    if json_:
        emit({"detectors": [
            {"name": s.name, "about": s.about, "needs": s.needs, "uses": s.uses, "cites": s.cites, "floor": s.floor,
             "threshold": s.threshold, "version": s.version, "packages": s.versions} for s in specs]})
        return
    for s in specs:
        print(f"{s.name}{' (a floor: every other detector must beat it)' if s.floor else ''}")
        print(f"    {s.about}")
        also = f" · uses where there: {', '.join(s.uses)}" if s.uses else ""
        print(f"    needs: {', '.join(s.needs) or 'nothing'}{also} · threshold: {s.threshold}")
        print(f"    cites: {s.cites}\n")
    say("Next: botbench bench SUITE.yaml. Your own: one file, decorated with benchmarks.detectors.detector.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench detectors` · `botbench detectors --json`")(detectors)
