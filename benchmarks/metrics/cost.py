"""The cost of scoring.

It is measured once on one machine: compare detectors of one run, never across machines.
"""

from __future__ import annotations

from benchmarks.metrics import Array, Weighted, metric
from benchmarks.metrics.scored_accounts import divide

ONCE = (
    "Measured once, on the machine of the run, beside whatever else ran there: compare within a run"
    " only."
)


@metric(
    "seconds-per-1000",
    title="Seconds per 1,000",
    order=200,
    needs=("cost",),
    direction="lower",
    range=(0.0, float("inf")),
    exact=True,
    formula="1,000 × seconds spent scoring / accounts scored",
    description=(
        "Time to score 1,000 accounts whose features are there already; training is not in it."
    ),
    trap=ONCE,
    source="measured: time.perf_counter around predict_proba",
    undefined="the time was not recorded",
)
def seconds(judged: Weighted) -> Array:
    """The mean over accounts."""
    return _per_thousand(judged, "seconds")


@metric(
    "memory-per-1000",
    title="Memory per 1,000",
    order=210,
    needs=("cost",),
    direction="lower",
    range=(0.0, float("inf")),
    exact=True,
    formula="1,000 × MB of memory that scoring added at its peak / accounts scored at once",
    description=(
        "Megabytes (10⁶ bytes) that the process grew by at the peak of scoring, per 1,000 accounts"
        " of the batch."
    ),
    trap=ONCE + " Memory that was free already costs nothing, so small batches show 0.",
    source="measured: VmHWM of /proc/self/status, reset before scoring (Linux)",
    undefined="the memory was not recorded",
)
def memory(judged: Weighted) -> Array:
    """The mean over accounts."""
    return _per_thousand(judged, "memory_mb")


def _per_thousand(judged: Weighted, fact: str) -> Array:
    (spent,) = judged.sums(fact, lambda own: own.fact(fact)[:, None]).T
    return 1000 * divide(spent, judged.total)
