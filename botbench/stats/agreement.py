"""Agreement between annotators, from a table of votes: pure functions over NumPy arrays, no store.

Everything but Cohen's kappa is computed from how often each account got each answer, so accounts
with the same counts are one row with a weight. A bootstrap over accounts then draws weights for a
few hundred rows, however many accounts there are, and every figure takes weights of shape (repeats,
rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import share_interval
from botbench.stats.votes import Votes

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]
Figure = Callable[[Array, Array], Array]
"""(counts (rows, answers), weights (repeats, rows)) to (repeats,)."""

REPEATS = 1000
FEW_PEOPLE = 10
"""With fewer annotators than this, resampling them says little; each is left out once instead."""
MINORITY = 10
"""Under so many accounts with mostly minority answers, kappa and alpha have no bootstrap interval:
at 5 % bots among 50 accounts it covered the true value in three cases of four.
"""
CELLS = 8_000_000
"""Accounts times repeats held at once while annotators are resampled (64 MB for each answer)."""


# -- figures of counts and weights


def _agreeing(counts: Array) -> tuple[Array, Array]:
    """Share of an account's pairs of answers that agree, and whether it has a pair at all."""
    m = counts.sum(axis=1)
    pairs = m * (m - 1.0)
    return (counts * (counts - 1.0)).sum(axis=1) / np.where(pairs, pairs, 1.0), m >= 2


def percent(counts: Array, weights: Array) -> Array:
    """Share of pairs of answers that agree, averaged over the accounts that have a pair."""
    share, paired = _agreeing(counts)
    return _over(weights @ np.where(paired, share, 0.0), weights @ paired)


def unanimous(counts: Array, weights: Array) -> Array:
    """Share of the accounts with two or more answers whose answers are all equal."""
    m = counts.sum(axis=1)
    return _over(weights @ ((m >= 2) & (counts.max(axis=1) == m)), weights @ (m >= 2))


def fleiss(counts: Array, weights: Array) -> Array:
    """Fleiss' kappa (1971) for any number of answers an account (Gwet 2014, eq. 3.8).

    Chance agreement comes from the mean shares.
    """
    expected = (_shares(counts, weights) ** 2).sum(axis=1)
    return _over(percent(counts, weights) - expected, 1 - expected)


def ac1(counts: Array, weights: Array) -> Array:
    """Gwet's AC1 (2008) for several raters.

    Chance agreement is sum p(1 - p) / (q - 1) over the q answers in use.
    """
    shares = _shares(counts, weights)
    q = int((counts.sum(axis=0) > 0).sum())
    expected = (shares * (1 - shares)).sum(axis=1) / max(q - 1, 1)
    return _over(percent(counts, weights) - expected, 1 - expected)


def ac2(counts: Array, weights: Array) -> Array:
    """Gwet's AC2 (2014, section 4.4) with quadratic weights over the answers in use, in order.

    An answer agrees with its neighbours in part: 1 - (distance / longest distance) squared. With
    two answers it is AC1.
    """
    used = counts.sum(axis=0) > 0
    place = np.flatnonzero(used)
    q, longest = len(place), max(int(np.ptp(place)) if len(place) else 0, 1)
    partial = 1 - ((place[:, None] - place[None, :]) / longest) ** 2
    mine = counts[:, used]
    m = mine.sum(axis=1)
    alike = (mine * (mine @ partial - 1)).sum(axis=1) / np.where(m >= 2, m * (m - 1.0), 1.0)
    observed = _over(weights @ np.where(m >= 2, alike, 0.0), weights @ (m >= 2))
    shares = _shares(mine, weights)
    expected = partial.sum() * (shares * (1 - shares)).sum(axis=1) / max(q * (q - 1), 1)
    return _over(observed - expected, 1 - expected)


def nominal(counts: Array, weights: Array) -> Array:
    """Krippendorff's alpha for answers without an order (2011, section D)."""
    return alpha(_coincidences(counts, weights))


def ordinal(counts: Array, weights: Array) -> Array:
    """Krippendorff's alpha for answers in their order (2011, section D)."""
    return alpha(_coincidences(counts, weights), ordered=True)


FIGURES: dict[str, Figure] = {
    "percent": percent,
    "unanimous": unanimous,
    "fleiss": fleiss,
    "ac1": ac1,
    "ac2": ac2,
    "nominal": nominal,
    "ordinal": ordinal,
}


RANGES = {"percent": (0.0, 1.0), "unanimous": (0.0, 1.0), "ac1": (-1.0, 1.0), "ac2": (-1.0, 1.0)}
"""Figures near the end of their range when agreement is high, where percentiles are too narrow."""
BY_SHARES = ("fleiss", "nominal", "ordinal")
"""Figures whose chance agreement is nearly all of the agreement when one answer is rare."""


def _shares(counts: Array, weights: Array) -> Array:
    """Mean over accounts of each answer's share among its answers: (repeats, answers)."""
    m = counts.sum(axis=1, keepdims=True)
    return _over(weights @ (counts / np.where(m, m, 1)), (weights @ (m > 0)))


def _coincidences(counts: Array, weights: Array) -> Array:
    """Krippendorff's coincidence matrices, (repeats, answers, answers).

    Each answer is paired with the others of its account.
    """
    m = counts.sum(axis=1)
    k = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k, dtype=int)
    each = np.where(m >= 2, 1.0, 0.0) / np.maximum(m - 1, 1)
    coincidences: Array = weights @ (pairs * each[:, None, None]).reshape(len(counts), k * k)
    return coincidences.reshape(-1, k, k)


def alpha(coincidences: Array, ordered: bool = False) -> Array:
    """Krippendorff's alpha: 1 - observed / expected disagreement.

    Input are coincidence matrices (..., answers, answers). NaN without a pair, or with only one
    answer in use. Ordinal distances are (sum of marginals from c to k, less half of both ends)
    squared.
    """
    margins = coincidences.sum(axis=-1)
    total = margins.sum(axis=-1)
    if ordered:
        middle = np.cumsum(margins, axis=-1) - margins / 2
        distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    else:
        distance = np.broadcast_to(1.0 - np.eye(margins.shape[-1]), coincidences.shape)
    observed = (coincidences * distance).sum(axis=(-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distance).sum(axis=(-2, -1))
    return 1 - _over(observed * (total - 1), expected)


def _over(a: Array, b: Array) -> Array:
    """a / b, NaN if b is 0 (or so close that only rounding is left)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(b) > 1e-12, a / b, np.nan)


# -- one figure, with its interval


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval; NaN if it cannot be computed. `few` is the number of minority
    accounts where they are too few for an interval.
    """

    value: float
    low: float
    high: float
    few: int | None = None

    def document(self) -> dict[str, Any]:
        """The three numbers, null for what cannot be computed, and why an interval is withheld."""
        numbers: dict[str, Any] = {
            n: none_if_nan(getattr(self, n)) for n in ("value", "low", "high")
        }
        if self.few is not None:
            numbers["why"] = (
                f"no interval: only {self.few} accounts have mostly minority answers, and under"
                f" {MINORITY} a bootstrap is too narrow"
            )
        return numbers


def none_if_nan(value: float) -> float | None:
    """JSON has no NaN."""
    return None if np.isnan(value) else float(value)


def measure(
    counts: Array, figures: Sequence[str] = tuple(FIGURES), *, repeats: int = REPEATS, seed: int = 0
) -> dict[str, Interval]:
    """Each figure with its bootstrap interval over accounts; `counts` is (accounts, answers).

    Percentiles, or, of the figures in `RANGES`, Wilson's interval with the bootstrap's variance.
    """
    rows, number = np.unique(counts, axis=0, return_counts=True)
    if not len(counts):
        return {name: Interval(np.nan, np.nan, np.nan) for name in figures}
    drawn = np.random.default_rng(seed).multinomial(
        len(counts), number / number.sum(), size=repeats
    )
    few, paired = few_minority(rows, number), float(number[rows.sum(axis=1) >= 2].sum())
    found = {}
    for name in figures:
        value, values = FIGURES[name](rows, number[None, :])[0], FIGURES[name](rows, drawn)
        found[name] = (
            _wilson(float(value), values, paired, RANGES[name])
            if name in RANGES
            else _interval(value, values, few if name in BY_SHARES else None)
        )
    return found


def few_minority(counts: Array, number: Array) -> int | None:
    """How many accounts have answers at least half of which are not the most frequent answer of
    all, if these are fewer than `MINORITY` and than half of the accounts; else None.

    `number` says how often each row of `counts` is there; accounts with one answer tell nothing.
    """
    m = counts.sum(axis=1)
    usual = counts[:, np.argmax(number @ counts)]
    paired = m >= 2
    minority = int(number[paired & (2 * (m - usual) >= m)].sum())
    return minority if minority < min(MINORITY, number[paired].sum() / 2) else None


def _interval(value: float, drawn: Array, few: int | None = None) -> Interval:
    if few is not None and not np.isnan(value):
        return Interval(float(value), np.nan, np.nan, few)
    defined = drawn[~np.isnan(drawn)]
    low, high = (
        np.percentile(defined, [2.5, 97.5])
        if len(defined) and not np.isnan(value)
        else (np.nan, np.nan)
    )
    return Interval(float(value), float(low), float(high))


def _wilson(value: float, drawn: Array, accounts: float, ends: tuple[float, float]) -> Interval:
    """Wilson's interval of a figure between `ends`, with the variance of the drawn values; at an
    end no draw differs, and the number of accounts is all that there is.
    """
    drawn, width = drawn[~np.isnan(drawn)], ends[1] - ends[0]
    if np.isnan(value) or not len(drawn):
        return Interval(value, np.nan, np.nan)
    share = (value - ends[0]) / width
    most = np.inf if 1e-12 < share < 1 - 1e-12 and drawn.var() > 0 else accounts
    low, high = share_interval(share, float(drawn.var()) / width**2, most)
    return Interval(value, ends[0] + width * low, ends[0] + width * high)


def resample_people(votes: Votes, *, repeats: int = 500, seed: int = 0) -> dict[str, Interval]:
    """Alpha (nominal, ordinal) with intervals from resampling accounts and annotators.

    Two copies of one annotator are never paired: they always agree, and would raise an alpha of .30
    to .54. An account's pairs of different annotators are weighted so that each answer counts once.
    """
    value = votes.counts()
    whole = {
        name: FIGURES[name](value, np.ones((1, len(value))))[0] for name in ("nominal", "ordinal")
    }
    drawn = np.concatenate(list(_people_drawn(votes, repeats, seed)))
    few = few_minority(value, np.ones(len(value)))
    return {
        name: _interval(whole[name], alpha(drawn, ordered=name == "ordinal"), few) for name in whole
    }


def _people_drawn(votes: Votes, repeats: int, seed: int) -> Iterator[Array]:
    """Coincidence matrices of the draws, in chunks to limit memory."""
    from scipy.sparse import csr_array

    rng = np.random.default_rng(seed)
    people, k = len(votes.annotators), len(votes.answers)
    given = [
        csr_array(
            (np.ones(len(on)), (votes.account[on], votes.annotator[on])),
            shape=(votes.accounts, people),
        )
        for on in (np.flatnonzero(votes.answer == c) for c in range(k))
    ]
    at_once = max(1, CELLS // max(votes.accounts, 1))
    for start in range(0, repeats, at_once):
        n = min(at_once, repeats - start)
        copies = rng.multinomial(people, np.full(people, 1 / people), size=n).T.astype(float)
        weight = rng.multinomial(
            votes.accounts, np.full(votes.accounts, 1 / votes.accounts), size=n
        ).T
        yield _without_copies([s @ copies for s in given], [s @ copies**2 for s in given], weight)


def _without_copies(times: list[Array], squares: list[Array], weight: Array) -> Array:
    """Coincidences (draws, answers, answers) without pairs of one annotator's copies."""
    m = sum(times, np.zeros_like(weight, dtype=float))
    pairs = m**2 - sum(squares, np.zeros_like(m))
    each = np.where(pairs > 0, weight * m / np.where(pairs > 0, pairs, 1.0), 0.0)
    k = len(times)
    coincidences = np.empty((weight.shape[1], k, k))
    for c in range(k):
        for d in range(c, k):
            both = times[c] * times[d] - (squares[c] if c == d else 0.0)
            coincidences[:, c, d] = coincidences[:, d, c] = (both * each).sum(axis=0)
    return coincidences


def leave_one_out(votes: Votes) -> dict[str, dict[str, float]]:
    """Alpha (nominal, ordinal) without each annotator in turn, by name."""
    figures = {}
    for i, name in enumerate(votes.annotators):
        counts = votes.without(i).counts()
        figures[name] = {
            n: float(FIGURES[n](counts, np.ones((1, len(counts))))[0])
            for n in ("nominal", "ordinal")
        }
    return figures


# -- two at a time


def pairs(votes: Votes) -> pa.Table:
    """Cohen's kappa (1960) of annotators with a common account: a, b, accounts, percent, kappa.

    NaN (null) if both always give the same single answer: chance alone explains it. Products of
    sparse matrices do the counting, so pairs without common accounts cost nothing.
    """
    import pyarrow as pa
    from scipy.sparse import csr_array

    people, k = len(votes.annotators), len(votes.answers)
    given = [
        csr_array(
            (np.ones(len(on)), (votes.annotator[on], votes.account[on])),
            shape=(people, votes.accounts),
        )
        for on in (np.flatnonzero(votes.answer == c) for c in range(k))
    ]
    everything = sum(given[1:], given[0]) if given else csr_array((people, max(votes.accounts, 1)))
    met = (everything @ everything.T).tocoo()
    upper = met.row < met.col
    order = np.lexsort((met.col[upper], met.row[upper]))
    a, b = met.row[upper][order], met.col[upper][order]
    table = np.zeros((len(a), k, k))
    for c in range(k):
        for d in range(k):
            table[:, c, d] = (
                np.asarray((given[c] @ given[d].T).tocsr()[a, b]).ravel() if len(a) else 0
            )
    total = table.sum(axis=(1, 2))
    same = np.trace(table, axis1=1, axis2=2) / np.maximum(total, 1)
    chance = (table.sum(axis=2) * table.sum(axis=1)).sum(axis=1) / np.maximum(total, 1) ** 2
    names = np.array(votes.annotators, dtype=object)
    return pa.table(
        {
            "a": pa.array(names[a], pa.string()),
            "b": pa.array(names[b], pa.string()),
            "accounts": total.astype(np.int64),
            "percent": same,
            "kappa": pa.array(_over(same - chance, 1 - chance), from_pandas=True),
        }
    )


def by_answer(votes: Votes) -> list[dict[str, Any]]:
    """For each answer: its count, specific agreement, and alpha against all other answers.

    Specific agreement (Spitzer and Fleiss 1974) is the probability that a second annotator gives
    the answer if the first does.
    """
    counts = votes.counts()
    m = counts.sum(axis=1)
    rows = []
    for c, name in enumerate(votes.answers):
        n = counts[:, c]
        specific = _over(np.array((n * (n - 1)).sum()), np.array((n * (m - 1)).sum()))
        against = measure(np.column_stack([n, m - n]), ["nominal"])["nominal"]
        rows.append(
            {
                "answer": name,
                "answers": int(n.sum()),
                "accounts": int((n > 0).sum()),
                "specific": none_if_nan(float(specific)),
                "alpha": against.document(),
            }
        )
    return rows
