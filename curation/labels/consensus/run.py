"""A consensus: votes, method, judgement, and the record of it in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import duckdb
import numpy as np

from botbench.core.errors import UserError, unknown
from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from curation.ingest import data_sets
from curation.labels.consensus.methods import METHODS, Fit
from curation.labels.consensus.votes import (
    OPEN,
    SETTLED,
    Array,
    Ballots,
    Meaning,
    ballots,
    behind,
    collect,
)
from curation.store.schema import ClaimantKind, LabelStatus, rows
from curation.store.snapshot_queries import newest_consensus
from curation.store.store import Store, Transaction

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("person", "dataset")
"""Whose claims count unless said otherwise: a suspension is not a bot, and rules and models are
what is judged.
"""

DEFAULT = "auto"
"""Bayesian, which predicts unseen votes best, where most accounts have several votes; else
majority (docs/labels.md).
"""

SEVERAL, LEAST = 3, 20
"""At least half of the accounts need so many claimants, and so many claimants so many votes, before
claimants are told apart: with one answer an account, as in VKTT2021, the model was surer than it
was right."""

RULES = 1
"""To be raised when the same votes are to give other labels, for a consensus_id never changes its
content.
"""

LABELS = "consensus_labels"


@dataclass(frozen=True)
class Consensus:
    """What a consensus came to; `version` is a store version that holds its labels."""

    method: str
    consensus_id: str
    dataset: str
    accounts: int
    labels: dict[str, int]
    status: dict[str, int]
    version: int
    unchanged: bool = False
    claimants: tuple[dict[str, Any], ...] = ()
    """What the method learnt of each claimant: votes, sensitivity and specificity (value, low,
    high); empty where nothing.
    """
    chains: int = 0
    disagree: int = 0
    """Chains that the method ran, and accounts on which their explanations of the votes part."""
    camps: tuple[tuple[str, ...], ...] = ()
    """Claimants that contradict each other, the more probable camp first; empty where none do."""
    behind: int = 0
    """Claims of platforms that name an organisation behind an account, which are no votes."""

    def document(self) -> dict[str, object]:
        """The contract of `botbench consensus --json`."""
        names = (
            "method",
            "consensus_id",
            "dataset",
            "accounts",
            "labels",
            "status",
            "version",
            "claimants",
        )
        return {
            **{n: getattr(self, n) for n in names},
            "chains": {"n": self.chains, "disagree": self.disagree},
            "camps": [list(camp) for camp in self.camps],
        }


def consensus(
    store: Store,
    dataset: str,
    scheme: Meaning,
    *,
    method: str = DEFAULT,
    kinds: Sequence[str] = KINDS,
    at: str | None = None,
) -> Consensus:
    """Compute and record the labels of a data set's accounts from its claims (as of `at`).

    The same claims give the same consensus_id and write nothing. Raises UserError where there are
    no claims, an answer is not the scheme's, or a method or kind of claimant is unknown.
    """
    fitted = fit_votes(store, dataset, scheme, method=method, kinds=kinds, at=at)
    method, connection = fitted.method, store.connection
    consensus_id = _identity(connection, dataset, scheme, fitted)
    connection.register("consensus_judged", judge(fitted.ballots, fitted.fit, scheme.consensus))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LABELS} AS SELECT {literal(consensus_id)} AS consensus_id,"
        f" {literal(dataset)} AS dataset, account_id, label, p_bot, p_low, p_high, n_claims,"
        f" status, {literal(method)} AS method FROM consensus_judged ORDER BY account_id"
    )
    connection.unregister("consensus_judged")
    message = f"consensus {dataset} by {method} of {', '.join(fitted.kinds)}"
    version, _ = store.transact(lambda t: _record(store, t, dataset, consensus_id), None, message)
    return replace(
        _summary(store, dataset, method, consensus_id, version),
        claimants=claimants(fitted.ballots, fitted.fit),
        chains=fitted.fit.chains,
        disagree=fitted.fit.disagree,
        camps=camps(fitted.ballots, fitted.fit),
        behind=behind(connection, fitted.votes),
    )


@dataclass(frozen=True)
class Fitted:
    """What a method makes of the votes of a data set: the relation of votes (`votes.collect`), the
    same as arrays, the fit, the kinds of claimant that were asked, and the method (never `auto`).
    """

    votes: str
    ballots: Ballots
    fit: Fit
    kinds: list[str]
    method: str


def fit_votes(
    store: Store,
    dataset: str,
    scheme: Meaning,
    *,
    method: str = DEFAULT,
    kinds: Sequence[str] = KINDS,
    at: str | None = None,
) -> Fitted:
    """Fit a method to the votes of a data set. Writes nothing; raises UserError as `consensus`
    does.
    """
    if method != DEFAULT and method not in METHODS.all():
        raise unknown("consensus method", method, [*METHODS.all(), DEFAULT])
    chosen = _kinds(kinds)
    data_sets.require(store, dataset, at)
    claims = store.relation("claims", at)
    votes = collect(store.connection, claims, dataset, chosen, scheme.labels)
    _check_any(store.connection, votes, claims, dataset, chosen)
    voted = ballots(store.connection, votes, str(scheme.consensus.get("adjudication", "latest")))
    named = suited(voted) if method == DEFAULT else method
    fit = METHODS.get(named)(voted) if len(voted.account) else METHODS.get("majority")(voted)
    return Fitted(votes, voted, fit, chosen, named)


def suited(voted: Ballots) -> str:
    """The method that `auto` is: bayesian where claimants have many votes, on accounts that several
    judged.
    """
    account, claimant = np.unique(np.column_stack([voted.account, voted.claimant]), axis=0).T
    judges = np.bincount(account, minlength=len(voted.accounts))
    shared = 2 * (judges >= SEVERAL).sum() >= (judges > 0).sum() > 0
    return (
        "bayesian" if shared and (np.bincount(claimant) >= LEAST).sum() >= SEVERAL else "majority"
    )


def claimants(voted: Ballots, fit: Fit) -> tuple[dict[str, Any], ...]:
    """What a fit says of each claimant, most votes first."""
    if fit.sensitivity is None or fit.specificity is None:
        return ()
    votes = np.bincount(voted.claimant, minlength=len(voted.claimants))
    order = sorted(range(len(votes)), key=lambda j: (-votes[j], voted.claimants[j]))
    return tuple(
        {
            "claimant": voted.claimants[j][1],
            "claimant_kind": voted.claimants[j][0],
            "votes": int(votes[j]),
            "sensitivity": _three(fit.sensitivity[j]),
            "specificity": _three(fit.specificity[j]),
        }
        for j in order
    )


def camps(voted: Ballots, fit: Fit) -> tuple[tuple[str, ...], ...]:
    """The names of the claimants of each camp."""
    return tuple(tuple(sorted(voted.claimants[j][1] for j in camp)) for camp in fit.camps)


def parted(camps: Sequence[Sequence[str]], disagree: int) -> str:
    """The sentence where the votes can be explained in several ways; empty where they cannot."""
    if not disagree:
        return ""
    if not camps:
        return (
            f"The votes can be explained in several ways, which part on {disagree:,} accounts."
            " p_bot weighs each way by its probability. Gold accounts or an adjudicator can tell."
        )
    sides = " | ".join(
        ", ".join(camp[:5]) + (f" and {len(camp) - 5} more" if len(camp) > 5 else "")
        for camp in camps
    )
    return (
        f"The claimants part into {len(camps)} camps that contradict each other: {sides}. They"
        f" part on {disagree:,} accounts, and votes alone cannot show which camp is right. p_bot"
        " weighs each camp by its probability. Gold accounts or an adjudicator can tell."
    )


def _three(values: Array) -> dict[str, float | None]:
    return {
        n: None if np.isnan(v) else float(v)
        for n, v in zip(("value", "low", "high"), values, strict=True)
    }


def judge(voted: Ballots, fit: Fit, rule: Mapping[str, Any]) -> pa.Table:
    """Labels by account: account_id, label, p_bot, p_low, p_high, n_claims, status.

    What adjudicators settled is `adjudicated`; `too few` is below the minimum of judging votes,
    `agreed` where one side is the likelier and has what the rule asks, all else `disputed`. Only
    agreed and adjudicated accounts have a label.
    """
    import pyarrow as pa

    settled = voted.ruling == SETTLED
    enough = (voted.n >= int(rule["minimum"])) & (voted.n > 0)
    agreed = (
        enough & (fit.p_bot != 0.5) & (fit.settled >= float(rule["agreed"])) & (voted.ruling == 0)
    )
    status = np.select(
        [settled, agreed, enough | (voted.ruling == OPEN)],
        ["adjudicated", "agreed", "disputed"],
        "too few",
    )
    label = np.where(np.where(settled, voted.truth == 1, fit.p_bot > 0.5), "bot", "human")
    unlabelled = np.where(settled, np.isnan(voted.truth), ~agreed)

    def column(values: Array | None) -> pa.Array:
        """What an adjudicator said is taken as true."""
        return (
            pa.nulls(len(settled), pa.float64())
            if values is None
            else pa.array(np.where(np.isnan(voted.truth), values, voted.truth))
        )

    return pa.table(
        {
            "account_id": voted.accounts,
            "label": pa.array(label, pa.string(), mask=unlabelled),
            "p_bot": column(fit.p_bot),
            "p_low": column(fit.low),
            "p_high": column(fit.high),
            "n_claims": voted.judging,
            "status": pa.array(status, pa.string()),
        }
    )


def _record(store: Store, transaction: Transaction, dataset: str, consensus_id: str) -> None:
    """Write the labels, and that this consensus is the one that counts now unless it is already."""
    transaction.insert("labels", LABELS)
    if newest_consensus(store, dataset, None) == consensus_id:
        return
    runs = _one(
        store.connection,
        f"SELECT count(*) FROM {store.relation('consensus_runs')} WHERE dataset ="
        f" {literal(dataset)}",
    )
    transaction.insert(
        "consensus_runs",
        rows(
            "consensus_runs",
            [
                {
                    "dataset": dataset,
                    "run": runs + 1,
                    "consensus_id": consensus_id,
                    "made_at": datetime.now(UTC),
                }
            ],
        ),
    )


def _kinds(kinds: Sequence[str]) -> list[str]:
    names = get_args(ClaimantKind)
    if not kinds:
        raise UserError(
            f"No kind of claimant was named. Name some of {', '.join(names)} with --kinds."
        )
    for kind in kinds:
        if kind not in names:
            raise unknown("kind of claimant", kind, names)
    return sorted(set(kinds))


def _check_any(
    connection: duckdb.DuckDBPyConnection,
    votes: str,
    claims: str,
    dataset: str,
    kinds: Sequence[str],
) -> None:
    if _one(connection, f"SELECT count(*) FROM {votes}"):
        return
    there = connection.execute(
        f"SELECT claimant_kind, count(*) FROM {claims} WHERE dataset = ? GROUP BY ALL ORDER BY ALL",
        [dataset],
    ).fetchall()
    if there:
        raise UserError(
            f"{dataset} has no standing claims of the kinds {', '.join(kinds)}; it has "
            f"{', '.join(f'{n:,} of kind {kind}' for kind, n in there)}. Choose with --kinds."
        )
    raise UserError(
        f"{dataset} has no claims in the store: its files hold no label, and nobody has annotated"
        f" it. Draw accounts to annotate: botbench sample {dataset}."
    )


def _identity(
    connection: duckdb.DuckDBPyConnection, dataset: str, scheme: Meaning, fitted: Fitted
) -> str:
    """The consensus_id: of the method, the scheme's version and meaning, the kinds, and every claim
    that was counted.
    """
    used = _one(
        connection,
        "SELECT sha256(coalesce(string_agg(claim_id, chr(10) ORDER BY claim_id), '')) FROM"
        f" {fitted.votes}",
    )
    ruled = _one(connection, f"SELECT count(*) FROM {fitted.votes} WHERE settles")
    return short_hash(
        {
            "rules": RULES,
            "dataset": dataset,
            "method": fitted.method,
            "scheme": scheme.version,
            "labels": dict(scheme.labels),
            "rule": dict(scheme.consensus),
            "kinds": fitted.kinds,
            "claims": used,
            **({"adjudicated": 1} if ruled else {}),
            **({"behind": "no vote"} if behind(connection, fitted.votes) else {}),
            **({"version": fitted.fit.version} if fitted.fit.version > 1 else {}),
        }
    )


def _summary(
    store: Store, dataset: str, method: str, consensus_id: str, version: int | None
) -> Consensus:
    counts = store.connection.execute(
        f"SELECT label, status, count(*) FROM {LABELS} GROUP BY ALL"
    ).fetchall()
    labels = {name: sum(n for label, _, n in counts if label == name) for name in ("bot", "human")}
    status = {name: sum(n for _, s, n in counts if s == name) for name in get_args(LabelStatus)}
    if not status["adjudicated"]:
        del status["adjudicated"]
    return Consensus(
        method,
        consensus_id,
        dataset,
        sum(n for *_, n in counts),
        labels,
        status,
        version or store.head(),
        version is None,
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
