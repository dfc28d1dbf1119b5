"""`botbench show VERSION`: the contents and changes of one version."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table


def show(
    version: Annotated[
        str | None, typer.Argument(help="A version, tag or date; the newest without one.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="The same as VERSION.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show a version: who made it and why, the rows of every table, and what it added to the
    version before.
    """
    from curation.store.store import Store

    with Store(create=False) as store:
        description = describe(store, version if version is not None else at)
    if json_:
        emit(description)
        return
    say(
        f"version {description['version']} · {description['made_at']:%Y-%m-%d %H:%M:%S} UTC"
        f" · {description['author']}"
        f" · {description['message']}"
        + (f" · tags: {', '.join(description['tags'])}" if description["tags"] else "")
    )
    table(
        "",
        ("table", "rows", "added", "removed", "changed"),
        [
            (
                name,
                rows,
                *(
                    description["changes"].get(name, {}).get(k, 0)
                    for k in ("added", "removed", "changed")
                ),
            )
            for name, rows in description["rows"].items()
        ],
    )
    say("Next: botbench diff A B, or botbench tag NAME VERSION.")


def describe(store: Any, at: str | None) -> dict[str, Any]:
    """One version: its snapshot, the rows of each table, and its changes."""
    from curation.store.schema import STORED

    number = store.resolve(at)
    versions = {v.number: v for v in store.versions()}
    version = versions[number]
    before = max((n for n in versions if n < number), default=None)
    rows = {
        name: (
            store.arrow(f"SELECT count(*) AS n FROM {store.relation(name, number)}")["n"][0].as_py()
        )
        for name in STORED
    }
    return {
        "version": number,
        "made_at": version.made_at,
        "author": version.author,
        "message": version.message,
        "tags": version.tags,
        "rows": rows,
        "changes": _changes(store, before, number) if before is not None else {},
    }


def _changes(store: Any, before: int, number: int) -> dict[str, dict[str, int]]:
    """The changes of a version, tags and releases included."""
    from curation.store.diff import changed_rows
    from curation.store.schema import STORED

    spoken = {
        t.name: changed_rows(store, before, number, t.name)[t.name]
        for t in STORED.values()
        if t.of_versions
    }
    return {
        **changed_rows(store, before, number),
        **{name: c for name, c in spoken.items() if any(c.values())},
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench show` · `botbench show 7` · `botbench show before-correction"
            " --json`"
        )
    )(show)
