"""The servers that a command uses: the one named, or those of the store's roster (one for all, or
one for each person).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.annotation.assignment.batches import Batch
from curation.annotation.assignment.roster import SHARED, Roster, ServerAccess
from curation.annotation.label_studio import fetch, report, sync_run
from curation.annotation.label_studio.client import Client, server_name
from curation.annotation.label_studio.push import Pushed, push
from curation.annotation.scheme.scheme import Scheme

if TYPE_CHECKING:
    from curation.store.store import Store

LOCAL = "http://127.0.0.1:8080"


def of(store: Store, url: str | None, token: str) -> list[ServerAccess]:
    """The servers of a command: the one named with its token, else those that `serve` or `invite`
    wrote into the roster. Raises UserError where `serve` never got that far.
    """
    if token:
        return [ServerAccess(SHARED, url or LOCAL, token)]
    places = list(Roster.load(store.home).servers.values())
    if url:
        places = [p for p in places if server_name(p.url) == server_name(url)]
    # `serve` makes a folder with a token when it starts, and writes the roster when all is ready.
    if not places and not url and any((store.home / "annotate" / "servers").glob("*/desk.json")):
        raise UserError(
            "The server of `botbench annotate serve` is still starting: wait until its window says"
            " Ready. If it was stopped before that, start it again. For another server, give --url"
            " and --token."
        )
    # Without a token the client raises an error that says what is missing.
    return places or [ServerAccess(SHARED, url or LOCAL, "")]


def only(store: Store, place: ServerAccess) -> list[str] | None:
    """The people whose parts belong on a person's own server; None for a shared server."""
    return (
        None
        if place.name == SHARED
        else [p.name for p in Roster.load(store.home).people.values() if p.server == place.name]
    )


def sync_all(
    store: Store,
    places: list[ServerAccess],
    batch: Batch | None = None,
    scheme: Scheme | None = None,
    *,
    whole: bool = False,
) -> tuple[report.Synced, list[dict[str, Any]]]:
    """Sync with every server; returns the sum of what was done, and the servers' projects. A server
    without a project of the batch is an error only if no server has one."""
    total, projects, errors = report.Synced(), [], []
    for place in places:
        with Client(place.url, place.token) as client:
            try:
                one = sync_run.sync_server(store, client, batch, scheme, whole=whole)
            except fetch.NoProjectError as error:
                errors.append(error)
                continue
            projects += [{**p, "server": place.url} for p in one.projects]
        total.claims_added += one.claims_added
        total.claims_retracted += one.claims_retracted
        total.rejected += one.rejected
        total.notes += one.notes
        total.version = one.version or total.version
    if errors and not projects:
        raise errors[0]
    return total, projects


def push_all(
    store: Store,
    places: list[ServerAccess],
    batch: Batch,
    scheme: Scheme | None = None,
    **options: Any,
) -> Pushed:
    """Push to every server the parts that belong there; `options` are those of `push`. Returns the
    sum of what was done.
    """
    total = Pushed([], 0, 0)
    for place in places:
        with Client(place.url, place.token) as client:
            one = push(store, client, batch, scheme, only=only(store, place), **options)
        total = Pushed(
            total.project_ids + one.project_ids,
            total.tasks_created + one.tasks_created,
            total.tasks_existing + one.tasks_existing,
            total.tasks_removed + one.tasks_removed,
            total.notes + one.notes,
        )
    return total


def remember(store: Store, place: ServerAccess) -> None:
    """Keep a server in the roster."""
    with Roster.change(store.home) as roster:
        if place.name == SHARED and any(name != SHARED for name in roster.servers):
            raise UserError(
                "This store's people have servers of their own (--isolate); a shared one beside"
                " them would mix the two. Use another store, or go on with --isolate."
            )
        roster.servers[place.name] = place
