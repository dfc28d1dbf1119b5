"""`botbench annotate invite|people`: annotators who join, leave or are set aside."""

from __future__ import annotations

from typing import Annotated

import typer

from botbench.commands.annotate.annotate import annotate
from botbench.commands.annotate.options import Batch, Json, SchemeFile, Token, Url
from botbench.terminal.console import emit, say, table
from botbench.text.numbers import counted


@annotate.command(
    epilog=(
        "Examples: `botbench annotate invite ana` · `botbench annotate invite ana --email"
        " ana@example.org`"
    )
)
def invite(
    name: Annotated[
        str, typer.Argument(help="What the others call them; it stands in their project's title.")
    ],
    *,
    email: Annotated[
        str,
        typer.Option(help="The address they will log in with; one is made of the name without it."),
    ] = "",
    url: Url = None,
    token: Token = "",
    json_: Json = False,
) -> None:
    """Invite somebody to the server: prints the link by which they sign up, and keeps their name in
    the private roster.
    """
    from botbench.core.errors import UserError
    from curation.annotation.assignment.roster import SHARED, Person, Roster, ServerAccess
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store

    with Store(create=False) as store:
        where = servers.of(store, url, token)
        own = [p for p in where if p.name == name]
        place = own[0] if own else next((p for p in where if p.name == SHARED), None)
        if place is None:
            raise UserError(
                f"Everybody has a server of their own here, and {name} has none yet: "
                f"botbench annotate serve --isolate --for {name}"
            )
        with Client(place.url, place.token) as client:
            link = client.url + client.invitation()
        with Roster.change(store.home) as roster:
            address = email or roster.person(name).email
            roster.people[name] = Person(name, address, place.name)
            roster.servers.setdefault(place.name, ServerAccess(place.name, client.url, place.token))
    if json_:
        emit({"name": name, "email": address, "url": link}, reveals=True)
        return
    say(
        f"{name} opens {link}, signs up as {address} with a password of their own, and answers in"
        " the project named after them.",
        reveals=True,
    )
    say(
        f"Next: botbench annotate push BATCH --annotators {name},...  (or, for a batch that is"
        f" running: botbench annotate people BATCH --join {name})"
    )


@annotate.command(
    epilog=(
        "Examples: `botbench annotate people b3f1` · `botbench annotate people b3f1 --join dan"
        " --leave ben`"
    )
)
def people(
    batch: Batch = None,
    *,
    join: Annotated[
        list[str] | None, typer.Option(help="Somebody gets an even share of what is unanswered.")
    ] = None,
    leave: Annotated[
        list[str] | None, typer.Option(help="Somebody's unanswered accounts go to the others.")
    ] = None,
    set_aside: Annotated[
        list[str] | None,
        typer.Option("--set-aside", help="The same, until a review; answers stay."),
    ] = None,
    url: Url = None,
    token: Token = "",
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Say who is asked for how much of a batch; let people join, leave or be set aside while it
    runs.

    Syncs first, moves what is unanswered, and brings the servers up to it. Answers that were given
    stay.
    """
    from curation.annotation.assignment import batches, seats
    from curation.annotation.label_studio import servers
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        chosen = batches.find(store, batch)
        moves = (
            [("joined", n) for n in join or []]
            + [("left", n) for n in leave or []]
            + [("set aside", n) for n in set_aside or []]
        )
        moved = {}
        if moves:
            where = servers.of(store, url, token)
            servers.sync_all(store, where, chosen)
            for why, name in moves:
                moved[name] = (
                    seats.join(store, chosen, name)
                    if why == "joined"
                    else seats.leave(store, chosen, name, why)
                )
            given = Scheme.load(scheme) if scheme else None
            servers.push_all(store, where, chosen, given)
        rows = seats.summary(store, chosen)
    if json_:
        emit({"batch_id": chosen.batch_id, "moved": moved, "people": rows})
        return
    table(
        f"Batch {chosen.batch_id}", ("who", "accounts"), [(r["person"], r["seats"]) for r in rows]
    )
    for name, n in moved.items():
        say(f"{name}: {counted(n, 'unanswered account')} moved.")


def register(app: typer.Typer) -> None:
    """The sub-commands are added as this module is imported."""
