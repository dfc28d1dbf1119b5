"""Estimate a share by every applicable method, the default first, with interval and assumptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.study.estimators.label_uncertainty import open_variance, worst_case
from botbench.stats.design_based import (
    Floats,
    effective_size,
    ratio,
    share_interval,
    total,
    variance,
)
from botbench.stats.prediction_powered import powered
from botbench.stats.proportions import FEW, Z
from botbench.stats.survey import ALONE, POWERED, UNEVEN, Share, classes, quoted

if TYPE_CHECKING:
    from benchmarks.study.estimators.labelled_sample import LabelledSample
    from botbench.stats.design_based import Sample

PLAIN, HORVITZ = "prediction-powered (PPI)", "sample alone (Horvitz-Thompson)"
CARRIED = "A few accounts carry the"
"""How the warning begins that stands where the sample is `UNEVEN` for a quantity."""
THIN = "Light accounts were seldom drawn"
"""How the warning begins that stands where a draw by size is `UNEVEN` for the share of accounts."""
OF_DETECTOR = (
    "The detector was not trained on these accounts; its errors on them are measured by the sample."
)


@dataclass(frozen=True)
class Sized:
    """A quantity (such as posts) in a group.

    It has the values of the drawn accounts, float64[drawn], and over the whole frame the sum, the
    sum weighted by scores, the sum over flagged accounts, and the sum of squares.
    """

    quantity: str
    group: str | None
    size: Floats
    whole: float
    scored: float = 0.0
    flagged: float | None = None
    squares: float | None = None

    @property
    def naive(self) -> float | None:
        """The share that the detector flags; None without one."""
        return None if self.flagged is None or not self.whole > 0 else self.flagged / self.whole


@dataclass(frozen=True)
class Refuted:
    """What of a method's assumptions the sample contradicts."""

    by: str
    p: float
    sentence: str


@dataclass(frozen=True)
class Estimate:
    """A number of the report.

    `spread` is its variance, `most` the largest effective number of accounts its interval may use.
    """

    quantity: str
    group: str | None
    method: str
    value: float
    low: float
    high: float
    naive: float | None
    n_labelled: int
    n_bots_labelled: int
    assumptions: tuple[str, ...]
    default: bool = False
    worst: tuple[float, float] | None = None
    spread: float = 0.0
    most: float = float("inf")
    linear: Floats | None = None
    n_errors_labelled: int | None = None
    few: bool = False
    refuted: Refuted | None = None
    share: Share | None = None
    """What the interval at another level comes from, for the default."""
    tuning: float | None = None
    """How far the scores are trusted: 0 is the sample alone, 1 the most; None without scores."""

    def at(self, z: float) -> tuple[float, float]:
        """The interval at another level."""
        if self.share is not None:
            return self.share.at(z)
        return share_interval(self.value, self.spread, self.most, z)

    def document(self) -> dict[str, Any]:
        """The row of the study's document.

        Numbers have six places, so that the order of a parallel sum does not change them.
        """

        def short(value: float | None) -> float | None:
            return None if value is None else round(float(value), 6)

        return {
            "quantity": self.quantity,
            "group": self.group,
            "method": self.method,
            "value": short(self.value),
            "low": short(self.low),
            "high": short(self.high),
            "naive": short(self.naive),
            "n_labelled": self.n_labelled,
            "n_bots_labelled": self.n_bots_labelled,
            "n_errors_labelled": self.n_errors_labelled,
            "few": self.few,
            "assumptions": list(self.assumptions),
            "default": self.default,
            "worst_low": short(self.worst[0]) if self.worst else None,
            "worst_high": short(self.worst[1]) if self.worst else None,
            "tuning": short(self.tuning),
        } | ({"refuted": {"by": r.by, "p": short(r.p)}} if (r := self.refuted) else {})


@dataclass(frozen=True)
class Refused:
    """A number that is not given, and why."""

    quantity: str
    reason: str


def estimates(
    labelled: LabelledSample, sized: Sized, *, score: bool, others: bool = False
) -> Iterator[Estimate | Refused]:
    """Estimates of a share: the default, then (`others`) those of other methods; or why none.

    `score` tells whether scores may be used. The default is `botbench.stats.survey.quoted`.
    """
    what = f"share of {sized.quantity}" + (f" ({sized.group})" if sized.group else "")
    if labelled.sample is None:
        yield Refused(what, labelled.problem or "There is no sample.")
        return
    size = sized.size[labelled.answered]
    if not sized.whole > 0:
        yield Refused(
            what,
            (
                f"The group {sized.group} is empty: no account has any of its {sized.quantity}."
                if sized.group
                else f"The campaign has no {sized.quantity}."
            ),
        )
        return
    if not (size > 0).any():
        yield Refused(
            what,
            "No labelled account is among them: nothing was measured there. Annotate more accounts"
            " of this group.",
        )
        return
    drawn = labelled.sample_for(sized.size)
    assert drawn is not None
    first, *rest = _all(labelled, drawn, sized, size, score)
    yield first
    if others:
        yield from rest
        if score and not any(e.method == PLAIN for e in rest):
            yield Refused(f"{what}, {POWERED}", _one_class(labelled, size))


def _all(
    labelled: LabelledSample, drawn: Sample, sized: Sized, size: Floats, score: bool
) -> list[Estimate]:
    answered = labelled.answered
    y, low, high, noise = (
        values[answered] for values in (labelled.y, labelled.low, labelled.high, labelled.noise)
    )
    bot = labelled.bot[answered] & (size > 0)
    there = size > 0
    base = Estimate(
        f"share of {sized.quantity}",
        sized.group,
        ALONE,
        0.0,
        0.0,
        0.0,
        sized.naive,
        int(there.sum()),
        int(bot.sum()),
        (*labelled.rules, *_design(drawn, sized, size)),
        worst=None,
    )
    doubt = open_variance(drawn, size, noise, low, high)
    base = replace(base, worst=_worst(labelled, sized, doubt))
    share, linear = ratio(drawn, size, y)
    most = effective_size(drawn, size)
    few = min(classes(drawn, size, y)) < FEW
    scores, mean_score = None, 0.0
    if score:
        mean_score = sized.scored / sized.whole
        scores = labelled.score[answered]
        scores = np.where(np.isnan(scores), mean_score, scores)
    found = quoted(
        drawn,
        size,
        y,
        scores,
        mean_score,
        doubt=doubt,
        whole=sized.whole,
        squares=sized.squares,
    )
    base = replace(base, few=found.few, n_errors_labelled=found.n_errors)
    made = [
        _made(
            base,
            ALONE,
            share,
            float(variance(drawn, linear)) + doubt,
            most if few else float("inf"),
            linear,
        )
    ]
    whole = total(drawn, size * y) / sized.whole
    about = float(variance(drawn, size * y / sized.whole)) + doubt
    made.append(_made(base, HORVITZ, min(whole, 1.0), about, most if few else float("inf"), None))
    if scores is not None and 0 < bot.sum() < there.sum():
        for name, tuning in ((POWERED, None), (PLAIN, 1.0)):
            got = powered(drawn, size, y, scores, mean_score, tuning)
            estimate = _made(base, name, got.value, got.variance + doubt, float("inf"), got.linear)
            said = (*base.assumptions, OF_DETECTOR)
            made.append(replace(estimate, assumptions=said, tuning=got.tuning))
    default = _default(base, found)
    return [default, *(e for e in made if e.method != default.method)]


def _default(base: Estimate, found: Share) -> Estimate:
    """The estimate to be quoted."""
    scored = (OF_DETECTOR,) if found.tuning > 0 else ()
    return replace(
        base,
        method=found.method,
        value=found.value,
        low=found.low,
        high=found.high,
        spread=found.variance,
        linear=found.linear,
        assumptions=(*base.assumptions, *scored),
        share=found,
        default=True,
        tuning=found.tuning if scored else None,
    )


def _made(  # noqa: PLR0917 (the numbers of one estimate)
    base: Estimate,
    method: str,
    value: float,
    spread: float,
    most: float,
    linear: Floats | None,
) -> Estimate:
    low, high = share_interval(value, spread, most, Z)
    return replace(
        base,
        method=method,
        value=min(max(value, 0.0), 1.0),
        low=low,
        high=high,
        spread=spread,
        most=most,
        linear=linear,
    )


def _worst(labelled: LabelledSample, sized: Sized, doubt: float) -> tuple[float, float] | None:
    if labelled.draw is None or labelled.answered.all():
        return None
    bounds = worst_case(labelled.draw, sized.size, labelled.y, doubt)
    return bounds.low, bounds.high


def _design(drawn: Sample, sized: Sized, size: Floats) -> list[str]:
    """A warning where a few accounts carry the quantity and the sample was not drawn for it."""
    there = int((size > 0).sum())
    effective = effective_size(drawn, size)
    if effective >= UNEVEN * there:
        return []
    tells = f"the {there:,} labelled ones tell no more than {effective:,.0f} of equal weight would"
    if sized.quantity != "accounts":
        return [
            f"{CARRIED} {sized.quantity}: {tells}, and this interval can be too narrow"
            " (docs/study-coverage.md). Draw in proportion to posts instead: botbench sample"
            " --design 'posts(n=...)'."
        ]
    if not drawn.independent.any():
        return []
    return [
        f"{THIN}, so a few stand for most: {tells}, and this interval can be too narrow where light"
        " accounts are bots (docs/study-coverage.md). Draw more of them: botbench sample --design"
        " 'posts(n=..., floor=0.2)', or 'uniform(n=...)'."
    ]


def _one_class(labelled: LabelledSample, size: Floats) -> str:
    bots = int((labelled.bot[labelled.answered] & (size > 0)).sum())
    which = "bots" if bots else "people"
    return (
        f"Only one class was labelled here ({int((size > 0).sum()):,} accounts, all {which}): the"
        " detector's errors cannot be measured. The sample alone still bounds the share; annotate"
        " more accounts for a better one."
    )
