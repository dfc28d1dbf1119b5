"""The bots' share of accounts, posts, reposts, likes and reach, by every applicable method."""

from __future__ import annotations

from benchmarks.study import transfer_estimates
from benchmarks.study.data.votes import dependence
from benchmarks.study.estimators.estimate import Estimate
from benchmarks.study.estimators.label_uncertainty import SHARED, missed_by_all
from benchmarks.study.estimators.missing_answers import selective
from benchmarks.study.questions import (
    FLAGGED,
    Answer,
    Cell,
    Figure,
    Overview,
    Table,
    Text,
    question,
)
from benchmarks.study.study import LACKING, Study
from botbench.html.charts.intervals import Span, intervals
from botbench.text import numbers

MEANING = {
    "accounts": "of the accounts",
    "posts": "of the posts",
    "reposts": "of the reposts (posts that pass on another's)",
    "likes": "of the likes (received by the posts)",
    "reach": "of the reach (followers of the author, summed over posts)",
}


@question("share", title="How much of it is bots?", order=10)
def share(study: Study) -> Answer:
    """Each quantity's share with the default method, then every other method beside it."""
    answer = Answer()
    default: list[Estimate] = []
    every: list[Estimate] = []
    for quantity in study.campaign.quantities:
        sized = study.sized(quantity)
        estimates = answer.take(list(study.estimates(sized, others=True)))
        default += estimates[:1]
        every += estimates
        if quantity in ("accounts", "posts"):
            every += answer.take(list(transfer_estimates.estimates(study, sized)))
    answer.estimates.sort(key=lambda e: not e.default)
    answer.lead = _lead(default)
    if default:
        answer.blocks += _off([e for e in default if e.naive is not None])
        answer.blocks.append(
            _figure(
                "shares", "Share due to bots, with its 95 % interval", default, study.truth or {}
            )
        )
    answer.blocks += [
        Text(f"{e.quantity.capitalize()}: {said}", warning=True)
        for e in default
        for said in e.assumptions
        if said.startswith(LACKING)
    ]
    withdrawn = [e for e in every if e.refuted]
    methods = _methods(study, default, [e for e in every if not e.refuted])
    answer.blocks += [methods] if methods.rows else []
    if withdrawn:
        answer.blocks += [_withdrawn(withdrawn), _refuted(withdrawn)]
    if default:
        answer.blocks += _shared_errors(default)
    answer.blocks.append(_table(study, every))
    if default:
        if study.scored and (said := selective(study.labelled)):
            answer.blocks.append(Text(said, warning=True))
        score = study.labelled.score if study.scored else None
        if said := dependence(study.frame, study.labelled.ids, score):
            answer.blocks.append(Text(said, warning=True))
    return answer


def _shared_errors(default: list[Estimate]) -> list[Overview | Table]:
    """The shares where all annotators miss the same part of the bots."""
    rows: list[tuple[Cell, ...]] = [
        (
            e.quantity,
            numbers.percent(missed),
            missed_by_all(e.value, missed),
            missed_by_all(e.low, missed),
            missed_by_all(e.high, missed),
        )
        for e in default
        for missed in SHARED
    ]
    shares: list[tuple[Cell, ...]] = [
        (e.quantity, *(numbers.share(missed_by_all(e.value, missed)) for missed in SHARED))
        for e in default
    ]
    return [
        Overview(
            "If all annotators miss the same bots",
            ("part that they miss", *map(numbers.percent, SHARED)),
            shares,
            "No sample of answers shows errors that everybody makes; accounts of which the truth is"
            " known otherwise (gold) would.",
            half=True,
        ),
        Table(
            "shared-errors",
            "If all annotators miss the same bots: with intervals",
            ("quantity", "bots missed by everybody", "value", "low", "high"),
            rows,
            folded=True,
        ),
    ]


def _withdrawn(refuted: list[Estimate]) -> Text:
    reasons = " ".join(dict.fromkeys(e.refuted.sentence for e in refuted if e.refuted))
    return Text(
        "The sample refutes the methods that take the detector's errors from elsewhere: do not"
        f" quote them. {reasons}",
        warning=True,
    )


def _refuted(refuted: list[Estimate]) -> Overview:
    """What the refuted methods gave, apart from the others."""
    quantities, methods = _sides(refuted)
    by = {(e.method, e.quantity): e for e in refuted}
    rows = [(m, *(_interval(by.get((m, q))) for q in quantities)) for m in methods]
    columns = ("method", *(q.removeprefix("share of ") for q in quantities))
    return Overview("Refuted methods", columns, rows, half=True)


def _sides(estimates: list[Estimate]) -> tuple[list[str], list[str]]:
    """Quantities and methods in their order."""
    return (
        list(dict.fromkeys(e.quantity for e in estimates)),
        list(dict.fromkeys(e.method.removesuffix(", errors counted") for e in estimates)),
    )


def _interval(e: Estimate | None) -> str:
    """On one line, however narrow the column is."""
    text = "–" if e is None else numbers.share_interval(e.value, e.low, e.high)
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _methods(study: Study, default: list[Estimate], every: list[Estimate]) -> Overview:
    """A row for each method that the sample does not refute, a column for each quantity."""
    _, methods = _sides(every)
    quantities = [f"share of {q}" for q in study.campaign.quantities]
    given = {e.quantity for e in default}
    there = [q for q in quantities if q in given] or quantities
    by: dict[tuple[str, str], Estimate] = {}
    for e in every:
        by.setdefault((e.method.removesuffix(", errors counted"), e.quantity), e)
    quoted = {id(e) for e in default}
    rows: list[tuple[Cell, ...]] = [
        (m, *(_quoted(by.get((m, q)), quoted) for q in there)) for m in methods
    ]
    naive = [study.sized(q.removeprefix("share of ")).naive for q in there]
    if any(v is not None for v in naive):
        rows.append(("flagged, not corrected", *(map(numbers.share, naive))))
    if any(e.worst for e in default):
        worst = {e.quantity: e.worst for e in default}
        bounds = [numbers.share_range(*(worst.get(q) or (None, None))) for q in there]
        rows.append(("whatever those without an answer are", *bounds))
    if default:
        counts = {e.quantity: f"{e.n_labelled:,} ({e.n_bots_labelled:,})" for e in default}
        rows.append(("labelled accounts (bots)", *(counts.get(q, "–") for q in there)))
    columns = ("method", *(q.removeprefix("share of ") for q in there))
    return Overview(
        "The methods side by side", columns, rows, "* the one to quote." if default else ""
    )


def _quoted(e: Estimate | None, quoted: set[int]) -> str:
    return _interval(e) + ("\N{NO-BREAK SPACE}*" if e is not None and id(e) in quoted else "")


def _lead(default: list[Estimate]) -> str:
    by = {e.quantity: e for e in default}
    shares = [
        f"{numbers.share(e.value)} {MEANING[q].split(' (')[0]}"
        f" ({numbers.share_range(e.low, e.high)})"
        for q in ("accounts", "posts")
        if (e := by.get(f"share of {q}"))
    ]
    return (
        f"Bots are {' and wrote '.join(shares)}."
        if shares
        else "No share can be given with an interval; the reasons stand below."
    )


def _off(flagged: list[Estimate]) -> list[Text]:
    """How far the counts of what the detector flags are off, in a sentence."""
    by = {e.quantity: e for e in flagged}
    said = [_beside(e) for q in ("accounts", "posts") if (e := by.get(f"share of {q}"))]
    if not said:
        return []
    return [Text(f"Counting what the detector flags gives a {' and a '.join(said)}.")]


def _beside(e: Estimate) -> str:
    naive = e.naive or 0.0
    side = "above" if naive > e.value else "below"
    how = (
        "within the interval"
        if e.low <= naive <= e.high
        else f"{numbers.points(abs(naive - e.value))} {side} the estimate"
    )
    return f"{e.quantity} of {numbers.share(naive)} ({how})"


def _figure(name: str, title: str, estimates: list[Estimate], truth: dict[str, float]) -> Figure:
    spans = [
        Span(
            e.quantity.removeprefix("share of ").capitalize(),
            e.value,
            e.low,
            e.high,
            e.naive,
            truth.get(e.quantity),
            told=numbers.share_interval(e.value, e.low, e.high),
        )
        for e in estimates
    ]
    rows = [
        (e.quantity, e.method, e.value, e.low, e.high, e.naive, truth.get(e.quantity))
        for e in estimates
    ]
    note = "Dot and bar: the estimate and its interval."
    note += f" {FLAGGED}" if any(e.naive is not None for e in estimates) else ""
    note += " Broad upright line: the simulation's true share." if truth else ""
    columns = ("quantity", "method", "value", "low", "high", "naive", "true (simulated)")
    return Figure(
        name,
        title,
        intervals(spans, title),
        columns if truth else columns[:-1],
        rows if truth else [r[:-1] for r in rows],
        note,
    )


def _table(study: Study, every: list[Estimate]) -> Table:
    bounded = any(e.worst for e in every)
    columns = (
        "quantity",
        "method",
        "value",
        "low",
        "high",
        *(("worst low", "worst high") if bounded else ()),
        "labelled",
        "labelled bots",
        "naive",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            e.quantity,
            e.method + (" *" if e.default else "") + (" (refuted)" if e.refuted else ""),
            e.value,
            e.low,
            e.high,
            *((e.worst or (None, None)) if bounded else ()),
            e.n_labelled,
            e.n_bots_labelled,
            e.naive,
        )
        for e in every
    ]
    if not rows:
        rows = [
            (f"share of {q}", "naive count", None, None, None, 0, 0, study.sized(q).naive)
            for q in study.campaign.quantities
        ]
    note = "* the default."
    note += (
        " Worst: limits of the share where nothing is assumed of the drawn accounts without an"
        " answer: they may all be people, or all bots (Imbens and Manski 2004)."
        if bounded
        else ""
    )
    return Table("methods", "Every method", columns, rows, note, folded=True)
