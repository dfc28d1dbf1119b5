"""`botbench annotate serve`: start a server with a batch to annotate."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.commands.annotate.annotate import annotate
from botbench.commands.annotate.options import Json, names
from botbench.terminal.console import emit, progress, say

if TYPE_CHECKING:
    from curation.annotation.label_studio.server import Login, Server
    from curation.store.store import Store

TRIAL_DATASET, TRIAL_SIZE = "simulated-a", 30
STARTS = 5
"""How often another port is tried when the one chosen is taken while Label Studio starts."""


@annotate.command(
    epilog=(
        "Examples: `botbench annotate serve` · `botbench annotate serve b3f1 --for ana --port 8090`"
        " · `botbench annotate serve --isolate --for ana,ben,cy`"
    )
)
def serve(
    batch: Annotated[
        str | None,
        typer.Argument(
            metavar="[BATCH]",
            help="The batch to annotate; without one the newest, or a simulated one to try.",
        ),
    ] = None,
    *,
    for_: Annotated[str, typer.Option("--for", metavar="A,B,C", help="Who annotates.")] = "me",
    isolate: Annotated[
        bool,
        typer.Option("--isolate", help="Each person gets a server and data folder of their own."),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(help="A port of this machine; without it the next free one from 8080."),
    ] = None,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop again once all is ready (to prepare, or to test).")
    ] = False,
    json_: Json = False,
) -> None:
    """Start a Label Studio server on this machine with a batch to answer; prints address, user and
    password; Ctrl-C stops it.

    The server listens on this machine only and sends no telemetry. The first start takes a minute.
    Run again, it has the same data and logins; sync, status and push find it by themselves.
    """
    from curation.annotation.label_studio import server as servers
    from curation.store.snapshot_queries import card
    from curation.store.store import Store

    servers.program()
    people = list(dict.fromkeys(names(for_)))
    with ExitStack() as running:
        with Store() as store:
            chosen = _batch(store, batch)
            simulated = bool(card(store, chosen.dataset, store.head()).get("simulated"))
            logins = []
            for who in [[n] for n in people] if isolate else [people]:
                started, place = _start(store, who[0] if isolate else "", port, json_, running)
                port = None if port is None else port + 1
                by_name = _people(store, started, place, who)
                pushed = _push(store, place, chosen, people)
                logins += [
                    {
                        "name": n,
                        "url": place.url,
                        "user": login.email,
                        "password": login.password,
                        "project_ids": pushed.project_ids,
                    }
                    for n, login in by_name.items()
                ]
        if json_:
            emit(
                {
                    "batch_id": chosen.batch_id,
                    "dataset": chosen.dataset,
                    "simulated": simulated,
                    "people": logins,
                },
                reveals=True,
            )
            sys.stdout.flush()
        else:
            _say(chosen.dataset, simulated, logins)
        if not stop:
            _until_stopped()
    say(
        "Stopped. The same command starts it again with the same data; botbench annotate sync needs"
        " it running."
    )


def _batch(store: Store, reference: str | None) -> Any:
    """The batch asked for, the newest, or, in a store without one, thirty simulated accounts."""
    from curation.annotation.assignment import batches

    if (
        reference
        or store.arrow(f"SELECT batch_id FROM {store.relation('batches')} LIMIT 1").num_rows
    ):
        return batches.find(store, reference)
    from curation.ingest import cards
    from curation.ingest.pull import pull
    from curation.sampling.designs import parse
    from curation.sampling.draw import sample

    say(
        f"There is no batch in this store: {TRIAL_SIZE} simulated accounts ({TRIAL_DATASET}) to"
        " try, and the answers of a simulated annotator for status to compare yours with."
    )
    pull(store, cards.load(TRIAL_DATASET))
    batch_id = sample(store, TRIAL_DATASET, parse("uniform", TRIAL_SIZE)).batch_id
    drawn = batches.find(store, batch_id)
    _simulate_colleague(store, drawn)
    return drawn


def _simulate_colleague(store: Store, batch: Any) -> None:
    """Add a simulated annotator's answers: with them, one person sees how agreement looks."""
    from curation.annotation.assignment.simulate import simulate_export
    from curation.annotation.label_studio import sync_run

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simulated.json"
        simulate_export(store, batch.batch_id, file, annotators=1)
        sync_run.sync_file(store, file)


def _start(
    store: Store, name: str, port: int | None, quiet: bool, running: ExitStack
) -> tuple[Server, Any]:
    """Start a server, which `running` stops at its end."""
    from curation.annotation.assignment.roster import Roster
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.server import PortTaken, Server, free_port

    server = Server(store.home / "annotate" / "servers" / (name or "shared"), name)
    before = Roster.load(store.home).servers.get(name)
    usual = int(before.url.rpartition(":")[2]) if before else 8080
    if port is None and before and server.answers(before.url):
        from botbench.core.errors import UserError

        raise UserError(
            f"This server is running already at {before.url} (another botbench annotate serve?)."
            " Stop that one first, with Ctrl-C in its window."
        )
    # Before it is started: an error or a signal while it starts ends it too.
    running.callback(server.stop)
    for attempt in range(STARTS):
        chosen = free_port(port, usual)
        if port is None and chosen != usual:
            say(f"Port {usual} is in use; taking {chosen}.")
        try:
            place = _started(server, chosen, quiet)
            break
        except PortTaken:
            # By a server that was started in the same seconds, such as another `annotate serve`.
            if port is not None or attempt == STARTS - 1:
                raise
    servers.remember(store, place)
    return server, place


def _started(server: Server, port: int, quiet: bool) -> Any:
    """Start a server on a port, with a bar; where it answers."""
    expected = 60 if server.is_new else 15
    patience = "the first start takes about a minute" if server.is_new else "some seconds"
    say(f"Starting Label Studio on port {port} ({patience}) ...")
    with progress(quiet) as bar:
        task = bar.add_task("starting", total=expected)
        return server.start(
            port, lambda waited: bar.update(task, completed=min(waited, expected - 1))
        )


def _people(store: Store, server: Server, place: Any, names: list[str]) -> dict[str, Login]:
    from curation.annotation.assignment.roster import Person, Roster
    from curation.annotation.label_studio.client import Client

    with Roster.change(store.home) as roster:
        for name in names:
            roster.people[name] = Person(name, roster.person(name).email, place.name)
    with Client(place.url, place.token) as client:
        invitation = client.invitation()
    return {name: server.login(roster.people[name].email, invitation) for name in names}


def _push(store: Store, place: Any, batch: Any, people: list[str]) -> Any:
    from curation.annotation.assignment import seats
    from curation.annotation.label_studio import servers

    given = bool(seats.annotators(store, batch)) or len(people) < batch.copies
    return servers.push_all(store, [place], batch, annotators=[] if given else people)


def _say(dataset: str, simulated: bool, logins: list[dict[str, Any]]) -> None:
    what = f"the simulated data set {dataset} (nobody in it exists)" if simulated else dataset
    say(f"Ready: a batch of {what}.")
    for person in logins:
        say(
            f"  {person['name']}: {person['url']}  user {person['user']}  password"
            f" {person['password']}",
            reveals=True,
        )
    say(
        "Open the address, log in, open the project, press Label All Tasks; the keys stand beside"
        " the answers."
    )
    say("In another window: botbench annotate status. Ctrl-C here stops the server.")


def _until_stopped() -> None:
    """Wait for Ctrl-C (or a terminating signal); what the caller ignores (nohup) stays ignored."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return


def register(app: typer.Typer) -> None:
    """The sub-command is added as this module is imported."""
