"""`botbench annotate train|feedback|adjudicate|archive`: the rounds around the real batch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.commands.annotate.annotate import Json, SchemeFile, SomeBatch, Token, Url, annotate
from botbench.core.console import emit, say, table

Batch = Annotated[
    str | None,
    typer.Argument(metavar="[BATCH]", help="A batch id, or how it begins; the newest without one."),
]


@annotate.command(epilog="Examples: `botbench annotate train b3f1 --annotators ana,ben --n 10`")
def train(
    batch: Batch = None,
    *,
    annotators: Annotated[str, typer.Option(metavar="A,B,C", help="Who is to be trained.")],
    n: Annotated[int, typer.Option("--n", min=2, help="How many known accounts.")] = 10,
    url: Url = None,
    token: Token = "",
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Push a training round: adjudicated accounts of the batch's data set, the same for everybody.
    Feedback comes after it.
    """
    from curation.annotation.assignment import batches, gold
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    names = [a for a in (a.strip() for a in annotators.split(",")) if a]
    with Store(create=False) as store:
        made = gold.train(store, batches.find(store, batch), Scheme.load(scheme), names, n)
        pushed = _push(store, made, Scheme.load(scheme), url, token)
    _pushed(
        made,
        pushed,
        json_,
        f"botbench annotate sync, then botbench annotate feedback {made.batch_id[:8]}",
    )


@annotate.command(
    epilog=(
        "Examples: `botbench annotate feedback 7d01` · `botbench annotate feedback 7d01 --html"
        " feedback.html`"
    )
)
def feedback(
    batch: Batch = None,
    *,
    person: Annotated[str, typer.Option(help="Only this person's.")] = "",
    scheme: SchemeFile = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page to go through together."),
    ] = None,
    json_: Json = False,
) -> None:
    """Say, account by account, what people answered in a training round and what the adjudicator
    said, and why.
    """
    from curation.annotation.assignment import batches, gold
    from curation.annotation.monitoring.feedback_page import page
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        found = gold.feedback(store, batches.find(store, batch), Scheme.load(scheme))
    shown = {who: rows for who, rows in found.items() if not person or who == person}
    if html:
        html.write_text(page(shown, Scheme.load(scheme)), encoding="utf-8")
    if json_:
        emit({"people": shown})
        return
    for who, rows in shown.items():
        columns = ("account", "you", "adjudicated", "because")
        table(
            f"{who}: {sum(r['alike'] for r in rows)} of {len(rows)} as adjudicated",
            columns,
            [
                (
                    i,
                    r["yours"],
                    r["adjudicated"],
                    "; ".join(filter(None, [", ".join(r["reasons"] or []), r["note"]])) or None,
                )
                for i, r in enumerate(rows, 1)
            ],
        )
    say(
        "Nobody gets all of them: what differs is worth a talk, not a mark."
        if shown
        else "Nobody has answered in this round yet."
    )


@annotate.command(epilog="Examples: `botbench annotate adjudicate b3f1 --to dana`")
def adjudicate(
    batch: Batch = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The further person.")],
    url: Url = None,
    token: Token = "",
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Give disputed accounts to a further person, with the reasons (not the names) of both sides;
    their claim settles it.
    """
    from curation.annotation.assignment import adjudication, batches
    from curation.annotation.label_studio import servers
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        of, chosen = batches.find(store, batch), Scheme.load(scheme)
        servers.sync_all(store, servers.of(store, url, token), of)
        made = adjudication.begin(store, of, chosen, to)
        pushed = _push(store, made, chosen, url, token)
    _pushed(made, pushed, json_, f"{to} answers there; then botbench annotate sync")


@annotate.command(epilog="Examples: `botbench annotate archive b3f1`")
def archive(
    batch: SomeBatch = None, *, url: Url = None, token: Token = "", json_: Json = False
) -> None:
    """Close a batch: a last sync, then its projects are marked as archived.

    What is answered after that is still taken, and said.
    """
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store

    with Store(create=False) as store:
        found, where = batches.find(store, batch), servers.of(store, url, token)
        synced, _ = servers.sync_all(store, where, found)
        closed = []
        for place in where:
            with Client(place.url, place.token) as client:
                for project in [
                    p for p in client.projects() if p["botbench"]["batch"] == found.batch_id
                ]:
                    client.rename_project(
                        project["id"],
                        f"[closed] {project['title'].removeprefix('[closed] ')}",
                        {**project["botbench"], "archived": "yes"},
                    )
                    closed.append(project["id"])
    if json_:
        emit(
            {"batch_id": found.batch_id, "project_ids": closed, "claims_added": synced.claims_added}
        )
        return
    say(
        f"Batch {found.batch_id}: {len(closed)} projects closed, {synced.claims_added} claims added"
        " by the last sync."
    )


def _push(store: Any, batch: Any, scheme: Any, url: str | None, token: str) -> dict[str, Any]:
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.client import Client
    from curation.annotation.label_studio.push import push

    done = []
    for place in servers.of(store, url, token):
        with Client(place.url, place.token) as client:
            done.append(push(store, client, batch, scheme, only=servers.only(store, place)))
    return {
        "batch_id": batch.batch_id,
        "project_ids": [i for p in done for i in p.project_ids],
        "tasks_created": sum(p.tasks_created for p in done),
        "tasks_existing": sum(p.tasks_existing for p in done),
    }


def _pushed(batch: Any, pushed: dict[str, Any], json_: bool, then: str) -> None:
    if json_:
        emit(pushed)
        return
    say(
        f"Batch {batch.batch_id}: projects {', '.join(map(str, pushed['project_ids']))};"
        f" {pushed['tasks_created']:,} tasks made, {pushed['tasks_existing']:,} were there."
    )
    say(f"Next: {then}")


def register(app: typer.Typer) -> None:
    """The sub-commands are added as this module is imported."""
