"""A campaign on X against a server on loopback that replays the documented shapes of v2."""

from decimal import Decimal

import pytest

from botbench.core.errors import UserError
from curation.ingest.live import budget as budgets
from curation.ingest.live.campaign import Campaign
from curation.ingest.live.networks.x import told_price

from . import birdsite

TOKEN = "made-bearer-of-nobody-0001"


@pytest.fixture
def x(monkeypatch):
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    server = birdsite.X()
    yield server
    server.close()


def asked(server, name="walkaway", **more):
    options = {"hashtags": ("WalkAway",), **more}
    return Campaign(network="x", name=name, server=server.url, **options)


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_what_it_spends_is_what_is_charged(x, asking):
    """90 posts with 30 authors on one page: 90 x .005 + 30 x .010 = .75 USD."""
    found = asking(asked(x), budget="5USD")
    assert len(found.items("data", "id")) == 90
    assert found.spent == pytest.approx(0.75)
    assert x.asked[0][2]["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(found.pages)
    own = asking(asked(x, "own"), budget="5USD", price="post=0.001,user=0")
    assert own.spent == pytest.approx(0.09)


def test_it_never_goes_over_the_budget_and_goes_on_with_a_larger_one(x, asking):
    """.20 USD pay for 13 posts with their authors (.015 each); what is left, .005, for none."""
    part = asking(asked(x), budget="0.20USD")
    assert x.asked[0][1]["max_results"] == ["13"]
    assert len(part.items("data", "id")) == 13 and part.spent <= 0.20
    assert "of the budget of 0.20 USD, 0.195 USD are spent" in part.stopped and part.cursor
    rest = asking(asked(x), budget="3USD")
    assert len(set(rest.items("data", "id"))) == 90 and rest.cursor is None


def test_a_budget_that_buys_nothing_writes_nothing(x, collecting, store):
    """A post with its author costs .015 USD: .01 pays for none."""
    with pytest.raises(UserError, match=r"nothing was written: of the budget of 0\.01 USD, 0 USD"):
        collecting(asked(x), budget="0.01USD")
    assert x.asked == [] and rows(store, "SELECT * FROM lake.main.pulls") == []
    assert collecting(asked(x), budget="0.20USD").result.totals["posts"] == 13
    with pytest.raises(UserError, match=r"0\.195 USD are spent, and the next request costs up"):
        collecting(asked(x), budget="0.20USD")
    assert len(rows(store, "SELECT * FROM lake.main.pulls")) == 1
    assert collecting(asked(x), budget="3USD").result.totals["posts"] == 90


def test_timelines_and_lists(x, asking):
    people = ("made1", "7000002", "nosuch")
    found = asking(asked(x, hashtags=(), accounts=people, timelines=6), budget="2USD")
    assert found.requests == 2 + 2
    assert len([i for p in found.pages for i in p["data"] if "text" in i]) == 12
    assert found.why == ["1 handle of the list not found"]


def test_a_kill_between_the_answer_and_the_journal_counts_what_may_have_been_charged(x, asking):
    """Killed while the first answer is under way: the highest price of that request is counted."""
    real = x.answer

    def killed(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        from curation.ingest.live.http.client import Client

        patch.setattr(Client, "fetch", killed)
        with pytest.raises(KeyboardInterrupt):
            asking(asked(x), budget="5USD")
    x.answer = real
    found = asking(asked(x), budget="5USD")
    assert found.spent == pytest.approx(100 * 0.015 + 0.75)


def test_the_price_is_told_before_the_first_request(x):
    prices = budgets.prices("x")
    assert prices.items == {"post": Decimal("0.005"), "user": Decimal("0.010")}
    with pytest.raises(UserError, match=r"a post 0\.005 USD.*docs\.x\.com.*--budget 5USD"):
        told_price(asked(x), budgets.parsed(None), prices)
    said = told_price(asked(x, timelines=100), budgets.parsed("5USD"), prices)
    assert "5 USD buy at most 333 posts with their authors" in said
    assert "The latest 100 posts of one account cost up to 0.510 USD" in said
    with pytest.raises(UserError, match="x charges for post, user, not for toot"):
        budgets.prices("x", {"toot": Decimal(1)})


def test_without_a_token_is_a_sentence(x, asking, monkeypatch):
    monkeypatch.delenv("X_BEARER_TOKEN")
    with pytest.raises(UserError, match="set X_BEARER_TOKEN"):
        asking(asked(x), budget="1USD")


def test_rounds_of_a_campaign_in_the_store(store, x, collecting):
    first = collecting(asked(x), budget="5USD")
    assert {t: c["kept"] for t, c in first.result.tables.items()} == {"accounts": 30, "posts": 90, "claims": 0}  # fmt: skip
    assert rows(store, "SELECT DISTINCT platform FROM lake.main.accounts") == [("twitter",)]
    x.lost = {"7000003": birdsite.suspended("7000003"), "7000004": None}
    second = collecting(asked(x), budget="5USD")
    status = "SELECT account_id, status, handle FROM lake.main.accounts WHERE status IS NOT NULL ORDER BY 1"
    assert rows(store, status) == [("7000003", "suspended", "made3"), ("7000004", "gone", "made4")]
    assert rows(store, "SELECT claimant, claimant_kind, answer FROM lake.main.claims") == [("twitter", "platform", "cannot tell")]  # fmt: skip
    assert second.spent == pytest.approx(0.75 + 28 * 0.01)
    stored = rows(store, "SELECT card, origin FROM lake.main.pulls")
    assert TOKEN not in repr(stored)


@pytest.mark.parametrize("includes", [[], "x", 5, None, {"users": "x"}, {"users": [{"id": None}]}])
def test_odd_includes_are_no_traceback(x, asking, includes):
    right = x.answer

    def answer(path, query):
        status, document, headers = right(path, query)
        return status, {**document, "includes": includes}, headers

    x.answer = answer
    found = asking(asked(x, timelines=2), budget="5USD")
    assert len(found.items("data", "id")) == 90


def test_watching_x_is_a_sentence(cli):
    said = cli("pull", "x", "--hashtag", "a", "--watch", code=2).stderr
    assert "charges for each post that it sends" in said and "without --watch" in said
