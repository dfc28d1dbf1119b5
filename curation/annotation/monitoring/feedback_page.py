"""Feedback after a training round as one HTML page that opens offline."""

from __future__ import annotations

from html import escape
from typing import Any

from botbench.text.escaping import to_html
from curation.annotation.monitoring.status_page import STYLE
from curation.annotation.scheme.scheme import Scheme

OWN = """
th, td { text-align:left; white-space:normal; vertical-align:top; } td:last-child { overflow-wrap:anywhere; width:55%; }
td b { white-space:nowrap; } .d { color:var(--warn); }
@media (max-width:640px) { thead { position:absolute; left:-9999px; } tr { display:block; padding:8px 0;
  border-bottom:1px solid var(--line); } td { display:block; border:0; padding:1px 0; width:auto !important; }
  td::before { content:attr(data-h) " "; color:var(--mute); } }
"""
"""Long notes wrap; on a phone each account is a block of its own."""
COLUMNS = ("account", "you", "adjudicated", "", "because")


def page(found: dict[str, list[dict[str, Any]]], scheme: Scheme) -> str:
    """The page of what `known.feedback` found."""
    people = (
        "".join(_person(who, rows, scheme) for who, rows in found.items())
        or "<p>Nobody has answered in this round yet.</p>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width,initial-scale=1"><title>Feedback</title><style>{STYLE}{OWN}</style></head><body><main><h1>Feedback'
        " on the training round</h1><p class=m>These accounts were judged by an adjudicator who"
        " saw what others had said. Where you differ, look at the card again: it is worth a talk,"
        " not a mark. Accounts are numbered in the order in which each person answered"
        f" them.</p>{people}</main></body></html>\n"
    )


def _person(who: str, rows: list[dict[str, Any]], scheme: Scheme) -> str:
    body = "".join(f"<tr>{''.join(_cells(i, r, scheme))}</tr>" for i, r in enumerate(rows, 1))
    alike = sum(r["alike"] for r in rows)
    head = "".join(f"<th>{c}</th>" for c in COLUMNS)
    return (
        f"<h2>{escape(who)}: {alike} of {len(rows)}</h2><div"
        f" class=w><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(number: int, row: dict[str, Any], scheme: Scheme) -> list[str]:
    verdict = "as adjudicated" if row["alike"] else '<b class="d">differs</b>'
    shown = (
        str(number),
        f"<b>{_title(row['yours'], scheme)}</b>",
        f"<b>{_title(row['adjudicated'], scheme)}</b>",
        verdict,
        _because(row, scheme),
    )
    return [
        f'<td data-h="{column}">{cell}</td>' for column, cell in zip(COLUMNS, shown, strict=True)
    ]


def _title(answer: str, scheme: Scheme) -> str:
    return escape(scheme.answers[answer].title if answer in scheme.answers else answer)


def _because(row: dict[str, Any], scheme: Scheme) -> str:
    reasons = [scheme.reasons[r].title if r in scheme.reasons else r for r in row["reasons"] or []]
    return escape(", ".join(reasons)) + (f" {to_html(row['note'])}" if row["note"] else "") or "–"
