"""`botbench annotate train|feedback|adjudicate|archive`: the rounds around the real batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.commands.annotate.annotate import annotate
from botbench.commands.annotate.options import Batch, Json, SchemeFile, SomeBatch, Token, Url, names
from botbench.terminal.console import emit, say, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio.push import Pushed
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store


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
    from curation.annotation.label_studio import servers
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    chosen = Scheme.load(scheme)
    with Store(create=False) as store:
        of = batches.find(store, batch)
        training = gold.train(store, of, chosen, names(annotators), n)
        pushed = servers.push_all(store, servers.of(store, url, token), training, chosen)
    then = f"botbench annotate sync, then botbench annotate feedback {training.batch_id[:8]}"
    _report(training, pushed, json_, then)


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
    """Show, for each account of a training round, a person's answer beside the adjudicator's and
    its reasons.
    """
    from curation.annotation.assignment import batches, gold
    from curation.annotation.monitoring.feedback_page import page
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        of, rules = batches.find(store, batch), Scheme.load(scheme)
        answers = gold.feedback(store, of, rules)
        chosen = {who: rows for who, rows in answers.items() if not person or who == person}
        if html:
            html.write_text(page(chosen, rules, _cards(store, of, rules, chosen)), encoding="utf-8")
    if json_:
        emit({"people": chosen})
        return
    for who, rows in chosen.items():
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
        if chosen
        else "Nobody has answered in this round yet."
    )


def _cards(
    store: Store, batch: batches.Batch, rules: Scheme, answers: dict[str, list[dict[str, Any]]]
) -> dict[str, str]:
    """The HTML of each answered account's card, in the order of the first person's answers."""
    import pyarrow as pa

    from curation.annotation.card.card import cards

    ids = list(dict.fromkeys(r["account"] for rows in answers.values() for r in rows))
    if not ids:
        return {}
    wanted = pa.table({"account_id": pa.array(ids, pa.string())})
    drawn = cards(store, rules, batch.dataset, wanted, batch.drawn_from)
    by_id = {c.account_id: c.html for c in drawn}
    return {i: by_id[i] for i in ids if i in by_id}


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
        where = servers.of(store, url, token)
        servers.sync_all(store, where, of)
        disputed = adjudication.begin(store, of, chosen, to)
        pushed = servers.push_all(store, where, disputed, chosen)
    _report(disputed, pushed, json_, f"{to} answers there; then botbench annotate sync")


@annotate.command(epilog="Examples: `botbench annotate archive b3f1`")
def archive(
    batch: SomeBatch = None, *, url: Url = None, token: Token = "", json_: Json = False
) -> None:
    """Close a batch: a last sync, then its projects are marked as archived.

    Later answers still count; each sync says how many there are.
    """
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store

    with Store(create=False) as store:
        chosen, where = batches.find(store, batch), servers.of(store, url, token)
        synced, _ = servers.sync_all(store, where, chosen)
        closed = []
        for place in where:
            with Client(place.url, place.token) as client:
                for project in client.projects():
                    if project["botbench"]["batch"] != chosen.batch_id:
                        continue
                    client.rename_project(
                        project["id"],
                        f"[closed] {project['title'].removeprefix('[closed] ')}",
                        {**project["botbench"], "archived": "yes"},
                    )
                    closed.append(project["id"])
    if json_:
        emit(
            {
                "batch_id": chosen.batch_id,
                "project_ids": closed,
                "claims_added": synced.claims_added,
            }
        )
        return
    say(
        f"Batch {chosen.batch_id}: {counted(len(closed), 'project')} closed,"
        f" {counted(synced.claims_added, 'claim')} added by the last sync."
    )


def _report(batch: batches.Batch, pushed: Pushed, json_: bool, then: str) -> None:
    created, existing = pushed.tasks_created, pushed.tasks_existing
    if json_:
        emit(
            {
                "batch_id": batch.batch_id,
                "project_ids": pushed.project_ids,
                "tasks_created": created,
                "tasks_existing": existing,
            }
        )
        return
    say(
        f"Batch {batch.batch_id}: projects {', '.join(map(str, pushed.project_ids))};"
        f" {counted(created, 'task')} made, {existing:,} were there."
    )
    say(f"Next: {then}")


def register(app: typer.Typer) -> None:
    """The sub-commands are added as this module is imported."""
