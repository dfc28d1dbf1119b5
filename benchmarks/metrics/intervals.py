"""The interval of a metric's value: in closed form where the metric has one, else from its draws.

Every interval is about *this fitted model on accounts like these*. It does not cover training
again, another seed, wrong labels (`leaderboard/compute/label_noise_bootstrap.py`) or other data
sets (`botbench.stats.means.student`). Shares get Wilson's interval, ROC AUC DeLong's on the logit
scale, sums of independent shares MOVER, the rest the bootstrap. A count never gets an interval of
width zero: 0 of 27 is not certainty. Where a class is few, or what the metric rests on, shares get
Clopper and Pearson's exact interval and nothing else gets any. Where accounts are in duplicate
groups, closed forms use effective numbers of accounts (`botbench.stats.account_groups`), draws are
of groups, and *few* counts groups. Coverage: `botbench bench coverage`, docs/intervals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.metrics.scored_accounts import ScoredRepeats
from benchmarks.metrics.weightings import Array
from botbench.stats.means import logit_normal
from botbench.stats.proportions import FEW, clopper_pearson, few, wilson, wilson_at_bound
from botbench.stats.resampling import percentiles

if TYPE_CHECKING:
    from benchmarks.metrics import Metric


def interval(
    metric: Metric,
    value: float,
    sample: ScoredRepeats,
    draws: Array,
    classes: tuple[int, int],
) -> tuple[float, float, str]:
    """A value's 95 % interval and its method; NaN bounds if there is none.

    `classes` are the groups with bots and with humans; an account that is alone is a group. If all
    draws agree on a value at the end of its range, that is 0 errors in so many trials and not
    certainty; the smaller class (all groups for a mean over accounts) counts as the trials.
    """
    if metric.exact:
        return value, value, "measured once"
    is_few = few(*classes) or metric.rests_on_few(sample)
    if metric.trials:
        return _of_share(value, metric.trials(sample), is_few)
    if is_few:
        return np.nan, np.nan, "none: few"
    bounds = metric.closed(value, sample) if metric.closed else _drawn(metric, value, draws)
    if bounds is None:
        return np.nan, np.nan, "none: no draw has a value"
    if bounds[1] - bounds[0] < 1e-9:
        at_end = wilson_at_bound(value, metric.range, min(classes) or max(classes))
        return (*at_end, "wilson at the bound") if at_end else (value, value, "same in every draw")
    return *bounds, metric.interval


def _of_share(value: float, trials: float, exact: bool) -> tuple[float, float, str]:
    if exact or trials < FEW:
        low, high = clopper_pearson(value, trials)
        return float(low), float(high), "clopper-pearson"
    low, high = wilson(value, trials)
    return float(low), float(high), "wilson"


def _drawn(metric: Metric, value: float, draws: Array) -> tuple[float, float] | None:
    """The bootstrap's percentiles, or a normal interval on logits if the metric asks for it."""
    low, high = metric.range
    share, width = (value - low) / (high - low), high - low
    if metric.scale != "logit" or not 0 < share < 1:
        return percentiles(draws)
    if np.isnan(draws).all():
        return None
    bounds = logit_normal(share, float(np.nanstd(draws)) / width)
    return low + bounds[0] * width, low + bounds[1] * width
