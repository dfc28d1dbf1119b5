"""Comparison with other data sets: recognisable origin, shared accounts and their labels."""

from __future__ import annotations

import numpy as np

from benchmarks.audits.dataset import Audited, NotApplicable, Result, check
from benchmarks.audits.separability import Matrix, separability_of
from benchmarks.data import release_arrays
from botbench.text import numbers
from curation.release import release

SAMPLE = 2_000
"""Accounts of each data set that are looked at, drawn by seed."""
LIMIT = 0.8


@check(
    "which-data-set",
    "Can a model tell which data set an account comes from, and by what?",
    LIMIT,
)
def which(audited: Audited) -> Result:
    """This data set against all others of the store, on the features that at least one of them has
    too.
    """
    if not audited.others:
        raise NotApplicable("the store has no release of another data set.")
    rng = np.random.default_rng(audited.seed)
    parts = [
        _some(audited.arrays, rng),
        *(_some(release_arrays.load(audited.home, r), rng) for r in audited.others),
    ]
    mine = np.concatenate([np.full(len(p), i == 0) for i, p in enumerate(parts)]).astype(np.int8)
    x = np.concatenate(parts)
    shared = np.isfinite(x[mine == 1]).any(axis=0) & np.isfinite(x[mine == 0]).any(axis=0)
    if not shared.any() or min(mine.sum(), (1 - mine).sum()) < 10:
        raise NotApplicable("no feature is known both here and in another data set.")
    names = tuple(n for n, s in zip(audited.arrays.names, shared, strict=True) if s)
    four, one = (
        separability_of(
            x[:, shared], mine, np.arange(len(x)), names=names, depth=d, seed=audited.seed
        )
        for d in (4, 1)
    )
    detail = (
        f"A tree of depth 4 tells accounts of this data set from those of {len(audited.others)}"
        f" others with a balanced accuracy of {four}; one question gets {numbers.score(one.value)}:"
        f" {one.question} What tells the data set can stand in for the label wherever data sets"
        " differ in their share of bots."
    )
    return Result(four.value, four.above(LIMIT), detail, four.low, four.high)


def _some(of: release_arrays.ReleaseArrays, rng: np.random.Generator) -> Matrix:
    return (
        of.values
        if len(of) <= SAMPLE
        else of.values[np.sort(rng.choice(len(of), SAMPLE, replace=False))]
    )


def _shared(audited: Audited, where: str) -> dict[str, int]:
    """Accounts (same platform and id) by other release that fulfil a condition on both labels."""
    counts = {}
    for reference in audited.others:
        other = release.load(audited.home, reference)
        files = [str(r.file(t)) for r in (audited.release, other) for t in ("labels", "accounts")]
        counts[reference] = int(
            release_arrays.ask(
                f"""
                SELECT count(DISTINCT a.account_id) AS n
                FROM read_parquet(?) a
                JOIN read_parquet(?) profile USING (account_id)
                JOIN (
                    SELECT l.account_id, l.label, p.platform
                    FROM read_parquet(?) l JOIN read_parquet(?) p USING (account_id)
                ) b ON a.account_id = b.account_id AND profile.platform = b.platform
                WHERE {where}""",
                list(files),
            )["n"][0].as_py()
        )
    return {r: n for r, n in counts.items() if n}


@check("shared-accounts", "Which accounts does another data set have too?")
def shared(audited: Audited) -> Result:
    """Accounts in another data set of the store; protocols across data sets leave them out of
    training.
    """
    if not audited.others:
        raise NotApplicable("the store has no release of another data set.")
    counts = _shared(audited, "true")
    listed = ", ".join(f"{n:,} in {r}" for r, n in counts.items()) or "none"
    detail = (
        f"Accounts that another data set has too: {listed}. They are excluded from training when"
        " one is tested and the other trained on."
    )
    return Result(sum(counts.values()), bool(counts), detail)


@check("label-conflicts", "Which accounts have another label elsewhere?")
def conflicts(audited: Audited) -> Result:
    """Accounts whose label here is not their label in another data set of the store."""
    if not audited.others:
        raise NotApplicable("the store has no release of another data set.")
    counts = _shared(audited, "a.label <> b.label")
    listed = ", ".join(f"{n:,} in {r}" for r, n in counts.items()) or "none"
    return Result(
        sum(counts.values()), bool(counts), f"Accounts with another label elsewhere: {listed}."
    )
