"""From claims to labels: one vote for each claimant and account, the latest not retracted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, get_args

import duckdb

from curation.current import newest_consensus, quoted
from curation.errors import UserError, unknown
from curation.identity import short_hash
from curation.schema import ClaimantKind, LabelStatus, rows
from curation.store import Store, Transaction

KINDS = ("person", "dataset")
"""Whose claims count unless said otherwise: a suspension is not a bot, and rules and models are what is judged."""

RULES = 1
"""To be raised when the same votes are to give other labels, for a consensus_id never changes its content."""

VOTES, TALLY, LABELS = "consensus_votes", "consensus_tally", "consensus_labels"


class Meaning(Protocol):
    """What of a scheme is needed: its version, what each answer means, and when votes have agreed."""

    @property
    def version(self) -> str:
        """The scheme's version."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """Answer to bot, human or None, where it leaves the account out."""

    @property
    def consensus(self) -> Mapping[str, float]:
        """`minimum`: judging votes needed; `agreed`: the share of them that must say the same."""


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

    def document(self) -> dict[str, object]:
        """The contract of `botbench consensus --json`."""
        return {n: getattr(self, n) for n in ("method", "consensus_id", "dataset", "accounts", "labels", "status", "version")}


def consensus(store: Store, dataset: str, scheme: Meaning, *, method: str = "majority", kinds: Sequence[str] = KINDS,
              at: str | None = None) -> Consensus:
    """Compute and record the labels of a data set's accounts from its claims (as of `at`).

    The same claims give the same consensus_id and write nothing. Raises UserError where there are no claims, an
    answer is not the scheme's, or a method or kind of claimant is unknown.
    """
    if method not in METHODS:
        raise unknown("consensus method", method, METHODS)
    chosen = _kinds(kinds)
    connection = store.connection
    claims = store.relation("claims", at)
    collect(connection, claims, dataset, chosen, scheme.labels)
    _check_any(connection, claims, dataset, chosen)
    tally(connection)
    consensus_id = _identity(connection, dataset, scheme, method, chosen)
    METHODS[method](connection, scheme.consensus)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LABELS} AS SELECT {quoted(consensus_id)} AS consensus_id, {quoted(dataset)} AS dataset, "
        f"account_id, label, p_bot, NULL::DOUBLE AS p_low, NULL::DOUBLE AS p_high, "
        f"n_claims, status, {quoted(method)} AS method FROM consensus_judged ORDER BY account_id")
    said = f"consensus {dataset} by {method} of {', '.join(chosen)}"
    version, _ = store.transact(lambda t: _record(store, t, dataset, consensus_id), None, said)
    return _summary(store, dataset, method, consensus_id, version)


def collect(connection: duckdb.DuckDBPyConnection, claims: str, dataset: str, kinds: Sequence[str],
            labels: Mapping[str, Any]) -> None:
    """Leave the votes in the temporary table `consensus_votes`: account_id, claimant_kind, claimant, label, claim_id.

    A claim counts where its claimant has not taken it back, and has said nothing later of the account. Claims of one
    moment, or of unknown time, are simultaneous: where they differ, the claimant contradicts itself, and all count.
    """
    said = ", ".join(f"({quoted(answer)}, {quoted(label)})" for answer, label in sorted(labels.items()))
    among = ", ".join(quoted(kind) for kind in kinds)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {VOTES} AS
        WITH mine AS (
            SELECT claim_id, account_id, claimant_kind, claimant, answer, made_at, retracts
            FROM {claims} WHERE dataset = {quoted(dataset)} AND claimant_kind IN ({among})),
        standing AS (
            FROM mine m ANTI JOIN (FROM mine WHERE retracts IS NOT NULL) r
            ON m.claim_id = r.retracts AND m.claimant_kind = r.claimant_kind AND m.claimant = r.claimant
            WHERE m.answer IS NOT NULL),
        latest AS (
            FROM standing QUALIFY made_at IS NULL
            OR made_at = max(made_at) OVER (PARTITION BY account_id, claimant_kind, claimant))
        SELECT account_id, claimant_kind, claimant, answer, meaning.answer IS NOT NULL AS known, label, claim_id
        FROM latest LEFT JOIN (VALUES {said}) meaning(answer, label) USING (answer)""")
    strange = connection.execute(
        f"SELECT answer, count(*) FROM {VOTES} WHERE NOT known GROUP BY ALL ORDER BY answer LIMIT 5").fetchall()
    if strange:
        raise UserError(f"Claims of {dataset} hold answers that the scheme does not: "
                        f"{', '.join(f'{a!r} ({n:,} times)' for a, n in strange)}. It knows {', '.join(sorted(labels))}; map the "
                        "answers in the card (and pull again), or name the scheme they were given under with --scheme.")


def tally(connection: duckdb.DuckDBPyConnection) -> None:
    """Count the votes into the temporary table `consensus_tally`: account_id, bots, humans, others (that do not judge).

    A claimant has one vote for each label it gave, however many claims say so; equal ones are one.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {TALLY} AS
        SELECT account_id, count(*) FILTER (label = 'bot') AS bots, count(*) FILTER (label = 'human') AS humans,
               count(*) FILTER (label IS NULL) AS others
        FROM (SELECT DISTINCT account_id, claimant_kind, claimant, label FROM {VOTES}) GROUP BY account_id""")


def majority(connection: duckdb.DuckDBPyConnection, rule: Mapping[str, float]) -> None:
    """Judge the tally by majority into the temporary table `consensus_judged`.

    p_bot = (bots + 1/2) / (votes + 1), with Jeffreys' prior; `too few` below the minimum of judging votes, `agreed`
    where the larger side has its share, else `disputed`. Shares are compared to four decimals: 0.6667 is two of three.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE consensus_judged AS
        WITH counted AS (SELECT account_id, bots, bots + humans AS n, greatest(bots, humans) AS most FROM {TALLY}),
        judged AS (
            SELECT *, CASE WHEN n < {int(rule['minimum'])} OR n = 0 THEN 'too few'
                           WHEN 2 * most > n AND round(most / n, 4) >= {float(rule['agreed'])!r} THEN 'agreed'
                           ELSE 'disputed' END AS status
            FROM counted)
        SELECT account_id, CASE WHEN status <> 'agreed' THEN NULL WHEN 2 * bots > n THEN 'bot' ELSE 'human' END AS label,
               (bots + 0.5::DOUBLE) / (n + 1) AS p_bot, n AS n_claims, status FROM judged""")


METHODS: dict[str, Callable[[duckdb.DuckDBPyConnection, Mapping[str, float]], None]] = {"majority": majority}
"""Each turns the tally into `consensus_judged`: account_id, label, p_bot, n_claims, status."""


def _record(store: Store, transaction: Transaction, dataset: str, consensus_id: str) -> None:
    """Write the labels, and that this consensus is the one that counts now unless it is already."""
    transaction.insert("labels", LABELS)
    if newest_consensus(store, dataset, None) == consensus_id:
        return
    runs = _one(store.connection, f"SELECT count(*) FROM {store.relation('consensus_runs')} WHERE dataset = {quoted(dataset)}")
    transaction.insert("consensus_runs", rows("consensus_runs", [
        {"dataset": dataset, "run": runs + 1, "consensus_id": consensus_id, "made_at": datetime.now(UTC)}]))


def _kinds(kinds: Sequence[str]) -> list[str]:
    known = get_args(ClaimantKind)
    if not kinds:
        raise UserError(f"No kind of claimant was named. Name some of {', '.join(known)} with --kinds.")
    for kind in kinds:
        if kind not in known:
            raise unknown("kind of claimant", kind, known)
    return sorted(set(kinds))


def _check_any(connection: duckdb.DuckDBPyConnection, claims: str, dataset: str, kinds: Sequence[str]) -> None:
    if _one(connection, f"SELECT count(*) FROM {VOTES}"):
        return
    there = connection.execute(
        f"SELECT claimant_kind, count(*) FROM {claims} WHERE dataset = ? GROUP BY ALL ORDER BY ALL", [dataset]).fetchall()
    if there:
        raise UserError(f"{dataset} has no standing claims of the kinds {', '.join(kinds)}; it has "
                        f"{', '.join(f'{n:,} of kind {kind}' for kind, n in there)}. Choose with --kinds.")
    raise UserError(f"{dataset} has no claims in the store. Bring them in: botbench pull {dataset}, or botbench annotate.")


def _identity(connection: duckdb.DuckDBPyConnection, dataset: str, scheme: Meaning, method: str, kinds: list[str]) -> str:
    """The consensus_id: of the method, the scheme's version and meaning, the kinds, and every claim that was counted."""
    used = _one(connection, f"SELECT sha256(coalesce(string_agg(claim_id, chr(10) ORDER BY claim_id), '')) FROM {VOTES}")
    return short_hash({"rules": RULES, "dataset": dataset, "method": method, "scheme": scheme.version,
                       "labels": dict(scheme.labels), "rule": dict(scheme.consensus), "kinds": kinds, "claims": used})


def _summary(store: Store, dataset: str, method: str, consensus_id: str, version: int | None) -> Consensus:
    rows = store.connection.execute(f"SELECT label, status, count(*) FROM {LABELS} GROUP BY ALL").fetchall()
    labels = {name: sum(n for label, _, n in rows if label == name) for name in ("bot", "human")}
    status = {name: sum(n for _, s, n in rows if s == name) for name in get_args(LabelStatus) if name != "adjudicated"}
    return Consensus(method, consensus_id, dataset, sum(n for *_, n in rows), labels, status,
                     version or store.head(), version is None)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
