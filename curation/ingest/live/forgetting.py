"""Take erased accounts out of campaigns and watches that are under way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from botbench.core.files import draft_of
from curation.ingest.live import erase_queue
from curation.ingest.live.journal import ENDING, FOLDER, forget
from curation.ingest.live.segments import CLOSED


def forget_everywhere(home: Path, names: Callable[[bytes], bool]) -> int:
    """Remove what names an account from pages and events that are not stored; the files changed.

    `names` says whether bytes name it.
    """
    changed = 0
    for path in sorted((home / FOLDER).glob(f"*{ENDING}")):
        changed += bool(forget(path, lambda text: names(text.encode())))
    for path in sorted((home / FOLDER).glob(f"*.watch/**/*{CLOSED}")):
        changed += _without_lines(path, names)
    return changed


def forget_requests(home: Path, accounts: set[tuple[str, str]]) -> None:
    """Take the requests of accounts (data set, id) that were erased out of the queue."""
    done = [r for r in erase_queue.waiting(home) if (r.dataset, r.account_id) in accounts]
    if done:
        erase_queue.remove(home, done)


def _without_lines(path: Path, names: Callable[[bytes], bool]) -> bool:
    with path.open("rb") as file:
        if not any(names(line) for line in file):
            return False
    with draft_of(path, 0o600) as draft, draft.open("wb") as out, path.open("rb") as file:
        out.writelines(line for line in file if not names(line))
    return True
