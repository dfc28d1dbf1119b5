"""Work off the queue of erase requests that watching a network has filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.ingest.live import erase_queue
from curation.ingest.live.forgetting import forget_requests
from curation.maintenance.erasure.posts import TOGETHER, erase_posts
from curation.maintenance.erasure.run import Erasure, erase

if TYPE_CHECKING:
    from curation.ingest.live.erase_queue import Request
    from curation.store.store import Store

REASON = "deleted at the network"


@dataclass
class WorkedOff:
    """What was erased, and what is left: as of an erasure, over all requests."""

    accounts: int = 0
    posts: int = 0
    gone_already: int = 0
    waiting: int = 0
    rows_removed: dict[str, int] = field(default_factory=dict)
    left: int = 0
    left_in: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def add(self, done: Erasure) -> None:
        """Add one erasure."""
        for table, count in done.rows_removed.items():
            self.rows_removed[table] = self.rows_removed.get(table, 0) + count
        self.left += done.left
        for name in ("left_in", "backups", "to_do"):
            known = getattr(self, name)
            known += [text for text in getattr(done, name) if text not in known]

    def document(self) -> dict[str, Any]:
        """The document of `botbench erase --queue --json`."""
        return dict(vars(self))


def work_off(store: Store, reason: str | None, tell: Callable[[str, int, int], None]) -> WorkedOff:
    """Erase what the queue asks for: accounts one by one, posts together.

    A request leaves the queue after nothing of it is left; an interrupted run can be run again.
    """
    requests = erase_queue.waiting(store.home)
    done = WorkedOff()
    accounts = [r for r in requests if not r.post_id]
    whole = {(r.dataset, r.account_id) for r in accounts}
    posts = [r for r in requests if r.post_id and (r.dataset, r.account_id) not in whole]
    for number, request in enumerate(accounts):
        tell("erasing accounts", number, len(accounts))
        _erase_account(store, request, reason or REASON, done)
    for some in _some(posts):
        tell("erasing posts", done.posts, len(posts))
        erased = erase_posts(store, [(r.dataset, r.post_id) for r in some], reason or REASON)
        done.add(erased)
        done.posts += len(some)
        if not erased.left:
            erase_queue.remove(store.home, some)
    done.waiting = len(erase_queue.waiting(store.home))
    return done


def _erase_account(store: Store, request: Request, reason: str, done: WorkedOff) -> None:
    try:
        done.add(erase(store, request.account_id, reason, platform=request.platform))
    except UserError:
        # Erased by hand meanwhile: nothing of it is there.
        forget_requests(store.home, {(request.dataset, request.account_id)})
        done.gone_already += 1
        return
    done.accounts += 1


def _some(posts: Iterable[Request]) -> Iterator[list[Request]]:
    remaining = iter(posts)
    while chunk := list(islice(remaining, TOGETHER)):
        yield chunk
