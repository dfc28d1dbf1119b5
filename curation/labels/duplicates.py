"""Duplicate groups of any data sets of a store. If their labels differ, one label deserves a second
look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literals
from botbench.text.similar_accounts import by_profile, connected, timeline_links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.store import Store


def find(
    store: Store,
    datasets: Sequence[str] | None = None,
    *,
    at: str | None = None,
    timelines: bool = True,
) -> str:
    """Find the groups; returns the name of a temporary table of them: by (profile or timeline),
    group_id, platform, dataset, account_id.

    Only groups of two or more different accounts; the same (platform, id) in several data sets is
    one account.
    """
    version = store.resolve(at)
    only = "" if datasets is None else f" WHERE dataset IN ({literals(datasets)})"
    observed = _observed(store, version, only)
    groups = materialise(store.connection, "duplicate_groups", by_profile(observed))
    if timelines:
        posts = f"(FROM {store.relation('posts', version)}{only})"
        _add_components(store, groups, timeline_links(store.connection, posts, observed))
    return groups


def _observed(store: Store, version: int, only: str) -> str:
    """The latest observation of each account of each data set: what profiles are compared by, and
    the platform.
    """
    accounts, avatars = (store.relation(name, version) for name in ("accounts", "avatars"))
    return materialise(
        store.connection,
        "duplicate_observed",
        f"""
        WITH latest AS (
            SELECT dataset, account_id, platform, bio, created_at, avatar_phash
            FROM {accounts}{only}
            QUALIFY row_number() OVER (
                PARTITION BY dataset, account_id ORDER BY observed_at DESC NULLS LAST) = 1),
        pictures AS (
            SELECT dataset, account_id, min(phash) AS phash FROM {avatars}{only} GROUP BY ALL)
        SELECT latest.* REPLACE (coalesce(avatar_phash, phash) AS avatar_phash)
        FROM latest LEFT JOIN pictures USING (dataset, account_id)""",
    )


def _add_components(store: Store, groups: str, links_sql: str) -> None:
    """Add the groups of accounts that are linked, directly or through others."""
    import pyarrow as pa

    links = store.arrow(
        f"""
        SELECT platform || chr(31) || dataset || chr(31) || account_id AS a,
               platform || chr(31) || other_dataset || chr(31) || other AS b
        FROM {links_sql} ORDER BY ALL"""
    )
    if not links.num_rows:
        return
    names, group = connected(links)
    store.connection.register("duplicate_members", pa.table({"name": names, "component": group}))
    store.connection.execute(
        f"""
        INSERT INTO {groups}
        SELECT 'timeline', md5('timeline' || min(name) OVER (PARTITION BY component)),
            parts[1], parts[2], parts[3]
        FROM (
            SELECT name, component, string_split(name, chr(31)) AS parts FROM duplicate_members)"""
    )
    store.connection.unregister("duplicate_members")


def ledger(store: Store, groups: str) -> list[dict[str, Any]]:
    """The groups (a table that `find` made), largest first: by, group, platform, accounts."""
    rows: list[dict[str, Any]] = store.arrow(f"""
        SELECT "by", group_id AS "group", platform,
            list({{dataset: dataset, account: account_id}} ORDER BY dataset, account_id)
                AS accounts
        FROM {groups} GROUP BY ALL ORDER BY len(accounts) DESC, "group" """).to_pylist()
    return rows
