"""Label Studio's tasks of erased accounts: deleted through a given server's API, and in the
databases of the servers that `annotate serve` started; else listed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from curation.annotation.label_studio.project_marks import read_mark
from curation.annotation.label_studio.server import DATABASE
from curation.maintenance.erasure import file_cleaning, rows
from curation.maintenance.erasure.account import Target

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client
    from curation.maintenance.erasure.masks import Marks
    from curation.store.store import Store

TABLES = frozenset({"task", "project", "task_completion", "htx_user"})
"""Tables by which a database of Label Studio is recognised."""
TEXTS = (
    ("task", "data", "id"),
    ("task_completion", "result", "task_id"),
    ("tasks_annotationdraft", "result", "task_id"),
)
"""What our projects show and people answer: table, column of JSON, column of the task."""
PATIENCE_S = 20
"""How long a running server may hold its database."""
STILL = (
    "Stop that server (Ctrl-C in the window of annotate serve) and run the same erase again. What"
    " people entered there outside botbench's projects, delete there: botbench annotate serve"
    " starts it"
)


def remove(client: Client, target: Target) -> int:
    """Delete the accounts' tasks and annotations in all projects of their batches; count them."""
    tasks = _tasks(client, target)
    for task in tasks:
        client.delete_task(task)
    return len(tasks)


def left(client: Client, target: Target) -> int:
    """The number of the accounts' tasks that are left on the server."""
    return len(_tasks(client, target))


def _tasks(client: Client, target: Target) -> list[int]:
    return [
        task
        for project in client.projects()
        if project["botbench"]["batch"] in target.batches
        for task, key in client.task_keys(project["id"])
        if key in target.keys
    ]


def to_do(store: Store, target: Target) -> list[str]:
    """What the operator has to do if no server was given, for batches of no server of the store."""
    here = {b for path in databases(store.home) for b in _projects_of(path).values()}
    elsewhere = [b for b in target.batches if b not in here]
    if not elsewhere:
        return []
    return [
        "Label Studio: no server was given. The account was drawn into"
        f" {', '.join(elsewhere)}; its tasks have the keys {', '.join(target.keys)}. Run the"
        " same erase again with --url and --token, or delete those tasks there."
    ]


# -- the databases of servers that `annotate serve` started


def databases(home: Path) -> list[Path]:
    """The databases of the store's own servers; no other file that has their name."""
    paths = sorted((home / "annotate" / "servers").glob(f"*/{DATABASE}"))
    return [p for p in paths if p.is_file() and not p.is_symlink() and _is_server(p)]


def remove_here(store: Store, target: Target) -> int:
    """Delete the accounts' tasks in the store's own servers, mask them in others' cards and
    answers, and write the databases anew; returns the number of tasks.

    SQLite keeps a running server's data whole. One that does not let go of its database is left
    as it is, and `is_left` says so. A database without the accounts is not written.
    """
    return sum(_clean(store, path, target) for path in databases(store.home))


def is_left(store: Store, path: Path, target: Target) -> bool:
    """Whether a server's database still holds the accounts, in tasks, other rows or free pages.

    One that cannot be read counts as holding them.
    """
    try:
        with file_cleaning.opened(path) as database:
            marks = _marks(store, database, target)
            found = bool(_theirs(database, target)) or any(_changes(database, marks))
    except sqlite3.Error:
        return True
    return found or file_cleaning.mentions(store, path, marks)


def _clean(store: Store, path: Path, target: Target) -> int:
    tasks: list[int] = []
    if not is_left(store, path, target):
        return 0
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(
            sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        ) as database,
    ):
        database.execute("BEGIN IMMEDIATE")
        theirs = _theirs(database, target)
        _delete(database, "task", theirs)
        for table, column, row, text in list(_changes(database, _marks(store, database, target))):
            database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE id = ?', [text, row])
        database.execute("COMMIT")
        tasks = theirs
        # Deleted rows would still stand in the file's free pages.
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(tasks)


def _is_server(path: Path) -> bool:
    with contextlib.suppress(sqlite3.Error), file_cleaning.opened(path) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {n for (n,) in names} >= TABLES
    return False


def _projects_of(path: Path) -> dict[int, str]:
    with contextlib.suppress(sqlite3.Error), file_cleaning.opened(path) as database:
        return _projects(database)
    return {}


def _projects(database: sqlite3.Connection) -> dict[int, str]:
    """Project to batch, of the projects that `push` made."""
    projects = database.execute("SELECT id, description FROM project").fetchall()
    return {n: mark["batch"] for n, text in projects if (mark := read_mark(text))}


def _theirs(database: sqlite3.Connection, target: Target) -> list[int]:
    """The tasks of the accounts."""
    query = (
        "SELECT id FROM task WHERE project_id IN (SELECT value FROM json_each(?))"
        " AND json_extract(meta, '$.account_key') IN (SELECT value FROM json_each(?))"
    )
    ours = json.dumps([*_projects(database)])
    return [n for (n,) in database.execute(query, [ours, json.dumps(target.keys)]).fetchall()]


def _texts(database: sqlite3.Connection) -> Iterator[tuple[str, str, int, str]]:
    """(table, column, row, JSON) of what our projects show and of people's answers."""
    ours = json.dumps([*_projects(database)])
    for table, column, task in TEXTS:
        query = (
            f'SELECT t.id, t."{column}" FROM "{table}" t JOIN task ON task.id = t."{task}" WHERE'
            f' task.project_id IN (SELECT value FROM json_each(?)) AND t."{column}" IS NOT NULL'
        )
        yield from ((table, column, n, text) for n, text in database.execute(query, [ours]))


def _marks(store: Store, database: sqlite3.Connection, target: Target) -> Marks:
    """The marks, without the texts that the cards of others show as theirs."""
    documents = (json.loads(text) for *_, text in _texts(database))
    seen = "\n".join(json.dumps(document, ensure_ascii=False) for document in documents)
    return rows.unshared(store, target.marks, seen)


def _changes(database: sqlite3.Connection, marks: Marks) -> Iterator[tuple[str, str, int, str]]:
    """(table, column, row, masked JSON) of the texts that mention the accounts."""
    for table, column, row, text in _texts(database):
        document = json.loads(text)
        if (masked := file_cleaning.scrubbed(document, marks)) != document:
            yield table, column, row, json.dumps(masked)


def _delete(database: sqlite3.Connection, table: str, ids: list[int]) -> None:
    """Delete rows, after the rows of other tables that refer to them."""
    if not ids:
        return
    chosen = "(SELECT value FROM json_each(?))"
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in names:
        for reference in database.execute(f'PRAGMA foreign_key_list("{name}")').fetchall():
            if reference[2] == table and name != table:
                query = f'SELECT rowid FROM "{name}" WHERE "{reference[3]}" IN {chosen}'
                referring = database.execute(query, [json.dumps(ids)]).fetchall()
                _delete(database, name, [n for (n,) in referring])
    database.execute(f'DELETE FROM "{table}" WHERE rowid IN {chosen}', [json.dumps(ids)])
