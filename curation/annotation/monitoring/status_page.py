"""The annotation status as one HTML page that opens offline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botbench.html.environment import FIGURES
from botbench.html.environment import page as render
from curation.annotation.monitoring.status import LEAST, sentences

HERE = Path(__file__).parent
SIMULATED = "Simulated: "
STYLE = HERE / "status.css"


def page(status: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """The page of a `status` document. `names` (by pseudonym) are for the lead's own page and are
    shown beside the pseudonyms.
    """
    names, notes = names or {}, sentences(dict(status))
    return render(
        HERE / "status.html.j2",
        [FIGURES, STYLE],
        style_attributes=True,
        all=status["all"],
        agreement=status["agreement"],
        waiting=status["waiting_for_adjudication"],
        simulated=[_sentence(n) for n in notes if n.startswith(SIMULATED)],
        notes=[n for n in notes if not n.startswith(SIMULATED)],
        people=dict(sorted(status["annotators"].items(), key=lambda p: not _talk(p[1]))),
        talk=[names.get(c, c) for c, p in status["annotators"].items() if _talk(p)],
        projects=status["projects"],
        names=names,
        least=LEAST,
        share=_percent_done,
    )


def _sentence(note: str) -> str:
    """A note on what is simulated without that word, which the page's banner says."""
    said = note.removeprefix(SIMULATED)
    return said[:1].upper() + said[1:]


def _talk(person: Mapping[str, Any]) -> bool:
    """Whether somebody should talk to this person first."""
    return bool(person["review"] or person["hurried"])


def _percent_done(row: Mapping[str, Any]) -> float:
    return min(100.0, 100 * row["done"] / row["assigned"]) if row["assigned"] else 0.0
