"""Which data sets a store has, and what is said of one that it does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.errors import UserError, nearest, unknown
from curation.ingest import cards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.store.store import Store

TABLES = ("accounts", "claims", "pulls")


def there(store: Store, at: str | int | None = None, tables: Iterable[str] = TABLES) -> list[str]:
    """The data sets that have rows in one of the tables at a version, sorted."""
    version = store.resolve(at)
    names = " UNION ".join(
        f"SELECT dataset FROM {store.relation(table, version)}"
        for table in tables
        if store.has(table, version)
    )
    rows = store.connection.execute(f"SELECT DISTINCT dataset FROM ({names}) ORDER BY 1")
    return [str(name) for (name,) in rows.fetchall()]


def absent(
    store: Store,
    dataset: str,
    at: str | int | None = None,
    what: str = "data set in the store",
    known: Iterable[str] | None = None,
) -> UserError:
    """The error for a data set that is not there: the closest name, in the store or of a card.

    `known` are the names that would do, by default all of the store. A name that nobody has is
    never given as something to pull.
    """
    names = there(store, at) if known is None else list(known)
    available = [folder.name for folder in cards.folders()]
    if dataset in available:
        return UserError(
            f"There is no {what} {dataset!r} yet. Bring it in: botbench pull {dataset}."
        )
    told = unknown(what, dataset, names)
    card = nearest(dataset, available)
    if card is None or nearest(dataset, names) is not None:
        return told
    return UserError(f"{told} There is a card {card!r}: botbench pull {card}.")


def require(store: Store, dataset: str, at: str | int | None = None) -> None:
    """Raise UserError, with the closest name, for a data set that the store does not have."""
    if dataset not in there(store, at):
        raise absent(store, dataset, at)
