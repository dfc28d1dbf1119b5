"""The history of one account: its claims, with their evidence and retractions; and claimants who
coincide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError, unknown
from curation.ingest import data_sets
from curation.store.retractions import retractions, standing_claims

if TYPE_CHECKING:
    from curation.store.store import Store

ALIKE, ALIKE_AND_AT_ONCE = 10, 3
"""Accounts from which on equal answers are remarkable: by themselves, and given at equal times."""


def history(
    store: Store, account: str, dataset: str | None = None, at: str | None = None
) -> dict[str, Any]:
    """The document of `botbench claims`: every claim on the account in the order it was made, and
    its labels now.

    The same id in several data sets gives one document, data set by data set. Raises UserError
    where there is no claim.
    """
    claims = store.relation("claims", at)
    rows = store.arrow(
        f"""
        WITH mine AS (
            FROM {claims}
            WHERE account_id = $account AND ($dataset IS NULL OR dataset = $dataset)),
        undone AS (
            SELECT claim_id, retracted_at AS taken_back_at, replaced_by AS instead
            FROM {retractions(claims)}),
        latest AS (SELECT claim_id FROM mine ANTI JOIN undone USING (claim_id)
                   WHERE answer IS NOT NULL QUALIFY made_at IS NULL
                   OR made_at = max(made_at) OVER (PARTITION BY dataset, claimant_kind, claimant))
        SELECT m.dataset, m.claim_id, m.claimant, m.claimant_kind, m.answer, m.kinds,
               m.confidence, m.reasons, m.note, m.made_at, m.evidence_at, m.batch_id,
               m.lead_time_s, m.scores_shown, map_entries(m.attributes) AS attributes, m.retracts,
               m.claim_id IN (SELECT claim_id FROM latest) AS stands, u.taken_back_at, u.instead,
               u.claim_id IS NOT NULL AS retracted
        FROM mine m LEFT JOIN undone u ON u.claim_id = m.claim_id
        ORDER BY m.dataset, m.made_at NULLS FIRST, m.claimant_kind, m.claimant, m.claim_id""",
        {"account": account, "dataset": dataset},  # type: ignore[arg-type]
    ).to_pylist()
    if not rows:
        raise _nobody(store, account, dataset, claims)
    retracted = {row["claim_id"] for row in rows if row.pop("retracted")}
    for row in rows:
        row["attributes"] = {e["key"]: e["value"] for e in row["attributes"] or ()}
        row["fate"] = _fate(row, retracted)
    return {
        "account": account,
        "datasets": sorted({r["dataset"] for r in rows}),
        "claims": rows,
        "labels": _labels(store, account, sorted({r["dataset"] for r in rows}), at),
    }


def _fate(row: dict[str, Any], retracted: set[str]) -> str:
    if row["answer"] is None:
        return "takes an answer back" if row["retracts"] in retracted else "retracts nothing"
    if row["claim_id"] in retracted:
        return f"corrected to {row['instead']}" if row["instead"] else "taken back"
    return "stands" if row["stands"] else "answered again later"


def _labels(
    store: Store, account: str, datasets: list[str], at: str | None
) -> list[dict[str, Any]]:
    """The label of the newest consensus of each data set."""
    from curation.store.snapshot_queries import newest_consensus

    version = store.resolve(at)
    labels = []
    for dataset in datasets:
        if consensus := newest_consensus(store, dataset, version):
            labels += store.arrow(
                "SELECT dataset, label, p_bot, p_low, p_high, n_claims, status, method FROM"
                f" {store.relation('labels', version)} WHERE dataset = ? AND account_id = ? AND"
                " consensus_id = ?",
                [dataset, account, consensus],
            ).to_pylist()
    return labels


def _nobody(store: Store, account: str, dataset: str | None, claims: str) -> UserError:
    if dataset is not None:
        datasets = [
            r[0]
            for r in store.connection.execute(f"SELECT DISTINCT dataset FROM {claims}").fetchall()
        ]
        if dataset not in datasets:
            return data_sets.absent(store, dataset, what="data set with claims", known=datasets)
    near = [
        r[0]
        for r in store.connection.execute(
            f"SELECT DISTINCT account_id FROM {claims} WHERE $dataset IS NULL OR dataset = $dataset"
            " ORDER BY levenshtein(account_id, $account), account_id LIMIT 5",
            {"account": account, "dataset": dataset},
        ).fetchall()
    ]
    return unknown("account with claims" + (f" in {dataset}" if dataset else ""), account, near)


def sentence(row: dict[str, Any]) -> str:
    """One claim as a sentence."""
    who = {
        "person": "{} (a person)",
        "dataset": "the data set's authors, {},",
        "platform": "the platform, {},",
        "rule": "the rule {}",
        "model": "the model {}",
    }[row["claimant_kind"]].format(row["claimant"])
    if row["fate"] == "retracts nothing":
        return f"{who} would take back what is not theirs; it retracts nothing."
    if row["answer"] is None:
        return f"{who} took an answer back."
    about = [
        f"of the kind {', '.join(row['kinds'])}" if row["kinds"] else "",
        f"with confidence {row['confidence']:g}" if row["confidence"] is not None else "",
        f"because of {', '.join(row['reasons'])}" if row["reasons"] else "",
        "as adjudicator" if row["attributes"].get("role") == "adjudicator" else "",
        "seeing a detector's score" if row["scores_shown"] else "",
    ]
    details = ", ".join(a for a in about if a)
    claim = f"{who} said {row['answer']}" + (f" {details}" if details else "")
    tail = (
        ""
        if row["fate"] == "stands"
        else (
            f" This was {row['fate']}."
            if row["fate"] != "answered again later"
            else " They answered again later."
        )
    )
    note = f' Note: "{row["note"]}".' if row["note"] else ""
    return f"{claim}.{note}{tail}"


def coinciding(store: Store, dataset: str) -> list[tuple[list[str], int]]:
    """People who gave the same answers to the same accounts and to no others: their names, sorted,
    and the number of accounts.
    """
    found = store.arrow(
        f"""
        WITH said AS (
            SELECT DISTINCT claimant, account_id, answer, made_at
            FROM {standing_claims(store.relation("claims"))}
            WHERE dataset = ? AND claimant_kind = 'person'),
        people AS (
            SELECT claimant, count(DISTINCT account_id) AS accounts, count(*) AS answers,
                bit_xor(hash(account_id, answer)) AS same, sum(hash(account_id, answer)) AS again,
                sum(hash(account_id, answer, made_at)) AS at_once
            FROM said GROUP BY claimant)
        SELECT list_sort(list(claimant)) AS claimants, any_value(accounts) AS accounts
        FROM people GROUP BY answers, same, again
        HAVING count(*) > 1 AND (any_value(accounts) >= {ALIKE}
            OR (any_value(accounts) >= {ALIKE_AND_AT_ONCE} AND count(DISTINCT at_once) < count(*)))
        ORDER BY ALL""",
        [dataset],
    )
    return [(r["claimants"], r["accounts"]) for r in found.to_pylist()]
