"""Profile pictures of accounts from a live network, fetched once and kept as small copies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from curation.annotation.card.avatars import ImportedPictures, import_pictures
from curation.ingest.live import pictures

if TYPE_CHECKING:
    from curation.store.store import Store

TOGETHER = 200
"""Pictures that are fetched before they are stored."""


def fetch_pictures(
    store: Store, dataset: str, server: str, tell: Callable[[int, int], None]
) -> ImportedPictures:
    """Fetch the pictures of accounts that have none in the store; safe to repeat.

    `server` may be a private address, because the user named it. What cannot be taken is refused
    with its reason, by account.
    """
    todo = list(pictures.wanted(store, dataset))
    done = ImportedPictures()
    allowed = urlsplit(server).netloc
    for start in range(0, len(todo), TOGETHER):
        _fetch(store, dataset, todo[start : start + TOGETHER], allowed, done)
        tell(min(start + TOGETHER, len(todo)), len(todo))
    return done


def _fetch(
    store: Store,
    dataset: str,
    some: list[pictures.Wanted],
    allowed: str,
    done: ImportedPictures,
) -> None:
    root = store.home / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="pictures-", dir=root))
    try:
        for one in some:
            try:
                content, ending = pictures.fetch(one.url, allowed)
                if "/" in one.account_id:
                    raise pictures.NoPicture("its account has an id that is no file's name")
            except pictures.NoPicture as why:
                done.refused.append({"file": one.account_id, "reason": str(why)})
                continue
            (folder / f"{one.account_id}{ending}").write_bytes(content)
        if any(folder.iterdir()):
            kept = import_pictures(store, dataset, folder, seen_at=datetime.now(UTC))
            done.added += kept.added
            done.existing += kept.existing
            done.refused += kept.refused
            done.version = kept.version or done.version
    finally:
        shutil.rmtree(folder, ignore_errors=True)
