"""Campaigns against servers on loopback: asked only (`asking`, without a store) or collected."""

import json
from dataclasses import dataclass

import pytest

from curation.ingest.live import asking as askings
from curation.ingest.live import budget as budgets
from curation.ingest.live.campaign import LIVE
from curation.ingest.live.collect import collected
from curation.ingest.live.http import client as clients
from curation.ingest.live.http.client import Client
from curation.ingest.live.journal import Journal
from curation.ingest.live.networks import NETWORKS


@dataclass
class Answers:
    """What a run fetched: pages without their times, and what it told."""

    pages: list
    requests: int
    spent: float
    gaps: list
    cursor: str | None
    stopped: str

    @property
    def why(self):
        return [gap["why"] for gap in self.gaps]

    def items(self, member, key):
        return [i[key] for p in self.pages for i in p.get(member, [])]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No pauses, and no logins of whoever runs the tests."""
    monkeypatch.setattr(clients, "PAUSE", 0.001)
    for name in ("BLUESKY_HANDLE", "MASTODON_ACCESS_TOKEN", "X_BEARER_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asking(tmp_path):
    """`asking(campaign)` asks it all, or what an earlier run left of it; nothing is stored."""

    def run(
        campaign,
        *,
        budget=None,
        known=(),
        tell=lambda *_: None,
        waiting=lambda *_: None,
        price=None,
    ):
        network = NETWORKS.own()[campaign.network]
        journal = Journal(tmp_path / f"{campaign.name}.journal", campaign)
        spent = budgets.parsed(budget)
        try:
            journal.spent(spent)
            client = Client(campaign.server, spent, waiting)
            client.heed_robots()
            prices = budgets.prices(network.name, budgets.own_prices(price))
            asker = network.asker(campaign, client, prices)
            if journal.stage == "new":
                journal.begin(asker.begin(known), dict(network.ranks))
            stopped = askings.ask_all(network, asker, client, journal, tell)
            file = tmp_path / f"{campaign.name}.jsonl"
            journal.write_pages(file)
            pages = [json.loads(line) for line in file.read_text().splitlines()]
            for page in pages:
                page[LIVE].pop("at")
            return Answers(
                pages, spent.requests_made, float(spent.usd_spent), journal.gaps(),
                journal.cursor(), stopped,
            )  # fmt: skip
        finally:
            journal.close()

    return run


@pytest.fixture
def collecting(store):
    """`collecting(campaign)` collects it into the store of the test."""

    def run(campaign, *, budget=None, **more):
        network = NETWORKS.own()[campaign.network]
        with collected(
            store, network, campaign,
            budget=budgets.parsed(budget), prices=budgets.prices(network.name),
            tell=lambda *_: None, waiting=lambda *_: None, **more,
        ) as found:  # fmt: skip
            return found

    return run
