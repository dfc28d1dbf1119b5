"""The bots' share of accounts, posts, reposts, likes and reach, by every applicable method."""

from __future__ import annotations

from benchmarks.study import transfer_estimates
from benchmarks.study.data.votes import dependence
from benchmarks.study.estimators.estimate import Estimate
from benchmarks.study.estimators.label_uncertainty import SHARED, missed_by_all
from benchmarks.study.estimators.missing_answers import selective
from benchmarks.study.questions import Answer, Cell, Figure, Table, Text, question
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
        answer.blocks += [
            Text(_off(e))
            for e in default
            if e.quantity in ("share of accounts", "share of posts") and e.naive is not None
        ]
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
    if withdrawn:
        answer.blocks.append(Text(_withdrawn(withdrawn), warning=True))
    answer.blocks.append(_table(study, every))
    if default:
        if study.scored and (said := selective(study.labelled)):
            answer.blocks.append(Text(said, warning=True))
        if said := dependence(study.frame, study.labelled.ids):
            answer.blocks.append(Text(said, warning=True))
        answer.blocks.append(_shared_errors(default))
    return answer


def _shared_errors(default: list[Estimate]) -> Table:
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
    note = (
        "No sample of answers shows errors that all annotators make alike: they agree on them. This"
        " is what the share would be if they had missed so many of the bots together. Accounts of"
        " which the truth is known otherwise (gold) would show it."
    )
    columns = ("quantity", "bots missed by everybody", "value", "low", "high")
    return Table("shared-errors", "If annotators err alike", columns, rows, note)


def _withdrawn(refuted: list[Estimate]) -> str:
    methods = ", ".join(dict.fromkeys(e.method for e in refuted))
    reasons = " ".join(dict.fromkeys(e.refuted.sentence for e in refuted if e.refuted))
    return f"The sample refutes {methods}: do not quote them. {reasons}"


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


def _off(e: Estimate) -> str:
    naive = e.naive or 0.0
    inside = e.low <= naive <= e.high
    how = (
        "within the interval"
        if inside
        else f"{numbers.share(abs(naive - e.value))}"
        f" {'above' if naive > e.value else 'below'} the estimate"
    )
    return (
        f"Counting what the detector flags gives a {e.quantity} of {numbers.share(naive)}: {how}."
    )


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
    note += (
        " Thin upright line: what the detector flags."
        if any(e.naive is not None for e in estimates)
        else ""
    )
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
    return Table("methods", "Every method", columns, rows, note)
