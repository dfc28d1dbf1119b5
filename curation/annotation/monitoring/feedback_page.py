"""Feedback after a training round as one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botbench.html.environment import FIGURES
from botbench.html.environment import page as render
from curation.annotation.monitoring.status_page import STYLE
from curation.annotation.scheme.scheme import Scheme

HERE = Path(__file__).parent


def page(feedback: Mapping[str, list[dict[str, Any]]], scheme: Scheme) -> str:
    """The page of what `gold.feedback` returns: rows by person."""

    def answer(name: str) -> str:
        return scheme.answers[name].title if name in scheme.answers else name

    def reasons(names: Iterable[str] | None) -> str:
        return ", ".join(scheme.reasons[n].title if n in scheme.reasons else n for n in names or ())

    return render(
        HERE / "feedback.html.j2",
        [FIGURES, STYLE, HERE / "feedback.css"],
        filters={"answer": answer, "reasons": reasons},
        people=feedback,
    )
