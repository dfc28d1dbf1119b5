"""Shares by hashtag, side, language, day or another division, and differences between groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

from benchmarks.study.campaign.definition import Group
from benchmarks.study.estimators.estimate import Estimate, Refused, Sized
from benchmarks.study.questions import FLAGGED, Answer, Figure, Table, Text, question
from benchmarks.study.study import Study
from botbench.html.charts.intervals import Span, intervals
from botbench.stats.proportions import mover_difference, z_of_comparisons
from botbench.text import numbers
from botbench.text.folding import hashtag_key

KEYS = {
    "hashtag": "unnest(list_transform(p.hashtags, lambda t: hashtag_key(t)))",
    "day": "strftime(p.created_at, '%Y-%m-%d')",
    "hour": "strftime(p.created_at, '%Hh')",
}
PAIRS = 15
"""With more pairs than this, each group is compared with the largest only."""


@dataclass(frozen=True)
class Compared:
    """Two groups, named without their division, and the difference of their shares."""

    first: str
    second: str
    found: Estimate

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.found.low > 0 or self.found.high < 0

    @property
    def said(self) -> str:
        """The difference in points, the larger group first.

        >>> apart = Estimate("", None, "", -0.12, -0.2, -0.04, None, 0, 0, ())
        >>> Compared("river", "vote", apart).said
        'vote above river by 12.0 points (4.0 to 20.0)'
        """
        e = self.found
        if e.value < 0:
            return (
                f"{self.second} above {self.first} by {numbers.points(-e.value, -e.high, -e.low)}"
            )
        return f"{self.first} above {self.second} by {numbers.points(e.value, e.low, e.high)}"


@question("groups", title="By group", order=20)
def groups(study: Study) -> Answer:
    """For each division, the share of accounts and of posts in each group, and the differences."""
    answer = Answer()
    quantities = [str(q) for q in ("accounts", "posts") if q in study.campaign.quantities]
    said = []
    for group in study.campaign.groups:
        found = {q: _division(study, group, q, answer) for q in quantities}
        if group.by in {"day", "hour"}:
            continue
        compared = {q: pairs for q in quantities if (pairs := _compared(study, found[q], answer))}
        if compared:
            said.append(_said(group, compared))
            answer.blocks.append(Text(said[-1]))
            answer.blocks += [_differences(group, q, pairs) for q, pairs in compared.items()]
    answer.lead = " ".join(said)
    return answer


def _said(group: Group, compared: dict[str, list[Compared]]) -> str:
    """What the comparisons of a division show."""
    parts = []
    for quantity, pairs in compared.items():
        clear = [p for p in pairs if p.clear]
        if not clear:
            parts.append(f"no clear difference in the share of {quantity}")
            continue
        most = max(clear, key=lambda p: abs(p.found.value))
        parts.append(
            f"{len(clear)} of {numbers.counted(len(pairs), 'difference')} in the share of"
            f" {quantity} {'is' if len(clear) == 1 else 'are'} clear of zero, most:"
            f" {most.said}"
        )
    return f"By {group.title}: {'; '.join(parts)}."


def sizes(study: Study, group: Group, quantity: str) -> list[Sized]:
    """The quantity in each group, chosen values only, largest first (days and hours in order)."""
    if group.by in KEYS:
        top = None if group.by in {"day", "hour"} else group.top
        wanted = tuple(map(hashtag_key, group.values)) if group.by == "hashtag" else group.values
        divided = study.by_post(
            KEYS[group.by], group.title, quantity=quantity, values=wanted, top=top
        )
        return divided if group.by == "hashtag" else sorted(divided, key=lambda s: s.group or "")
    divided = study.by_account(quantity, group.title)
    kept = [
        s for s in divided if not group.values or (s.group or "").split(": ", 1)[1] in group.values
    ]
    return kept[: max(group.top, len(group.values))]


def _division(study: Study, group: Group, quantity: str, answer: Answer) -> list[Estimate]:
    """Add the division's figure to the answer; returns its estimates to be compared."""
    estimates: list[Estimate] = []
    there = sizes(study, group, quantity)
    named = {s.group for s in there}
    for value in group.values:
        label = f"{group.title}: {hashtag_key(value) if group.by == 'hashtag' else value}"
        if label not in named:
            answer.refused.append(
                Refused(
                    f"share of {quantity} ({label})",
                    f"The group {label} is empty: no post or account of "
                    "the campaign is in it. Check its spelling, or leave it out.",
                )
            )
    for sized in there:
        estimates += answer.take(list(study.estimates(sized)))[:1]
    if not estimates:
        return []
    if len(there) == 1 and not group.values:
        answer.blocks.append(
            Text(f"All {quantity} are in one group, {there[0].group}: there is nothing to compare.")
        )
        return []
    title = f"Bots' share of {quantity} by {group.title}"
    spans = [
        Span(
            _bare(e),
            e.value,
            e.low,
            e.high,
            e.naive,
            told=numbers.share_interval(e.value, e.low, e.high),
        )
        for e in estimates
    ]
    rows = [
        (e.group, e.method, e.value, e.low, e.high, e.naive, e.n_labelled, e.n_bots_labelled)
        for e in estimates
    ]
    columns = ("group", "method", "value", "low", "high", "naive", "labelled", "labelled bots")
    note = FLAGGED if any(e.naive is not None for e in estimates) else ""
    name = _name(group, quantity)
    answer.blocks.append(
        Figure(name, title, intervals(spans, title), columns, rows, note, half=True)
    )
    return estimates


def _name(group: Group, quantity: str) -> str:
    return f"{quantity}-by-{group.title}".replace(" ", "-")


def _bare(e: Estimate) -> str:
    return (e.group or "").split(": ", 1)[1]


def _compared(study: Study, estimates: list[Estimate], answer: Answer) -> list[Compared]:
    """All pairs, or each with the largest group where these are many; added to the estimates."""
    pairs = list(combinations(estimates, 2))
    if len(pairs) > PAIRS:
        pairs = [(estimates[0], other) for other in estimates[1:]]
    found = [Compared(_bare(a), _bare(b), difference(study, a, b, len(pairs))) for a, b in pairs]
    answer.estimates += [p.found for p in found]
    return found


def _differences(group: Group, quantity: str, compared: list[Compared]) -> Table:
    rows = [
        (p.found.group, p.found.value, p.found.low, p.found.high, "yes" if p.clear else "no")
        for p in compared
    ]
    return Table(
        f"{_name(group, quantity)}-differences",
        f"Differences in the share of {quantity} by {group.title}",
        ("groups", "difference", "low", "high", "clear"),
        rows,
        f"In percentage points. Intervals hold together for all {len(compared)} comparisons"
        " (Bonferroni, Dunn 1961).",
        folded=True,
        points=("difference", "low", "high"),
    )


def difference(study: Study, a: Estimate, b: Estimate, comparisons: int) -> Estimate:
    """a - b with an interval from both bounds and their correlation, corrected for comparisons.

    Zou 2008, Behav. Res. Methods 40:1015 (MOVER with correlation). The correlation is that of the
    linearised values.
    """
    z = z_of_comparisons(comparisons)
    low, high = mover_difference(
        (a.value, *a.at(z)), (b.value, *b.at(z)), _correlation(study, a, b)
    )
    naive = None if a.naive is None or b.naive is None else a.naive - b.naive
    assumption = (
        f"The interval holds together with those of all {comparisons} comparisons of this division"
        " (Bonferroni)."
    )
    return Estimate(
        f"difference in {a.quantity}",
        f"{a.group} - {b.group}",
        "; ".join(dict.fromkeys((a.method, b.method))),
        a.value - b.value,
        max(low, -1.0),
        min(high, 1.0),
        naive,
        a.n_labelled + b.n_labelled,
        a.n_bots_labelled + b.n_bots_labelled,
        (*a.assumptions, assumption),
        default=True,
    )


def _correlation(study: Study, a: Estimate, b: Estimate) -> float:
    """Of the two estimates under the design; 0 where one has no variance."""
    from botbench.stats.design_based import variance

    drawn = study.labelled.sample
    if drawn is None or a.linear is None or b.linear is None:
        return 0.0
    own_a, own_b, apart = (
        float(variance(drawn, v)) for v in (a.linear, b.linear, a.linear - b.linear)
    )
    if not (own_a > 0 and own_b > 0):
        return 0.0
    return float(min(max((own_a + own_b - apart) / (2 * math.sqrt(own_a * own_b)), -1.0), 1.0))
