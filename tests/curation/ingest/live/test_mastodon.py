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


def no_hashtags(server, status, error, *others):
    """A server whose hashtags answer with a status, and which else answers as `others` say."""
    found = dict(others)

    def answer(path, query):
        if "/tag/" in path:
            return status, {"error": error}, {}
        return found.get(path, fediverse.NOT_THERE)

    server.answer = answer


SAYS = ("/.well-known/nodeinfo", (200, {"links": [{"href": "/nodeinfo/2.0"}]}, {}))
MISSKEY = ("/nodeinfo/2.0", (200, {"software": {"name": "misskey"}}, {}))
ONE = ("/api/v1/instance", (200, {"uri": "made.test", "version": "2.7.2 (compatible; Pleroma 2)"}, {}))  # fmt: skip
TWO = ("/api/v2/instance", (200, {"domain": "made.test", "version": "4.3.0"}, {}))


@pytest.mark.parametrize(
    ("status", "error", "others", "said"),
    [
        (401, "authorization required", [], "wants a login .* Set MASTODON_ACCESS_TOKEN"),
        (403, "This method requires an authenticated user", [], "wants a login"),
        (422, "This method requires an authenticated user", [TWO], "wants a login"),
        (404, "Not Found", [SAYS, MISSKEY], r"does not offer .* says that it is misskey\. Name"),
        (405, "Method Not Allowed", [], "does not offer Mastodon's interface"),
    ],
)
def test_servers_without_hashtags_for_us_are_sentences(
    mastodon, asking, status, error, others, said
):
    no_hashtags(mastodon, status, error, *others)
    with pytest.raises(UserError, match=said):
        asking(asked(mastodon))


@pytest.mark.parametrize("about", [ONE, TWO])
def test_a_hashtag_that_a_server_does_not_know_is_a_gap(mastodon, asking, about):
    """Old servers describe themselves by v1 of `instance`, some new ones by v2 alone."""
    no_hashtags(mastodon, 404, "Record not found", about)
    assert asking(asked(mastodon)).why == ["search #caturday: 404 Record not found"]


@pytest.mark.parametrize(("status", "error"), [(401, "token revoked"), (400, "Invalid token")])
def test_a_token_that_is_refused_is_a_sentence_of_its_own(
    mastodon, asking, monkeypatch, status, error
):
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", "made-token-of-nobody")
    no_hashtags(mastodon, status, error, TWO)
    with pytest.raises(UserError, match="refuses the token of MASTODON_ACCESS_TOKEN"):
        asking(asked(mastodon))


@pytest.mark.parametrize(
    "link",
    [
        '</api/v1/timelines/tag/caturday?max_id={last}>; rel="next"',
        '<?max_id={last}>; rel="Next", <?min_id=1>; rel="prev"',
        "<https://elsewhere.invalid/api?limit=40&max_id={last}>; rel=next",
        '<?page_token=opaque>; rel="next"',
        "not a link at all",
        '<http://[>; rel="next"',
        "",
    ],
)
def test_lists_go_on_by_whatever_link_there_is(mastodon, asking, link):
    """18 statuses with the hashtag in pages of 4: relative, of another name, opaque, or none."""
    mastodon.page, right = 4, mastodon.answer

    def answer(path, query):
        status, document, headers = right(path, query)
        if "/tag/" in path and document:
            headers = {"Link": link.format(last=document[-1]["id"])} if link else {}
        return status, document, headers

    mastodon.answer = answer
    found = asking(asked(mastodon, timelines=0))
    assert len(set(found.items("statuses", "id"))) == 36 and found.gaps == []


def test_fields_that_other_servers_leave_out_or_write_otherwise(mastodon, asking, staged):
    """Ids as numbers, no counts, no `noindex`, a note of null, a time without fractions."""
    import json

    plain = [
        {
            "id": 7_000 + n, "content": f"<p>made {n}</p>", "created_at": "2026-03-01T00:00:00Z",
            "account": {"id": n, "acct": f"made{n}", "username": f"made{n}", "note": None,
                        "created_at": "2023-05-01T00:00:00Z"},
        }
        for n in (1, 2)
    ]  # fmt: skip
    right, pages = mastodon.answer, iter([plain])

    def answer(path, query):
        return (200, next(pages, []), {}) if "/tag/" in path else right(path, query)

    mastodon.answer = answer
    found = asking(asked(mastodon, timelines=0))
    lines = [{**p, LIVE: {**p[LIVE], "at": "2026-03-09T00:00:00Z"}} for p in found.pages]
    made = staged({"a.jsonl": "\n".join(map(json.dumps, lines)).encode()}, format="mastodon-live")
    assert made.aside == [] and made.counts == {"accounts": 2, "posts": 2}
