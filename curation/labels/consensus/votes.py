"""The votes that count: a relation made of standing claims, and arrays of codes for the methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import UserError
from botbench.core.sql import literal, literals
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import pyarrow as pa

TRAINING = "training"
"""The `part` (an attribute of a person's claim) of answers that are followed by the solution: no
votes.
"""

ADJUDICATOR = "adjudicator"
"""The `role` (an attribute of a person's claim) whose answer settles an account."""

NO_TRAINING = f"coalesce({{}}attributes['part'], '') <> '{TRAINING}'"

BEHIND = "claimant_kind = 'platform' AND answer = 'organisation'"
"""A platform that names an organisation says who is behind an account, and not whether people or
software write: no vote. A person or a data set's authors answer of the account itself.
"""

SETTLED, OPEN = 1, 2

Array = NDArray[Any]


class Meaning(Protocol):
    """A scheme as far as it is needed: version, what answers mean, and when votes agree."""

    @property
    def version(self) -> str:
        """The scheme's version."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """Answer to bot, human or None, where it leaves the account out."""

    @property
    def consensus(self) -> Mapping[str, Any]:
        """`minimum`: judging votes needed; `agreed`: the share of them that must say the same;
        `adjudication`: see Rule.
        """


def collect(
    connection: duckdb.DuckDBPyConnection,
    claims: str,
    dataset: str,
    kinds: Sequence[str],
    labels: Mapping[str, Any],
) -> str:
    """Collect the votes in a temporary table; returns its name. Columns: account_id, claimant_kind,
    claimant, answer, known (by the scheme), label, claim_id, made_at, settles.

    A claim counts where it stands, and its claimant has said nothing later of the account. Claims
    of one moment, or of unknown time, are simultaneous: where they differ, the claimant contradicts
    itself, and all count. An adjudicator's answer `settles` the account, and
    is no vote among others; an answer in training does not count at all. What a platform says of
    who is behind an account (`BEHIND`) has no label. Raises UserError for an answer that the scheme
    does not have.
    """
    votes = "consensus_votes"
    meanings = ", ".join(
        f"({literal(answer)}, {literal(label)})" for answer, label in sorted(labels.items())
    )
    among = literals(kinds)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {votes} AS
        WITH standing AS (
            SELECT claim_id, account_id, claimant_kind, claimant, answer, made_at,
                claimant_kind = 'person' AND coalesce(attributes['role'], '') = '{ADJUDICATOR}'
                    AS settles
            FROM {standing_claims(claims)}
            WHERE dataset = {literal(dataset)} AND claimant_kind IN ({among})
                AND {NO_TRAINING.format("")}),
        latest AS (
            FROM standing QUALIFY made_at IS NULL OR made_at = max(made_at) OVER (
                PARTITION BY account_id, claimant_kind, claimant, settles))
        SELECT account_id, claimant_kind, claimant, answer, meaning.answer IS NOT NULL AS known,
            CASE WHEN {BEHIND} THEN NULL ELSE label END AS label, claim_id, made_at, settles
        FROM latest LEFT JOIN (VALUES {meanings}) meaning(answer, label) USING (answer)""")
    unknown_answers = connection.execute(
        f"SELECT answer, count(*) FROM {votes} WHERE NOT known GROUP BY ALL ORDER BY answer LIMIT 5"
    ).fetchall()
    if unknown_answers:
        raise UserError(
            f"Claims of {dataset} hold answers that the scheme does not:"
            f" {', '.join(f'{a!r} ({n:,} times)' for a, n in unknown_answers)}. It knows"
            f" {', '.join(sorted(labels))}; map the answers in the card (and pull again), or name"
            " the scheme they were given under with --scheme."
        )
    return votes


def behind(connection: duckdb.DuckDBPyConnection, votes: str) -> int:
    """How many claims of `votes` (`collect`) say who is behind an account, and are no votes."""
    row = connection.execute(f"SELECT count(*) FROM {votes} WHERE {BEHIND}").fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Ballots:
    """Judging votes as codes: vote i is `claimant[i]` saying bot (1) or human (0) of `account[i]`.

    `accounts` are the ids, sorted, with those on which nobody judged; `claimants` are (kind, name),
    sorted. `truth` is 1, 0 or NaN by account: what adjudicators settled, and methods may learn
    from; `ruling` says whether they did (SETTLED, also as neither), contradict each other (OPEN),
    or said nothing (0). `judging` counts claimants whose answer judges, adjudicators too.
    """

    account: Array
    claimant: Array
    bot: Array
    accounts: pa.Array
    claimants: tuple[tuple[str, str], ...]
    truth: Array
    ruling: Array
    judging: Array

    @property
    def bots(self) -> Array:
        """Votes for bot, by account."""
        return np.bincount(self.account, weights=self.bot, minlength=len(self.accounts))

    @property
    def n(self) -> Array:
        """Judging votes, by account."""
        return np.bincount(self.account, minlength=len(self.accounts))

    def kinds(self) -> tuple[list[str], Array]:
        """The kinds of claimant, sorted, and each claimant's place among them."""
        names = sorted({kind for kind, _ in self.claimants})
        return names, np.array([names.index(kind) for kind, _ in self.claimants], dtype=np.int64)

    def only(self, votes: Array) -> Ballots:
        """The same accounts and claimants with some of the votes (a mask)."""
        return Ballots(
            self.account[votes],
            self.claimant[votes],
            self.bot[votes],
            self.accounts,
            self.claimants,
            self.truth,
            self.ruling,
            self.judging,
        )


def ballots(
    connection: duckdb.DuckDBPyConnection, votes: str, adjudication: str = "latest"
) -> Ballots:
    """The votes of a relation (`collect`) as arrays; a claimant has one vote for each label it gave
    of an account.

    Adjudicators' answers are the truth of an account: the `latest` of them, or only `unanimous`
    ones; where those of one moment differ, or one is not unanimous, there is none.
    """
    import pyarrow as pa

    last = (
        ""
        if adjudication == "unanimous"
        else "QUALIFY made_at IS NOT DISTINCT FROM max(made_at) OVER (PARTITION BY account_id)"
    )
    judges = (
        f"SELECT DISTINCT claimant_kind, claimant FROM {votes}"
        " WHERE label IS NOT NULL AND NOT settles"
    )
    table = connection.execute(f"""
        WITH accounts AS (
            SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS account
            FROM (SELECT DISTINCT account_id FROM {votes})),
        claimants AS (
            SELECT claimant_kind, claimant,
                row_number() OVER (ORDER BY claimant_kind, claimant) - 1 AS place
            FROM ({judges}))
        SELECT DISTINCT account, place, (label = 'bot')::BIGINT AS bot
        FROM {votes} JOIN accounts USING (account_id) JOIN claimants USING (claimant_kind, claimant)
        WHERE label IS NOT NULL AND NOT settles ORDER BY account, place, bot""").to_arrow_table()
    accounts = connection.execute(f"""
        WITH rulings AS (
            SELECT account_id, min(label) AS label,
                CASE WHEN count(DISTINCT coalesce(label, '-')) = 1 THEN {SETTLED} ELSE {OPEN} END
                    AS ruling
            FROM (SELECT account_id, label, made_at FROM {votes} WHERE settles {last})
            GROUP BY account_id),
        judged AS (
            SELECT account_id, count(DISTINCT (claimant_kind, claimant, label))
                FILTER (label IS NOT NULL) AS judging
            FROM {votes} GROUP BY account_id)
        SELECT account_id, CASE WHEN ruling = {SETTLED} THEN (label = 'bot')::DOUBLE END AS truth,
            coalesce(ruling, 0) AS ruling, judging
        FROM judged LEFT JOIN rulings USING (account_id) ORDER BY account_id""").to_arrow_table()
    names = connection.execute(f"{judges} ORDER BY ALL").fetchall()
    ids = accounts["account_id"].combine_chunks()
    account, claimant, bot = (
        table[c].to_numpy().astype(np.int64) for c in ("account", "place", "bot")
    )
    return Ballots(
        account,
        claimant,
        bot,
        accounts=ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids,
        claimants=tuple((str(kind), str(name)) for kind, name in names),
        truth=accounts["truth"].to_numpy(zero_copy_only=False).astype(float),
        ruling=accounts["ruling"].to_numpy().astype(np.int64),
        judging=accounts["judging"].to_numpy().astype(np.int64),
    )
