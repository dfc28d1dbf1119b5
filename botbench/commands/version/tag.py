"""`botbench tag [NAME] [VERSION]`: give a version a name, or list the names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.store.store import Version


def tag(
    name: Annotated[
        str | None,
        typer.Argument(help="The tag; not a number or a date. Without one, tags are listed."),
    ] = None,
    version: Annotated[
        str | None, typer.Argument(help="A version, tag or date; the newest without one.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Name a version, or list the tags. A tag never moves; the same tag again on the same version
    changes nothing.
    """
    from curation.store.store import Store

    with Store(create=False) as store:
        if name is None:
            _list([(t, v) for v in store.versions() for t in v.tags], json_)
            return
        number = store.tag(name, version)
    if json_:
        emit({"tag": name, "version": number})
        return
    say(f"{name} is version {number}. Next: any reading command with --at {name}.")


def _list(tags: list[tuple[str, Version]], as_json: bool) -> None:
    if as_json:
        emit(
            {
                "tags": [
                    {"tag": t, "version": v.number, "made_at": v.made_at, "message": v.message}
                    for t, v in tags
                ]
            }
        )
    elif tags:
        table(
            "",
            ("tag", "version", "when (UTC)", "what"),
            [(t, str(v.number), f"{v.made_at:%Y-%m-%d %H:%M:%S}", v.message) for t, v in tags],
        )
    else:
        say("No version has a name yet. Next: botbench tag NAME [VERSION].")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench tag` · `botbench tag before-correction` · `botbench tag"
            " paper-2026 7`"
        )
    )(tag)
