"""Figures of each annotator: right on gold, speed, runs, notes, agreement with others, drift.

Every figure comes with its count, and a share with its interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from botbench.stats.proportions import Z, wilson

if TYPE_CHECKING:
    from curation.store.store import Store

ENOUGH = 10
"""Gold accounts of a class, or accounts shared with others, below which nobody is judged."""
NOTE = 20
"""Characters from which two equal notes are no coincidence."""

FEW_SECONDS = 5
"""Seconds in which 20 words are read (238 a minute: Brysbaert 2019); a card has over a hundred."""
MANY = 20
"""Answers below which speed beside the others, runs and drift are not judged."""

Figures = dict[str, dict[str, Any]]
"""Annotator to named figures."""


def by_annotator(store: Store, answers: str) -> dict[str, dict[str, Any]]:
    """All figures of each annotator. `answers` names a relation with one row an answer: account,
    annotator, answer, label, truth, made_at, lead_time_s, note, attributes, last (the one that
    counts where somebody answered an account twice).
    """
    figures = {row["annotator"]: row for row in _habits(store, answers)}
    for measure in (_on_gold, _speed, _runs, _notes, _with_others, _drift):
        for name, values in measure(store, answers).items():
            figures[name] |= values
    return figures


def _habits(store: Store, answers: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.arrow(f"""
        SELECT annotator, count(*) AS answers, count(DISTINCT account) AS accounts,
            avg((answer = 'cannot tell')::INT) AS cannot_tell,
            avg((label = 'bot')::INT) FILTER (label IS NOT NULL) AS says_bot,
            min(made_at) AS first_at, max(made_at) AS last_at
        FROM {answers} GROUP BY annotator ORDER BY annotator""").to_pylist()
    return rows


def share(k: float, n: float) -> dict[str, Any]:
    """The share k / n with its 95 % interval (Wilson) and n; nulls where n is 0.

    >>> {k: round(v, 3) for k, v in share(9, 10).items()}
    {'value': 0.9, 'low': 0.596, 'high': 0.982, 'n': 10}
    """
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = wilson(k / n, n)
    return {"value": float(k / n), "low": float(low), "high": float(high), "n": int(n)}


def _on_gold(store: Store, answers: str) -> Figures:
    """Sensitivity and specificity on accounts whose truth is known; `cannot tell` is neither right
    nor wrong.
    """
    rows = store.arrow(f"""
        SELECT annotator,
            count(*) FILTER (truth = 'bot') AS bots,
            count(*) FILTER (truth = 'bot' AND label = 'bot') AS hits,
            count(*) FILTER (truth = 'human') AS humans,
            count(*) FILTER (truth = 'human' AND label = 'human') AS passes
        FROM {answers} WHERE last AND label IS NOT NULL GROUP BY annotator""").to_pylist()
    rates = {
        r["annotator"]: {
            "sensitivity": share(r["hits"], r["bots"]),
            "specificity": share(r["passes"], r["humans"]),
        }
        for r in rows
    }
    nothing = {"sensitivity": share(0, 0), "specificity": share(0, 0)}
    names = store.arrow(f"SELECT DISTINCT annotator FROM {answers}")["annotator"].to_pylist()
    return {name: rates.get(name, nothing) for name in names}


def _speed(store: Store, answers: str) -> Figures:
    """Seconds an answer took: quartiles, and the median beside everybody's."""
    rows = store.arrow(f"""
        SELECT annotator, count(lead_time_s) AS n, quantile_cont(lead_time_s, 0.25) AS low,
            median(lead_time_s) AS median, quantile_cont(lead_time_s, 0.75) AS high,
            (SELECT median(lead_time_s) FROM {answers}) AS everybody
        FROM {answers} GROUP BY annotator""").to_pylist()
    return {r.pop("annotator"): {"seconds": r} for r in rows}


def hurried(n: int, median: float | None, everybody: float | None) -> str | None:
    """Why the answers came too fast for the card to have been read; None where nothing says so.

    `n` answers of somebody took `median` seconds in the middle, those of everybody `everybody`.

    >>> hurried(12, 2.0, 30.0)
    'Half of the answers took at most 2 s: too short to read a card.'
    >>> hurried(12, 9.0, 30.0) is None, hurried(40, 9.0, 30.0)
    (True, "Half of the answers took at most 9 s; everybody's median is 30 s.")
    """
    if median is None or n < ENOUGH:
        return None
    said = f"Half of the answers took at most {median:.0f} s"
    if median < FEW_SECONDS:
        return f"{said}: too short to read a card."
    if n >= MANY and everybody is not None and median < everybody / 3:
        return f"{said}; everybody's median is {everybody:.0f} s."
    return None


def _runs(store: Store, answers: str) -> Figures:
    """The longest run of one answer in the order of time, and at most how probable chance makes
    one as long.
    """
    rows = store.arrow(
        f"""
        WITH ordered AS (
            SELECT annotator, answer, made_at, account,
                row_number() OVER (PARTITION BY annotator ORDER BY made_at, account) AS i,
                row_number() OVER (PARTITION BY annotator, answer ORDER BY made_at, account) AS j
            FROM {answers} WHERE made_at IS NOT NULL),
        runs AS (
            SELECT annotator, answer, count(*) AS length FROM ordered
            GROUP BY annotator, answer, i - j),
        totals AS (
            SELECT annotator, count(*) AS n, count(DISTINCT made_at) AS moments FROM ordered
            GROUP BY annotator),
        shares AS (SELECT annotator, answer, count(*) AS times FROM ordered GROUP BY ALL)
        SELECT annotator, answer, length, times, n, moments
        FROM runs JOIN totals USING (annotator) JOIN shares USING (annotator, answer)
        QUALIFY row_number() OVER (PARTITION BY annotator ORDER BY length DESC, answer) = 1"""
    ).to_pylist()
    # Answers of one time, as in an import, have no order.
    return {
        r["annotator"]: {
            "run": {
                "answer": r["answer"],
                "length": r["length"],
                "n": r["n"],
                "chance": run_chance(r["length"], r["n"], r["times"] / r["n"]),
            }
        }
        for r in rows
        if r["moments"] > r["n"] / 2
    }


def run_chance(length: int, n: int, p: float) -> float:
    """At most how probable a run of `length` equal answers is somewhere in `n` independent ones of
    share `p`.

    The union bound: it starts at the first place, or after another answer at one of the others.

    >>> round(run_chance(3, 3, 0.5), 3), round(run_chance(2, 3, 0.5), 3)
    (0.125, 0.375)
    """
    return float(min(1.0, p**length * (1 + (n - length) * (1 - p)))) if length <= n else 0.0


def _notes(store: Store, answers: str) -> Figures:
    """Notes that another annotator wrote before, word for word (apart from blanks and case), and
    notes that the annotator repeats.
    """
    rows = store.arrow(f"""
        WITH notes AS (
            SELECT annotator, account, made_at,
                lower(regexp_replace(trim(note), '\\s+', ' ', 'g')) AS plain
            FROM {answers} WHERE length(trim(note)) >= {NOTE}),
        firsts AS (SELECT plain, arg_min(annotator, made_at) AS author FROM notes GROUP BY plain)
        SELECT annotator, count(*) AS notes, count(*) FILTER (author <> annotator) AS copied,
            count(*) - count(DISTINCT plain) AS repeated
        FROM notes JOIN firsts USING (plain) GROUP BY annotator""").to_pylist()
    return {r.pop("annotator"): {"notes": r} for r in rows}


def _with_others(store: Store, answers: str) -> Figures:
    """Share of the others' answers on the same accounts that are equal, averaged over accounts,
    with a normal interval.
    """
    rows = store.arrow(
        f"""
        WITH counting AS (SELECT account, annotator, answer FROM {answers} WHERE last),
        cells AS (SELECT account, answer, count(*) AS same FROM counting GROUP BY ALL),
        totals AS (SELECT account, count(*) AS n FROM counting GROUP BY ALL HAVING n > 1)
        SELECT annotator, count(*) AS n, avg((same - 1) / (n - 1)) AS value,
            stddev_samp((same - 1) / (n - 1)) AS sd
        FROM counting JOIN cells USING (account, answer) JOIN totals USING (account)
        GROUP BY annotator"""
    ).to_pylist()
    shares = {}
    for r in rows:
        half = Z * (r["sd"] or 0.0) / np.sqrt(r["n"])
        shares[r["annotator"]] = {
            "with_others": {
                "value": r["value"],
                "low": max(0.0, r["value"] - half),
                "high": min(1.0, r["value"] + half),
                "n": r["n"],
            }
        }
    return shares


def _drift(store: Store, answers: str) -> Figures:
    """Later half against earlier half of somebody's answers: on gold where there is some, else
    agreement with the others.

    `change` is later less earlier with a 95 % interval (difference of two means); null below the
    counts to be judged.
    """
    rows = store.arrow(f"""
        WITH counting AS (FROM {answers} WHERE last AND made_at IS NOT NULL),
        cells AS (SELECT account, answer, count(*) AS same FROM counting GROUP BY ALL),
        totals AS (SELECT account, count(*) AS n FROM counting GROUP BY ALL),
        scored AS (
            SELECT annotator, made_at, account, (truth = label)::DOUBLE AS gold,
                CASE WHEN n > 1 THEN (same - 1) / (n - 1) END AS others
            FROM counting JOIN cells USING (account, answer) JOIN totals USING (account)),
        chosen AS (
            SELECT annotator, if(count(gold) >= {2 * ENOUGH}, 'gold', 'others') AS basis
            FROM scored GROUP BY annotator),
        valued AS (
            SELECT annotator, basis, made_at, account, if(basis = 'gold', gold, others) AS v
            FROM scored JOIN chosen USING (annotator) WHERE v IS NOT NULL),
        halved AS (
            SELECT *, ntile(2) OVER (PARTITION BY annotator ORDER BY made_at, account) AS half
            FROM valued)
        SELECT annotator, any_value(basis) AS basis, count(*) AS n,
            avg(v) FILTER (half = 1) AS earlier, avg(v) FILTER (half = 2) AS later,
            var_samp(v) FILTER (half = 1) / count(*) FILTER (half = 1)
                    + var_samp(v) FILTER (half = 2) / count(*) FILTER (half = 2) AS var
        FROM halved GROUP BY annotator""").to_pylist()
    drifts = {}
    for r in rows:
        judged = r["n"] >= 2 * ENOUGH and r["var"] is not None
        step, half = (
            (r["later"] - r["earlier"], Z * float(np.sqrt(r["var"]))) if judged else (0.0, 0.0)
        )
        change = {"value": step, "low": step - half, "high": step + half} if judged else None
        drifts[r["annotator"]] = {
            "drift": {
                "basis": r["basis"],
                "n": r["n"],
                "earlier": r["earlier"],
                "later": r["later"],
                "change": change,
            }
        }
    return drifts
