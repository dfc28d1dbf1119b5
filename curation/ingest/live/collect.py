"""Collect a campaign from a network into the store: ask, keep, store, and tell what it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.ingest.live import journal as journals
from curation.ingest.live.asking import ask_all
from curation.ingest.live.attrition import attrition
from curation.ingest.live.http.client import Client
from curation.ingest.live.storing import known_accounts, latest_result, not_known, store_pages

if TYPE_CHECKING:
    from curation.ingest.ledger import PullResult
    from curation.ingest.live.budget import Budget, Prices
    from curation.ingest.live.campaign import Campaign
    from curation.ingest.live.http.client import Waiting
    from curation.ingest.live.networks import Network
    from curation.store.store import Store

Tell = Callable[[str, int, int], None]
NOTHING = "nothing_found"
"""The note of a pull whose searches brought no post."""


@dataclass(frozen=True)
class Collected:
    """What a run brought: the pull's result, and what it took.

    `gaps` are what could not be had, `cursor` is where the same command goes on (None at the end),
    `stopped` why it stopped before.
    """

    result: PullResult
    requests: int
    spent: float
    gaps: list[dict[str, str]]
    cursor: str | None
    stopped: str
    attrition: dict[str, Any]
    """What became of the accounts, by label (`curation.ingest.live.attrition`)."""

    def document(self) -> dict[str, Any]:
        """The result as one JSON document."""
        return {
            **self.result.document(),
            "requests": self.requests,
            "spent": self.spent,
            "gaps": self.gaps,
            "cursor": self.cursor,
            "attrition": self.attrition,
        }


@contextmanager
def collected(
    store: Store,
    network: Network,
    campaign: Campaign,
    *,
    budget: Budget,
    prices: Prices | None,
    tell: Tell,
    waiting: Waiting,
    memory: str = "2GB",
    start_over: bool = False,
) -> Iterator[Collected]:
    """Collect a campaign, or what a killed run left of it; tell the result within the block.

    The same command after the end of the block begins another round: posts since, and what became
    of every account. Raises UserError for options that do not fit and for a budget that buys no
    request, ResourceFailure for a server that cannot be asked; what was fetched is kept then.
    """
    with journals.opened(store.home, campaign, start_over=start_over) as journal:
        journal.spent(budget)
        stopped, result = "", None
        if journal.stage == "stored":
            result = latest_result(store, journal)
        if result is None:
            if journal.stage != "asking":
                budget.requests_made, budget.usd_spent = 0, budget.usd_spent * 0
            client = Client(campaign.server, budget, waiting)
            client.heed_robots()
            # Accounts of the list that are known are asked for by their id.
            new = replace(campaign, accounts=not_known(store, campaign))
            asker = network.asker(new, client, prices)
            if journal.stage != "asking":
                known = known_accounts(store, campaign, network.platform)
                journal.begin(asker.begin(known), dict(network.ranks))
            stopped = ask_all(network, asker, client, journal, tell)
            if stopped and journal.is_empty():
                raise UserError(
                    f"Nothing was fetched, and nothing was written: {stopped}. The same"
                    " command with a larger --budget goes on."
                )
            result = store_pages(store, network, campaign, journal, tell=tell, memory=memory)
            if campaign.hashtags and not stopped and not result.tables["posts"]["read"]:
                result = replace(result, notes={**result.notes, NOTHING: _nothing(campaign)})
        yield Collected(
            result,
            budget.requests_made,
            float(budget.usd_spent),
            journal.gaps(),
            journal.cursor(),
            stopped,
            attrition(store, campaign.name),
        )
        journal.told()


def _nothing(campaign: Campaign) -> str:
    tags = ", ".join(f"#{t}" for t in campaign.hashtags)
    period = " in the period of --since and --until" if campaign.since or campaign.until else ""
    said = f"{campaign.server} gave no post with {tags}{period}."
    return f"{said} --hashtag names one tag; give it again for another."
