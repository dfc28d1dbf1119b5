"""From a batch to Label Studio: one project for each part, every account once in it, however often
and brokenly this is run.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.annotation.assignment import adjudication, score_exposure, seats
from curation.annotation.assignment.batches import Batch
from curation.annotation.card import card
from curation.annotation.label_studio import instructions, labelling_config, server_checks
from curation.annotation.label_studio.client import Client
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store

AT_A_TIME = 1_000
"""Tasks in one request: the server makes all of them or none."""

Project = dict[str, Any]


@dataclass(frozen=True)
class Pushed:
    """What a push did: the batch's projects, the tasks it made, the tasks that were there."""

    project_ids: list[int]
    tasks_created: int
    tasks_existing: int
    tasks_removed: int = 0
    notes: list[str] = field(default_factory=list)
    """What was found on the server that should not be so, in sentences."""


def push(
    store: Store,
    client: Client,
    batch: Batch,
    scheme: Scheme | None = None,
    *,
    annotators: Sequence[str] = (),
    only: Sequence[str] | None = None,
    status: bool = False,
    shown: pa.Table | None = None,
    restore_page: bool = False,
    advance: Callable[[int], object] = int,
) -> Pushed:
    """Make the batch's projects and tasks as far as they are missing on the server; `advance` is
    told of tasks made.

    Without a scheme it is the one the batch was pushed with before. `status` and `shown` are of
    `card.cards`: what the platform says, and the detector scores that some cards show (remembered
    for later pushes). `only` are the people whose parts belong on this server, where each has one.
    Tasks that somebody was relieved of go away unless they were answered. A page that was edited by
    hand is told of, and with `restore_page` made again.

    Before each request it is looked up what is there, because the server does not dedupe and goes
    on with a request whose client has gone. Raises UserError where the batch was pushed there for
    other people or with another scheme.
    """
    with _alone(store, client, batch):
        there = [p for p in client.projects() if p["botbench"]["batch"] == batch.batch_id]
        scheme = scheme or _before(store, there)
        SchemeBook(store.home).keep(scheme)
        names = _agreed(there, batch, scheme, annotators)
        asked = _only(seats.asked(store, batch, names), only)
        shared = {"batch": batch.batch_id, "scheme": scheme.version, "annotators": ",".join(names)}
        marks = [
            {**shared, "part": p, "mark": secrets.token_hex(4)}
            for p in sorted(set(asked["part"].to_pylist()))
        ]
        projects = _projects(client, there, scheme, marks)
        notes = _restore(client, projects, labelling_config.config(scheme)) if restore_page else []
        keys = {part: {key for _, key in client.task_keys(p["id"])} for part, p in projects.items()}
        missing = _missing(asked, keys)
        shown = score_exposure.kept(store, batch, shown)
        missing_ids = missing.select(["account_id"])
        made = card.cards(
            store, scheme, batch.dataset, missing_ids, batch.drawn_from, status=status, shown=shown
        )
        _keep_cards(store, adjudication.told(store, batch, scheme, made))
        created = sum(
            _fill(client, p, _tasks(store, p, missing), keys[part], advance)
            for part, p in projects.items()
        )
        for part, project in projects.items():
            if client.task_count(project["id"]) > len(keys[part]):
                _remove_doubles(client, project["id"])
        removed = sum(_relieve(client, p, asked, part) for part, p in projects.items())
        removed += sum(
            _relieve(client, p, asked, p["botbench"]["part"])
            for p in there
            if p["botbench"]["part"] not in projects
        )
        notes += server_checks.edited_pages(client, list(projects.values()))
        return Pushed(
            [p["id"] for p in projects.values()],
            created,
            asked.num_rows - missing.num_rows,
            removed,
            notes,
        )


def _before(store: Store, there: list[Project]) -> Scheme:
    """The scheme that the batch was pushed with, where it was; else the default one."""
    known = [s for p in there if (s := SchemeBook(store.home).get(p["botbench"]["scheme"]))]
    return known[0] if known else Scheme.load()


def _only(asked: pa.Table, parts: Sequence[str] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return (
        asked
        if parts is None
        else asked.filter(pc.is_in(asked["part"], pa.array(list(parts), pa.string())))
    )


def _relieve(client: Client, project: Project, asked: pa.Table, part: str) -> int:
    """Delete the tasks of a part that it is not asked for (any more) and that nobody answered;
    returns how many.
    """
    import pyarrow.compute as pc

    wanted = set(asked.filter(pc.equal(asked["part"], part))["key"].to_pylist())
    if client.task_count(project["id"]) <= len(wanted):
        return 0
    extra = [task for key, task in client.unanswered(project["id"]).items() if key not in wanted]
    if extra:
        client.delete_tasks(project["id"], extra)
    return len(extra)


@contextlib.contextmanager
def _alone(store: Store, client: Client, batch: Batch) -> Iterator[None]:
    """Two pushes of one batch would both find nothing there: the second waits for the first."""
    name = hashlib.sha256(f"{client.url}\n{batch.batch_id}".encode()).hexdigest()[:16]
    folder = store.home / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"push-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _agreed(
    there: list[Project], batch: Batch, scheme: Scheme, annotators: Sequence[str]
) -> list[str]:
    """The annotators' names, from the projects that are there where some are; raises UserError
    where these say otherwise.
    """
    names = list(annotators)
    if len(set(names)) < len(names):
        raise UserError(f"--annotators names somebody twice: {', '.join(names)}.")
    for project in there:
        mark = project["botbench"]
        if mark["scheme"] != scheme.version:
            raise UserError(
                f"Batch {batch.batch_id} is on the server with scheme {mark['scheme']} (project"
                f" {project['id']}), and this is {scheme.version}. Push with that scheme, or draw"
                " another batch."
            )
        before = [n for n in mark.get("annotators", "").split(",") if n]
        if annotators and names != before:
            raise UserError(
                f"Batch {batch.batch_id} is on the server for"
                f" {', '.join(before) or 'whoever comes'} (project {project['id']}). Push again"
                " without --annotators; others join with botbench annotate people BATCH --join"
                " NAME."
            )
        names = before
    return names


def _projects(
    client: Client, there: list[Project], scheme: Scheme, marks: list[dict[str, str]]
) -> dict[str, Project]:
    """The project of each part, made where it is missing, sorted by part."""
    found = {p["botbench"]["part"]: p for p in reversed(there)}  # of two for one part the older one
    config = labelling_config.config(scheme)
    for mark in marks:
        part = mark["part"]
        if part in found:
            continue
        title = f"{scheme.document.title} {mark['batch'][:6]} · {part}"
        marked = {**mark, "config": labelling_config.config_hash(config)}
        found[part] = _once(
            client, client.create_project(title, config, instructions.as_html(scheme), marked)
        )
        client.hide_card_column(found[part]["id"])
    return dict(sorted(found.items()))


def _once(client: Client, made: Project) -> Project:
    """The project just made. Label Studio runs a request again by itself where SQLite was locked,
    and so may make two of one: the older one counts from now on, the other (empty, of the same
    mark) goes."""
    mark = made["botbench"]["mark"]
    first, *others = sorted(
        (p for p in client.projects() if p["botbench"]["mark"] == mark), key=lambda p: int(p["id"])
    )
    for other in others:
        client.delete_project(other["id"])
    return first


def _restore(client: Client, projects: dict[str, Project], config: str) -> list[str]:
    """Put our page back; says where the server refuses, which it does while answers stand that only
    the edited page has.
    """
    told = []
    for project in projects.values():
        mark = {**project["botbench"], "config": labelling_config.config_hash(config)}
        try:
            client.restore_config(project["id"], config, mark)
        except UserError as error:
            told.append(f"The page of project {project['id']} was not put back: {error}")
        else:
            project["botbench"] = mark
    return told


def _missing(asked: pa.Table, keys: dict[str, set[str | None]]) -> pa.Table:
    """The rows of `asked` whose key is not yet in their part's project."""
    import pyarrow as pa

    pairs = zip(asked["part"].to_pylist(), asked["key"].to_pylist(), strict=True)
    return asked.filter(
        pa.array([key not in keys.get(part, ()) for part, key in pairs], pa.bool_())
    )


def _keep_cards(store: Store, made: Iterator[card.Card]) -> None:
    """The temporary table `push_cards`, once for each account however many people are asked; spills
    to disk.
    """
    import pyarrow as pa

    columns = (
        "account_id VARCHAR, html VARCHAR, hash VARCHAR, evidence_at TIMESTAMPTZ, scores_shown"
        " BOOLEAN"
    )
    store.connection.execute(f"CREATE OR REPLACE TEMP TABLE push_cards ({columns})")
    for some in _chunks(made):
        store.connection.register("push_some", pa.Table.from_pylist([vars(c) for c in some]))
        store.connection.execute("INSERT INTO push_cards BY NAME FROM push_some")
        store.connection.unregister("push_some")


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    from itertools import islice

    while some := list(islice(items, AT_A_TIME)):
        yield some


def _fill(
    client: Client,
    project: Project,
    tasks: Iterator[list[dict[str, Any]]],
    keys: set[str | None],
    advance: Callable[[int], object],
) -> int:
    """Make the tasks that are missing; `keys` are those there. Returns how many were made."""
    made = 0
    for some in tasks:
        if client.task_count(project["id"]) != len(
            keys
        ):  # an earlier request, whose client has gone, was still at work
            keys |= {key for _, key in client.task_keys(project["id"])}
        fresh = [t for t in some if t["data"]["account_key"] not in keys]
        if fresh:
            made += client.import_tasks(project["id"], fresh)
            keys |= {t["data"]["account_key"] for t in fresh}
        advance(len(some))
    return made


def _tasks(store: Store, project: Project, missing: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The tasks of a project's part, some at a time, in the part's own random order."""
    store.connection.register("push_missing", missing)
    try:
        part = project["botbench"]["part"]
        rows = store.connection.execute(
            "SELECT * FROM push_missing JOIN push_cards USING (account_id) WHERE part = ? ORDER BY"
            " place",
            [part],
        )
        for some in rows.to_arrow_reader(AT_A_TIME):
            yield [_task(row, project["botbench"]) for row in some.to_pylist()]
    finally:
        store.connection.unregister("push_missing")


def _task(row: dict[str, Any], mark: dict[str, str]) -> dict[str, Any]:
    """One task. What the page shows is in `data`; `meta` is for reading the answers back."""
    return {
        "data": {
            "account_key": row["key"],
            labelling_config.CARD: row["html"],
            labelling_config.PAUSE: _pause(row["place"]),
        },
        "meta": {
            "account_key": row["key"],
            "batch": mark["batch"],
            "part": mark["part"],
            "project": mark["mark"],
            "scheme": mark["scheme"],
            "card_hash": row["hash"],
            "scores_shown": row["scores_shown"],
            "evidence_at": row["evidence_at"].isoformat() if row["evidence_at"] else None,
        },
    }


def _pause(place: int) -> str:
    """The line that suggests a break, on every so many accounts of a part's own order."""
    if place == 1 or place % instructions.PAUSE_EVERY != 1:
        return ""
    return f"{place - 1} accounts done: a good moment for a short break."


def _remove_doubles(client: Client, project: int) -> None:
    """Of tasks with one key keep the oldest and whatever was answered: two machines may have pushed
    at once.
    """
    seen: set[str | None] = set()
    for task, key in sorted(client.task_keys(project)):
        if key in seen and key is not None and not client.is_answered(task):
            client.delete_task(task)
        seen.add(key)
