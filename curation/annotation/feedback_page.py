"""Feedback after a training round as one HTML page that opens offline."""

from __future__ import annotations

from html import escape
from typing import Any

from curation.annotation.literal import literal
from curation.annotation.scheme import Scheme
from curation.annotation.status_page import STYLE


def page(found: dict[str, list[dict[str, Any]]], scheme: Scheme) -> str:
    """The page of what `known.feedback` found."""
    people = "".join(_person(who, rows, scheme) for who, rows in found.items()) or "<p>Nobody has answered in this round yet.</p>"
    return ('<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,'
            f'initial-scale=1"><title>Feedback</title><style>{STYLE}</style></head><body><main>'
            "<h1>Feedback on the training round</h1><p class=m>These accounts were judged by an adjudicator who saw what others "
            "had said. Where you differ, look at the card again: it is worth a talk, not a mark.</p>"
            f"{people}</main></body></html>\n")


def _person(who: str, rows: list[dict[str, Any]], scheme: Scheme) -> str:
    body = "".join(
        f"<tr><td>{i}</td><td>{_title(r['yours'], scheme)}</td><td>{_title(r['adjudicated'], scheme)}</td>"
        f"<td>{'as adjudicated' if r['alike'] else 'differs'}</td><td>{_because(r, scheme)}</td></tr>"
        for i, r in enumerate(rows, 1))
    alike = sum(r["alike"] for r in rows)
    return (f"<h2>{escape(who)}: {alike} of {len(rows)}</h2><div class=w><table><thead><tr><th>account</th>"
            f"<th>you</th><th>adjudicated</th><th></th><th>because</th></tr></thead><tbody>{body}</tbody></table></div>")


def _title(answer: str, scheme: Scheme) -> str:
    return escape(scheme.answers[answer].title if answer in scheme.answers else answer)


def _because(row: dict[str, Any], scheme: Scheme) -> str:
    reasons = [scheme.reasons[r].title if r in scheme.reasons else r for r in row["reasons"] or []]
    return escape(", ".join(reasons)) + (f" {literal(row['note'])}" if row["note"] else "") or "–"
