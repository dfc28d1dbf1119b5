"""Which data sets a store has, and what is said of one that it does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError, nearest, unknown
from botbench.core.sql import literal
from curation.ingest import cards
from curation.store.diff import current_consensus

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


def counts(store: Store) -> dict[str, dict[str, int]]:
    """Accounts, bots and humans by data set: by the newest consensus, else by what claims say."""
    current = current_consensus(store, store.head())
    pairs = ", ".join(f"({literal(d)}, {literal(c)})" for d, c in current.items())
    labelled = (
        f"SELECT dataset, account_id, label AS answer FROM {store.relation('labels')}"
        f" SEMI JOIN (VALUES {pairs}) c(dataset, consensus_id) USING (dataset, consensus_id)"
        if current
        else "SELECT NULL AS dataset, NULL AS account_id, NULL AS answer WHERE false"
    )
    rows = store.connection.execute(
        f"""
        WITH everybody AS (
            SELECT dataset, account_id FROM {store.relation("accounts")}
            UNION SELECT dataset, account_id FROM {store.relation("claims")}),
        labelled AS ({labelled}),
        said AS (
            FROM labelled UNION ALL
            SELECT dataset, account_id, answer FROM {store.relation("claims")}
            WHERE dataset NOT IN (SELECT dataset FROM labelled)),
        tally AS (
            SELECT dataset, count(DISTINCT account_id) FILTER (answer = 'bot') AS bots,
                   count(DISTINCT account_id) FILTER (answer = 'human') AS humans
            FROM said GROUP BY 1)
        SELECT e.dataset, count(*), coalesce(any_value(bots), 0), coalesce(any_value(humans), 0)
        FROM everybody e LEFT JOIN tally USING (dataset) GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    return {str(d): {"accounts": a, "bots": b, "humans": h} for d, a, b, h in rows}


def card_of(store: Store, dataset: str) -> dict[str, Any] | None:
    """The card by which a data set was pulled last; None for one that was not."""
    import json

    row = store.connection.execute(
        f"SELECT card FROM {store.relation('pulls')} WHERE dataset = ? ORDER BY started_at DESC"
        " LIMIT 1",
        [dataset],
    ).fetchone()
    return json.loads(row[0]) if row else None
