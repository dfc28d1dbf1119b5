"""Whether missing values, a result of the collection, tell the label."""

from __future__ import annotations

from benchmarks.audits.checks.ids import LIMIT
from benchmarks.audits.dataset import Audited, NotApplicable, Result, check
from benchmarks.audits.separability import separability_of
from botbench.text import numbers
from curation.store.schema import TABLES

SKIPPED = {*TABLES["accounts"].key, "platform", "pull_id", "extra"}


@check(
    "missingness",
    "Does it tell the label which values are missing, or who has posts or edges at all?",
)
def missingness(audited: Audited) -> Result:
    """A tree of depth 2 over flags; two, because two sources may miss different things."""
    columns = [c.name for c in TABLES["accounts"].columns if c.name not in SKIPPED]
    flags = ", ".join(f'("{c}" IS NULL)::DOUBLE AS "{c}"' for c in columns)
    frame = audited.ask(
        f"""
        SELECT {flags},
               (account_id NOT IN (SELECT account_id FROM read_parquet(?)))::DOUBLE AS "any post",
               (account_id NOT IN (
                   SELECT source_id FROM read_parquet(?)
                   UNION SELECT target_id FROM read_parquet(?)))::DOUBLE AS "any edge"
        FROM read_parquet(?) ORDER BY account_id""",
        ["posts", "edges", "edges", "accounts"],
    )
    y = audited.y
    varied = [n for n in frame.column_names if 0 < sum(frame[n].to_pylist()) < len(y)]
    if not varied:
        raise NotApplicable("every column is there for all accounts or for none.")
    x = frame.select(varied).to_pandas().to_numpy()
    separable = separability_of(
        x,
        y,
        audited.arrays.group,
        names=tuple(f"{n} (1 = missing)" for n in varied),
        depth=2,
        seed=audited.seed,
    )
    worst = max(range(len(varied)), key=lambda i: abs(x[y == 1, i].mean() - x[y == 0, i].mean()))
    have = [1 - x[y == label, worst].mean() for label in (1, 0)]
    detail = (
        f"What is missing gets a balanced accuracy of {separable}. Most telling: {varied[worst]},"
        f" there for {numbers.share(have[0])} of bots and {numbers.share(have[1])} of humans."
    )
    return Result(separable.value, separable.above(LIMIT), detail, separable.low, separable.high)
