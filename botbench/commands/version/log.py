"""`botbench log`: every version of the store."""

from __future__ import annotations

from typing import Annotated

import typer

from botbench.terminal.console import emit, say, table


def log(
    at: Annotated[
        str | None, typer.Option("--at", help="Only up to this version, tag or date.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, help="Only the newest N.")
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", help="Only what this author wrote.")
    ] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", help="Only messages that contain this text.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the versions: who wrote what, when, and the tags."""
    from curation.store.store import Store

    with Store(create=False) as store:
        limit = store.resolve(at)
        versions = [
            v
            for v in store.versions()
            if v.number <= limit and author in (None, v.author) and (grep or "") in v.message
        ]
    versions = versions[::-1][:last]
    if json_:
        emit(
            {
                "versions": [
                    {
                        "version": v.number,
                        "made_at": v.made_at,
                        "author": v.author,
                        "message": v.message,
                        "tags": v.tags,
                    }
                    for v in versions
                ]
            }
        )
        return
    table(
        "",
        ("version", "when (UTC)", "who", "what", "tags"),
        [
            (str(v.number), f"{v.made_at:%Y-%m-%d %H:%M:%S}", v.author, v.message, " ".join(v.tags))
            for v in versions
        ],
    )
    say("Next: botbench show VERSION, or botbench diff A B.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench log` · `botbench log --at 2026-11-01 -n 5` · "
            "`botbench log --author ada --grep consensus`"
        )
    )(log)
