"""From the journal's pages to the store: one pull, with a ledger, by the network's own format."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.ingest.card_model import Card
from curation.ingest.ledger import PullResult, stored
from curation.ingest.live.campaign import time_of
from curation.ingest.pull import pull

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Campaign
    from curation.ingest.live.journal import Journal
    from curation.ingest.live.networks import Network
    from curation.store.store import Store

Tell = Callable[[str, int, int], None]


def store_pages(
    store: Store,
    network: Network,
    campaign: Campaign,
    journal: Journal,
    *,
    tell: Tell,
    memory: str,
) -> PullResult:
    """Pull what the journal holds; safe to repeat, for the same pages are the same pull."""
    root = store.home / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="live-", dir=root))
    try:
        name = f"{campaign.name}-{journal.part}.jsonl"
        journal.write_pages(folder / name)
        result = pull(
            store, card_of(network, campaign, name), folder, tell, memory, origin=campaign.server
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    journal.stored(result.pull_id)
    return result


def latest_result(store: Store, journal: Journal) -> PullResult | None:
    """The result of the journal's latest pull; None where there is none."""
    return stored(store, journal.pull) if journal.pull else None


def card_of(network: Network, campaign: Campaign, file: str, form: str = "") -> Card:
    """The card by which pages, or events of another `form`, are read.

    It names no account and no token.
    """
    document: dict[str, Any] = {
        "id": campaign.name,
        "title": campaign.title(),
        "platform": network.platform,
        "licence": "terms of the network; not for publication",
        "citation": f"own collection from {campaign.server}",
        "sources": [{"file": file, "local_only": True}],
        "reads": [{"format": form or network.format}],
    }
    return Card.model_validate(document)


def known_accounts(store: Store, campaign: Campaign, platform: str) -> Iterable[str]:
    """The ids of the data set's accounts, observed or as authors; none where it is not there.

    Raises UserError where the data set is of another platform.
    """
    row = store.connection.execute(
        "SELECT any_value(card->>'$.platform') FROM lake.main.pulls WHERE dataset = ?",
        [campaign.name],
    ).fetchone()
    if row and row[0] not in (None, platform):
        raise UserError(
            f"The data set {campaign.name} is of {row[0]}, not of {platform}. Give another --as"
            " NAME."
        )
    rows = store.connection.execute(
        "SELECT DISTINCT account_id FROM (SELECT account_id FROM lake.main.accounts WHERE dataset ="
        " $d UNION ALL SELECT account_id FROM lake.main.posts WHERE dataset = $d) ORDER BY 1",
        {"d": campaign.name},
    )
    while chunk := rows.fetchmany(10_000):
        yield from (str(account) for (account,) in chunk)


def not_known(store: Store, campaign: Campaign) -> tuple[str, ...]:
    """The accounts of a campaign's list that the data set does not have, by id or handle."""
    rows = store.connection.execute(
        "WITH known AS (SELECT lower(account_id) AS id, lower(handle) AS handle FROM"
        " lake.main.accounts WHERE dataset = $d)"
        " SELECT unnest($asked::VARCHAR[]) AS a EXCEPT (SELECT id FROM known UNION ALL"
        " SELECT handle FROM known)",
        {"asked": [a.lower() for a in campaign.accounts], "d": campaign.name},
    ).fetchall()
    left = {str(account) for (account,) in rows}
    return tuple(a for a in campaign.accounts if a.lower() in left)


def moment(text: str | None, option: str) -> datetime | None:
    """The time of an option, in UTC where no zone is given; raises UserError for what is none.

    >>> moment("2026-03-01", "--since").isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    if text is None:
        return None
    found = time_of(text)
    if found is None:
        raise UserError(
            f"{option} {text!r} is no day or time; write 2026-03-01 or 2026-03-01T12:00:00Z."
        )
    return found
