"""The card: one account's evidence as one piece of HTML, the same byte for byte for the same account and store version.

Every string from outside goes through `literal`. No URL is ever written into an attribute, so the annotator's browser
asks nobody for anything. The letters beside the parts are the keys of the reasons that point to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from curation.annotation.charts import timeline, week
from curation.annotation.evidence import PAUSE_HOURS, gather
from curation.annotation.literal import age, duration, literal, number, percent
from curation.annotation.sections import SECTIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.annotation.scheme import Scheme
    from curation.store import Store

Record = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """One card: its HTML, the sha256 of it, and when the account looked like this (UTC; None where unknown)."""

    account_id: str
    html: str
    hash: str
    evidence_at: datetime | None


def cards(store: Store, scheme: Scheme, dataset: str, accounts: pa.Table, at: str | int | None = None) -> Iterator[Card]:
    """The cards of `accounts` (a table with a column account_id) at the store version `at`, sorted by account_id."""
    keys = {reason.section: reason.key for reason in scheme.reasons.values()}
    for record in gather(store, dataset, accounts, at):
        text = render(record, keys)
        yield Card(record["account_id"], text, card_hash(text), record["observed_at"])


def card_hash(text: str) -> str:
    """sha256 of a card's HTML, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def render(record: Record, keys: dict[str, str]) -> str:
    """A record of `evidence.gather` as HTML without html, style or script elements; `keys` maps parts to letters."""
    if record["timed"]:
        charts = f'<div class="ac-2">{_hours(record, keys)}{_timeline(record, keys)}</div>'
    else:
        charts = _no_times(record, keys)
    samples = "".join(_sample(record, part, keys) for part in ("first", "spread", "latest", "random"))
    posts = f'<div class="ac-2">{samples}</div>' if record["seen"] else ""
    return f'<div class="ac">{_profile(record, keys)}{_numbers(record, keys)}{charts}{posts}</div>'


def _head(part: str, keys: dict[str, str], note: str = "") -> str:
    letter = f"<kbd>{keys[part]}</kbd>" if part in keys else ""
    small = f"<small>{note}</small>" if note else ""
    return f'<div class="ac-h">{letter}<b>{SECTIONS[part]}</b>{small}</div>'


def _section(part: str, keys: dict[str, str], body: str, note: str = "") -> str:
    return f'<section class="ac-s">{_head(part, keys, note)}{body}</section>'


# -- who it says it is


def _profile(r: Record, keys: dict[str, str]) -> str:
    if r["observations"] is None:
        nothing = '<p class="ac-no">The profile was not observed: nothing is known of it here.</p>'
        return _section("profile", keys, nothing)
    name = literal(r["display_name"], r["display_name_length"]) if r["display_name"] else '<i class="ac-no">no name known</i>'
    handle = f'<span>@{literal(r["handle"], r["handle_length"])}</span>' if r["handle"] else ""
    letter = f'<kbd>{keys["profile"]}</kbd>' if "profile" in keys else ""
    return (
        f'<header class="ac-top"><div class="ac-id"><div class="ac-name">{letter}<b>{name}</b>{handle}</div>'
        f'<div class="ac-bio">{_bio(r)}</div><div class="ac-more">{_particulars(r)}</div></div>'
        f'<div class="ac-age"><b>{age(_age_days(r))}</b><span>{_since(r)}</span></div></header>')


def _bio(r: Record) -> str:
    if r["bio"] is None:
        return '<i class="ac-no">no bio known</i>'
    return literal(r["bio"], r["bio_length"]) if r["bio"] else '<i class="ac-no">empty bio</i>'


def _particulars(r: Record) -> str:
    """Place, link (as text), language and flags, as far as they are known."""
    texts = [f"{what} {literal(r[c], r.get(f'{c}_length'))}" for what, c in (
        ("place", "location"), ("link", "url"), ("language", "lang"), ("platform", "platform")) if r[c]]
    flags = [words[0] if r[c] else words[1] for c, words in (
        ("verified", ("verified", "not verified")), ("protected", ("posts not public", "posts public")),
        ("default_profile", ("default profile", "own profile design")), ("default_avatar", ("default picture", "own picture")))
        if r[c] is not None]
    return " · ".join(texts + flags)


def _age_days(r: Record) -> int | None:
    """Age at the observation; where its time is unknown, at the last post seen."""
    seen = r["observed_at"] or r["last_post"]
    return max((seen - r["created_at"]).days, 0) if seen and r["created_at"] else None


def _since(r: Record) -> str:
    created = f"created {_day(r['created_at'])}" if r["created_at"] else "creation not known"
    return f"{created}<br>seen {_day(r['observed_at'])}" if r["observed_at"] else f"{created}<br>time of observation not known"


# -- numbers and history


def _numbers(r: Record, keys: dict[str, str]) -> str:
    here = "none here" if not r["seen"] else f"{number(r['seen'])} here"
    facts = (
        _fact("followers", number(r["followers"])), _fact("following", number(r["following"]), _ratio(r)),
        _fact("posts", number(r["posts_total"]), here),
        _fact("posts / day", number(r["per_day_median"]), f"p95 {number(r['per_day_p95'])}, most {number(r['per_day_max'])}"),
        _fact("reposts", percent(r["repost_share"])), _fact("repeated texts", percent(r["duplicate_share"])),
        _fact("with links", percent(r["link_share"]), f"hashtags {percent(r['hashtag_share'])}"),
        _fact("longest silence", duration(r["silence_hours"])),
        _fact("longest awake", duration(r["awake_hours"]), f"no {PAUSE_HOURS} h pause"))
    return _section("numbers", keys, f'<div class="ac-fs">{"".join(facts)}</div>{_history(r)}')


def _fact(label: str, value: str, below: str = "") -> str:
    return f'<div class="ac-f"><span>{label}</span><b>{value}</b><em>{below}</em></div>'


def _ratio(r: Record) -> str:
    if r["followers"] is None or not r["following"]:
        return ""
    return f"{number(r['followers'] / r['following'], 2)} to 1"


def _history(r: Record) -> str:
    lines = []
    if r["first_post"]:
        after = f", at {age((r['first_post'] - r['created_at']).days)}" if _ordered(r["created_at"], r["first_post"]) else ""
        lines.append(f"first post here {_day(r['first_post'])}{after}; last {_day(r['last_post'])}")
    if (r["observations"] or 0) > 1:
        lines.append(f"seen {number(r['observations'])} times")
    lines += [_earlier(e) for e in r["earlier"] or []]
    return "".join(f'<p class="ac-hi">{line}</p>' for line in lines)


def _ordered(a: datetime | None, b: datetime | None) -> bool:
    return a is not None and b is not None and a <= b


def _earlier(e: Record) -> str:
    when = f"until {_day(e['seen_to'])}" if e["seen_to"] else "at an unknown time"
    bio = f": {literal(e['bio'], e['bio_length'])}" if e["bio"] else ""
    return f"before, {when}: {literal(e['display_name'])} @{literal(e['handle'])}{bio}"


# -- rhythm and posts


def _hours(r: Record, keys: dict[str, str]) -> str:
    return _section("hours", keys, week(r["hours"]), "UTC")


def _timeline(r: Record, keys: dict[str, str]) -> str:
    unit = "per day" if r["bar_days"] == 1 else f"per {r['bar_days']} days"
    return _section("timeline", keys, timeline(r["bars"], r["days"], r["bar_days"], r["first_day"]), unit)


def _no_times(r: Record, keys: dict[str, str]) -> str:
    none = "No posts of this account were collected; that does not mean that it wrote none."
    why = "Its posts carry no times." if r["seen"] else none
    return _section("timeline", keys, f'<p class="ac-no">{why}</p>')


_EMPTY = {"first": "times not known", "spread": "none was reposted, or the counts are not known", "latest": "times not known",
          "random": "the others are all shown"}
_NOTE = {"first": "oldest here", "spread": "by reposts", "latest": "newest here", "random": "drawn by chance from all others"}


def _sample(r: Record, part: str, keys: dict[str, str]) -> str:
    rows = "".join(_post(p) for p in r[part] or []) or f'<li class="ac-no">{_EMPTY[part]}</li>'
    return _section(part, keys, f'<ol class="ac-p">{rows}</ol>', _NOTE[part])


def _post(p: Record) -> str:
    tags = [p["kind"]] if p["kind"] in ("repost", "reply", "quote") else []
    tags += ["link"] if p["links"] else []
    marks = "".join(f"<u>{tag}</u>" for tag in tags) + (f"<u>{literal(p['source_app'][:60])}</u>" if p["source_app"] else "")
    when = f"{p['created_at']:%d %b %Y %H:%M}" if p["created_at"] else "time not known"
    text = literal(p["text"], p["text_length"]) if p["text"] is not None else '<i class="ac-no">text not known</i>'
    return (f'<li><div class="ac-m"><time>{when}</time>{marks}<span>↻ {number(p["reposts"])}&ensp;♥ {number(p["likes"])}</span>'
            f"</div><p>{text}</p></li>")


def _day(moment: date | None) -> str:
    return "–" if moment is None else f"{moment:%d %b %Y}"
