"""Push a batch to Label Studio: one project for each part, with every account once, also after
interrupted pushes.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import itertools
import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.core.errors import UserError
from botbench.core.files import locked
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

TASKS_PER_REQUEST = 1_000
"""The server makes all tasks of a request, or none."""

Project = dict[str, Any]


@dataclass(frozen=True)
class Pushed:
    """What a push did: the batch's projects, the tasks it made and those that existed before."""

    project_ids: list[int]
    tasks_created: int
    tasks_existing: int
    tasks_removed: int = 0
    notes: list[str] = field(default_factory=list)
    """Sentences on what is not as it should be on the server."""


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
    """Make the batch's projects and tasks that are missing on the server; `advance` gets the number
    of tasks after each request.

    The default scheme is the one of the batch's earlier push. `status` and `shown` are of
    `card.cards`: what the platform says, and the detector scores that some cards show (kept for
    later pushes). `only` names the people whose parts belong on this server, if each person has
    one. Tasks that nobody is asked for any more are deleted unless they were answered. A note names
    each page that was edited by hand; `restore_page` puts ours back.

    Every request is preceded by a look at what exists, because the server does not dedupe and goes
    on with a request whose client has gone. Raises UserError if the batch was pushed there for
    other people or with another scheme.
    """
    with _locked(store, client, batch):
        existing = [p for p in client.projects() if p["botbench"]["batch"] == batch.batch_id]
        scheme = scheme or _earlier_scheme(store, existing)
        SchemeBook(store.home).keep(scheme)
        names = _annotators(existing, batch, scheme, annotators)
        asked = _parts_of(seats.parts(store, batch, names), only)
        shared = {"batch": batch.batch_id, "scheme": scheme.version, "annotators": ",".join(names)}
        marks = [
            {**shared, "part": p, "mark": secrets.token_hex(4)}
            for p in sorted(set(asked["part"].to_pylist()))
        ]
        projects = _projects(client, existing, scheme, marks)
        notes = _restore(client, projects, labelling_config.config(scheme)) if restore_page else []
        keys = {part: {key for _, key in client.task_keys(p["id"])} for part, p in projects.items()}
        missing = _missing(asked, keys)
        shown = score_exposure.recorded_scores(store, batch, shown)
        missing_ids = missing.select(["account_id"])
        new_cards = card.cards(
            store, scheme, batch.dataset, missing_ids, batch.drawn_from, status=status, shown=shown
        )
        cards = _keep_cards(
            store, adjudication.add_earlier_answers(store, batch, scheme, new_cards)
        )
        first = instructions.as_first(scheme)
        sizes = collections.Counter(asked["part"].to_pylist())
        created = 0
        for part, project in projects.items():
            tasks = _tasks(store, project, missing, cards, first=first, size=sizes[part])
            created += _fill(client, project, tasks, keys[part], advance)
        for part, project in projects.items():
            if client.task_count(project["id"]) > len(keys[part]):
                _delete_duplicates(client, project["id"])
        removed = sum(_delete_unwanted(client, p, asked, part) for part, p in projects.items())
        removed += sum(
            _delete_unwanted(client, p, asked, p["botbench"]["part"])
            for p in existing
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


def _earlier_scheme(store: Store, existing: list[Project]) -> Scheme:
    """The scheme of the batch's earlier push; the default scheme if there was none."""
    schemes = [s for p in existing if (s := SchemeBook(store.home).get(p["botbench"]["scheme"]))]
    return schemes[0] if schemes else Scheme.load()


def _parts_of(asked: pa.Table, parts: Sequence[str] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return (
        asked
        if parts is None
        else asked.filter(pc.is_in(asked["part"], pa.array(list(parts), pa.string())))
    )


def _delete_unwanted(client: Client, project: Project, asked: pa.Table, part: str) -> int:
    """Delete the unanswered tasks that a part is not asked for any more; returns how many."""
    import pyarrow.compute as pc

    wanted = set(asked.filter(pc.equal(asked["part"], part))["key"].to_pylist())
    if client.task_count(project["id"]) <= len(wanted):
        return 0
    extra = [task for key, task in client.unanswered(project["id"]).items() if key not in wanted]
    if extra:
        client.delete_tasks(project["id"], extra)
    return len(extra)


@contextlib.contextmanager
def _locked(store: Store, client: Client, batch: Batch) -> Iterator[None]:
    """Let a second push of the batch wait for the first: both would find no task there."""
    name = hashlib.sha256(f"{client.url}\n{batch.batch_id}".encode()).hexdigest()[:16]
    with locked(store.home / "tmp" / f"push-{name}.lock"):
        yield


def _annotators(
    existing: list[Project], batch: Batch, scheme: Scheme, annotators: Sequence[str]
) -> list[str]:
    """The annotators' names, of the existing projects if there are any; raises UserError if these
    were made for other people or another scheme.
    """
    names = list(annotators)
    if len(set(names)) < len(names):
        raise UserError(f"--annotators names somebody twice: {', '.join(names)}.")
    for project in existing:
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
    client: Client, existing: list[Project], scheme: Scheme, marks: list[dict[str, str]]
) -> dict[str, Project]:
    """The project of each part, made if it is missing, sorted by part."""
    # Of two projects of one part, the older one counts.
    projects = {p["botbench"]["part"]: p for p in reversed(existing)}
    config = labelling_config.config(scheme)
    for mark in marks:
        part = mark["part"]
        if part in projects:
            continue
        title = f"{scheme.document.title} {mark['batch'][:6]} · {part}"
        marked = {**mark, "config": labelling_config.config_hash(config)}
        new = client.create_project(title, config, instructions.as_html(scheme), marked)
        projects[part] = _oldest_copy(client, new)
        client.hide_card_column(projects[part]["id"])
    return dict(sorted(projects.items()))


def _oldest_copy(client: Client, new: Project) -> Project:
    """The project just made, once. Label Studio repeats a request by itself if SQLite was locked,
    and so may make two projects of one mark: the older one counts, the empty other is deleted."""
    mark = new["botbench"]["mark"]
    first, *others = sorted(
        (p for p in client.projects() if p["botbench"]["mark"] == mark), key=lambda p: int(p["id"])
    )
    for other in others:
        client.delete_project(other["id"])
    return first


def _restore(client: Client, projects: dict[str, Project], config: str) -> list[str]:
    """Put our page back; a note for each project where the server refuses, as it does while answers
    stand that only the edited page has.
    """
    notes = []
    for project in projects.values():
        mark = {**project["botbench"], "config": labelling_config.config_hash(config)}
        try:
            client.restore_config(project["id"], config, mark)
        except UserError as error:
            notes.append(f"The page of project {project['id']} was not put back: {error}")
        else:
            project["botbench"] = mark
    return notes


def _missing(asked: pa.Table, keys: dict[str, set[str | None]]) -> pa.Table:
    """The rows of `asked` whose key is not yet in their part's project."""
    import pyarrow as pa

    pairs = zip(asked["part"].to_pylist(), asked["key"].to_pylist(), strict=True)
    return asked.filter(
        pa.array([key not in keys.get(part, ()) for part, key in pairs], pa.bool_())
    )


def _keep_cards(store: Store, cards: Iterator[card.Card]) -> str:
    """The name of a relation with each account's card, once however many people are asked; it
    spills to disk.
    """
    import pyarrow as pa

    kept = materialise(
        store.connection,
        "push_cards",
        """
        SELECT
            NULL::VARCHAR AS account_id, NULL::VARCHAR AS html, NULL::VARCHAR AS hash,
            NULL::TIMESTAMPTZ AS evidence_at, NULL::BOOLEAN AS scores_shown
        LIMIT 0
        """,
    )
    while chunk := list(itertools.islice(cards, TASKS_PER_REQUEST)):
        store.connection.register("push_some", pa.Table.from_pylist([vars(c) for c in chunk]))
        store.connection.execute(f"INSERT INTO {kept} BY NAME FROM push_some")
        store.connection.unregister("push_some")
    return kept


def _fill(
    client: Client,
    project: Project,
    tasks: Generator[list[dict[str, Any]], None, None],
    keys: set[str | None],
    advance: Callable[[int], object],
) -> int:
    """Make the tasks that are missing; `keys` are those that exist. Returns how many were made."""
    created = 0
    # Closed while the store is open, also where a request fails.
    with contextlib.closing(tasks):
        for some in tasks:
            if client.task_count(project["id"]) != len(keys):
                # An earlier request, whose client has gone, was still at work.
                keys |= {key for _, key in client.task_keys(project["id"])}
            fresh = [t for t in some if t["data"]["account_key"] not in keys]
            if fresh:
                created += client.import_tasks(project["id"], fresh)
                keys |= {t["data"]["account_key"] for t in fresh}
            advance(len(some))
    return created


def _tasks(
    store: Store, project: Project, missing: pa.Table, cards: str, *, first: str, size: int
) -> Generator[list[dict[str, Any]], None, None]:
    """The tasks of a project's part, some at a time, in the part's own random order; `cards` names
    the relation of cards, `first` stands above the first card, and the part has `size` tasks.
    """
    store.connection.register("push_missing", missing)
    try:
        rows = store.connection.execute(
            f"""
            SELECT * FROM push_missing JOIN {cards} USING (account_id)
            WHERE part = ? ORDER BY place
            """,
            [project["botbench"]["part"]],
        )
        for some in rows.to_arrow_reader(TASKS_PER_REQUEST):
            yield [_task(row, project["botbench"], first, size) for row in some.to_pylist()]
    finally:
        store.connection.unregister("push_missing")


def _task(row: dict[str, Any], mark: dict[str, str], first: str, size: int) -> dict[str, Any]:
    """One task: the page shows `data`, and the sync reads `meta`."""
    return {
        "data": {
            "account_key": row["key"],
            labelling_config.FIRST: first if row["place"] == 1 else "",
            labelling_config.CARD: row["html"],
            labelling_config.PAUSE: _pause(row["place"], size),
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


def _pause(place: int, size: int) -> str:
    """The account's place in the part, and after every `PAUSE_EVERY` accounts a break.

    >>> _pause(3, 60), _pause(26, 60)
    ('Account 3 of 60', 'Account 26 of 60. 25 are done: a good moment for a short break.')
    """
    said = f"Account {place} of {size}"
    if place == 1 or place % instructions.PAUSE_EVERY != 1:
        return said
    return f"{said}. {place - 1} are done: a good moment for a short break."


def _delete_duplicates(client: Client, project: int) -> None:
    """Of tasks with one key, keep the oldest and those that were answered: two machines may have
    pushed at once.
    """
    seen: set[str | None] = set()
    for task, key in sorted(client.task_keys(project)):
        if key in seen and key is not None and not client.is_answered(task):
            client.delete_task(task)
        seen.add(key)
