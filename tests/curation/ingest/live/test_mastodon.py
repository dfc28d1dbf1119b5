"""A campaign on a server of the Fediverse, against one on loopback that replays the documented
shapes of Mastodon's interface."""

import pytest

from botbench.core.errors import UserError
from curation.ingest.live.campaign import LIVE, Campaign
from curation.ingest.live.storing import moment
from curation.store.retractions import standing_claims

from . import fediverse


@pytest.fixture
def mastodon():
    server = fediverse.Mastodon(page=10)
    yield server
    server.close()


def asked(server, name="caturday", **more):
    options = {"hashtags": ("caturday",), "timelines": 4, **more}
    return Campaign(network="mastodon", name=name, server=server.url, **options)


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_from_hashtag_to_timelines(mastodon, asking):
    """12 accounts with 6 statuses, 3 of them tagged. Authors stand in the statuses: nobody is asked
    for twice."""
    found = asking(asked(mastodon))
    tagged = [p for p in found.pages if p[LIVE].get("software") == "mastodon"]
    assert len(tagged) == len(found.pages)
    assert len(found.items("statuses", "id")) == 12 * 3 + 12 * 4
    # 4 pages and an empty one; a timeline of each; two for the software.
    assert (found.requests, found.gaps, found.cursor) == (5 + 12 + 2, [], None)


@pytest.mark.parametrize("links", [True, False])
def test_the_next_page_by_link_header_or_by_the_last_id(mastodon, asking, links):
    """The Link header may give the server's public name: only the position is taken from it."""
    mastodon.links, mastodon.named = links, "https://social.made.example"
    found = asking(asked(mastodon, timelines=0))
    assert len(set(found.items("statuses", "id"))) == 36
    assert all(path.startswith("/") for path, *_ in mastodon.asked)


def test_the_period_ends_the_search(mastodon, asking):
    since, until = moment("2026-03-03", "--since"), moment("2026-03-04", "--until")
    found = asking(asked(mastodon, timelines=0, since=since, until=until))
    assert {t[:10] for t in found.items("statuses", "created_at")} == {"2026-03-03"}
    assert len(found.items("statuses", "id")) == 12
    assert sum("timelines" in path for path, *_ in mastodon.asked) == 4, "the first page before it"


def test_a_list_of_handles_and_ids(mastodon, asking):
    people = ("made1", "10000002", "no.such@elsewhere.example")
    found = asking(asked(mastodon, hashtags=(), accounts=people, timelines=2))
    assert sorted(found.items("accounts", "acct")) == ["made1", "made2"]
    assert len(found.items("statuses", "id")) == 4
    assert found.why == ["a handle of the list names no account that this server knows"]


def test_faults_that_pass_change_nothing(mastodon, asking):
    sound = asking(asked(mastodon, "sound"))
    mastodon.faults = [
        ("tag/caturday", 500),
        ("tag/caturday", (429, {"X-RateLimit-Reset": "2026-01-01T00:00:00.000000Z"})),
        ("statuses", "cut body"),
        ("statuses", "cut json"),
        ("statuses", (503, {"Retry-After": "0"})),
    ]
    found = asking(asked(mastodon, "faulty"))
    assert mastodon.faults == [] and found.pages == sound.pages


def test_a_server_that_wants_a_login_is_a_sentence(mastodon, asking, monkeypatch):
    mastodon.faults = [("tag/caturday", 401)]
    with pytest.raises(UserError, match="Set MASTODON_ACCESS_TOKEN"):
        asking(asked(mastodon))
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", "made-token-of-nobody")
    asking(asked(mastodon, "again", timelines=0))
    assert mastodon.asked[-1][2]["Authorization"] == "Bearer made-token-of-nobody"


def test_rounds_of_a_campaign_in_the_store(store, mastodon, collecting):
    """The flag `bot` is a claim of the account, a suspension one of the server; both can be taken
    back. Who says #nobot, or chose not to be indexed, is left out."""
    a = {n: str(10_000_000 + n) for n in range(12)}
    tag = '<p>hello <a href="x">#<span>NoBot</span></a></p>'
    mastodon.flags = {
        a[1]: {"bot": True}, a[2]: {"bot": True}, a[3]: {"note": tag}, a[4]: {"noindex": True},
        a[5]: {"fields": [{"name": "about", "value": "#noindex please"}]},
    }  # fmt: skip
    first = collecting(asked(mastodon))
    assert {r["reason"] for r in first.result.reasons} == {"opted_out"}
    assert first.result.tables["accounts"]["kept"] == 9
    assert first.result.tables["posts"]["kept"] == 9 * 5
    hidden = f"account_id IN ('{a[3]}', '{a[4]}', '{a[5]}')"
    assert rows(store, f"SELECT count(*) FROM lake.main.posts WHERE {hidden}") == [(0,)]
    assert rows(store, "SELECT text, hashtags, lang FROM lake.main.posts WHERE post_id = '900000'") == [
        ("made 5 of 11", [], "en")
    ]  # fmt: skip
    standing = (
        f"SELECT account_id, claimant, answer FROM {standing_claims('lake.main.claims')} ORDER BY 1"
    )
    itself = "the account itself"
    assert rows(store, standing) == [(a[1], itself, "bot"), (a[2], itself, "bot")]

    host = mastodon.url.removeprefix("http://")
    mastodon.flags = {a[2]: {"bot": True}, a[6]: {"suspended": True}}
    mastodon.gone = {a[7]: fediverse.GONE, a[8]: fediverse.NOT_THERE}
    second = collecting(asked(mastodon))
    assert rows(store, standing) == [(a[2], itself, "bot"), (a[6], host, "cannot tell")]
    status = "SELECT account_id, status, followers FROM lake.main.accounts WHERE status IS NOT NULL ORDER BY 1"
    assert rows(store, status) == [(a[6], "suspended", 30), (a[7], "deleted", 35), (a[8], "gone", 40)]  # fmt: skip
    assert second.attrition["no label"]["deleted"]["accounts"] == 1
    for line in second.result.tables.values():
        assert line["read"] == line["kept"] + line["duplicate"] + line["quarantined"]


def test_where_noindex_is_what_everybody_begins_with_it_is_no_choice(asking, staged):
    """GoToSocial sets it for every account that was not made discoverable."""
    import json

    server = fediverse.Mastodon(people=2, software="gotosocial")
    try:
        server.flags = {"10000001": {"noindex": True}}
        found = asking(asked(server, timelines=0))
        lines = [{**p, LIVE: {**p[LIVE], "at": "2026-03-09T00:00:00Z"}} for p in found.pages]
        made = staged(
            {"a.jsonl": "\n".join(map(json.dumps, lines)).encode()}, format="mastodon-live"
        )
        assert made.aside == [] and made.counts == {"accounts": 2, "posts": 6}
    finally:
        server.close()


@pytest.mark.parametrize("account", [{}, {"id": None}, None, "x"])
def test_a_status_without_an_author_is_no_traceback(mastodon, asking, account):
    right = mastodon.answer

    def answer(path, query):
        status, document, headers = right(path, query)
        return status, [{**s, "account": account} for s in document] if "/tag/" in path else document, headers  # fmt: skip

    mastodon.answer = answer
    found = asking(asked(mastodon))
    assert found.cursor is None and not any("/statuses" in path for path, _, _ in mastodon.asked)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://[", "sends on to what is no address"),
        ("http://elsewhere.invalid/x", "sends on to http://elsewhere.invalid"),
        ("/again", "sends on more than 3 times"),
    ],
)
def test_a_server_that_sends_on_is_asked_no_further(mastodon, asking, monkeypatch, location, said):
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", "made-token-of-nobody")
    mastodon.answer = lambda path, query: (302, {}, {"Location": location})
    with pytest.raises(UserError, match=said) as told:
        asking(asked(mastodon))
    assert "made-token" not in str(told.value)
    assert len(mastodon.asked) <= 4, "a redirect is no fault that passes"
