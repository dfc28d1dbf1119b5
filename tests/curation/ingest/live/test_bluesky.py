"""A campaign on Bluesky against a server on loopback that replays the documented shapes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.ingest.live import budget as budgets
from curation.ingest.live.campaign import Campaign
from curation.ingest.live.collect import collected
from curation.ingest.live.forgetting import forget_everywhere
from curation.ingest.live.http import client as clients
from curation.ingest.live.networks import NETWORKS
from curation.ingest.live.networks import bluesky as networks_bluesky
from curation.ingest.live.storing import moment
from curation.store.retractions import standing_claims

from . import servers
from .servers import did, label


@pytest.fixture
def bluesky():
    server = servers.Bluesky()
    yield server
    server.close()


def asked(server, name="walkaway", timelines=4, **more):
    options = {"hashtags": ("WalkAway",), "timelines": timelines, **more}
    return Campaign(network="bluesky", name=name, server=server.url, **options)


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_from_hashtag_to_authors_to_timelines(bluesky, asking):
    """30 accounts wrote 6 posts each, 3 of them with the hashtag."""
    found = asking(asked(bluesky))
    assert len(found.items("posts", "uri")) == 30 * 3
    assert len(found.items("feed", "post")) == 30 * 4
    assert sorted(found.items("profiles", "did")) == [did(n) for n in range(30)]
    assert (found.gaps, found.cursor, found.stopped, found.spent) == ([], None, "", 0.0)
    # A page of posts and an empty one, two lots of profiles, and a timeline of each account.
    assert found.requests == len(bluesky.asked) == 2 + 2 + 30


def test_the_period_is_asked_for_and_kept_to(bluesky, asking):
    since, until = moment("2026-03-03", "--since"), moment("2026-03-05", "--until")
    found = asking(asked(bluesky, timelines=0, since=since, until=until))
    first = bluesky.asked[0][1]
    assert first["since"] == ["2026-03-03T00:00:00.000Z"]
    assert first["until"] == ["2026-03-05T00:00:00.000Z"]
    assert (first["q"], first["tag"]) == (["#WalkAway"], ["WalkAway"])
    assert len(found.items("posts", "uri")) == 30
    # A server that does not keep to it.
    bluesky.search_posts = lambda query: bluesky._listed(bluesky.posts, "posts", query)
    again = asking(asked(bluesky, "again", timelines=0, since=since, until=until))
    assert {p["createdAt"][:10] for p in again.items("posts", "record")} == {"2026-03-03", "2026-03-04"}  # fmt: skip


def test_a_list_of_handles_and_ids(bluesky, asking):
    people = ("made1.test", did(2), "no.such")
    found = asking(asked(bluesky, hashtags=(), accounts=people, timelines=2))
    assert found.items("profiles", "did") == [did(1), did(2)]
    assert len(found.items("feed", "post")) == 4
    assert found.why == ["a handle of the list names no account that is there (gone)"]


FAULTS = [
    ("searchPosts", 500),
    ("searchPosts", (429, {"Retry-After": "0"})),
    ("getProfiles", "cut body"),
    ("getProfiles", "cut json"),
    ("getAuthorFeed", 502),
    ("getAuthorFeed", (429, {"RateLimit-Reset": "1"})),
    ("getAuthorFeed", (429, {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"})),
]


def test_faults_that_pass_change_nothing(bluesky, asking):
    bluesky.page = 40
    sound = asking(asked(bluesky, "sound"))
    bluesky.faults, bluesky.backwards = list(FAULTS), 2
    found = asking(asked(bluesky, "faulty"))
    assert bluesky.faults == [] and found.gaps == []
    assert found.pages == sound.pages


def test_a_cursor_that_always_goes_back_is_a_gap(bluesky, asking):
    bluesky.page, bluesky.backwards = 40, 10**6
    found = asking(asked(bluesky, timelines=0))
    assert found.why == ["search #WalkAway, after 40 items: the server's cursor goes back"]
    assert len(found.items("posts", "uri")) == 80, "the page itself is sound"


def test_a_cursor_that_the_server_does_not_know_any_more_begins_anew(bluesky, asking):
    """A bad cursor is 500 there. The search is asked again from its beginning."""
    bluesky.page = 40
    sound = asking(asked(bluesky, "sound", timelines=0))
    bluesky.faults = [("cursor=40", 500)] * clients.TRIES
    found = asking(asked(bluesky, "stale", timelines=0))
    assert set(found.items("posts", "uri")) == set(sound.items("posts", "uri"))
    assert found.gaps == []


@pytest.mark.parametrize("refuses", [True, False])
def test_a_search_that_ends_after_so_many_results_goes_on_before_the_oldest(
    bluesky, asking, monkeypatch, refuses
):
    """A search gives 40 results here, of 90; the next one asks for what is before."""
    monkeypatch.setattr(networks_bluesky, "MANY", 40)
    bluesky.page, bluesky.most, bluesky.refuses = 20, 40, refuses
    found = asking(asked(bluesky, timelines=0))
    assert len(set(found.items("posts", "uri"))) == 90
    untils = [q["until"][0] for p, q, _ in bluesky.asked if "until" in q]
    assert untils == sorted(untils, reverse=True) and len(set(untils)) == 2
    assert found.gaps == []


def test_a_search_that_begins_with_newer_posts_goes_on_to_the_period(bluesky, asking):
    """The AppView for development pays no heed to `until`: of its nine pages six are too new."""
    bluesky.page, bluesky.heedless = 10, True
    until = moment("2026-03-02", "--until")
    found = asking(asked(bluesky, timelines=0, until=until))
    assert len(set(found.items("posts", "uri"))) == 30
    assert found.gaps == []


def test_the_rate_limit_is_waited_for_with_the_time_left(bluesky, asking, monkeypatch):
    slept, told = [], []
    monkeypatch.setattr(clients.time, "sleep", slept.append)
    now = iter(range(10_000))
    monkeypatch.setattr(clients.time, "monotonic", lambda: float(next(now)))
    bluesky.faults = [("searchPosts", (429, {"Retry-After": "4"}))]
    asking(asked(bluesky, timelines=0), waiting=lambda *what: told.append(what))
    assert told == [("the server's rate limit", left) for left in (3.0, 2.0, 1.0)]
    assert slept == [1.0, 1.0, 1.0]


def test_a_server_that_stays_down_ends_the_run_and_the_next_one_goes_on(bluesky, asking):
    sound = asking(asked(bluesky, "sound"))
    bluesky.faults = [("getAuthorFeed", 500)] * 100
    with pytest.raises(ResourceFailure, match="run the same command again"):
        asking(asked(bluesky, "down"))
    bluesky.faults, before = [], len(bluesky.asked)
    found = asking(asked(bluesky, "down"))
    assert len(bluesky.asked) - before == 30, "searches and profiles are not asked again"
    assert found.gaps == []
    assert sorted(map(json.dumps, found.pages)) == sorted(map(json.dumps, sound.pages))


def test_interrupted_at_any_request_it_goes_on(bluesky, asking):
    whole = asking(asked(bluesky, "whole"))
    for at in (0, 1, 2, 3, 4, 20, 33):
        left = [at]

        def tell(*_, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            asking(asked(bluesky, f"cut{at}"), tell=tell)
        found = asking(asked(bluesky, f"cut{at}"))
        assert (found.pages, found.requests) == (whole.pages, whole.requests)


def test_a_budget_of_requests_stops_and_a_larger_one_goes_on(bluesky, asking):
    whole = asking(asked(bluesky, "whole"))
    part = asking(asked(bluesky, "part"), budget="10 requests")
    assert part.requests == 10 and part.stopped == "the budget of 10 requests is spent"
    assert part.cursor.startswith("timeline ")
    rest = asking(asked(bluesky, "part"), budget="100requests")
    assert (rest.requests, rest.cursor, rest.pages) == (34, None, whole.pages)
    with pytest.raises(UserError, match="write for example 5USD"):
        budgets.parsed("much")


def test_an_erasure_reaches_what_is_fetched_and_not_yet_stored(bluesky, asking, tmp_path):
    asking(asked(bluesky), budget="8requests")
    gone = did(3)
    journal, segment = tmp_path / "walkaway.journal", tmp_path / "live" / "a.watch" / "1.jsonl"
    assert gone.encode() in journal.read_bytes()
    segment.parent.mkdir(parents=True)
    segment.write_text(json.dumps({"did": gone}) + "\n" + json.dumps({"did": did(4)}) + "\n")
    (tmp_path / "live" / "walkaway.journal").hardlink_to(journal)
    assert forget_everywhere(tmp_path, lambda text: gone.encode() in text) == 2
    assert segment.read_text() == json.dumps({"did": did(4)}) + "\n"
    found = asking(asked(bluesky))
    assert gone not in json.dumps(found.pages)
    assert len(found.items("posts", "uri")) == 29 * 3 and found.cursor is None
    assert gone.encode() not in journal.read_bytes()


def test_another_host_is_never_asked(bluesky, asking):
    bluesky.faults = [("searchPosts", (302, {"Location": "http://127.0.0.1:9/xrpc/elsewhere"}))]
    with pytest.raises(UserError, match=r"sends on to http://127\.0\.0\.1:9, which was not asked"):
        asking(asked(bluesky))


def test_a_server_that_wants_a_login_is_a_sentence(bluesky, asking):
    bluesky.faults = [("searchPosts", 403)]
    with pytest.raises(UserError, match="Set BLUESKY_HANDLE and BLUESKY_APP_PASSWORD"):
        asking(asked(bluesky))


def test_rounds_of_a_campaign_in_the_store(store, bluesky, collecting):
    """Labels become claims, what is taken back is retracted, what became of accounts is observed,
    who opted out is left out."""
    claims = "SELECT account_id, claimant, claimant_kind, answer, attributes['label'] FROM {} ORDER BY ALL"
    standing = standing_claims("lake.main.claims")
    bluesky.labels = {
        did(1): [label(did(1), "bot", src=did(1))],
        did(2): [label(did(2), "spam"), label(did(2), "bot")],
        did(3): [label(did(3), "bot", src="did:plc:unasked")],
        did(5): [label(did(5), "!no-unauthenticated", src=did(5))],
        **{did(n): [label(did(n), "bot")] for n in range(10, 18)},
    }
    campaign = asked(bluesky)
    first = collecting(campaign)
    assert first.result.tables["accounts"]["kept"] == 29
    # 3 posts with the hashtag and the latest 4, of which 2 have it, of each.
    assert first.result.tables["posts"]["kept"] == 29 * 5
    assert {r["reason"] for r in first.result.reasons} == {"opted_out"}
    for table in ("accounts", "posts", "claims"):
        assert rows(store, f"SELECT count(*) FROM lake.main.{table} WHERE account_id = '{did(5)}'") == [(0,)]  # fmt: skip
    assert rows(store, f"SELECT count(*) FROM lake.main.quarantine WHERE raw LIKE '%{did(5)}%'") == [(0,)]  # fmt: skip
    assert rows(store, claims.format("lake.main.claims"))[:4] == [
        (did(1), "the account itself", "person", "bot", "bot"),
        (did(2), servers.LABELER, "platform", "bot", "bot"),
        (did(2), servers.LABELER, "platform", "cannot tell", "spam"),
        (did(3), "did:plc:unasked", "platform", "bot", "bot"),
    ]
    left = b"".join(p.read_bytes() for p in (store.home / "live").iterdir())
    assert b"did:plc" not in left and b"made1.test" not in left, "the journal keeps nobody"

    # The labeler negates one label, and says so; the account drops its own. Of a labeler that is
    # not among those that were answered for, silence says nothing.
    negated = label(did(2), "spam", neg=True, cts="2026-02-01T00:00:00.000Z")
    bluesky.labels |= {did(1): [], did(2): [label(did(2), "bot"), negated], did(3): []}
    bluesky.gone = {did(10): servers.TAKEN_DOWN, did(11): servers.DEACTIVATED, did(20): servers.NOT_FOUND}  # fmt: skip
    second = collecting(campaign)
    taken_back = "SELECT account_id, attributes['label'] FROM lake.main.claims WHERE retracts IS NOT NULL ORDER BY 1"
    assert rows(store, taken_back) == [(did(1), "bot"), (did(2), "spam")]
    assert [r[0] for r in rows(store, claims.format(standing))][:2] == [did(2), did(3)]
    status = "SELECT account_id, status, handle, followers, extra['said'] FROM lake.main.accounts WHERE status IS NOT NULL ORDER BY 1"
    assert rows(store, status) == [
        (did(10), "suspended", "made10.test", 100, "AccountTakedown"),
        (did(11), "deactivated", "made11.test", 110, "AccountDeactivated"),
        (did(20), "gone", "made20.test", 200, "InvalidRequest"),
    ]
    # A suspension is a claim of the platform, but not that the account is a bot.
    assert rows(store, "SELECT claimant, answer FROM lake.main.claims WHERE attributes['label'] = '!takedown'") == [("bluesky", "cannot tell")]  # fmt: skip
    bots = second.attrition["bot"]
    assert bots["accounts"] == 10 and bots["suspended"]["accounts"] == 1
    # Wilson's interval of 1 of 10: (0.1 + z²/20 ± z √(0.009 + z²/400) / √10) / (1 + z²/10).
    assert (round(bots["suspended"]["low"], 4), round(bots["suspended"]["high"], 4)) == (0.0179, 0.4042)  # fmt: skip
    assert second.attrition["no label"]["gone"]["accounts"] == 1
    for found in (first, second):
        for line in found.result.tables.values():
            assert line["read"] == line["kept"] + line["duplicate"] + line["quarantined"]

    # Said again, it stands again. Another campaign of this name cannot be under way meanwhile.
    bluesky.labels[did(1)] = [label(did(1), "bot", src=did(1), cts="2026-04-01T00:00:00.000Z")]
    collecting(campaign, budget="3requests")
    assert rows(store, claims.format(standing))[0][0] == did(1)
    with pytest.raises(UserError, match="under way with other options"):
        collecting(asked(bluesky, timelines=1))


def test_a_search_that_brings_nothing_says_so(store, bluesky, collecting):
    since = moment("2026-03-01", "--since")
    found = collecting(asked(bluesky, hashtags=("No,Body", "nobody"), since=since)).result
    assert found.notes["nothing_found"] == (
        f"{bluesky.url} gave no post with #No,Body, #nobody in the period of --since and --until."
        " --hashtag names one tag; give it again for another."
    )
    assert "nothing_found" not in collecting(asked(bluesky, name="other")).result.notes
    # It found nothing so far, in one of two searches.
    third = asked(bluesky, name="third", hashtags=("No,Body", "nobody"), since=since)
    stopped = collecting(third, budget="1request")
    assert stopped.stopped and "nothing_found" not in stopped.result.notes


def test_a_second_round_of_a_list_asks_for_each_account_once(store, bluesky, collecting):
    """Known accounts are asked for by their id alone, also those that are gone."""
    people = ("made1.test", did(2), "made3.test", "not.there")
    campaign = asked(bluesky, hashtags=(), accounts=people, timelines=0)
    collecting(campaign)
    bluesky.gone = {did(3): servers.TAKEN_DOWN}
    before = len(bluesky.asked)
    second = collecting(campaign)
    actors = [a for p, q, _ in bluesky.asked[before:] for a in q.get("actors", ())]
    assert actors == ["not.there", did(1), did(2), did(3)]
    assert [g["why"] for g in second.gaps] == ["a handle of the list names no account that is there (gone)"]  # fmt: skip
    assert not any(word.startswith("nothing_kept") for word in second.result.notes)


def test_killed_after_the_pages_were_stored_it_only_tells(store, bluesky, collecting):
    campaign = asked(bluesky, timelines=0)

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), collected(
        store, NETWORKS.own()["bluesky"], campaign, budget=budgets.parsed(None), prices=None,
        tell=lambda *_: None, waiting=lambda *_: None,
    ):  # fmt: skip
        raise Killed
    before, version = len(bluesky.asked), store.head()
    again = collecting(campaign)
    assert (len(bluesky.asked), store.head()) == (before, version)
    assert again.result.unchanged and again.requests == before


def test_killed_as_a_process_the_command_goes_on(cli, bluesky):
    arguments = ["pull", "bluesky", "--hashtag", "#WalkAway", "--timelines", "3", "--server", bluesky.url]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "botbench.commands.main", *arguments],
        env={**os.environ, "BOTBENCH_STORE": str(cli.cwd / "store")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while len(bluesky.asked) < 8 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = cli.json(*arguments)
    assert found["dataset"] == "walkaway" and found["cursor"] is None and found["spent"] == 0
    kept = {table: counts["kept"] for table, counts in found["tables"].items()}
    assert kept == {"accounts": 30, "posts": 30 * 5, "claims": 0}
    assert len(bluesky.asked) <= 34 + 1, "at most the answer under way is asked for again"


def test_wrong_use_is_a_sentence(cli):
    assert "wants --hashtag TAG or --handles FILE" in cli("pull", "bluesky", code=2).stderr
    for tag in ("日本", "🔥", "#Köln"):
        said = cli("pull", "bluesky", "--hashtag", tag, code=2).stderr
        assert f"#{tag.strip('#')} has characters" in said and "--as NAME" in said
