"""`botbench quarantine`: the rows that pulls have set aside."""

from __future__ import annotations

from typing import Annotated

import typer

from botbench.terminal.console import emit, say, table


def quarantine(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="The data set whose rows to show.")
    ],
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only rows set aside for this reason.")
    ] = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="At most this many rows.")] = 20,
    at: Annotated[
        str | None, typer.Option("--at", help="The version, tag or date to read.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show rows that a pull has set aside: where they stood, why, and the row as it was read."""
    from curation.ingest import data_sets
    from curation.store.store import Store

    with Store(create=False) as store:
        data_sets.require(store, dataset, at)
        pulls = store.relation("pulls", at)
        rows = store.connection.execute(
            "SELECT q.table_name, q.row, q.reason, q.message, q.raw FROM"
            f" {store.relation('quarantine', at)} q JOIN {pulls} p USING (pull_id)"
            f" WHERE p.pull_id NOT IN (SELECT unnest(supersedes) FROM {pulls})"
            " AND p.dataset = ? AND (? IS NULL OR q.reason = ?) ORDER BY p.started_at"
            " DESC, q.table_name, q.row LIMIT ?",
            [dataset, reason, reason, last],
        ).fetchall()
    names = ("table", "row", "reason", "message", "raw")
    if json_:
        emit({"dataset": dataset, "rows": [dict(zip(names, r, strict=True)) for r in rows]})
        return
    if not rows:
        say(f"No row of {dataset} is set aside{f' for {reason}' if reason else ''}.")
        return
    table("", names, [(*r[:4], (r[4] or "")[:120]) for r in rows])
    say("Next: mend the file or the card, then botbench pull again.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench quarantine cresci-2017-users` · `botbench quarantine my-data"
            " --reason float_id -n 5`"
        ),
    )(quarantine)
