"""Retracted claims and standing claims.

A claim is retracted by its own claimant (same kind and name), by an erasure (which deletes its
row) or by the pull that supersedes its own (`SUPERSEDED`). A retraction by another claimant has
no effect: it is set aside on arrival (`set_aside`), and ignored in old stores and releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

BY_PULL = "superseding pull"
SUPERSEDED = f"attributes['retracted_by'] = '{BY_PULL}'"
"""SQL for a pull's own retraction of a claim of an earlier pull of the same data set.

Only the pull writes this attribute. A source's row that has it is judged like any other.
"""

REASON = "foreign_retraction"
MESSAGE = "it retracts a claim of another claimant; a claimant retracts only its own claims"


def standing_claims(claims: str) -> str:
    """SQL, in brackets, for the standing claims: those with an answer that are not retracted.

    `claims` is SQL for a claims table: `store.relation("claims", version)`, or a release's
    `read_parquet(...)`. Give all of it and filter the result: a retraction is looked up in it.
    """
    return (
        f"(SELECT c.* FROM {claims} c ANTI JOIN {retractions(claims)} r ON r.claim_id = c.claim_id"
        " WHERE c.answer IS NOT NULL)"
    )


def retractions(claims: str) -> str:
    """SQL, in brackets, for the retracted claims, one row a claim.

    Columns: claim_id, retracted_at (NULL where unknown), replaced_by (the new answer, if any).
    """
    return f"""(
        SELECT c.claim_id, any_value(r.made_at) AS retracted_at, min(r.answer) AS replaced_by
        FROM {claims} r JOIN {claims} c ON c.claim_id = r.retracts
        WHERE ({_own("r", "c")} OR {_superseded("r", "c")}) AND {_not_undone("r", claims)}
        GROUP BY c.claim_id)"""


def in_force_by_pull(alias: str, claims: str) -> str:
    """SQL that is true for a superseding pull's retraction that no later pull has undone.

    A later pull that makes the claim again retracts the retraction.
    """
    return f"(coalesce({alias}.{SUPERSEDED}, false) AND {_not_undone(alias, claims)})"


def _not_undone(alias: str, claims: str) -> str:
    return (
        f"{alias}.claim_id NOT IN (SELECT u.retracts FROM {claims} u WHERE u.retracts IS NOT NULL"
        f" AND coalesce(u.{SUPERSEDED}, false))"
    )


def foreign_retractions(offered: str, from_source: bool = False) -> str:
    """SQL, in brackets, for the offered retractions that name another claimant's claim.

    Columns: claim_id, dataset, account_id, retracts, message. `offered` is SQL for a claims table.
    With `from_source` no row counts as the superseding pull's own retraction.
    """
    columns = "claim_id, dataset, claimant_kind, claimant, pull_id"
    named = (
        f"(SELECT {columns} FROM lake.main.claims UNION SELECT {columns} FROM {offered}"
        f" WHERE claim_id IN (SELECT retracts FROM {offered}))"
    )
    allowed = _own("r", "c") + ("" if from_source else f" OR {_superseded('r', 'c')}")
    return f"""(
        SELECT DISTINCT r.claim_id, r.dataset, r.account_id, r.retracts,
            r.claimant || ' (' || r.claimant_kind || ') retracts a claim of ' || c.claimant || ' ('
            || c.claimant_kind || '); a claimant retracts only its own claims' AS message
        FROM (FROM {offered} WHERE retracts IS NOT NULL) r JOIN {named} c ON c.claim_id = r.retracts
        WHERE NOT ({allowed}))"""


def mark() -> str:
    """SQL for rows of `retractions_set_aside`: stored retractions without effect.

    The retractions stay in `claims`, so `raw` is NULL.
    """
    return (
        f"SELECT * EXCLUDE (message), {_SET_ASIDE.format(message='message', raw='NULL::VARCHAR')}"
        f" FROM {foreign_retractions('lake.main.claims')}"
    )


def any_retraction(connection: duckdb.DuckDBPyConnection, offered: str) -> bool:
    """Whether a row of a claims table retracts a claim; most imports have none."""
    query = f"SELECT 1 FROM {offered} WHERE retracts IS NOT NULL LIMIT 1"
    return connection.execute(query).fetchone() is not None


def set_aside(connection: duckdb.DuckDBPyConnection, offered: str) -> str | None:
    """Divide claims that are offered to the store (a temporary table with the schema's columns).

    Returns None where every retraction among them is its claimant's own. Otherwise the temporary
    table `claims_accepted` has the other rows, in their order, and `claims_set_aside` those set
    aside, as rows of `retractions_set_aside`; returns the name of the first.
    """
    if not any_retraction(connection, offered):
        return None
    values = _SET_ASIDE.format(message="f.message", raw="to_json(o)::VARCHAR")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE claims_set_aside AS"
        f" SELECT f.* EXCLUDE (message), {values} FROM {offered} o"
        f" JOIN {foreign_retractions(offered)} f USING (claim_id)"
    )
    if not connection.execute("SELECT 1 FROM temp.claims_set_aside LIMIT 1").fetchone():
        return None
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE claims_accepted AS FROM {offered}"
        " WHERE claim_id NOT IN (SELECT claim_id FROM temp.claims_set_aside) ORDER BY rowid"
    )
    return "claims_accepted"


_SET_ASIDE = f"'{REASON}' AS reason, {{message}} AS message, {{raw}} AS raw, now() AS set_aside_at"


def _own(retraction: str, claim: str) -> str:
    return (
        f"({retraction}.claimant_kind = {claim}.claimant_kind"
        f" AND {retraction}.claimant = {claim}.claimant)"
    )


def _superseded(retraction: str, claim: str) -> str:
    return (
        f"coalesce({retraction}.{SUPERSEDED} AND {retraction}.dataset = {claim}.dataset"
        f" AND {retraction}.pull_id <> {claim}.pull_id, false)"
    )
