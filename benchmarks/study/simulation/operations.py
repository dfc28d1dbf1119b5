"""Simulated posts with planted groups, and how well a network finds them.

People live in time zones and communities: they are awake 16 hours, repost and reply to what is new,
and share links, tags, phrases and addressees with their community far more than with others.
Members of a planted group live so too, and now and then do one thing together within 45 seconds.
Nobody here exists. Rows are made in DuckDB from md5 of the seed: no order changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from benchmarks.study.coordination.network import TieNetwork

DAY, AWAKE, LAG, SLOT = 86_400, 57_600, 14_400, 1_800
COMMUNITIES = 40
TRACES = ("hashtags", "link", "mention", "reply", "repost", "rhythm", "source", "text")
TOGETHER, DELAY = 0.8, 45
"""How often a member joins in, and the most seconds it comes late."""


@dataclass(frozen=True)
class Setting:
    """Accounts, their actions in `days`, and planted groups of 5 to 24 members.

    Each group does `together` things together, all of one trace (in turn).
    """

    accounts: int = 100_000
    actions: int = 10_000_000
    days: int = 30
    groups: int = 80
    together: int = 20
    seed: int = 0


def simulate(
    connection: duckdb.DuckDBPyConnection, setting: Setting, file: Path | None = None
) -> tuple[str, str]:
    """Make the tables of posts and of planted accounts (account_id, g, trace); their names.

    With `file` the posts are written there as Parquet, as a store keeps them, and read from it.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP MACRO chance(a, b, c) AS
            ((md5_number_lower({setting.seed} || ' ' || a || ' ' || b || ' ' || c) >> 11)::DOUBLE
                + 0.5) / 9007199254740992.0;
        CREATE OR REPLACE TEMP MACRO named(x) AS
            'u' || left(md5('name ' || {setting.seed} || ' ' || x), 12);
        CREATE OR REPLACE TEMP MACRO worded(x) AS
            regexp_replace(translate(md5(x), '0123456789abcdef', 'eaiounrtslmdkpgb'),
                '(.....)', '\\1 ', 'g')""")
    people = materialise(
        connection,
        "simulated_people",
        f"""
        SELECT i, floor(chance(i, 1, 0) * 24)::BIGINT * 3600 AS zone,
            floor(chance(i, 2, 0) * {COMMUNITIES})::BIGINT AS community,
            'app ' || floor(exp(chance(i, 3, 0) * ln(60)))::BIGINT AS app,
            exp(1.2 * sqrt(-2 * ln(chance(i, 4, 0))) * cos(2 * pi() * chance(i, 5, 0))) AS weight
        FROM range({setting.accounts}) r(i)""",
    )
    planted = materialise(
        connection,
        "simulated_planted",
        f"""
        WITH sizes AS (
            SELECT g, 5 + floor(chance(g, 6, 0) * 20)::BIGINT AS size
            FROM range({setting.groups}) r(g)),
        first AS (SELECT *, sum(size) OVER (ORDER BY g) - size AS first FROM sizes)
        SELECT (first + unnest(range(size)))::BIGINT AS i, g,
            {list(TRACES)}[1 + g % {len(TRACES)}] AS trace
        FROM first WHERE first + size <= {setting.accounts}""",
    )
    groups = materialise(
        connection,
        "simulated_groups",
        f"SELECT named(i) AS account_id, g, trace FROM {planted}",
    )
    rows = f"{_organic(people, setting)} UNION ALL {_together(people, planted, setting)}"
    if file is None:
        return materialise(connection, "simulated_posts", rows), groups
    connection.execute(f"COPY ({rows}) TO {literal(str(file))} (FORMAT parquet)")
    return f"read_parquet({literal(str(file))})", groups


def _organic(people: str, setting: Setting) -> str:
    """SQL of what accounts do by themselves."""
    new = "p.pool || '.' || p.slot || '.' || floor(exp(chance(i, k, 6) * ln(300)))::BIGINT"
    return f"""
        SELECT named(i) AS account_id, to_timestamp(t) AS created_at, kind,
            CASE WHEN kind <> 'original' THEN 'p' || {new} END AS ref_post_id,
            NULL::VARCHAR AS ref_account_id,
            CASE WHEN kind = 'original' AND chance(i, k, 7) < 0.3
                THEN ['https://example.org/' || {new}] ELSE [] END AS urls,
            CASE WHEN kind = 'original' AND chance(i, k, 8) < 0.25 THEN [
                't' || pool || '.' || floor(exp(chance(i, k, 9) * ln(100)))::BIGINT,
                't' || pool || '.' || floor(exp(chance(i, k, 10) * ln(100)))::BIGINT]
                ELSE [] END AS hashtags,
            CASE WHEN kind <> 'repost' AND chance(i, k, 11) < 0.25 THEN [
                'm' || pool || '.' || floor(exp(chance(i, k, 12) * ln(300)))::BIGINT]
                ELSE [] END AS mentions,
            app AS source_app,
            CASE WHEN kind <> 'repost' THEN worded(CASE WHEN chance(i, k, 13) < 0.02
                THEN {new} ELSE i || '-' || k END) END AS text
        FROM (
            SELECT *, floor((t + ln(chance(i, k, 5)) * {LAG}) / {SLOT})::BIGINT AS slot,
                CASE WHEN chance(i, k, 4) < 0.7 THEN community ELSE -1 END AS pool,
                CASE WHEN chance(i, k, 3) < 0.4 THEN 'repost'
                    WHEN chance(i, k, 3) < 0.55 THEN 'reply' ELSE 'original' END AS kind
            FROM (
                SELECT *, {DAY} * floor(chance(i, k, 0) * {setting.days}) + zone
                    + floor({AWAKE} * (chance(i, k, 1) + chance(i, k, 2)) / 2) AS t
                FROM (
                    SELECT *, unnest(range(greatest(1, round(weight * {setting.actions}
                        / (SELECT sum(weight) FROM {people}))::BIGINT))) AS k
                    FROM {people}))) p"""


def _together(people: str, planted: str, setting: Setting) -> str:
    """SQL of what planted groups do together; every second thing is one that others have too."""
    thing = f"""CASE WHEN k % 2 = 0 THEN 'g' || g || '.' || k ELSE community || '.'
        || floor((begun - {SLOT}) / {SLOT})::BIGINT || '.'
        || floor(exp(chance(g, k, 27) * ln(300)))::BIGINT END"""

    def of(trace: str, value: str, other: str) -> str:
        return f"CASE WHEN trace = '{trace}' THEN {value} ELSE {other} END"

    return f"""
        SELECT named(i), to_timestamp(t), CASE WHEN trace IN ('repost', 'reply') THEN trace
            ELSE 'original' END, CASE WHEN trace IN ('repost', 'reply') THEN 'p' || thing END,
            NULL, {of("link", "['https://example.org/' || thing]", "[]")},
            {of("hashtags", "['t' || thing, 't' || community || '.1']", "[]")},
            {of("mention", "['m' || community || '.3']", "[]")},
            {of("source", "'own app ' || g % 3", "app")},
            {of("text", "worded('p' || thing)", "worded(i || '+' || k)")}
        FROM (
            SELECT *, {thing} AS thing, begun + floor(chance(i, k, 22) * {DELAY}) AS t
            FROM (
                SELECT i, app, g, trace, k, floor(chance(g, 0, 23) * {COMMUNITIES})::BIGINT
                    AS community, {DAY} * floor(chance(g, k, 24) * {setting.days})
                    + floor(chance(g, k, 25) * {AWAKE}) AS begun
                FROM {people} JOIN {planted} USING (i), range({setting.together}) r(k)
                WHERE chance(i, k, 21) < {TOGETHER}))"""


@dataclass(frozen=True)
class Judged:
    """How well a network finds planted groups.

    `ties` and `right` count ties and those within one planted group, `possible` all pairs within
    groups; `grouped` and `planted_grouped` count accounts in groups; `planted` all planted ones.
    """

    ties: int
    right: int
    possible: int
    grouped: int
    planted_grouped: int
    planted: int

    @property
    def precision(self) -> float | None:
        """The share of ties that are within a planted group; None without ties."""
        return self.right / self.ties if self.ties else None

    @property
    def recall(self) -> float | None:
        """The share of pairs within planted groups that are tied; None without such pairs."""
        return self.right / self.possible if self.possible else None

    @property
    def recall_accounts(self) -> float | None:
        """The share of planted accounts that are in a group; None without planted accounts."""
        return self.planted_grouped / self.planted if self.planted else None


def judged(
    connection: duckdb.DuckDBPyConnection,
    network: TieNetwork,
    planted: str,
    trace: str | None = None,
) -> Judged:
    """Compare a network with the planted accounts (of the groups of one trace, where given).

    Wrong ties are counted over the whole network, right ones over the groups asked for.
    """
    rows = connection.execute(
        f"SELECT account_id, g, trace FROM {planted} ORDER BY account_id"
    ).fetchnumpy()
    ids = np.asarray(rows["account_id"], dtype=object).astype(str)
    group = np.asarray(rows["g"], dtype=np.int64)
    chosen = np.ones(len(ids), bool) if trace is None else np.asarray(rows["trace"]) == trace
    of, asked = _placed(network.accounts, ids, group), np.zeros(len(network.accounts), bool)
    asked[np.isin(network.accounts.astype(str), ids[chosen])] = True
    same = (of[network.a] == of[network.b]) & (of[network.a] >= 0)
    right = int((same & asked[network.a]).sum())
    sizes = np.bincount(group[chosen])
    return Judged(
        ties=right + int((~same).sum()),
        right=right,
        possible=int((sizes * (sizes - 1) // 2).sum()),
        grouped=int((network.group >= 0).sum()),
        planted_grouped=int((asked & (network.group >= 0)).sum()),
        planted=int(chosen.sum()),
    )


def _placed(
    accounts: NDArray[np.object_], ids: NDArray[np.str_], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The planted group of each account, -1 for none; `ids` are sorted."""
    place = np.minimum(np.searchsorted(ids, accounts.astype(str)), max(len(ids) - 1, 0))
    if not len(ids):
        return np.full(len(accounts), -1, dtype=np.int64)
    return np.where(ids[place] == accounts.astype(str), group[place], -1)
