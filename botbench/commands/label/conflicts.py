"""`botbench conflicts`: who is called bot here and human there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.store.store import Store


def conflicts(
    datasets: Annotated[
        list[str] | None, typer.Argument(help="Only these data sets; all of the store without any.")
    ] = None,
    *,
    kinds: Annotated[
        str,
        typer.Option(
            help=(
                "Whose claims are compared, separated by commas: person, dataset, platform, rule,"
                " model."
            )
        ),
    ] = "dataset,person",
    groups: Annotated[
        bool,
        typer.Option(
            "--groups/--no-groups",
            help="Also look for accounts that look alike (profiles and timelines); takes longer.",
        ),
    ] = True,
    duplicates: Annotated[
        bool,
        typer.Option(
            "--duplicates",
            help="List the groups of accounts that look alike instead, in conflict or not.",
        ),
    ] = False,
    scheme: Annotated[
        Path | None,
        typer.Option(
            "--scheme", metavar="FILE", help="A scheme file in place of the default scheme."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The claims at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List label conflicts: the same account (platform and id) in several data sets or within one,
    and duplicate groups.

    People are one voice for each data set, that of most of them. Nothing is settled by this: an
    adjudicator does that.
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels import conflicts as work
    from curation.store.store import Store

    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    with Store(create=False) as store:
        if duplicates:
            return _look_alikes(store, datasets, at, json_)
        meaning = Scheme.load(scheme)
        only = datasets or None
        rows = work.conflicts(store, meaning, datasets=only, kinds=chosen, at=at, groups=groups)
        labelled = work.sides(store, meaning, datasets=only, kinds=chosen, at=at)
        shared = work.overlaps(store, labelled)
    if json_:
        emit({"conflicts": rows})
        return None
    _show(rows, shared, work.pairs(rows))
    say(
        "Next: botbench claims ACCOUNT, or have some adjudicated: botbench doubtful DATASET"
        " --batch."
    )
    return None


def _look_alikes(store: Store, datasets: list[str] | None, at: str | None, json_: bool) -> None:
    from curation.labels import duplicates

    pairs = duplicates.ledger(store, duplicates.find(store, datasets or None, at=at))
    if json_:
        emit({"conflicts": pairs})
        return
    table(
        f"{counted(len(pairs), 'group')} of accounts that look alike (the 20 largest; all by"
        " --json)",
        ("by", "platform", "accounts", "of"),
        [
            (
                g["by"],
                g["platform"],
                len(g["accounts"]),
                ", ".join(sorted({a["dataset"] for a in g["accounts"]})),
            )
            for g in pairs[:20]
        ],
    )
    say("Next: botbench conflicts tells which of them carry different labels.")


def _show(
    conflicts: list[dict[str, Any]], shared: list[dict[str, Any]], pairs: dict[tuple[str, str], int]
) -> None:
    kinds = [entry["kind"] for entry in conflicts]
    table(
        f"{counted(len(conflicts), 'label conflict')}",
        ("kind", "conflicts"),
        [(kind, kinds.count(kind)) for kind in ("between", "within", "duplicate group")],
    )
    _unless_empty(
        "data sets that name the same accounts",
        ("data set", "and", "shared accounts", "labelled differently"),
        [(r["a"], r["b"], r["shared"], pairs.get((r["a"], r["b"]), 0)) for r in shared],
    )
    _unless_empty(
        "within a data set",
        ("data set", "accounts"),
        [(a, n) for (a, b), n in sorted(pairs.items()) if a == b],
    )
    _unless_empty(
        "the first 20 (all by --json)",
        ("account", "kind", "answers"),
        [
            (
                e["account"],
                e["kind"],
                "; ".join(
                    f"{a['answer']} ({a['dataset']}, {a['claimant']})" for a in e["answers"][:4]
                ),
            )
            for e in conflicts[:20]
        ],
    )


def _unless_empty(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        table(title, columns, rows)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench conflicts` · `botbench conflicts gilani-2017 varol-2017"
            " --no-groups --json` · `botbench conflicts --duplicates`"
        )
    )(conflicts)
