"""Erase single posts, such as those that their authors deleted at the network."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from curation.maintenance.erasure import account, journal
from curation.maintenance.erasure.account import LONG_TEXT, Target
from curation.maintenance.erasure.masks import Marks
from curation.maintenance.erasure.run import Erasure, Task

if TYPE_CHECKING:
    from curation.store.store import Store

TOGETHER = 1_000
"""Posts that one erasure takes: each is looked for in every text."""


def erase_posts(store: Store, posts: Sequence[tuple[str, str]], reason: str) -> Erasure:
    """Erase posts, given as (data set, post id), from the store and all that was made from it.

    No tombstone is left: the account stays. Safe to repeat after an interruption.
    """
    file = journal.path(store.home, f"posts-{short_hash(sorted(posts), 32)}")
    kept = next((state for path, state in journal.unfinished(store.home) if path == file), None)
    target = account.restored(kept["target"]) if kept else _target(store, posts)
    return Task(store, target, reason, []).run(file, kept)


def _target(store: Store, posts: Sequence[tuple[str, str]]) -> Target:
    """The marks of the posts: ids that are like no other, and texts that nobody else wrote."""
    pairs = ", ".join(f"({literal(d)}, {literal(p)})" for d, p in posts)
    relation = store.relation("posts")
    own = (
        f"SELECT text FROM {relation} WHERE length(text) >= {LONG_TEXT} GROUP BY text"
        f" HAVING bool_and((dataset, post_id) IN ({pairs}))"
    )
    texts = [str(t) for (t,) in store.connection.execute(own).fetchall()]
    # Marks are of somebody: of an account that nobody has.
    nobody = tuple((dataset, secrets.token_hex(16)) for dataset in sorted({d for d, _ in posts}))
    ids = tuple(sorted({p for _, p in posts if len(p) >= LONG_TEXT}))
    return Target((), Marks(nobody, posts=ids, texts=tuple(texts)), (), (), tuple(posts))
