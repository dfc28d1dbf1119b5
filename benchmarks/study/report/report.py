"""Write the report: one self-contained page, and its figures as CSV and JSON."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.estimators.estimate import Estimate
from benchmarks.study.questions import Figure, Overview, Table, Text
from benchmarks.study.report import pieces
from botbench.html.environment import CHARTS, FIGURES, page
from botbench.text import numbers
from botbench.text.escaping import visible

if TYPE_CHECKING:
    from benchmarks.study.report.answers import Answers

HERE = Path(__file__).parent
SHARES = {
    "value",
    "low",
    "high",
    "worst low",
    "worst high",
    "naive",
    "difference",
    "share",
    "part",
    "part of all posts",
    "part of all its posts",
    "true (simulated)",
}
NAMED = 8
"""Numbers that are named where one reason holds for many."""
FIRST, MOST = 10, 100
"""Rows of a table that stand open, and rows of one that is opened; the CSV file has all."""
LIMITS = (
    (
        "The share is that of accounts which annotators, under the scheme, would call bots after a"
        " careful look; it is no better than they are."
    ),
    (
        "It holds for the accounts and posts that were collected, not for those that a platform had"
        " removed or a search had missed."
    ),
    (
        "Intervals are for single numbers, except differences between groups, which hold together."
        " They cover what sampling and, where modelled, annotators leave open; not faults of"
        " collection."
    ),
    (
        "Estimates from a detector's errors elsewhere (Rogan-Gladen, EMQ, PACC, HDy, BotPercent)"
        " hold only if it errs here as it did there."
    ),
)


def write(answers: Answers, out: Path, today: date | None = None) -> Path:
    """Write report.html, study.json, figures.json and CSV files; returns the page's path.

    The same study gives the same bytes, except for the date.
    """
    when = (today or date.today()).isoformat()
    answers.write_files(out)
    document = answers.document(pieces.PAGE)
    return pieces.write(out, html(answers, when), document, answers.pieces, when)


def html(answers: Answers, when: str) -> str:
    """The page; a pure function of the answers and the date."""
    assumptions = list(dict.fromkeys(a for e in answers.estimates for a in e.assumptions))
    return page(
        HERE / "report.html.j2",
        [FIGURES, CHARTS, HERE / "report.css"],
        filters={"shown": shown},
        is_text=lambda block: isinstance(block, Text),
        is_figure=lambda block: isinstance(block, Figure),
        is_overview=lambda block: isinstance(block, Overview),
        file=pieces.file,
        heading=_heading,
        refused=_by_reason(answers),
        NAMED=NAMED,
        FIRST=FIRST,
        MOST=MOST,
        when=when,
        a=answers,
        study=answers.study,
        campaign=answers.study.campaign,
        frame=answers.study.frame,
        leads=[(question, answer.lead) for question, answer in answers.found if answer.lead],
        assumptions=assumptions,
        numbers=[(e, [assumptions.index(s) + 1 for s in e.assumptions]) for e in answers.estimates],
        methods=methods(answers),
        limits=LIMITS,
        provenance=answers.study.provenance,
        numeric=_numeric,
    )


def _by_reason(answers: Answers) -> dict[str, list[str]]:
    """The numbers that are not given, by the reason, which a missing sample gives for all."""
    by: dict[str, list[str]] = {}
    for refused in answers.refused:
        by.setdefault(refused.reason, []).append(refused.quantity)
    return by


def shown(value: Any, column: str = "value") -> str:
    """A cell: shares as percent, differences of shares in `points`, counts with commas, other
    numbers to three places, nothing as a dash.

    >>> shown(0.1534, "value"), shown(1234, "posts"), shown(None), shown("<b>", "x")
    ('15.3 %', '1,234', '–', '<b>')
    >>> shown(-0.0412, "points"), shown(0.123456, "score"), shown(1e-9, "q"), shown(1234.56, "x")
    ('−4.1', '.123', '< .001', '1,235')
    """
    if value is None:
        return "–"
    if isinstance(value, float):
        return _rounded(value, column)
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else str(visible(str(value)))
    )


def _rounded(value: float, column: str) -> str:
    if column == "points":
        return numbers.points(value).removesuffix(" points")
    if column in SHARES:
        return numbers.share(value)
    if value and abs(value) < 0.001:
        return "< .001" if value > 0 else "> −.001"
    if abs(value) < 1:
        return numbers.score(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


def _heading(table: Table | Figure | Overview, column: str) -> str:
    """What the cells of a column are: its name, or `points`."""
    return "points" if isinstance(table, Table) and column in table.points else column


def _numeric(table: Table | Figure | Overview, place: int) -> bool:
    return any(isinstance(row[place], int | float) for row in table.rows)


def methods(answers: Answers) -> str:
    """A paragraph to paste into a paper."""
    study = answers.study
    campaign, frame = study.campaign, study.frame
    first = next((e for e in answers.estimates if e.default), None)
    what = (
        f"{frame.accounts:,} accounts and {frame.posts:,} posts of the data set {campaign.dataset}"
    )
    what += f" with {' or '.join('#' + t for t in campaign.hashtags)}" if campaign.hashtags else ""
    what += (
        f" from {campaign.window.start:%Y-%m-%d} up to {campaign.window.end:%Y-%m-%d} (UTC)"
        if campaign.window
        else ""
    )
    sentences = [f"We studied {what}."]
    if first and first.n_labelled:
        sentences.append(
            f"A probability sample of accounts was annotated; {first.n_labelled:,} of them belong"
            f" to the campaign and have a label, {first.n_bots_labelled:,} of these bot."
        )
        sentences += list(study.labelled.rules[:1])
        sentences.append(_how(first))
    sentences += [
        r
        for r in study.labelled.rules[1:]
        if r.startswith(("Annotators'", "Labels", "Every", "Only"))
    ]
    p = study.provenance
    sentences.append(
        f"Computed with botbench from store version {p['store_version']}, consensus"
        f" {p['consensus'] or 'none'}"
        + (f", release {p['release']} (content hash {p['release_hash']})." if p["release"] else ".")
    )
    return " ".join(sentences)


def _how(first: Estimate) -> str:
    scored = first.method.startswith("prediction")
    what = (
        "Shares are prediction-powered estimates with power tuning (Angelopoulos et al. 2023;"
        " PPI++), in the form of Hájek's ratio for unequal inclusion probabilities; intervals"
        if scored
        else "Shares are Hájek's ratio estimates from the sample alone; intervals"
    )
    few = (
        " Under 30 labelled bots, people or detector errors (of equal weight), errors were counted"
        " and their rates joined by mid-P bounds (Berry and Armitage 1995; Zou and Donner 2008)."
    )
    return (
        f"{what} invert the score test at the effective number of accounts (Wilson 1927; Korn and"
        f" Graubard 1998).{few if first.few else ''}"
    )
