"""What live pages say, beside what the store holds: posts seen again, claims that no longer stand.

Readers of live pages fill three tables: `live_seen` (accounts whose labels were all to be seen),
`live_negated` (labels that were taken back), `live_opted_out` (accounts that do not want to be
collected), and give status rows of accounts that are gone without a profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.text.numbers import counted
from curation.store import identity
from curation.store.retractions import standing_claims
from curation.store.schema import TABLES
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from curation.ingest.reading.stage import Stage

SEEN, NEGATED, OPTED_OUT = "live_seen", "live_negated", "live_opted_out"
COLUMNS = {
    SEEN: "account_id VARCHAR, seen TIMESTAMPTZ, claimants VARCHAR[]",
    NEGATED: "account_id VARCHAR, claimant VARCHAR, label VARCHAR, made_at TIMESTAMPTZ,"
    " _member VARCHAR, _row BIGINT",
    OPTED_OUT: "account_id VARCHAR",
}
OWNERS = {"posts": "account_id", "claims": "account_id", "accounts": "account_id"}
OPT_OUT, OPT_OUT_SAYS = (
    "opted_out",
    "the account does not want to be collected; of its row nothing was kept",
)
LOST = ("suspended", "deleted", "deactivated", "gone")
KEPT_AS_SEEN = ("dataset", "account_id", "observed_at", "platform", "status", "extra", "pull_id")
BARE = "followers IS NULL AND posts_total IS NULL AND status IS NULL"


def prepare(stage: Stage) -> None:
    """Make the empty tables that a reader of live pages fills."""
    for name, columns in COLUMNS.items():
        stage.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        stage.parsed.append(name)


def settle(stage: Stage) -> None:
    """Compare what was staged with the store; call it after everything is staged."""
    known = _Known(stage)
    _leave_opted_out(stage)
    _keep_one_observation(stage)
    _drop_bare_rows(stage, known)
    _carry_profiles(stage, known)
    _drop_known_posts(stage, known)
    _retract(stage, known)
    _drop_known_claims(stage, known)


class _Known:
    """SQL of the data set's rows in the store; of none where there is no store."""

    def __init__(self, stage: Stage) -> None:
        row = stage.connection.execute(
            "SELECT count(*) FROM duckdb_databases() WHERE database_name = 'lake'"
        ).fetchone()
        self.there, self.dataset = bool(row and row[0]), stage.dataset

    def table(self, name: str) -> str:
        """A table's rows of the data set, in brackets."""
        if self.there:
            return f"(FROM lake.main.{name} WHERE dataset = {literal(self.dataset)})"
        columns = ", ".join(f"NULL::{c.type} AS {c.name}" for c in TABLES[name].columns)
        return f"(SELECT {columns} LIMIT 0)"


def _leave_opted_out(stage: Stage) -> None:
    """Move the rows of accounts that opted out to the quarantine, without their content."""
    people = 0
    for table, owner in OWNERS.items():
        where = f"WHERE {owner} IN (SELECT account_id FROM {OPTED_OUT})"
        row = stage.connection.execute(
            f"SELECT count(DISTINCT {owner}) FROM pull_{table} {where}"
        ).fetchone()
        people = max(people, int(row[0]) if row else 0)
        stage.connection.execute(
            f"INSERT INTO pull_quarantine SELECT {literal(table)}, NULL, NULL, {literal(OPT_OUT)},"
            f" {literal(OPT_OUT_SAYS)}, NULL FROM pull_{table} {where}"
        )
        stage.connection.execute(f"DELETE FROM pull_{table} {where}")
    if people:
        stage.notes[OPT_OUT] = (
            f"{counted(people, 'account')} left out, by their own wish (opt-outs of the network)."
        )


def _keep_one_observation(stage: Stage) -> None:
    """Keep the last observation of an account; one pull sees it on many pages."""
    later = (
        "SELECT rowid FROM pull_accounts QUALIFY row_number() OVER (PARTITION BY account_id,"
        f" coalesce(status IN {LOST}, false), {BARE} ORDER BY observed_at DESC NULLS LAST) > 1"
    )
    _repeat(stage, "accounts", f"rowid IN ({later})")


def _drop_bare_rows(stage: Stage, known: _Known) -> None:
    """Drop accounts seen only as authors, where their profile is in the pull or the store."""
    others = (
        f"SELECT account_id FROM pull_accounts WHERE NOT ({BARE}) AND status IS NULL UNION"
        f" SELECT account_id FROM {known.table('accounts')}"
    )
    _repeat(stage, "accounts", f"{BARE} AND account_id IN ({others})")


def _carry_profiles(stage: Stage, known: _Known) -> None:
    """Give an account that is gone the profile that it was last seen with, marked as such.

    The latest observation then says both what the account was and what became of it.
    """
    columns = [n for n in TABLES["accounts"].names if n not in KEPT_AS_SEEN]
    listed = ", ".join(columns)
    before = (
        f"SELECT account_id, observed_at, {listed} FROM {latest(known.table('accounts'))}"
        f" UNION ALL SELECT account_id, observed_at, {listed} FROM pull_accounts"
        " WHERE status IS NULL"
    )
    last = (
        f"SELECT * FROM ({before}) QUALIFY row_number() OVER (PARTITION BY account_id"
        " ORDER BY observed_at DESC NULLS LAST) = 1"
    )
    carried = ", ".join(f"{c} = coalesce(pull_accounts.{c}, s.{c})" for c in columns)
    stage.connection.execute(
        f"UPDATE pull_accounts SET {carried}, extra = map_concat(coalesce(extra, MAP {{}}),"
        " MAP {'profile_seen_at': s.observed_at::VARCHAR})"
        f" FROM ({last}) s WHERE s.account_id = pull_accounts.account_id"
        f" AND pull_accounts.status IN {LOST} AND s.observed_at IS NOT NULL"
    )


def _drop_known_posts(stage: Stage, known: _Known) -> None:
    """Count posts that the store has as duplicates: their likes and texts stay as first seen."""
    again = _repeat(stage, "posts", f"post_id IN (SELECT post_id FROM {known.table('posts')})")
    if again:
        stage.notes["seen_again"] = (
            f"{counted(again, 'post')} seen again; the store keeps them as they were first seen."
        )


def _retract(stage: Stage, known: _Known) -> None:
    """Stage retractions of claims that their claimant took back, or no longer makes."""
    claims = known.table("claims")
    standing = f"(SELECT * FROM {standing_claims(claims)} WHERE attributes['label'] IS NOT NULL)"
    same = (
        "c.account_id = {0}.account_id AND c.claimant = {0}.claimant"
        " AND c.attributes['label'] = {0}.{1}"
    )
    made_now = (
        "SELECT 1 FROM pull_claims p WHERE p.account_id = c.account_id AND p.claimant = c.claimant"
        " AND p.attributes['label'] = c.attributes['label']"
    )
    both = f"(SELECT * FROM {standing} UNION ALL BY NAME SELECT * FROM ({_staged()}))"
    negated = (
        f"SELECT c.*, n.made_at AS back_at, n._member AS m, n._row AS r FROM {both} c"
        f" JOIN {NEGATED} n ON {same.format('n', 'label')}"
        " WHERE c.made_at IS NULL OR c.made_at <= n.made_at"
    )
    gone = (
        f"SELECT c.*, s.seen AS back_at, NULL AS m, NULL AS r FROM {standing} c"
        f" JOIN (SELECT account_id, max(seen) AS seen, any_value(claimants) AS claimants"
        f" FROM {SEEN} GROUP BY account_id) s USING (account_id)"
        f" WHERE list_contains(s.claimants, c.claimant) AND NOT EXISTS ({made_now})"
        " AND (c.made_at IS NULL OR c.made_at <= s.seen)"
    )
    found = (
        f"SELECT * FROM ({negated} UNION ALL {gone})"
        " QUALIFY row_number() OVER (PARTITION BY claim_id ORDER BY back_at) = 1"
    )
    filled = {
        "dataset": "dataset",
        "account_id": "account_id",
        "claimant": "claimant",
        "claimant_kind": "claimant_kind",
        "made_at": "back_at",
        "attributes": "MAP {'label': attributes['label']}",
        "retracts": "claim_id",
        "pull_id": literal(stage.pull_id),
    }
    columns = ", ".join(
        f"{filled.get(c.name, 'NULL')}::{c.type} AS {c.name}" for c in TABLES["claims"].columns
    )
    row = stage.connection.execute(
        f"INSERT INTO pull_claims BY NAME SELECT * REPLACE ({identity.claim_id()} AS claim_id)"
        f" FROM (SELECT {columns}, m AS _member, r AS _row FROM ({found}))"
    ).fetchone()
    stage.read["claims"] += int(row[0]) if row else 0


def _drop_known_claims(stage: Stage, known: _Known) -> None:
    """Count claims that stand already as duplicates, whatever time they are said to be of."""
    standing = standing_claims(known.table("claims"))
    _repeat(
        stage,
        "claims",
        "retracts IS NULL AND (account_id, claimant, answer, attributes['label']) IN"
        f" (SELECT (account_id, claimant, answer, attributes['label']) FROM {standing}"
        " WHERE attributes['label'] IS NOT NULL)",
    )


def _staged() -> str:
    names = ", ".join(TABLES["claims"].names)
    return f"SELECT {names} FROM pull_claims WHERE answer IS NOT NULL"


def _repeat(stage: Stage, table: str, where: str) -> int:
    """Take staged rows out and count them as duplicates; their number."""
    row = stage.connection.execute(f"DELETE FROM pull_{table} WHERE {where}").fetchone()
    count = int(row[0]) if row else 0
    stage.repeated[table] += count
    return count
