"""`botbench.score`: the board's metrics with their intervals, from arrays alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from botbench.api.base import drawn, given
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from benchmarks.leaderboard.compute.scores import MeasuredCell
    from benchmarks.metrics import Metric

FEW_SAID = (
    "Few: under 30 bots or under 30 people (groups of them). Values are shown; most have no"
    " interval, and none would be ranked."
)
COLUMNS = ("metric", "value", "low", "high", "n", "few")


class Scores(Shown):
    """Metrics of scored accounts, each with its 95 % interval.

    `rows` are mappings of metric, value, low, high, n and few, in the board's order. `value` is
    None where the metric is not defined, `low` and `high` where there is no interval. `n` counts
    accounts. `few` says that there are under 30 bots or under 30 people (groups of them, where
    groups were given): such a value is shown, and not ranked.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = [{name: row[name] for name in COLUMNS} for row in rows]

    def frame(self) -> pd.DataFrame:
        """A row a metric: metric, value, low, high (float64, NaN for none), n, few (bool)."""
        import pandas as pd

        numbers = dict.fromkeys(("value", "low", "high"), "float64")
        kinds = {**numbers, "n": "int64", "few": "bool"}
        return pd.DataFrame(self.rows, columns=list(COLUMNS)).astype(kinds)

    def to_dict(self) -> dict[str, Any]:
        """`{"rows": [{"metric", "value", "low", "high", "n", "few"}]}`, numbers at six places."""
        from benchmarks.leaderboard.compute.table import rounded

        return {"rows": rounded(self.rows)}

    def view(self) -> Fragment:
        """Scores from 0 to 1 as a chart, all as a table."""
        few = bool(self.rows) and bool(self.rows[0]["few"])
        n = self.rows[0]["n"] if self.rows else 0
        return Fragment(
            f"Scores of {counted(n, 'account')}",
            warnings=[FEW_SAID] if few else [],
            charts=[drawn.scores(self.rows, "metric", "value with its 95 % interval", None)],
            tables=[grid(self.frame()[list(COLUMNS[:4])], "every metric", folded=True)],
            more=".frame()",
        )

    def __getitem__(self, metric: str) -> float:
        """The value of one metric, NaN where it is not defined; UserError for another name."""
        from botbench.core.errors import unknown

        values = {row["metric"]: row["value"] for row in self.rows}
        if metric not in values:
            raise unknown("metric of these scores", metric, values)
        return float("nan") if values[metric] is None else float(values[metric])


def score(
    y: Any,
    p: Any,
    *,
    groups: Any = None,
    people: Mapping[str, Any] | None = None,
    threshold: float = 0.5,
    metrics: Sequence[str] | None = None,
    folds: Any = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Scores:
    """The metrics of n accounts with labels y and scores p, as the board computes them.

    `y` [n] is the label: 'bot' or 'human', 1 or 0, True or False. `p` [n] is the probability of
    bot, from 0 to 1. Both are arrays, lists or Series in the same order. `threshold` is the least
    score that means bot. `groups` [n] are equal for accounts whose answers are not independent of
    each other (None: alone); intervals are then those of groups. `people` has 1, 0 or NaN (unknown)
    for each account and group of people (`botbench metrics fpr`), such as `verified`. `folds` [n]
    say which fit scored each account, where p is cross-validated. `metrics` are names; by default
    every listed one that these arrays can tell. `resamples` and `seed` are those of the bootstrap.

    Raises UserError for another length, a missing value, a label or score that is none, and an
    unknown metric. Source: docs/metrics.md, docs/intervals.md.

    >>> scores = score(["bot", "human", "bot", "human"], [.9, .2, .4, .1], metrics=["accuracy"])
    >>> scores.rows[0]["value"], scores.rows[0]["n"], scores.rows[0]["few"]
    (0.75, 4, True)
    """
    from benchmarks.leaderboard.compute.scores import Plan, Result, measure

    chosen = _metrics(metrics, bool(people))
    table = _table(y, p, groups=groups, people=people or {}, threshold=threshold, folds=folds)
    info = {
        "train": ["given"] if folds is not None else [],
        "test": "given",
        "detector": "given",
        "protocol": "given",
        "status": "done",
        "cell_key": "",
        "hashes": {},
    }
    plan = Plan(given.resamples(resamples), given.seed(seed))
    (cell,) = measure([Result(info, lambda: table)], chosen, plan)
    return Scores(rows(cell, chosen))


def rows(cell: MeasuredCell, metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """metric, value, low, high, n and few of a measured cell; None where there is none."""
    return [
        dict(zip(COLUMNS, (m.name, *_score(cell, m), cell.accounts, cell.few_for(m)), strict=True))
        for m in metrics
    ]


def _score(cell: MeasuredCell, metric: Metric) -> tuple[float | None, float | None, float | None]:
    if metric.name not in cell.scores:
        return None, None, None
    value, low, high = (float(v) for v in cell.scores[metric.name])
    return value, None if np.isnan(low) else low, None if np.isnan(high) else high


def _metrics(names: Sequence[str] | None, people: bool) -> list[Metric]:
    """The metrics of these names, or those that labels and scores (and groups) can tell."""
    from benchmarks.metrics import ordered

    if names is not None:
        if not isinstance(names, str | Iterable):
            raise UserError(f"metrics is {names!r}; give names, such as ['f1[bot]'].")
        asked = [names] if isinstance(names, str) else [str(name) for name in names]
        if not asked:
            raise UserError("metrics names none; leave it out for all of them.")
        return ordered(asked)
    unknown = {"cost"} if people else {"cost", "groups"}
    return [m for m in ordered() if not unknown & set(m.needs)]


def _table(
    y: Any,
    p: Any,
    *,
    groups: Any,
    people: Mapping[str, Any],
    threshold: float,
    folds: Any,
) -> pa.Table:
    """The accounts as the board's own rows (`benchmarks.execution.results.scored`)."""
    import pyarrow as pa

    from benchmarks.data import duplicates

    given.same_accounts([("y", y), ("p", p)])
    arrays: dict[str, Any] = {"y": given.labels(y), "p_bot": given.probabilities(p)}
    named = [("y", arrays["y"]), ("p", arrays["p_bot"])]
    if groups is not None:
        arrays[duplicates.COLUMN] = given.groups(groups)
        named.append(("groups", arrays[duplicates.COLUMN]))
    arrays["fold"] = np.zeros(len(arrays["y"]), np.int64) if folds is None else given.groups(folds)
    named.append(("folds", arrays["fold"]))
    for name, values in _people(people).items():
        arrays[name] = values
        named.append((f"people[{name!r}]", values))
    given.of_one_length(named)
    n = len(arrays["y"])
    return pa.table(
        {
            "dataset": pa.array(np.repeat("given", n)),
            "account_id": pa.array(np.char.zfill(np.arange(n).astype(str), 12)),
            "repeat": np.zeros(n, np.int64),
            "threshold": np.repeat(given.threshold(threshold), n),
            **arrays,
        }
    )


def _people(people: Mapping[str, Any]) -> dict[str, Any]:
    """Who is in which group of people: 1, 0 or NaN (unknown), float64[n] each."""
    from benchmarks.data.groups import GROUPS
    from botbench.core.errors import unknown

    if not isinstance(people, Mapping):
        raise UserError("people is no mapping; give {'verified': [1, 0, ...]}.")
    found = {}
    for name, values in people.items():
        if name not in GROUPS:
            raise unknown("group of people", str(name), GROUPS)
        import pandas as pd

        flat = pd.Series(given.flat(values, name))
        array = pd.to_numeric(flat, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        bad = flat.notna().to_numpy() & (array != 0) & (array != 1)
        if bad.any():
            first = int(bad.argmax())
            raise UserError(
                f"people[{name!r}][{first}] is {flat[first]!r}; give 1 for who is in the group, 0"
                " for who is not, NaN where it is unknown."
            )
        found[name] = array
    return found
