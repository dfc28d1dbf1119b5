"""Queries of the state at a version: latest observation, newest consensus, a data set's card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.store.store import Store


def latest(accounts: str) -> str:
    """SQL for the latest observation of each account; an unknown time is the earliest."""
    newest = (
        f"SELECT account_id, max(observed_at) AS observed_at FROM {accounts} GROUP BY account_id"
    )
    return (
        f"(SELECT a.* FROM {accounts} a SEMI JOIN ({newest}) n "
        "ON a.account_id = n.account_id AND a.observed_at IS NOT DISTINCT FROM n.observed_at)"
    )


def newest_consensus(store: Store, dataset: str, version: int | None) -> str | None:
    """The id of a data set's newest consensus as of a version (default: now), or None."""
    asked = store.connection.execute(
        f"SELECT consensus_id FROM {store.relation('consensus_runs', version)} WHERE dataset = ?"
        " ORDER BY run DESC LIMIT 1",
        [dataset],
    ).fetchone()
    if asked:
        return str(asked[0])
    if version is None:
        return None
    # Labels that were appended by hand: DuckLake numbers rows as they are written.
    row = store.connection.execute(
        f"SELECT consensus_id FROM lake.main.labels AT (VERSION => {version}) WHERE dataset = ? "
        "GROUP BY consensus_id ORDER BY max(rowid) DESC LIMIT 1",
        [dataset],
    ).fetchone()
    return str(row[0]) if row else None


def card(store: Store, dataset: str, version: int) -> dict[str, Any]:
    """The data set's card as of its newest pull at a version; empty where it was never pulled."""
    row = store.connection.execute(
        f"SELECT card FROM {store.relation('pulls', version)} WHERE dataset = ? "
        "ORDER BY finished_at DESC NULLS LAST, pull_id LIMIT 1",
        [dataset],
    ).fetchone()
    try:
        document = json.loads(row[0]) if row else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def window(document: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """First and last moment of the posts' period that a card or release declares; None if open.

    They are text with a zone. A date alone covers its whole day, and a time without a zone is UTC.

    >>> window({"window": {"start": "2019-01-01", "end": "2019-05-31"}})
    ('2019-01-01 00:00:00+00', '2019-05-31 23:59:59.999999+00')
    """
    declared = document.get("window") or {}
    return (
        _zoned(declared.get("start"), "00:00:00"),
        _zoned(declared.get("end"), "23:59:59.999999"),
    )


def _zoned(value: object, time: str) -> str | None:
    if value is None:
        return None
    text = str(value)
    if len(text) == len("2024-03-16"):
        return f"{text} {time}+00"
    zone = text[10:]
    return text if zone.endswith("Z") or "+" in zone or "-" in zone else f"{text}+00"
