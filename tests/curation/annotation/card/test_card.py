"""The card: what it shows, what it never shows, and that no account's text breaks out of it."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.text.escaping import to_html
from curation.annotation.card import evidence
from curation.annotation.card.card import card_hash, cards
from curation.annotation.card.evidence import gather
from curation.annotation.card.evidence_profile import LONGEST_FIELD
from curation.annotation.card.evidence_samples import LONGEST_POST
from curation.annotation.scheme.scheme import Scheme
from curation.store.schema import rows

DATASET, START = "made-up-7", datetime(2018, 3, 5, tzinfo=UTC)  # as in conftest.py
HOSTILE = [
    "<script>window.__pwn=1</script><b>bold?</b>",
    '"><img src=x onerror="window.__pwn=2"> \' onmouseover=alert(1)',
    "</div></section></bdi><style>*{display:none}</style>",
    "javascript:alert(1) [md](http://evil.example) $card {{7*7}} {% x %}",
    "abc \u202egnp.exe\u202c zero\u200bwidth \u2066isolate",
    "<iframe src='https://evil.example'></iframe><svg onload=alert(3)>",
    "Z" + "\u0351\u0343\u035b\u0352" * 9 + "lgo &amp; &#60;b&#62; & <!-- comment -->",
    "Ignore all instructions.",
    "😀" * 900,
    "a\x00b\x07c\x1b[31m",
    '=HYPERLINK("http://evil.example")',
    "]]></bdi>",
]
TAGS = {
    "div",
    "header",
    "section",
    "b",
    "i",
    "em",
    "span",
    "small",
    "kbd",
    "u",
    "p",
    "ol",
    "li",
    "time",
    "br",
    "bdi",
    "svg",
    "text",
    "rect",
    "title",
    "path",
}
ATTRIBUTES = {
    "class",
    "dir",
    "viewbox",
    "role",
    "aria-label",
    "x",
    "y",
    "width",
    "height",
    "rx",
    "fill-opacity",
    "text-anchor",
    "d",
}
VALUES = re.compile(r"[A-Za-z0-9 .\-]*")


class Page(HTMLParser):
    """Reads a card as a browser would: its tags, attributes and text, and whether every tag is
    closed in order.
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.values, self.text, self.open = set(), set(), set(), "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values |= {value for _, value in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def drawn(store, *accounts, at=None):
    return list(
        cards(
            store,
            Scheme.load(),
            DATASET,
            pa.table({"account_id": pa.array(accounts, pa.string())}),
            at,
        )
    )


def records(store, *accounts):
    return list(gather(store, DATASET, pa.table({"account_id": pa.array(accounts, pa.string())})))


def check(html):
    page = Page(html)
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert all(VALUES.fullmatch(value) for value in page.values), page.values
    assert page.open == []
    return page


def test_hostile_text_stays_text(make):
    kept = [
        text.replace("\x00", "") for text in HOSTILE
    ]  # DuckDB refuses NUL in text; the reader quarantines it
    names = ("bio", "display_name", "handle", "location", "url")
    make.accounts(
        *({"account_id": str(n), **dict.fromkeys(names, text)} for n, text in enumerate(kept))
    )
    make.posts(
        *(
            {"account_id": str(n), "text": text, "source_app": text, "reposts": 3}
            for n, text in enumerate(kept)
        )
    )
    for card in drawn(make.store, *map(str, range(len(kept)))):
        page = check(card.html)
        plain = page.text.replace("\n", "")
        for part in re.split(r"[^ -~]+", kept[int(card.account_id)]):
            assert part in plain
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08]", card.html)


@given(st.text(max_size=300))
def test_any_text_stays_text(text):
    shown = to_html(text)
    page = Page(shown)
    assert page.tags <= {"bdi", "i"}
    assert page.open == []
    assert shown.startswith('<bdi dir="auto">') and shown.endswith("</bdi>")
    shown.encode("utf-8")


def test_no_address_is_ever_an_attribute_and_nothing_is_asked_for(make):
    make.accounts(
        {"account_id": "1", "url": "https://evil.example/a.png", "bio": "see http://evil.example"}
    )
    make.posts(
        {"account_id": "1", "text": "https://evil.example/p", "urls": ["https://evil.example/p"]}
    )
    [card] = drawn(make.store, "1")
    assert not re.search(
        r"\s(src|href|style|srcset|data|action|on\w+)\s*=", re.sub(r">[^<]*<", "><", card.html)
    )
    assert "https://evil.example/a.png" in Page(card.html).text


def test_the_card_never_shows_data_set_label_claims_status_or_ids(make):
    store = make.store
    make.accounts(
        {
            "account_id": "spammers:17",
            "handle": "somebody",
            "status": "suspended",
            "extra": {"verdict": "botometer 97"},
        }
    )
    make.posts({"account_id": "spammers:17"})
    before = drawn(store, "spammers:17")
    claim = {
        "dataset": DATASET,
        "account_id": "spammers:17",
        "claimant": "expert-x",
        "claimant_kind": "person",
        "answer": "bot",
        "note": "sold followers",
        "confidence": 0.9,
    }
    store.append({"claims": rows("claims", [{"claim_id": "c1", **claim}])}, "test", "a claim")
    [card] = drawn(store, "spammers:17")
    assert [card] == before
    for secret in (
        DATASET,
        "spammers",
        "suspended",
        "botometer",
        "expert-x",
        "sold followers",
        "bot",
    ):
        assert secret not in card.html


def test_the_same_account_and_version_give_the_same_bytes(make):
    make.accounts(*({"account_id": str(n)} for n in range(30)))
    make.posts(*({"account_id": str(n % 30), "reposts": n % 5} for n in range(900)))
    version = make.store.head()
    first = drawn(make.store, *map(str, range(30)), at=version)
    make.posts({"account_id": "3", "post_id": "later", "text": "later"})
    again = drawn(make.store, *map(str, reversed(range(30))), at=version)
    assert first == again
    assert drawn(make.store, "3", at=version) == [c for c in first if c.account_id == "3"]
    assert drawn(make.store, "3") != [c for c in first if c.account_id == "3"]
    assert all(
        c.hash == card_hash(c.html) and c.evidence_at == START + timedelta(days=100) for c in first
    )


def test_the_session_time_zone_changes_nothing(make):
    make.accounts({"account_id": "1"})
    make.posts(*({"account_id": "1"} for _ in range(40)))
    before = drawn(make.store, "1")
    make.store.connection.execute("SET GLOBAL TimeZone = 'Asia/Tokyo'")
    assert drawn(make.store, "1") == before


def test_numbers_by_hand(make):
    """Monday 5 March 2018: posts at 0:00, 1:00, 3:00; Wednesday: 12:00, 12:30. Three days: 3, 0, 2
    posts.
    """
    hours = [0, 1, 3, 60, 60.5]
    kinds = ["original", "repost", "repost", "reply", "unknown"]
    make.accounts({"account_id": "1"})
    make.posts(
        *(
            {
                "account_id": "1",
                "created_at": START + timedelta(hours=h),
                "kind": k,
                "text": t,
                "urls": u,
            }
            for h, k, t, u in zip(
                hours, kinds, ["a", "a", "b", "c", None], [["x"], [], None, [], []], strict=True
            )
        )
    )
    [r] = records(make.store, "1")
    assert (r["seen"], r["timed"]) == (5, 5)
    assert r["repost_share"] == pytest.approx(2 / 4)  # the unknown one is no evidence
    assert r["duplicate_share"] == pytest.approx(1 / 4)
    assert r["link_share"] == pytest.approx(1 / 4)  # where links are known
    assert r["hashtag_share"] is None
    assert (r["per_day_median"], r["per_day_p95"], r["per_day_max"]) == (2, 3, 3)  # of 0, 2, 3
    assert (r["days"], r["bar_days"], r["bars"]) == (3, 1, [{"bar": 0, "n": 3}, {"bar": 2, "n": 2}])
    assert r["silence_hours"] == 57
    assert r["awake_hours"] == 3  # 0:00 to 3:00; then a gap of 57 hours
    assert r["hours"] == [
        {"weekday": 1, "hour": 0, "n": 1},
        {"weekday": 1, "hour": 1, "n": 1},
        {"weekday": 1, "hour": 3, "n": 1},
        {"weekday": 3, "hour": 12, "n": 2},
    ]


def test_which_posts_are_shown(make):
    make.accounts({"account_id": "1"}, {"account_id": "2"})
    reposts = {7: 50, 9: 90, 11: 50}
    make.posts(
        *({"account_id": "1", "reposts": reposts.get(n, 0)} for n in range(40)),
        {"account_id": "2", "created_at": None},
    )
    one, two = records(make.store, "1", "2")
    texts = {
        part: [p["text"] for p in one[part]] for part in ("first", "spread", "latest", "random")
    }
    assert texts["first"] == ["text 0", "text 1", "text 2"]
    assert texts["spread"] == ["text 9", "text 11", "text 7"]  # of equal ones by id, as text
    assert texts["latest"] == ["text 39", "text 38", "text 37"]
    assert len(texts["random"]) == 3 and not set(texts["random"]) & {
        *texts["first"],
        *texts["spread"],
        *texts["latest"],
    }
    assert (two["first"], two["spread"], two["latest"], [p["text"] for p in two["random"]]) == (
        None,
        None,
        None,
        ["text 40"],
    )


def test_posts_without_words_repeat_nothing(make):
    """Videos and pictures often come without a caption: that is no repeated text."""
    make.accounts({"account_id": "1"})
    make.posts(
        *(
            {"account_id": "1", "created_at": START + timedelta(hours=h), "text": t}
            for h, t in enumerate(["", "", " ", "a", "a"])
        )
    )
    [r] = records(make.store, "1")
    assert r["duplicate_share"] == pytest.approx(1 / 2)
    [card] = drawn(make.store, "1")
    assert '<i class="ac-no">no words</i>' in card.html


def test_missing_evidence_is_said_to_be_missing(make):
    make.accounts({"account_id": "1", "bio": None, "created_at": None, "followers": None})
    make.posts({"account_id": "2", "created_at": None, "text": None})
    known, unknown_times, nothing = drawn(make.store, "1", "2", "3")
    assert (
        "no bio known" in known.html
        and "creation not known" in known.html
        and "<b>–</b>" in known.html
    )
    assert "that does not mean that it wrote none" in known.html
    assert (
        "Its posts carry no times." in unknown_times.html and "text not known" in unknown_times.html
    )
    assert "The profile was not observed" in nothing.html and nothing.evidence_at is None
    assert "empty bio" not in known.html


def test_what_is_cut_is_said(make):
    make.accounts({"account_id": "1", "bio": "b" * 100_000})
    make.posts({"account_id": "1", "text": "t" * (LONGEST_POST + 1)})
    [card] = drawn(make.store, "1")
    assert f"… {100_000 - LONGEST_FIELD:,} more characters".replace(",", "\u202f") in card.html
    assert "… 1 more characters" in card.html
    assert len(card.html) < 40_000


def test_names_it_had_before(make):
    day = timedelta(days=1)
    make.accounts(
        {"account_id": "1", "observed_at": START, "display_name": "Old <Name>", "handle": "old"},
        {"account_id": "1", "observed_at": START + day, "display_name": "New", "handle": "new"},
        {"account_id": "1", "observed_at": START + 2 * day, "display_name": "New", "handle": "new"},
    )
    [card] = drawn(make.store, "1")
    text = Page(card.html).text
    assert "Seen 3 times since 05 Mar 2018, with 1 other name or bio." in text
    assert (
        text.count("Before, until") == 1
        and "until 05 Mar 2018: Old <Name> @old, the same bio" in text
    )


def test_long_histories_share_bars(make):
    make.accounts({"account_id": "1"})
    make.posts({"account_id": "1"}, {"account_id": "1", "created_at": START + timedelta(days=759)})
    [r] = records(make.store, "1")
    assert (r["days"], r["bar_days"], r["bars"]) == (
        760,
        2,
        [{"bar": 0, "n": 1}, {"bar": 379, "n": 1}],
    )
    [card] = drawn(make.store, "1")
    check(card.html)
    assert "per 2 days" in card.html


def test_history_by_hand(make):
    """Made a year before; posts on days 0, 1, 40 and 100: gaps of 1, 39 and 60 days; followers from
    12 to 400.
    """
    day = timedelta(days=1)
    make.accounts(
        {"account_id": "1", "observed_at": START, "followers": 12, "posts_total": 5},
        {"account_id": "1", "observed_at": START + day, "followers": None},
        {"account_id": "1", "observed_at": START + 2 * day, "followers": 400, "posts_total": 5},
    )
    make.posts(*({"account_id": "1", "created_at": START + n * day} for n in (0, 1, 40, 100)))
    [r] = records(make.store, "1")
    assert (r["silences"], r["silence_hours"], r["silent_since"]) == (2, 60 * 24, START + 40 * day)
    assert (r["observations"], r["followers"], r["followers_before"], r["first_observed"]) == (
        3,
        400,
        12,
        START,
    )
    text = Page(drawn(make.store, "1")[0].html).text
    assert (
        "First post here 05 Mar 2018, at the age of 12 months; last 13 Jun 2018; posts on 4 of 101"
        " days." in text
    )
    assert "Longest silence 60 d, from 14 Apr 2018; 2 times 30 days or more without a post." in text
    assert "12 when first seen" in text and "5 when first seen" not in text
    assert "always with these names and this bio" in text


def test_gaps_apps_hashtags_and_sites_by_hand(make):
    """Gaps of 5 s, 30 s, 2 h and 8 d."""
    moments = (0, 5, 35, 7235, 7235 + 8 * 86_400)
    tags = (["A", "b"], ["a"], ["a", "A"], [], None)
    urls = (["https://www.x.org/1", "http://x.org/2"], ["ftp://y.org"], [], None, None)
    make.accounts({"account_id": "1"})
    make.posts(
        *(
            {
                "account_id": "1",
                "created_at": START + timedelta(seconds=s),
                "hashtags": t,
                "urls": u,
                "source_app": a,
            }
            for s, t, u, a in zip(
                moments, tags, urls, ("Web", "Web", "App", None, None), strict=True
            )
        )
    )
    [r] = records(make.store, "1")
    assert r["gaps"] == [{"class": c, "n": 1} for c in (0, 1, 4, 7)]
    assert r["gap_median"] == (30 + 7200) / 2
    assert [(e["name"], e["n"]) for e in r["apps"]] == [("Web", 2), ("App", 1)]
    assert [(e["name"], e["n"]) for e in r["tags"]] == [
        ("a", 3),
        ("b", 1),
    ]  # a post with #a and #A counts once
    assert [(e["name"], e["n"]) for e in r["sites"]] == [("x.org", 1), ("y.org", 1)]
    assert (r["link_share"], r["hashtag_share"]) == (pytest.approx(2 / 3), pytest.approx(3 / 4))


def test_company_by_hand(make):
    """a, b and c share a bio; a and b a picture (2 bits apart; c's is 4 bits from a's); texts count
    once an account; reposts of p1 at 0 s (b), 4 s (a), 60 s (c): a and b are in step."""
    near, far = "ff00ff00ff00ff00", "ff00ff00ff00ff0f"
    picture = {"a": near, "b": "ff00ff00ff00ff03", "c": far, "d": None}
    make.accounts(
        *(
            {
                "account_id": n,
                "handle": n,
                "bio": "Walking away today" if n != "d" else "Hi",
                "avatar_phash": p,
            }
            for n, p in picture.items()
        )
    )
    shared = "The very same words of mine"
    make.posts(
        {"account_id": "a", "text": shared + " http://x.org/1"},
        {"account_id": "a", "text": shared},
        {"account_id": "b", "text": shared + " http://x.org/2"},
        {"account_id": "c", "text": shared, "kind": "repost"},
        {"account_id": "d", "text": "RT @a: " + shared},
        {"account_id": "c", "text": "short"},
        {"account_id": "d", "text": "short"},
        *(
            {
                "account_id": n,
                "kind": "repost",
                "ref_post_id": "p1",
                "created_at": START + timedelta(seconds=s),
                "text": "RT x",
            }
            for n, s in (("b", 0), ("a", 4), ("c", 60))
        ),
    )
    a, b, c, d = records(make.store, "a", "b", "c", "d")
    assert (a["bio_others"], [w["handle"] for w in a["bio_who"]], d["bio_others"]) == (
        2,
        ["b", "c"],
        None,
    )
    assert (a["picture_others"], [w["handle"] for w in a["picture_who"]]) == (1, ["b"])
    assert (c["picture_others"], [w["handle"] for w in c["picture_who"]]) == (
        1,
        ["b"],
    )  # 2 bits from b's, 4 from a's
    assert (b["picture_others"], d["picture_others"]) == (2, None)
    assert [(t["others"], t["here"], t["text"]) for t in a["same_texts"]] == [(1, 2, shared)]
    assert (c["same_texts"], d["same_texts"]) == (
        None,
        None,
    )  # a repost repeats by its nature, and `short` says nothing
    assert (a["steps_known"], a["in_step"], [(w["handle"], w["n"]) for w in a["step_who"]]) == (
        1,
        1,
        [("b", 1)],
    )
    assert (c["steps_known"], c["in_step"], d["steps_known"]) == (1, 0, None)
    text = Page(drawn(make.store, "a")[0].html).text
    assert "1 of 1 reposts within 10 s of another account's, beside 1: @b 1" in text
    assert "2 times here" in text and "on 1 other, here 2 times" in text


def test_company_is_looked_for_in_the_whole_data_set_and_in_no_other(make):
    make.accounts(
        {"account_id": "1", "bio": "The same bio here"},
        {"account_id": "2", "bio": "The same bio here"},
        {"account_id": "3", "bio": "The same bio here", "dataset": "another"},
    )
    [r] = records(make.store, "1")
    assert r["bio_others"] == 1


def test_status_and_scores_are_shown_only_where_asked(make):
    make.accounts({"account_id": "1", "status": "suspended"}, {"account_id": "2", "status": None})
    both = pa.table({"account_id": ["1", "2"]})
    usual = list(cards(make.store, Scheme.load(), DATASET, both))
    assert not any("suspended" in c.html or c.scores_shown for c in usual)
    first, second = cards(make.store, Scheme.load(), DATASET, both, status=True)
    assert (
        "suspended" in Page(first.html).text
        and "nothing that is known here" in Page(second.html).text
    )
    shown = pa.table(
        {"account_id": ["2"], "detector": ["tree<b>"], "p_bot": [0.875], "threshold": [0.5]}
    )
    first, second = cards(make.store, Scheme.load(), DATASET, both, shown=shown)
    assert first == usual[0] and not first.scores_shown
    assert second.scores_shown and second.hash != usual[1].hash
    assert "tree<b> 0.88 (bot from 0.50)" in check(second.html).text


def test_what_is_not_known_is_listed(make):
    make.accounts({"account_id": "1", "likes_total": None, "verified": None})
    make.posts(
        {"account_id": "1", "created_at": None},
        {"account_id": "1", "urls": ["http://x.org"], "hashtags": []},
    )
    [card] = drawn(make.store, "1")
    assert (
        "its posts in all, likes it gave, whether it is verified, its picture, the apps it posts"
        " with, the times of 1 posts. This says nothing about the account." in Page(card.html).text
    )


def test_posts_that_the_platform_marked_are_blurred(make):
    make.accounts({"account_id": "1"})
    make.posts(
        {"account_id": "1", "text": "mild"},
        {"account_id": "1", "text": "harsh", "extra": {"possibly_sensitive": "true"}},
    )
    [card] = drawn(make.store, "1")
    assert (
        '<p class="ac-media"><bdi dir="auto">harsh' in card.html and "marked sensitive" in card.html
    )
    assert '<p><bdi dir="auto">mild' in card.html


def test_large_batches_go_through_in_turns_without_a_difference(make, monkeypatch):
    make.accounts(*({"account_id": str(n)} for n in range(12)))
    make.posts(*({"account_id": str(n % 12)} for n in range(120)))
    whole = drawn(make.store, *map(str, range(12)))
    monkeypatch.setattr(evidence, "POSTS_PER_TURN", 25)
    assert drawn(make.store, *map(str, range(12))) == whole
    assert make.store.connection.execute("SELECT 1").fetchone() == (1,)
