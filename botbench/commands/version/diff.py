"""`botbench diff [A] [B] [TABLE]`: rows and labels that changed between two versions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers
from botbench.text.numbers import counted

MOST = 20
"""Labels that are listed, those that claims moved first: a first consensus moves all."""


def diff(
    a: Annotated[
        str | None,
        typer.Argument(
            metavar="[A]",
            help="From this version, tag or date; without one, the version before the newest ...",
        ),
    ] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="... to this one; without one, the newest.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="Only this table.")] = None,
    *,
    labels: Annotated[
        bool, typer.Option("--labels", help="Show whose claim moved which label, and how far.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compare two versions table by table: a row is changed when its key stayed and its content did
    not.

    Tags and releases, which speak of versions, are compared only where they are named as TABLE.
    """
    from curation.store.diff import changed_rows, label_changes, uncounted
    from curation.store.store import Store

    with Store(create=False) as store:
        last = store.resolve(b)
        first = (
            store.resolve(a)
            if a is not None
            else max((v.number for v in store.versions() if v.number < last), default=last)
        )
        tables = changed_rows(store, first, last, name)
        moved = label_changes(store, first, last) if labels or json_ else []
        late = uncounted(store, last) if labels else {}
    if json_:
        emit({"from": first, "to": last, "tables": tables, "labels": moved})
        return
    if any(any(c.values()) for c in tables.values()):
        table(
            f"version {first} to {last}",
            ("table", "added", "removed", "changed"),
            [(n, c["added"], c["removed"], c["changed"]) for n, c in tables.items()],
        )
    else:
        say(f"Nothing differs between version {first} and version {last}.")
    if labels:
        show_labels(moved, late)


def show_labels(moved: list[dict[str, Any]], late: dict[str, int]) -> None:
    """Print the first `MOST` moved labels, and how many claims of each data set wait (`late`)."""
    if moved:
        told = sorted(moved, key=lambda m: m["why"] != "claims")[:MOST]
        rest = f"; the first {MOST}, all by --json" if len(moved) > MOST else ""
        table(
            f"{counted(len(moved), 'label')} that moved{rest}",
            ("data set", "account", "label", "status", "p_bot", "moved by", "because"),
            [
                (
                    m["dataset"],
                    m["account"],
                    _step(m, "label"),
                    _step(m, "status"),
                    _step(m, "p_bot"),
                    "–"
                    if m["p_bot_change"] is None
                    else numbers.score(m["p_bot_change"], sign=True),
                    _because(m),
                )
                for m in told
            ],
        )
    else:
        say("No label moved.")
    for dataset, n in late.items():
        say(
            f"{n:,} claims on {dataset} came after its newest consensus, and no label rests on them"
            f" yet: botbench consensus {dataset}."
        )


def _step(moved: dict[str, Any], field: str) -> str:
    old, new = (_word(moved[side], field) for side in ("from", "to"))
    return new if old == new else f"{old} → {new}"


def _word(state: dict[str, Any] | None, field: str) -> str:
    value = state[field] if state else None
    return numbers.score(value) if isinstance(value, float) else str(value or "none")


def _because(moved: dict[str, Any]) -> str:
    if moved["why"] != "claims":
        return {
            "first": "its first consensus",
            "method": "another method",
            "other claims": "claims on other accounts",
        }[moved["why"]]
    return "; ".join(_said(c) for c in moved["claims"])


def _said(claim: dict[str, Any]) -> str:
    who = f"{claim['claimant']} ({claim['claimant_kind']})"
    if claim["answer"] is None:
        words = f"{who} took back {claim['retracted_answer'] or 'a claim'}"
    elif claim["retracts"]:
        words = f"{who}: {claim['retracted_answer'] or 'a claim'} → {claim['answer']}"
    else:
        words = f"{who}: {claim['answer']}"
    return words if claim["change"] == "came" else f"no longer {words}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench diff` · `botbench diff 3 7` · `botbench diff before after claims"
            " --json` · `botbench diff 2026-11-01 --labels`"
        )
    )(diff)
