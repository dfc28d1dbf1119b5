"""The share of bots, from a flagged share and the detector's errors (Rogan and Gladen 1978).

Rogan and Gladen 1978, Am. J. Epidemiol. 107:71, eq. 1. The interval is that of Lang and Reiczigel
2014, Prev. Vet. Med. 113:13, eq. 16: each of the three shares may come from a sample of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from botbench.core.errors import UserError
from botbench.stats.proportions import Z, wilson
from botbench.text import numbers

LEAST = 0.05
"""Where sensitivity and specificity are given as exact, their gain over a coin (TPR - FPR) must be
more than this.
"""


@dataclass(frozen=True)
class Corrected:
    """A corrected share with its interval (None without counts).

    `outside` is True if it was cut to [0, 1].
    """

    value: float
    low: float | None
    high: float | None
    outside: bool = False


def correct(observed: float, sensitivity: float, specificity: float) -> float:
    """The share of bots at which a detector with these errors flags `observed`; not cut to [0, 1].

    >>> round(correct(0.15, 0.86, 0.90), 4)
    0.0658
    """
    return (observed + specificity - 1) / (sensitivity + specificity - 1)


def rogan_gladen(  # noqa: PLR0917 (three shares, then their counts)
    observed: float,
    sensitivity: float,
    specificity: float,
    n_observed: float | None = None,
    n_sensitivity: float | None = None,
    n_specificity: float | None = None,
    z: float = Z,
) -> Corrected:
    """The corrected share and its interval; a count of None means that its share is exact.

    Raises UserError if a share is not in [0, 1], a count is not positive, or the detector is not
    clearly better than a coin (TPR - FPR not clearly above zero): then no number can be given.

    >>> found = rogan_gladen(0.15, 0.86, 0.90, 2000, 300, 400)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0208, 0.1052)
    """
    counts = (n_observed, n_sensitivity, n_specificity)
    _check((observed, sensitivity, specificity), counts)
    _check_better_than_a_coin(sensitivity, specificity, n_sensitivity, n_specificity, z)
    value = correct(observed, sensitivity, specificity)
    low, high = (
        _lang_reiczigel(observed, sensitivity, specificity, counts, z)
        if any(counts)
        else (None, None)
    )
    return Corrected(min(max(value, 0.0), 1.0), low, high, not 0 <= value <= 1)


def _lang_reiczigel(
    observed: float,
    sensitivity: float,
    specificity: float,
    counts: tuple[float | None, float | None, float | None],
    z: float,
) -> tuple[float, float]:
    """Equations 6, 7, 16 and 17 of the paper; the term of an exact share is zero."""
    n, n_se, n_sp = counts
    p = (n * observed + z**2 / 2) / (n + z**2) if n else observed
    se = (n_se * sensitivity + 1) / (n_se + 2) if n_se else sensitivity
    sp = (n_sp * specificity + 1) / (n_sp + 2) if n_sp else specificity
    gain = se + sp - 1
    share = (p + sp - 1) / gain
    of_se = se * (1 - se) / (n_se + 2) if n_se else 0.0
    of_sp = sp * (1 - sp) / (n_sp + 2) if n_sp else 0.0
    of_p = p * (1 - p) / (n + z**2) if n else 0.0
    shift = 2 * z**2 * (share * of_se - (1 - share) * of_sp)
    # The paper's eq. 4 prints (1 + P)^2 for the last term; its derivation, and every
    # implementation, has (1 - P)^2.
    wide = z * math.sqrt(of_p + share**2 * of_se + (1 - share) ** 2 * of_sp) / gain
    low, high = share + shift - wide, share + shift + wide
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


def gain_bounds(
    sensitivity: float,
    specificity: float,
    n_sensitivity: float | None,
    n_specificity: float | None,
    z: float = Z,
) -> tuple[float, float]:
    """The interval of TPR - FPR from Wilson's bounds (Newcombe 1998, Stat. Med. 17:873).

    >>> [round(b, 3) for b in gain_bounds(0.86, 0.90, 50, 50)]
    [0.593, 0.85]
    """
    se = _bounds(sensitivity, n_sensitivity, z)
    sp = _bounds(specificity, n_specificity, z)
    down = math.hypot(sensitivity - se[0], specificity - sp[0])
    up = math.hypot(se[1] - sensitivity, sp[1] - specificity)
    return sensitivity + specificity - 1 - down, sensitivity + specificity - 1 + up


def _bounds(share: float, trials: float | None, z: float) -> tuple[float, float]:
    if trials is None:
        return share, share
    low, high = wilson(share, trials, z)
    return float(low), float(high)


def _check(
    shares: tuple[float, float, float], counts: tuple[float | None, float | None, float | None]
) -> None:
    names = ("observed", "sensitivity", "specificity")
    mistakes = [
        f"--{name} must be a share from 0 to 1, got {share:g}"
        for name, share in zip(names, shares, strict=True)
        if not 0 <= share <= 1
    ]
    mistakes += [
        f"--n-{name} must be at least 1, got {n:g}"
        for name, n in zip(names, counts, strict=True)
        if n is not None and not n >= 1
    ]
    if mistakes:
        raise UserError("; ".join(mistakes) + ". Shares are given as .15, not as 15.")


def _check_better_than_a_coin(
    sensitivity: float,
    specificity: float,
    n_sensitivity: float | None,
    n_specificity: float | None,
    z: float,
) -> None:
    gain = sensitivity + specificity - 1
    low, _ = gain_bounds(sensitivity, specificity, n_sensitivity, n_specificity, z)
    least = LEAST if n_sensitivity is None and n_specificity is None else 0.0
    if low <= least:
        how = (
            f"its 95 % interval begins at {numbers.score(low)}"
            if low < gain
            else f"it must be more than {least:g}"
        )
        raise UserError(
            f"No number can be given: the detector's sensitivity {sensitivity:g} and specificity"
            f" {specificity:g} make TPR - FPR = {numbers.score(gain)}, which is not clearly above"
            f" zero ({how}). It flags bots hardly more often than people, so its count says nothing"
            " of their share. Use a better detector, or more labelled accounts to measure this one."
        )
