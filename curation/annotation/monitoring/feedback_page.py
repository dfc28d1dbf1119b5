"""Feedback after a training round as one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botbench.html.environment import FIGURES
from botbench.html.environment import page as render
from curation.annotation.card.card import STYLE as CARD
from curation.annotation.monitoring.status_page import STYLE
from curation.annotation.scheme.scheme import Scheme

HERE = Path(__file__).parent


def page(
    feedback: Mapping[str, list[dict[str, Any]]],
    scheme: Scheme,
    cards: Mapping[str, str] | None = None,
) -> str:
    """The page of what `gold.feedback` returns: rows by person, each with a link to its card.

    `cards` are the HTML of `curation.annotation.card.card` by account; they stand below the rows.
    """
    numbered = {account: n for n, account in enumerate(cards or {}, 1)}

    def answer(name: str) -> str:
        return scheme.answers[name].title if name in scheme.answers else name

    def reasons(names: Iterable[str] | None) -> str:
        return ", ".join(scheme.reasons[n].title if n in scheme.reasons else n for n in names or ())

    return render(
        HERE / "feedback.html.j2",
        [FIGURES, CARD, STYLE, HERE / "feedback.css"],
        style_attributes=True,
        filters={"answer": answer, "reasons": reasons},
        people=feedback,
        cards=cards or {},
        numbered=numbered,
    )
