"""`botbench detectors`: the detectors, their needs and citations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.terminal.console import emit, say, show

if TYPE_CHECKING:
    from benchmarks.detectors import Spec


def detectors(
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the detectors: what each looks at, what must be there, what it also uses, how its
    threshold is chosen.
    """
    from benchmarks.detectors import detectors as registered
    from benchmarks.detectors.registry import describe_by
    from benchmarks.isolation import children

    # Other distributions' code is imported in a child process only.
    describe_by(children.describe)
    specs = registered().values()
    if json_:
        emit({"detectors": [_document(s) for s in specs]})
        return
    for s in specs:
        show(f"{s.name}{' (a floor: every other detector must beat it)' if s.floor else ''}")
        show(f"    {s.about}")
        also = f" · uses where there: {', '.join(s.uses)}" if s.uses else ""
        show(f"    needs: {', '.join(s.needs) or 'nothing'}{also} · threshold: {s.threshold}")
        if s.transductive:
            show("    transductive: it looks at the accounts to be scored as a whole")
        if s.published:
            show(f"    others' scores of it: `{s.published}` in datasets/published (see --json)")
        show(f"    cites: {s.cites}\n")
    say(
        "Next: botbench bench SUITE.yaml. Your own: one file, decorated with"
        " benchmarks.detectors.detector."
    )


def _document(spec: Spec) -> dict[str, Any]:
    from benchmarks.detectors import options_of
    from benchmarks.detectors.published_scores import published

    return {
        "name": spec.name,
        "about": spec.about,
        "needs": spec.needs,
        "uses": spec.uses,
        "cites": spec.cites,
        "floor": spec.floor,
        "transductive": spec.transductive,
        "options": options_of(spec),
        "asks": spec.asks,
        "threshold": spec.threshold,
        "version": spec.version,
        "packages": spec.versions,
        "published": published(spec),
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench detectors` · `botbench detectors --json`")(detectors)
