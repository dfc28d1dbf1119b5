"""The journal of a campaign: what is asked, where it goes on, and pages that are not yet stored.

It is one SQLite file in the store's folder. A page and the cursor behind it are written in one
transaction, so that a kill loses at most the answer that was under way. Once the pages are in the
store, they are removed from the journal; counts and the campaign stay.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from botbench.core.errors import UserError
from botbench.core.files import locked
from botbench.core.hashing import canonical_json, short_hash
from curation.ingest.live.budget import Budget
from curation.ingest.live.campaign import LIVE, Campaign, Step, Task

FOLDER = "live"
ENDING = ".journal"
LAST = 99
"""The rank of tasks that are asked after all others."""
TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS tasks (number INTEGER PRIMARY KEY, rank INTEGER, kind TEXT, subject TEXT,
    cursor TEXT, taken INTEGER DEFAULT 0, memo TEXT DEFAULT '', failed INTEGER DEFAULT 0,
    done INTEGER DEFAULT 0, UNIQUE (kind, subject));
CREATE INDEX IF NOT EXISTS open_tasks ON tasks (done, rank, number);
CREATE TABLE IF NOT EXISTS cursors (task INTEGER, cursor TEXT, PRIMARY KEY (task, cursor));
CREATE TABLE IF NOT EXISTS items (task INTEGER, item TEXT, PRIMARY KEY (task, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (number INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS gaps (number INTEGER PRIMARY KEY, task TEXT, why TEXT);
"""


class Journal:
    """An open journal. `campaign` is what is asked for now.

    Raises UserError where another campaign of this name is under way.
    """

    def __init__(self, path: Path, campaign: Campaign) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.campaign = path, campaign
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
            f"{TABLES}"
        )
        asked = short_hash(campaign.document(), 64)
        known = self._get("campaign")
        if known is None or (known != asked and self._get("stage") in (None, "told")):
            self._set(campaign=asked)
        elif known != asked:
            self.connection.close()
            raise UserError(
                f"The campaign {campaign.name} is under way with other options. Finish it with the"
                " options that it was begun with, give another --as NAME, or give --start-over,"
                " which drops what was fetched and not yet stored."
            )

    # -- what is to be asked

    @property
    def stage(self) -> str:
        """`asking` while there are tasks, `stored` once the pages are in the store, then `told`."""
        return self._get("stage") or "new"

    @property
    def round(self) -> int:
        """How often the campaign was begun, from 1."""
        return int(self._get("round") or 0)

    def begin(self, tasks: Iterable[tuple[str, str]], ranks: dict[str, int]) -> None:
        """Begin a new round with these tasks (kind and subject)."""
        with self._transaction():
            for table in ("tasks", "cursors", "items", "pages", "gaps"):
                self.connection.execute(f"DELETE FROM {table}")
            self._add(tasks, ranks)
            self._set(
                round=str(self.round + 1), stage="asking", part="1", requests="0", spent="0",
                begun=datetime.now(UTC).isoformat(timespec="seconds"),
            )  # fmt: skip

    def tasks(self, together: dict[str, int]) -> list[Task]:
        """The next open task, or as many of its kind as one request takes; empty at the end."""
        query = (
            "SELECT number, kind, subject, cursor, taken, memo, failed FROM tasks WHERE done = 0 {}"
            " ORDER BY rank, number LIMIT ?"
        )
        first = self.connection.execute(query.format(""), [1]).fetchall()
        if not first or (size := together.get(first[0][1], 1)) == 1:
            return [Task(*row) for row in first]
        rows = self.connection.execute(query.format("AND kind = ?"), [first[0][1], size])
        return [Task(*row) for row in rows.fetchall()]

    def is_used(self, task: Task, cursor: str) -> bool:
        """Whether a task was asked with this cursor before."""
        if cursor == task.cursor:
            return True
        row = self.connection.execute(
            "SELECT 1 FROM cursors WHERE task = ? AND cursor = ?", [task.number, cursor]
        ).fetchone()
        return row is not None

    def is_barren(self, task: Task, step: Step) -> bool:
        """Whether a page of a list that goes on holds no item that the list did not have before."""
        if step.cursor is None or step.ids is None:
            return False
        return all(
            self.connection.execute(
                "SELECT 1 FROM items WHERE task = ? AND item = ?", [task.number, short_hash(item)]
            ).fetchone()
            for item in step.ids
        )

    def count(self) -> tuple[int, int]:
        """Tasks that are done, and all."""
        row = self.connection.execute("SELECT coalesce(sum(done), 0), count(*) FROM tasks")
        done, total = row.fetchone()
        return int(done), int(total)

    # -- what came

    def advance(self, tasks: list[Task], step: Step, budget: Budget, ranks: dict[str, int]) -> None:
        """Keep what a request brought, and where its task goes on."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._transaction():
            for page in step.pages:
                about = {"at": at, "task": tasks[0].kind, **page.get(LIVE, {})}
                self.connection.execute(
                    "INSERT INTO pages (body) VALUES (?)", [json.dumps({**page, LIVE: about})]
                )
            for task in tasks:
                if task.cursor is not None:
                    self.connection.execute(
                        "INSERT OR IGNORE INTO cursors VALUES (?, ?)", [task.number, task.cursor]
                    )
                self.connection.execute(
                    "UPDATE tasks SET cursor = ?, taken = taken + ?, memo = ?, done = ?"
                    " WHERE number = ?",
                    [step.cursor, step.taken, step.memo, int(step.cursor is None), task.number],
                )
            if step.cursor is not None:
                self.connection.executemany(
                    "INSERT OR IGNORE INTO items VALUES (?, ?)",
                    [(tasks[0].number, short_hash(item)) for item in step.ids or ()],
                )
            self._add(step.tasks, ranks)
            if step.gap:
                self.connection.execute(
                    "INSERT INTO gaps (task, why) VALUES (?, ?)", [tasks[0].kind, step.gap]
                )
            self.note(budget)

    def put_off(self, tasks: list[Task]) -> None:
        """Ask tasks again later: from their beginning, after all others."""
        numbers = [(LAST, task.number) for task in tasks]
        with self._transaction():
            self.connection.executemany(
                "UPDATE tasks SET failed = failed + 1, cursor = NULL, taken = 0,"
                " memo = '', rank = ?"
                " WHERE number = ?",
                numbers,
            )
            for table in ("cursors", "items"):
                self.connection.executemany(
                    f"DELETE FROM {table} WHERE task = ?", [(number,) for _, number in numbers]
                )

    def note(self, budget: Budget) -> None:
        """Keep what was spent."""
        self._set(requests=str(budget.requests_made), spent=str(budget.usd_spent), reserved="0")

    def reserve(self, price: Decimal) -> None:
        """Note what the next request may cost: a kill before its answer leaves it as spent."""
        if price:
            self._set(reserved=str(price))

    def spent(self, budget: Budget) -> None:
        """Put what earlier runs of this round spent into a budget."""
        budget.requests_made = int(self._get("requests") or 0)
        reserved = Decimal(self._get("reserved") or 0)
        budget.usd_spent = Decimal(self._get("spent") or 0) + reserved
        if reserved:
            self._set(reserved="0", spent=str(budget.usd_spent))

    def gaps(self) -> list[dict[str, str]]:
        """What could not be had: by which task, and why."""
        rows = self.connection.execute("SELECT task, why FROM gaps ORDER BY number").fetchall()
        return [{"task": task, "why": why} for task, why in rows]

    def cursor(self) -> str | None:
        """Where it goes on: how much is done, and the open task's own cursor; None at the end."""
        task = next(iter(self.tasks({})), None)
        if task is None:
            return None
        done, total = self.count()
        return f"{task.kind} {done + 1} of {total}" + (f" at {task.cursor}" if task.cursor else "")

    # -- the way into the store

    def is_empty(self) -> bool:
        """Whether no page waits for the store."""
        return self.connection.execute("SELECT 1 FROM pages LIMIT 1").fetchone() is None

    def write_pages(self, path: Path) -> int:
        """Write the pages to a file, one a line, in the order in which they came; their number."""
        count = 0
        with path.open("w", encoding="utf-8") as out:
            for (body,) in self.connection.execute("SELECT body FROM pages ORDER BY number"):
                out.write(f"{body}\n")
                count += 1
        return count

    @property
    def part(self) -> str:
        """The name of the next pull: the round, and which part of it."""
        return f"{self.round}-{self._get('part')}"

    def stored(self, pull_id: str) -> None:
        """The pages are in the store: remove them. At the end of the round, its tasks go too."""
        with self._transaction():
            self.connection.execute("DELETE FROM pages")
            self._set(part=str(int(self._get("part") or 1) + 1), pull=pull_id)
            if not self.tasks({}):
                self.connection.execute("DELETE FROM tasks")
                self.connection.execute("DELETE FROM cursors")
                self.connection.execute("DELETE FROM items")
                self._set(stage="stored")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def pull(self) -> str | None:
        """The id of the latest pull."""
        return self._get("pull")

    def told(self) -> None:
        """The user was told of the end of the round: the same command begins the next one."""
        if self.stage == "stored":
            self._set(stage="told")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    # -- helpers

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def _add(self, tasks: Iterable[tuple[str, str]], ranks: dict[str, int]) -> None:
        self.connection.executemany(
            "INSERT OR IGNORE INTO tasks (rank, kind, subject) VALUES (?, ?, ?)",
            ((ranks.get(kind, 9), kind, subject) for kind, subject in tasks),
        )

    def _get(self, name: str) -> str | None:
        row = self.connection.execute("SELECT value FROM state WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def _set(self, **values: str) -> None:
        self.connection.executemany(
            "INSERT OR REPLACE INTO state VALUES (?, ?)", list(values.items())
        )


def forget(path: Path, names: Callable[[str], bool]) -> int:
    """Remove what names an account from a journal's tasks and pages; the number of both."""
    changed = 0
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        tasks = connection.execute("SELECT number, subject FROM tasks").fetchall()
        gone = [(number,) for number, subject in tasks if names(subject)]
        connection.executemany("DELETE FROM tasks WHERE number = ?", gone)
        for (number,) in connection.execute("SELECT number FROM pages").fetchall():
            query = "SELECT body FROM pages WHERE number = ?"
            (body,) = connection.execute(query, [number]).fetchone()
            if names(body):
                page = {k: _without(v, names) for k, v in json.loads(body).items()}
                connection.execute(
                    "UPDATE pages SET body = ? WHERE number = ?", [json.dumps(page), number]
                )
                changed += 1
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return changed + len(gone)


def _without(value: Any, names: Callable[[str], bool]) -> Any:
    """A page's member without the items that name an account."""
    if isinstance(value, list):
        return [item for item in value if not names(json.dumps(item))]
    return None if names(canonical_json(value)) else value


def path_of(home: Path, name: str) -> Path:
    """The journal's path for a campaign's name."""
    return home / FOLDER / f"{name}{ENDING}"


@contextmanager
def held(lock: Path, name: str) -> Iterator[None]:
    """Hold a campaign alone; raises UserError where another process has it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(lock, wait=False))
        except BlockingIOError:
            raise UserError(f"Another process pulls {name} now. Wait until it ends.") from None
        yield


@contextmanager
def opened(home: Path, campaign: Campaign, *, start_over: bool = False) -> Iterator[Journal]:
    """A campaign's journal, held by this process alone.

    Raises UserError where another process has it, or where it is of another campaign.
    """
    path = path_of(home, campaign.name)
    with held(path.with_suffix(".lock"), campaign.name):
        if start_over:
            for file in (path, *(path.with_name(path.name + e) for e in ("-wal", "-shm"))):
                file.unlink(missing_ok=True)
        journal = Journal(path, campaign)
        path.chmod(0o600)
        try:
            yield journal
        finally:
            journal.close()
