"""Why an account has its label: its claims, which of them count, and the rule applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import unknown
from botbench.text import numbers
from curation.labels.consensus.run import (
    DEFAULT,
    KINDS,
    Fitted,
    camps,
    claimants,
    fit_votes,
    judge,
    parted,
)
from curation.labels.consensus.votes import TRAINING, Meaning
from curation.store.retractions import retractions

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


def explain(
    store: Store,
    dataset: str,
    account: str,
    scheme: Meaning,
    *,
    method: str = DEFAULT,
    kinds: Sequence[str] = KINDS,
    at: str | None = None,
) -> dict[str, Any]:
    """The document of `botbench consensus --explain`; nothing is written. Raises UserError where
    no claim is about it.
    """
    fitted = fit_votes(store, dataset, scheme, method=method, kinds=kinds, at=at)
    chosen, method = fitted.kinds, fitted.method
    judged = judge(fitted.ballots, fitted.fit, scheme.consensus)
    ids = judged["account_id"].to_pylist()
    if account not in ids:
        raise unknown(
            f"account with claims of {', '.join(chosen)} in {dataset}",
            account,
            _near(judged, account),
        )
    row = judged.slice(ids.index(account), 1).to_pylist()[0]
    votes = _votes(store, fitted, dataset, account, at)
    learnt = {(c["claimant_kind"], c["claimant"]): c for c in claimants(fitted.ballots, fitted.fit)}
    for vote in votes:
        skill = learnt.get((vote["claimant_kind"], vote["claimant"]))
        if skill and vote["counts"] and not vote["settles"]:
            vote |= {name: skill[name] for name in ("sensitivity", "specificity")}
    rule = {
        "minimum": scheme.consensus["minimum"],
        "agreed": scheme.consensus["agreed"],
        "adjudication": scheme.consensus.get("adjudication", "latest"),
        "scheme": scheme.version,
    }
    del row["account_id"]
    return {
        "dataset": dataset,
        "account": account,
        "method": method,
        "kinds": chosen,
        **row,
        "rule": rule,
        "why": _why(row, votes, rule, method) + _camps(fitted),
        "votes": votes,
    }


def _camps(fitted: Fitted) -> str:
    """A sentence where the votes of the data set can be explained in several ways; else nothing."""
    return (
        f" {said}"
        if (said := parted(camps(fitted.ballots, fitted.fit), fitted.fit.disagree))
        else ""
    )


def _near(judged: pa.Table, account: str) -> list[str]:
    """The five most similar ids: there are too many accounts to name all."""
    with scratch_database() as connection:
        connection.register("judged", judged.select(["account_id"]))
        rows = connection.execute(
            "SELECT account_id FROM judged ORDER BY levenshtein(account_id, ?), 1 LIMIT 5",
            [account],
        ).fetchall()
    return [str(found) for (found,) in rows]


def _votes(
    store: Store, fitted: Fitted, dataset: str, account: str, at: str | None
) -> list[dict[str, Any]]:
    """Every claim on the account in order of time, with what became of it."""
    claims = store.relation("claims", at)
    rows: list[dict[str, Any]] = store.arrow(
        f"""
        WITH mine AS (FROM {claims} WHERE dataset = ? AND account_id = ?)
        SELECT m.claim_id, m.claimant, m.claimant_kind, m.answer, v.label, m.confidence, m.made_at,
            m.batch_id, coalesce(v.settles, false) AS settles, v.claim_id IS NOT NULL AS counts,
            CASE
                WHEN v.settles THEN 'settles the account'
                WHEN v.label IS NOT NULL THEN 'counts'
                WHEN v.claim_id IS NOT NULL THEN 'does not judge'
                WHEN m.answer IS NULL THEN 'a retraction'
                WHEN r.claim_id IS NOT NULL THEN 'taken back'
                WHEN m.attributes['part'] = '{TRAINING}' THEN 'said in training'
                WHEN NOT m.claimant_kind IN (SELECT unnest(?::VARCHAR[]))
                    THEN 'its kind was not asked'
                ELSE 'answered again later' END AS fate
        FROM mine m LEFT JOIN {fitted.votes} v ON m.claim_id = v.claim_id
        LEFT JOIN {retractions(claims)} r ON r.claim_id = m.claim_id
        ORDER BY m.made_at NULLS FIRST, m.claimant_kind, m.claimant, m.claim_id""",
        [dataset, account, fitted.kinds],
    ).to_pylist()
    return rows


def _why(
    row: dict[str, Any], votes: list[dict[str, Any]], rule: dict[str, Any], method: str
) -> str:
    """The rule, applied, in a sentence."""
    counting = [v for v in votes if v["counts"] and v["label"] is not None and not v["settles"]]
    bots = sum(v["label"] == "bot" for v in counting)
    tally = f"{bots} of {len(counting)} judging votes say bot"
    if row["status"] == "adjudicated":
        return f"An adjudicator settled it ({rule['adjudication']} answer); {tally}."
    if row["status"] == "too few":
        return f"{tally}; the scheme asks for at least {rule['minimum']}."
    share = f"p_bot is {numbers.score(row['p_bot'])} by {method}"
    asked = f"the scheme asks for {numbers.percent(rule['agreed'])} " + (
        "of the votes" if method == "majority" else "probability"
    )
    return f"{tally}, {share}; {asked}, so it is {row['status']}."
