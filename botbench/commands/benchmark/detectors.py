"""`botbench detectors`: the detectors, their needs and citations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.terminal.console import emit, say, show, table

if TYPE_CHECKING:
    from benchmarks.detectors import Spec


def detectors(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Tell everything of this one.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the detectors, a line each; of a named one: what it looks at, what must be there, what
    it also uses, its options, how its threshold is chosen, and its paper.
    """
    from benchmarks.detectors import detectors as registered
    from benchmarks.detectors import get
    from benchmarks.detectors.registry import describe_by
    from benchmarks.isolation import children

    # Other distributions' code is imported in a child process only.
    describe_by(children.describe)
    specs = [get(name)] if name else list(registered().values())
    if json_:
        emit({"detectors": [_document(s) for s in specs]})
        return
    if name:
        _show(specs[0])
    else:
        table("", ("detector", "what it is"), [(s.name, _line(s)) for s in specs])
    say(
        "Next: botbench detectors NAME for all of one, or botbench bench SUITE.yaml. Your own:"
        " botbench new detector NAME."
    )


def _line(spec: Spec) -> str:
    """The first sentence of what a detector is."""
    first = spec.about.split(". ")[0].rstrip(".")
    return f"{'floor row: ' if spec.floor else ''}{first}"


def _show(spec: Spec) -> None:
    from benchmarks.detectors import options_of

    show(f"{spec.name}{' (a floor: every other detector must beat it)' if spec.floor else ''}")
    show(f"    {spec.about}")
    also = f" · uses where there: {', '.join(spec.uses)}" if spec.uses else ""
    show(f"    needs: {', '.join(spec.needs) or 'nothing'}{also} · threshold: {spec.threshold}")
    if options := options_of(spec):
        show(f"    options: {', '.join(f'{k}={v!r}' for k, v in options.items())}")
    if spec.transductive:
        show("    transductive: it looks at the accounts to be scored as a whole")
    if spec.published:
        show(f"    others' scores of it: `{spec.published}` in datasets/published (see --json)")
    show(f"    cites: {spec.cites}")


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
    app.command(
        epilog=(
            "Examples: `botbench detectors` · `botbench detectors botometer-lite` · `botbench"
            " detectors --json`"
        )
    )(detectors)
