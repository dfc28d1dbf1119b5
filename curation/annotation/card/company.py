"""The section company: accounts with the same picture, bio or text, and reposts in step."""

from __future__ import annotations

from botbench.text.escaping import to_html
from botbench.text.numbers import number
from curation.annotation.card.evidence_company import SECONDS, SHORTEST_TEXT
from curation.annotation.card.parts import Keys, Record, handle, section, unknown


def company(r: Record, keys: Keys) -> str:
    """One line for each kind of shared content, also where it is not known."""
    rows = (
        ("same picture", _picture(r)),
        ("same bio", _bio(r)),
        ("same text", _text(r)),
        ("in step", _step(r)),
    )
    body = "".join(f"<p><small>{what}</small>{line}</p>" for what, line in rows)
    return section(
        "company", keys, f'<div class="ac-co">{body}</div>', "other accounts of this collection"
    )


def _picture(r: Record) -> str:
    if r["picture_others"]:
        return _who(r["picture_others"], r["picture_who"])
    has_hash = r["picture_phash"] or r["avatar_known"]
    return (
        "default picture"
        if r["default_avatar"]
        else "nobody else"
        if has_hash
        else unknown("its picture is not known")
    )


def _bio(r: Record) -> str:
    if r["bio_others"]:
        return _who(r["bio_others"], r["bio_who"])
    return unknown("no bio known") if not r["bio"] else "nobody else"


def _who(others: int, who: list[Record] | None) -> str:
    names = " ".join(f"<span>{handle(w['handle'])}</span>" for w in who or [])
    more = others - len(who or [])
    return f"<b>{number(others)}</b> {names}" + (
        f"<em>and {number(more)} more</em>" if more > 0 else ""
    )


def _text(r: Record) -> str:
    if not r["seen"]:
        return unknown("no posts known")
    if not r["shared_texts"]:
        return f"no text of its own of {SHORTEST_TEXT} characters or more stands on another account"
    texts = "".join(
        f'<span class="ac-q1">{to_html(t["text"], t["text_length"])} <em>on {number(t["others"])}'
        f" other{'s' * (t['others'] > 1)}, here {number(t['here'])}"
        f" time{'s' * (t['here'] > 1)}</em></span>"
        for t in r["same_texts"]
    )
    return f"<b>{number(r['shared_texts'])}</b> of its own texts, links left out: {texts}"


def _step(r: Record) -> str:
    if not r["steps_known"]:
        return unknown("no repost here with its time and the post it repeats")
    counts = (
        f"<b>{number(r['in_step'])}</b> of {number(r['steps_known'])} reposts within {SECONDS} s of"
        " another account's"
    )
    if not r["in_step"]:
        return counts
    who = " ".join(
        f"<span>{handle(w['handle'])} {number(w['n'])}</span>" for w in r["step_who"] or []
    )
    return f"{counts}, beside {number(r['step_others'])}: {who}"
