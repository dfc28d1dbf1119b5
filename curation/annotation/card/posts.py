"""The section of sample posts: first, most spread, latest and random ones."""

from __future__ import annotations

from botbench.text.escaping import to_html
from botbench.text.numbers import number
from curation.annotation.card.parts import Keys, Record, head, section, unknown

PARTS = ("first", "spread", "latest", "random")
_EMPTY = {
    "first": "times not known",
    "spread": "none was reposted, or the counts are not known",
    "latest": "times not known",
    "random": "the others are all shown",
}
_NOTE = {
    "first": "oldest here",
    "spread": "by reposts",
    "latest": "newest here",
    "random": "drawn by chance from all others",
}


def posts(r: Record, keys: Keys) -> str:
    """The four samples; nothing where no post is known (the section timeline says so)."""
    if not r["seen"]:
        return ""
    four = "".join(_sample(r, part, keys) for part in PARTS)
    return (
        f'<section class="ac-s">{head("samples", keys, "whole texts; times are UTC")}</section><div'
        f' class="ac-2">{four}</div>'
    )


def _sample(r: Record, part: str, keys: Keys) -> str:
    rows = "".join(_post(p) for p in r[part] or []) or f'<li class="ac-no">{_EMPTY[part]}</li>'
    return section(part, keys, f'<ol class="ac-p">{rows}</ol>', _NOTE[part])


def _post(p: Record) -> str:
    when = f"{p['created_at']:%d %b %Y %H:%M}" if p["created_at"] else "time not known"
    if p["text"] is None:
        text = unknown("text not known")
    elif not p["text"].strip():
        text = unknown("no words")
    else:
        text = to_html(p["text"], p["text_length"])
    hidden = ' class="ac-media"' if p["sensitive"] else ""
    counts = f"↻ {number(p['reposts'])}&ensp;♥ {number(p['likes'])}"
    return (
        f'<li><div class="ac-m"><time>{when}</time>{_marks(p)}<span>{counts}</span></div>'
        f"<p{hidden}>{text}</p></li>"
    )


def _marks(p: Record) -> str:
    marks = [p["kind"]] if p["kind"] in ("repost", "reply", "quote") else []
    marks += ["link" if p["links"] == 1 else f"{number(p['links'])} links"] if p["links"] else []
    marks += [f"{number(p['here'])} times here"] if p["here"] > 1 else []
    marks += [f"on {number(p['others'])} other{'s' * (p['others'] > 1)}"] if p["others"] else []
    marks += ["marked sensitive"] if p["sensitive"] else []
    marks += [to_html(p["source_app"])] if p["source_app"] else []
    return "".join(f"<u>{mark}</u>" for mark in marks)
