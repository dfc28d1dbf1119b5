"""The sections profile, numbers and history, and the list of missing evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from botbench.text.escaping import to_html
from botbench.text.numbers import age, duration, number
from curation.annotation.card.evidence_rhythm import SILENT_DAYS
from curation.annotation.card.parts import (
    Keys,
    Record,
    day,
    fact,
    facts,
    handle,
    letters,
    lines,
    section,
    unknown,
)

PICTURE = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def scores(detector_scores: Sequence[Record]) -> str:
    """Detector scores, for the cards of the part of a batch that measures their influence."""
    if not detector_scores:
        return ""
    each = "".join(
        f"<span>{to_html(s['detector'])}"
        f" <b>{number(s['p_bot'], 2)}</b>{_threshold(s.get('threshold'))}</span>"
        for s in detector_scores
    )
    return (
        f'<section class="ac-s ac-scores"><b>Detectors say</b>{each}<small>0 is human, 1 is bot;'
        " they err</small></section>"
    )


def _threshold(threshold: float | None) -> str:
    return "" if threshold is None else f" (bot from {number(threshold, 2)})"


def profile(r: Record, keys: Keys) -> str:
    """Names, bio, place, link, flags, age and picture."""
    if r["observations"] is None:
        return section(
            "profile",
            keys,
            '<p class="ac-no">The profile was not observed: nothing is known of it here.</p>',
        )
    name = (
        to_html(r["display_name"], r["display_name_length"])
        if r["display_name"]
        else unknown("no name known")
    )
    handle_line = f"<span>@{to_html(r['handle'], r['handle_length'])}</span>" if r["handle"] else ""
    return (
        f'<header class="ac-top">{_picture(r)}<div class="ac-id"><div'
        f' class="ac-name">{letters("profile", keys)}<b>{name}</b>{handle_line}</div><div'
        f' class="ac-bio">{_bio(r)}</div><div class="ac-more">{_particulars(r)}</div></div><div'
        f' class="ac-age"><b>{age(_age_days(r))}</b><span>{_since(r)}</span></div></header>'
    )


def _picture(r: Record) -> str:
    """Our own copy, blurred, as a background: Label Studio's page removes img elements."""
    if r["picture"] and PICTURE.fullmatch(r["picture"]):
        return (
            '<span class="ac-av ac-media"'
            f' style="background-image:url(data:image/webp;base64,{r["picture"]})"></span>'
        )
    return (
        '<span class="ac-av'
        f' ac-av0">{"default picture" if r["default_avatar"] else "picture not kept"}</span>'
    )


def _bio(r: Record) -> str:
    if r["bio"] is None:
        return unknown("no bio known")
    return to_html(r["bio"], r["bio_length"]) if r["bio"] else unknown("empty bio")


def _particulars(r: Record) -> str:
    """Place, link (as text), language and flags, as far as they are known."""
    texts = [
        f"{what} {to_html(r[c], r.get(f'{c}_length'))}"
        for what, c in (
            ("place", "location"),
            ("link", "url"),
            ("language", "lang"),
            ("platform", "platform"),
        )
        if r[c]
    ]
    flags = [
        words[0] if r[c] else words[1]
        for c, words in (
            ("verified", ("verified", "not verified")),
            ("protected", ("posts not public", "posts public")),
            ("default_profile", ("default profile", "own profile design")),
            ("default_avatar", ("default picture", "own picture")),
        )
        if r[c] is not None
    ]
    return " · ".join(texts + flags)


def _age_days(r: Record) -> int | None:
    """Age at the observation; where its time is unknown, at the last post seen."""
    seen = r["observed_at"] or r["last_post"]
    return max((seen - r["created_at"]).days, 0) if seen and r["created_at"] else None


def _since(r: Record) -> str:
    created = f"created {day(r['created_at'])}" if r["created_at"] else "creation not known"
    return (
        f"{created}<br>seen {day(r['observed_at'])}"
        if r["observed_at"]
        else f"{created}<br>time of observation not known"
    )


def numbers(r: Record, keys: Keys) -> str:
    """Counts and ratios as the platform reports them."""
    here = "none here" if not r["seen"] else f"{number(r['seen'])} here"
    return section(
        "numbers",
        keys,
        facts(
            fact("followers", number(r["followers"]), _change(r, "followers")),
            fact("following", number(r["following"]), _change(r, "following")),
            fact("followers / following", _ratio(r)),
            fact("posts", number(r["posts_total"]), here),
            fact("posts a day", number(_per_day(r), 1), "of its life"),
            fact("likes given", number(r["likes_total"])),
            fact("on lists", number(r["listed"])),
        ),
    )


def _ratio(r: Record) -> str:
    return (
        "–"
        if r["followers"] is None or not r["following"]
        else number(r["followers"] / r["following"], 2)
    )


def _per_day(r: Record) -> float | None:
    days = _age_days(r)
    return None if r["posts_total"] is None or days is None else r["posts_total"] / max(days, 1)


def _change(r: Record, column: str) -> str:
    before = r[f"{column}_before"]
    return (
        ""
        if (r["observations"] or 0) < 2 or before is None or before == r[column]
        else f"{number(before)} when first seen"
    )


def history(r: Record, keys: Keys, *, status: bool) -> str:
    """Age at the first post here, silences, and earlier names and bios."""
    sentences = []
    if r["first_post"]:
        sentences.append(
            f"First post here {day(r['first_post'])}{_age_then(r)}; last {day(r['last_post'])}; "
            f"posts on {number(r['active_days'])} of {number(r['days'])} days."
        )
    if r["silence_hours"] is not None:
        sentences.append(
            f"Longest silence {duration(r['silence_hours'])}, from {day(r['silent_since'])}; "
            f"{_times(r['silences'])} {SILENT_DAYS} days or more without a post."
        )
    if (r["observations"] or 0) > 1:
        sentences.append(
            f"Seen {number(r['observations'])} times since {day(r['first_observed'])}{_names(r)}."
        )
    sentences += [_earlier(e, r["bio"]) for e in r["earlier"] or []]
    if status:
        known = r["status"] if r["observations"] else None
        platform_status = to_html(known) if known else "nothing that is known here"
        sentences.append(f"When last seen the platform said: <b>{platform_status}</b>.")
    return section(
        "history", keys, lines(sentences) or f"<p>{unknown('nothing is known of its history')}</p>"
    )


def _age_then(r: Record) -> str:
    born: datetime | None = r["created_at"]
    if born is None:
        return ""
    return (
        f", at the age of {age((r['first_post'] - born).days)}"
        if born <= r["first_post"]
        else ", before it was made"
    )


def _times(n: int | None) -> str:
    return "never" if not n else "once" if n == 1 else f"{number(n)} times"


def _names(r: Record) -> str:
    n = r["earlier_count"]
    return (
        f", with {number(n)} other name{'s' * (n > 1)} or bio{'s' * (n > 1)}"
        if n
        else ", always with these names and this bio"
    )


def _earlier(e: Record, now: str | None) -> str:
    when = f"until {day(e['seen_to'])}" if e["seen_to"] else "at an unknown time"
    bio = (
        ", the same bio"
        if e["bio"] == now
        else f": {to_html(e['bio'], e['bio_length'])}"
        if e["bio"]
        else ", no bio"
    )
    return (
        f"Before, {when}: {to_html(e['display_name']) if e['display_name'] else ''}"
        f" {handle(e['handle'])}{bio}"
    )


_OF_PROFILE = {
    "display_name": "its name",
    "bio": "its bio",
    "created_at": "when it was made",
    "followers": "followers",
    "following": "following",
    "posts_total": "its posts in all",
    "likes_total": "likes it gave",
    "verified": "whether it is verified",
    "observed_at": "when it was observed",
}
_OF_POSTS = {
    "repost_share": "which posts are reposts",
    "link_share": "links",
    "hashtag_share": "hashtags",
    "apps": "the apps it posts with",
}


def missing(r: Record, keys: Keys) -> str:
    """The missing evidence: its absence says nothing about the account."""
    absent = [what for c, what in _OF_PROFILE.items() if r["observations"] and r[c] is None]
    if not r["picture"] and not r["default_avatar"]:
        absent.append("its picture")
    if r["seen"]:
        absent += [what for c, what in _OF_POSTS.items() if r[c] is None]
        absent += (
            ["the times of its posts"]
            if not r["timed"]
            else (
                [f"the times of {number(r['seen'] - r['timed'])} posts"]
                if r["timed"] < r["seen"]
                else []
            )
        )
    else:
        absent.append("any post (none was collected; that does not mean that it wrote none)")
    if r["observations"] is None:
        absent.append("its profile")
    sentence = (
        f"{', '.join(absent)}. This says nothing about the account."
        if absent
        else "Nothing that a card can show is missing."
    )
    return section("missing", keys, f'<p class="ac-hi">{sentence}</p>')
