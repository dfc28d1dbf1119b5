"""The quality of annotators: figures of each, and warnings.

A warning is raised only where the interval, or the probability under chance, leaves little doubt;
small counts are not judged. It is a reason to talk to somebody, never a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.text.numbers import percent
from curation.labels.annotator_figures import ENOUGH, MANY, by_annotator, hurried
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import card

if TYPE_CHECKING:
    from curation.labels.agreement_report import Scope
    from curation.labels.consensus import Meaning
    from curation.store.store import Store

CHANCE = 0.001
"""A run of equal answers raises a warning where it is less probable than this."""


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
    answers = _collect(store, scope, scheme, gold, at)
    people = by_annotator(store, answers)
    for row in people.values():
        row["warnings"] = _warnings(row)
    counts = store.connection.execute(
        f"SELECT count(DISTINCT account) FILTER (truth IS NOT NULL) FROM {answers}"
    ).fetchone()
    document = {
        "dataset": scope.dataset,
        "batch": scope.batch,
        "simulated": bool(card(store, scope.dataset, store.resolve(at)).get("simulated")),
        "simulated_annotators": [name for name in sorted(people) if name.startswith("simulated-")],
        "gold": {"source": gold.source, "accounts": counts[0] if counts else 0},
        "annotators": sorted(people.values(), key=lambda r: (-r["answers"], r["annotator"])),
    }
    return document | ({"by": {by: _by(store, answers, by)}} if by else {})


def _collect(store: Store, scope: Scope, scheme: Meaning, gold: Gold, at: str | None) -> str:
    """Collect the standing answers of people in a temporary table, with the label of each and the
    truth where it is known; returns its name (columns: `annotator_figures.by_annotator`).
    """
    meanings = ", ".join(
        f"({literal(a)}, {literal(label)})" for a, label in sorted(scheme.labels.items())
    )
    batch = f" AND batch_id = {literal(scope.batch)}" if scope.batch else ""
    truth, settles = (
        ("label", "role = 'adjudicator'")
        if gold.attribute is None
        else ("of_attribute", "of_attribute IS NOT NULL")
    )
    attribute = literal(gold.attribute or "")
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE quality_answers AS
        WITH standing AS (
            SELECT m.*, label, coalesce(attributes['role'], '') AS role,
                CASE WHEN attributes[{attribute}] IS NOT NULL
                    THEN if(lower(attributes[{attribute}]) = 'bot', 'bot', 'human') END
                    AS of_attribute
            FROM {standing_claims(store.relation("claims", at))} m
            LEFT JOIN (VALUES {meanings}) meaning(answer, label) USING (answer)
            WHERE dataset = {literal(scope.dataset)} AND claimant_kind = 'person'),
        gold AS (
            SELECT account_id, any_value({truth}) AS truth FROM standing WHERE {settles}
            GROUP BY account_id HAVING count(DISTINCT {truth}) = 1)
        SELECT s.account_id AS account, s.claimant AS annotator, s.answer, s.label, g.truth,
            s.made_at, s.lead_time_s, s.note, s.attributes,
            row_number() OVER (
                PARTITION BY s.account_id, s.claimant
                ORDER BY s.made_at DESC NULLS LAST, s.claim_id) = 1 AS last
        FROM standing s LEFT JOIN gold g USING (account_id)
        WHERE role <> 'adjudicator'{batch}""")
    row = store.connection.execute("SELECT count(*) FROM quality_answers").fetchone()
    if not row or not row[0]:
        where = f"batch {scope.batch}" if scope.batch else scope.dataset
        raise UserError(
            f"Nobody answered in {where} yet: botbench annotate sync brings answers in."
        )
    return "quality_answers"


def _warnings(row: Mapping[str, Any]) -> list[str]:
    """Warnings, in sentences; none where counts are small."""
    warnings = []
    for name, of in (("sensitivity", "bots"), ("specificity", "humans")):
        s = row[name]
        if s["n"] >= ENOUGH and s["high"] < 0.5:
            warnings.append(
                f"On gold {of}, {percent(s['value'])} of {s['n']} were told right (95 % up to"
                f" {percent(s['high'])}): worse than a coin."
            )
    seconds, run, drift = row.get("seconds"), row.get("run"), row.get("drift")
    if seconds and (said := hurried(seconds["n"], seconds["median"], seconds["everybody"])):
        warnings.append(said)
    if run and run["n"] >= MANY and run["chance"] < CHANCE:
        warnings.append(
            f"{run['length']} answers in a row were {run['answer']!r}; chance makes such a run with"
            f" probability {run['chance']:.1g} at most."
        )
    if (notes := row.get("notes")) and notes["copied"] >= 3:
        warnings.append(
            f"{notes['copied']} of {notes['notes']} notes are word for word what somebody else"
            " wrote before."
        )
    if drift and drift["change"] and drift["change"]["high"] < 0:
        what = "right on gold" if drift["basis"] == "gold" else "agreement with others"
        warnings.append(
            f"The later half is worse than the earlier one: {what} went from"
            f" {percent(drift['earlier'])} to {percent(drift['later'])}."
        )
    return warnings


def _by(store: Store, answers: str, attribute: str) -> list[dict[str, Any]]:
    """Right, wrong and undecided answers by an attribute of the claims; all standing answers count.
    Raises UserError where no answer on gold has the attribute.
    """
    attributes = [
        k
        for (k,) in store.connection.execute(
            f"SELECT DISTINCT unnest(map_keys(attributes)) AS k FROM {answers}"
            " WHERE truth IS NOT NULL ORDER BY k"
        ).fetchall()
    ]
    if attribute not in attributes:
        raise UserError(
            f"No answer on gold has an attribute {attribute!r}; there are:"
            f" {', '.join(attributes) or 'none'}."
        )
    rows: list[dict[str, Any]] = store.arrow(
        f"""
        SELECT coalesce(attributes[?], '(none)') AS value,
            count(*) FILTER (label = truth) AS "right",
            count(*) FILTER (label <> truth) AS wrong,
            count(*) FILTER (label IS NULL) AS undecided
        FROM {answers} WHERE truth IS NOT NULL GROUP BY ALL ORDER BY value""",
        [attribute],
    ).to_pylist()
    return rows
