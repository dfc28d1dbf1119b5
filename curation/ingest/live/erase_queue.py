"""The queue of erase requests: posts and accounts that were deleted at the network.

It is a file in the store's folder, readable by its owner alone; `botbench erase --queue` works it
off. It names only what the store holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from botbench.core.files import locked, write_text
from botbench.core.sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    from curation.store.store import Store

FILE = "live/erase-queue.jsonl"


@dataclass(frozen=True)
class Request:
    """One request: of an account (`post_id` is empty), or of one post."""

    platform: str
    dataset: str
    account_id: str
    post_id: str = ""


def path_of(home: Path) -> Path:
    """The queue's file."""
    return home / FILE


def waiting(home: Path) -> list[Request]:
    """The requests in the queue, in their order; those that cannot be read are left out."""
    try:
        lines = path_of(home).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Request(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return list(dict.fromkeys(found))


def add(home: Path, requests: Iterable[Request]) -> int:
    """Put requests into the queue; the number of new ones."""
    with _turn(home):
        there = waiting(home)
        new = [r for r in dict.fromkeys(requests) if r not in set(there)]
        if new:
            _write(home, [*there, *new])
    return len(new)


def remove(home: Path, requests: Iterable[Request]) -> None:
    """Take requests out of the queue, after they were worked off."""
    with _turn(home):
        done = set(requests)
        _write(home, [r for r in waiting(home) if r not in done])


def held(store: Store, dataset: str, posts: str, accounts: str) -> list[Request]:
    """Requests for those posts and accounts that the data set holds.

    Both are SQL queries of one column of ids.
    """
    own = f"WHERE dataset = {literal(dataset)}"
    rows = store.connection.execute(
        f"""SELECT DISTINCT account_id, post_id FROM lake.main.posts {own} AND post_id IN ({posts})
        UNION ALL SELECT DISTINCT account_id, '' FROM (
            SELECT account_id FROM lake.main.accounts {own}
            UNION SELECT account_id FROM lake.main.posts {own})
        WHERE account_id IN ({accounts}) ORDER BY ALL"""
    ).fetchall()
    platform = store.connection.execute(
        "SELECT any_value(card->>'$.platform') FROM lake.main.pulls WHERE dataset = ?", [dataset]
    ).fetchone()
    name = str(platform[0]) if platform else "unknown"
    return [Request(name, dataset, str(account), str(post)) for account, post in rows]


def _write(home: Path, requests: list[Request]) -> None:
    lines = "".join(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in requests)
    if lines:
        write_text(path_of(home), lines, mode=0o600)
    else:
        path_of(home).unlink(missing_ok=True)


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    with locked(path_of(home).with_suffix(".lock")):
        yield
