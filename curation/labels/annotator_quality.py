"""How annotators do: on gold, over time, in speed, in habits, and beside the others. Small counts
are not judged.

Every figure comes with its count and its interval; a warning is only raised where the interval (or
the chance of what was seen) leaves little room. A warning is a reason to talk to somebody, never a
verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.stats.proportions import Z, wilson
from botbench.text import numbers
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.labels.agreement_report import Scope
    from curation.labels.consensus import Meaning
    from curation.store.store import Store

Array = NDArray[Any]

ANSWERS = "quality_answers"
ENOUGH = 10
"""Gold accounts of a class, or accounts shared with others, below which nothing is said of
somebody.
"""
MANY = 20
"""Answers below which speed, runs and drift are not judged."""
CHANCE = 0.001
"""A run of equal answers is remarked on where chance makes it rarer than this."""
NOTE = 20
"""Characters from which two equal notes are no coincidence."""


@dataclass(frozen=True)
class Gold:
    """Where the truth comes from: what adjudicators settled, or an attribute of the claims that the
    source gives.
    """

    attribute: str | None = None

    @property
    def source(self) -> str:
        """In words."""
        return (
            f"the claims' attribute {self.attribute}"
            if self.attribute
            else "what adjudicators settled"
        )


def quality(
    store: Store,
    reference: str,
    scheme: Meaning,
    *,
    gold: Gold | None = None,
    by: str | None = None,
    at: str | None = None,
) -> dict[str, Any]:
    """The document of `botbench quality`: one entry for each annotator, with figures, intervals and
    warnings.

    `reference` is a data set or a batch; `by` counts right and wrong for each value of that
    attribute of the claims. Raises UserError where nobody answered.
    """
    from curation.labels.agreement_report import find_scope

    gold = gold or Gold()
    scope = find_scope(store, reference)
    _collect(store, scope, scheme, gold, at)
    people = {row["annotator"]: row for row in _people(store)}
    for found in (
        _on_gold(store),
        _speed(store),
        _runs(store),
        _notes(store),
        _with_others(store),
        _drift(store),
    ):
        for name, figures in found.items():
            people[name] |= figures
    for row in people.values():
        row["warnings"] = _warnings(row)
    counts = store.connection.execute(
        f"SELECT count(DISTINCT account) FILTER (truth IS NOT NULL) FROM {ANSWERS}"
    ).fetchone()
    document = {
        "dataset": scope.dataset,
        "batch": scope.batch,
        "gold": {"source": gold.source, "accounts": counts[0] if counts else 0},
        "annotators": sorted(people.values(), key=lambda r: (-r["answers"], r["annotator"])),
    }
    return document | ({"by": {by: _by(store, by)}} if by else {})


def _collect(store: Store, scope: Scope, scheme: Meaning, gold: Gold, at: str | None) -> None:
    """Standing answers of people, with the label each means and the truth where it is known, as
    `quality_answers`.

    `last` marks the answer that counts where somebody answered an account twice.
    """
    said = ", ".join(
        f"({literal(a)}, {literal(label)})" for a, label in sorted(scheme.labels.items())
    )
    batch = f" AND batch_id = {literal(scope.batch)}" if scope.batch else ""
    truth = "any_value(label)" if gold.attribute is None else "any_value(told)"
    whose = "role = 'adjudicator'" if gold.attribute is None else "told IS NOT NULL"
    attribute = literal(gold.attribute or "")
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {ANSWERS} AS
        WITH standing AS (
            SELECT m.*, label, coalesce(attributes['role'], '') AS role,
                   CASE WHEN attributes[{attribute}] IS NOT NULL
                        THEN if(lower(attributes[{attribute}]) = 'bot', 'bot', 'human') END AS told
            FROM {standing_claims(store.relation("claims", at))} m
            LEFT JOIN (VALUES {said}) meaning(answer, label) USING (answer)
            WHERE dataset = {literal(scope.dataset)} AND claimant_kind = 'person'),
        gold AS (
            SELECT account_id, {truth} AS truth FROM standing WHERE {whose}
            GROUP BY account_id HAVING count(DISTINCT {"label" if gold.attribute is None else "told"}) = 1)
        SELECT s.account_id AS account, s.claimant AS annotator, s.answer, s.label, g.truth, s.made_at, s.lead_time_s, s.note,
               s.attributes, row_number() OVER (PARTITION BY s.account_id, s.claimant
                                                ORDER BY s.made_at DESC NULLS LAST, s.claim_id) = 1 AS last
        FROM standing s LEFT JOIN gold g USING (account_id)
        WHERE role <> 'adjudicator'{batch}""")
    row = store.connection.execute(f"SELECT count(*) FROM {ANSWERS}").fetchone()
    if not row or not row[0]:
        where = f"batch {scope.batch}" if scope.batch else scope.dataset
        raise UserError(
            f"Nobody answered in {where} yet: botbench annotate sync brings answers in."
        )


def _people(store: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = store.arrow(f"""
        SELECT annotator, count(*) AS answers, count(DISTINCT account) AS accounts,
               avg((answer = 'cannot tell')::INT) AS cannot_tell, avg((label = 'bot')::INT) FILTER (label IS NOT NULL) AS says_bot,
               min(made_at) AS first_at, max(made_at) AS last_at
        FROM {ANSWERS} GROUP BY annotator ORDER BY annotator""").to_pylist()
    return found


def share(k: float, n: float) -> dict[str, Any]:
    """The share k / n with its 95 % interval (Wilson) and n; nulls where n is 0.

    >>> {k: round(v, 3) for k, v in share(9, 10).items()}
    {'value': 0.9, 'low': 0.596, 'high': 0.982, 'n': 10}
    """
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = wilson(k / n, n)
    return {"value": float(k / n), "low": float(low), "high": float(high), "n": int(n)}


def _on_gold(store: Store) -> dict[str, dict[str, Any]]:
    """Sensitivity and specificity on accounts whose truth is known; `cannot tell` is neither right
    nor wrong.
    """
    rows = store.arrow(f"""
        SELECT annotator, count(*) FILTER (truth = 'bot') AS bots, count(*) FILTER (truth = 'bot' AND label = 'bot') AS hits,
               count(*) FILTER (truth = 'human') AS humans, count(*) FILTER (truth = 'human' AND label = 'human') AS passes
        FROM {ANSWERS} WHERE last AND label IS NOT NULL GROUP BY annotator""").to_pylist()
    found = {
        r["annotator"]: {
            "sensitivity": share(r["hits"], r["bots"]),
            "specificity": share(r["passes"], r["humans"]),
        }
        for r in rows
    }
    nothing = {"sensitivity": share(0, 0), "specificity": share(0, 0)}
    names = store.arrow(f"SELECT DISTINCT annotator FROM {ANSWERS}")["annotator"].to_pylist()
    return {name: found.get(name, nothing) for name in names}


def _speed(store: Store) -> dict[str, dict[str, Any]]:
    """Seconds an answer took: quartiles, and the median beside everybody's."""
    rows = store.arrow(f"""
        SELECT annotator, count(lead_time_s) AS n, quantile_cont(lead_time_s, 0.25) AS low, median(lead_time_s) AS median,
               quantile_cont(lead_time_s, 0.75) AS high, (SELECT median(lead_time_s) FROM {ANSWERS}) AS everybody
        FROM {ANSWERS} GROUP BY annotator""").to_pylist()
    return {r.pop("annotator"): {"seconds": r} for r in rows}


def _runs(store: Store) -> dict[str, dict[str, Any]]:
    """The longest run of one answer in the order of time, and how often chance makes one as long: n
    p^(L-1) (1-p) at most.
    """
    rows = store.arrow(
        f"""
        WITH ordered AS (SELECT annotator, answer, made_at, account, row_number() OVER w AS i,
                row_number() OVER (PARTITION BY annotator, answer ORDER BY made_at, account) AS j
            FROM {ANSWERS} WHERE made_at IS NOT NULL WINDOW w AS (PARTITION BY annotator ORDER BY made_at, account)),
        runs AS (SELECT annotator, answer, count(*) AS length FROM ordered GROUP BY annotator, answer, i - j),
        totals AS (SELECT annotator, count(*) AS n, count(DISTINCT made_at) AS moments FROM ordered GROUP BY annotator),
        shares AS (SELECT annotator, answer, count(*) AS said FROM ordered GROUP BY ALL)
        SELECT annotator, answer, length, said, n, moments
        FROM runs JOIN totals USING (annotator) JOIN shares USING (annotator, answer)
        QUALIFY row_number() OVER (PARTITION BY annotator ORDER BY length DESC, answer) = 1"""
    ).to_pylist()
    # Where all has one time, as in an import, there is no order to speak of.
    return {
        r["annotator"]: {
            "run": {
                "answer": r["answer"],
                "length": r["length"],
                "n": r["n"],
                "chance": run_chance(r["length"], r["n"], r["said"] / r["n"]),
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


def _notes(store: Store) -> dict[str, dict[str, Any]]:
    """Notes that another annotator had written before, word for word (blanks and case aside), and
    one's own repeated.
    """
    rows = store.arrow(f"""
        WITH notes AS (SELECT annotator, account, made_at, lower(regexp_replace(trim(note), '\\s+', ' ', 'g')) AS plain
                       FROM {ANSWERS} WHERE length(trim(note)) >= {NOTE}),
        firsts AS (SELECT plain, arg_min(annotator, made_at) AS author FROM notes GROUP BY plain)
        SELECT annotator, count(*) AS notes, count(*) FILTER (author <> annotator) AS copied,
               count(*) - count(DISTINCT plain) AS repeated
        FROM notes JOIN firsts USING (plain) GROUP BY annotator""").to_pylist()
    return {r.pop("annotator"): {"notes": r} for r in rows}


def _with_others(store: Store) -> dict[str, dict[str, Any]]:
    """Share of the others' answers on the same accounts that are equal, averaged over accounts,
    with a normal interval.
    """
    rows = store.arrow(
        f"""
        WITH counting AS (SELECT account, annotator, answer FROM {ANSWERS} WHERE last),
        cells AS (SELECT account, answer, count(*) AS same FROM counting GROUP BY ALL),
        totals AS (SELECT account, count(*) AS n FROM counting GROUP BY ALL HAVING n > 1)
        SELECT annotator, count(*) AS n, avg((same - 1) / (n - 1)) AS value, stddev_samp((same - 1) / (n - 1)) AS sd
        FROM counting JOIN cells USING (account, answer) JOIN totals USING (account) GROUP BY annotator"""
    ).to_pylist()
    found = {}
    for r in rows:
        half = Z * (r["sd"] or 0.0) / np.sqrt(r["n"])
        found[r["annotator"]] = {
            "with_others": {
                "value": r["value"],
                "low": max(0.0, r["value"] - half),
                "high": min(1.0, r["value"] + half),
                "n": r["n"],
            }
        }
    return found


def _drift(store: Store) -> dict[str, dict[str, Any]]:
    """Later half against earlier half of somebody's answers: on gold where there is some, else
    agreement with the others.

    `change` is later less earlier with a 95 % interval (difference of two means); null below the
    counts to be judged.
    """
    rows = store.arrow(f"""
        WITH counting AS (FROM {ANSWERS} WHERE last AND made_at IS NOT NULL),
        cells AS (SELECT account, answer, count(*) AS same FROM counting GROUP BY ALL),
        totals AS (SELECT account, count(*) AS n FROM counting GROUP BY ALL),
        scored AS (
            SELECT annotator, made_at, account, (truth = label)::DOUBLE AS gold,
                   CASE WHEN n > 1 THEN (same - 1) / (n - 1) END AS others
            FROM counting JOIN cells USING (account, answer) JOIN totals USING (account)),
        chosen AS (SELECT annotator, if(count(gold) >= {2 * ENOUGH}, 'gold', 'others') AS basis FROM scored GROUP BY annotator),
        valued AS (SELECT annotator, basis, made_at, account, if(basis = 'gold', gold, others) AS v
                   FROM scored JOIN chosen USING (annotator) WHERE v IS NOT NULL),
        halved AS (SELECT *, ntile(2) OVER (PARTITION BY annotator ORDER BY made_at, account) AS half FROM valued)
        SELECT annotator, any_value(basis) AS basis, count(*) AS n,
               avg(v) FILTER (half = 1) AS earlier, avg(v) FILTER (half = 2) AS later,
               var_samp(v) FILTER (half = 1) / count(*) FILTER (half = 1)
               + var_samp(v) FILTER (half = 2) / count(*) FILTER (half = 2) AS var
        FROM halved GROUP BY annotator""").to_pylist()
    found = {}
    for r in rows:
        judged = r["n"] >= 2 * ENOUGH and r["var"] is not None
        step, half = (
            (r["later"] - r["earlier"], Z * float(np.sqrt(r["var"]))) if judged else (0.0, 0.0)
        )
        change = {"value": step, "low": step - half, "high": step + half} if judged else None
        found[r["annotator"]] = {
            "drift": {
                "basis": r["basis"],
                "n": r["n"],
                "earlier": r["earlier"],
                "later": r["later"],
                "change": change,
            }
        }
    return found


def _warnings(row: Mapping[str, Any]) -> list[str]:
    """What deserves a word, in sentences; nothing where counts are small."""
    found = []
    for name, of in (("sensitivity", "bots"), ("specificity", "humans")):
        s = row[name]
        if s["n"] >= ENOUGH and s["high"] < 0.5:
            found.append(
                f"On gold {of}, {numbers.percent(s['value'])} of {s['n']} were told right (95 % up to"
                f" {numbers.percent(s['high'])}): worse than a coin."
            )
    seconds, run, drift = row.get("seconds"), row.get("run"), row.get("drift")
    if seconds and seconds["n"] >= MANY and seconds["median"] < seconds["everybody"] / 3:
        found.append(
            f"Half of the answers took at most {seconds['median']:.0f} s; everybody's median is "
            f"{seconds['everybody']:.0f} s."
        )
    if run and run["n"] >= MANY and run["chance"] < CHANCE:
        found.append(
            f"{run['length']} answers in a row were {run['answer']!r}; chance makes such a run with"
            f" probability {run['chance']:.1g} at most."
        )
    if (notes := row.get("notes")) and notes["copied"] >= 3:
        found.append(
            f"{notes['copied']} of {notes['notes']} notes are word for word what somebody else"
            " wrote before."
        )
    if drift and drift["change"] and drift["change"]["high"] < 0:
        what = "right on gold" if drift["basis"] == "gold" else "agreement with others"
        found.append(
            f"The later half is worse than the earlier one: {what} went from {numbers.percent(drift['earlier'])}"
            f" to {numbers.percent(drift['later'])}."
        )
    return found


def _by(store: Store, attribute: str) -> list[dict[str, Any]]:
    """Right, wrong and undecided answers by an attribute of the claims, all standing answers
    counted. Raises UserError.
    """
    there = [
        k
        for (k,) in store.connection.execute(
            f"SELECT DISTINCT unnest(map_keys(attributes)) AS k FROM {ANSWERS} WHERE truth IS NOT"
            " NULL ORDER BY k"
        ).fetchall()
    ]
    if attribute not in there:
        raise UserError(
            f"No answer on gold has an attribute {attribute!r}; there are:"
            f" {', '.join(there) or 'none'}."
        )
    found: list[dict[str, Any]] = store.arrow(
        f"""
        SELECT coalesce(attributes[?], '(none)') AS value, count(*) FILTER (label = truth) AS "right",
               count(*) FILTER (label <> truth) AS wrong, count(*) FILTER (label IS NULL) AS undecided
        FROM {ANSWERS} WHERE truth IS NOT NULL GROUP BY ALL ORDER BY value""",
        [attribute],
    ).to_pylist()
    return found
