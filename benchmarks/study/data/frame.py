"""The frame: which accounts belong to the campaign, how much each posted, and its score.

Posts stream through aggregates and are never held in memory. Accounts are one temporary table,
whose name is `Frame.table`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from benchmarks.study.data import scores
from benchmarks.study.data.on_engine import Taken, take
from botbench.core.errors import UserError, unknown
from botbench.core.sql import literal, literals
from botbench.text import folding
from botbench.untrusted import csv_tables
from curation.engines import DUCKDB
from curation.ingest import data_sets
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign, Group
    from curation.store.store import Store

SIZES = ("accounts", "posts", "reposts", "likes", "reach")
CLOCK = 0.01
"""From this share of impossible times on, the data's clock is not to be trusted."""


@dataclass
class Frame:
    """The campaign in the store: SQL of its posts, table of its accounts, counts, data notes."""

    store: Store
    campaign: Campaign
    version: int
    taken: Taken | None = None
    """The posts that an engine took out of the store's files, where one did."""
    posts_sql: str = ""
    all_posts_sql: str = ""
    """The posts without the filter by hashtag: all that these accounts posted in the window."""
    table: str = ""
    """A row for each account: account_id, status, created_at, observed_at, first_post, last_post,
    the columns `SIZES`, score, has_score (false where it is filled in), flagged, and the groups
    (g0, g1, ...).
    """
    group_columns: dict[str, str] = field(default_factory=dict)
    """Title of each account-level group to its column in the table."""
    accounts: int = 0
    posts: int = 0
    unscored: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def scored(self) -> bool:
        """Whether the campaign names a detector's scores."""
        return self.campaign.detector is not None

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the store's connection."""
        rows: list[tuple[Any, ...]] = self.store.connection.execute(text).fetchall()
        return rows

    def one(self, text: str) -> Any:
        """The first value of a query; None if it has no row."""
        rows = self.query(text)
        return rows[0][0] if rows else None

    def of_dataset(self, table: str) -> str:
        """SQL in brackets: the campaign's data set in a store's table, at the frame's version."""
        dataset = literal(self.campaign.dataset)
        return f"(FROM {self.store.relation(table, self.version)} WHERE dataset = {dataset})"


def build(store: Store, campaign: Campaign, engine: str = DUCKDB) -> Frame:
    """The campaign's accounts and posts in the store. Raises UserError if there are none.

    Another engine than DuckDB reads the posts (`on_engine.take`).
    """
    folding.register(store.connection)
    frame = Frame(store, campaign, store.resolve(campaign.at))
    if not frame.one(f"SELECT count(*) FROM {frame.of_dataset('accounts')}"):
        raise UserError(f"dataset: {data_sets.absent(store, campaign.dataset, frame.version)}")
    if engine != DUCKDB:
        frame.taken = take(store, campaign, frame.version, engine)
    frame.all_posts_sql = _posts(frame, ())
    frame.posts_sql = _posts(frame, campaign.hashtags)
    frame.table = _accounts(frame)
    frame.accounts, frame.posts, frame.unscored = _counts(frame)
    if frame.scored:
        _fill_missing_scores(frame)
    frame.notes += _oddities(frame)
    return frame


def _posts(frame: Frame, hashtags: tuple[str, ...]) -> str:
    """SQL of posts in the window, by the listed accounts, with one of the hashtags, if any."""
    campaign = frame.campaign
    where = ["true"]
    if campaign.window:
        where.append(_in_window(campaign))
    if hashtags:
        tags = literals(hashtags)
        where.append(f"list_has_any(list_transform(hashtags, lambda t: hashtag_key(t)), [{tags}])")
    posts = frame.taken.table if frame.taken else frame.of_dataset("posts")
    if campaign.accounts is not None and not isinstance(campaign.accounts, str):
        posts = f"(FROM {posts} SEMI JOIN {_listed(campaign.accounts)} USING (account_id))"
    return f"(SELECT * FROM {posts} WHERE {' AND '.join(where)})"


def _in_window(campaign: Campaign) -> str:
    """The condition on a post's time; the campaign has a window."""
    assert campaign.window is not None
    start, end = (literal(t.isoformat()) for t in (campaign.window.start, campaign.window.end))
    return f"created_at >= TIMESTAMPTZ {start} AND created_at < TIMESTAMPTZ {end}"


def _listed(path: object) -> str:
    """SQL of the ids in a file: one a line, or the account_id column of a Parquet or CSV."""
    if str(path).endswith(".parquet"):
        return f"(SELECT account_id::VARCHAR AS account_id FROM read_parquet({literal(path)}))"
    lines = (
        f"read_csv({literal(path)}, columns = {{'column0': 'VARCHAR'}}, header = false,"
        " delim = '\\0', quote = '', escape = '', auto_detect = false)"
    )
    return (
        f"(SELECT trim(split_part(column0, ',', 1), ' \"') AS account_id FROM {lines}"
        " WHERE trim(column0) <> '' AND lower(column0) NOT LIKE 'account_id%')"
    )


def _sizes(frame: Frame) -> str:
    """SQL of how much each account wrote, in brackets."""
    return f"""(
        SELECT account_id, count(*)::DOUBLE AS posts,
               (count(*) FILTER (kind = 'repost'))::DOUBLE AS reposts,
               sum(coalesce(likes, 0))::DOUBLE AS likes,
               min(created_at) AS first_post, max(created_at) AS last_post
        FROM {frame.posts_sql} GROUP BY account_id)"""


def _accounts(frame: Frame) -> str:
    """Make the table of the accounts, fill `group_columns`, and return the table's name."""
    campaign, table = frame.campaign, "study_frame"
    listed = ""
    if campaign.accounts is not None and not isinstance(campaign.accounts, str):
        listed = f"SEMI JOIN {_listed(campaign.accounts)} USING (account_id)"
    columns, joins = "", ""
    groups = [g for g in campaign.groups if g.by not in {"hashtag", "day", "hour"}]
    for number, group in enumerate(groups):
        name = f"g{number}"
        frame.group_columns[group.title] = name
        if group.by in {"rule", "file", "cohort"} or _extra(group):
            usual = {"cohort": "others", "column": "unknown"}
            other = literal(usual.get(group.by, "none"))
            columns += f", coalesce({name}.value, {other}) AS {name}"
            joins += f" LEFT JOIN ({_group_values(frame, group)}) {name} USING (account_id)"
        else:
            columns += f", {_group_column(group)} AS {name}"
    score, flagged = "NULL::DOUBLE", "false"
    if campaign.detector:
        detected = scores.relation(frame.store.connection, campaign.detector)
        score, flagged = "p.p_bot", "coalesce(p.p_bot >= p.threshold, false)"
        joins += f" LEFT JOIN {detected} p USING (account_id)"
    frame.store.connection.execute(
        dedent(f"""
            CREATE OR REPLACE TEMP TABLE {table} AS
            SELECT a.account_id, a.status, a.created_at, a.observed_at, s.first_post, s.last_post,
                   1::DOUBLE AS accounts, coalesce(s.posts, 0) AS posts,
                   coalesce(s.reposts, 0) AS reposts, coalesce(s.likes, 0) AS likes,
                   coalesce(s.posts * a.followers, 0)::DOUBLE AS reach,
                   {score} AS score, {score} IS NOT NULL AS has_score, {flagged} AS flagged{columns}
            FROM (FROM {latest(frame.of_dataset("accounts"))} {listed}) a
            LEFT JOIN {_sizes(frame)} s USING (account_id){joins}
            {"WHERE s.posts > 0" if campaign.only_posting else ""}""")
    )
    return table


def _group_values(frame: Frame, group: Group) -> str:
    """SQL of account_id and value of a group that comes from rules, a file, claims or `extra`."""
    if group.by == "rule":
        rules = " ".join(
            f"WHEN list_has_any(tags, [{literals(tags)}]) THEN {literal(side)}"
            for side, tags in group.rules.items()
        )
        keys = "list_transform(hashtags, lambda t: hashtag_key(t))"
        return f"""
            SELECT account_id, CASE {rules} END AS value FROM (
                SELECT account_id, list_distinct(flatten(list({keys}))) AS tags
                FROM {frame.all_posts_sql} GROUP BY account_id)"""
    if group.by == "file":
        return _group_file(frame, group)
    if key := _extra(group):
        # Files on the same accounts tell different things of them: the newest row that has the key.
        value = f"extra[{literal(key)}]"
        return f"""
            SELECT account_id, max_by({value}, (coalesce(observed_at, '-infinity'), {value}))
                AS value
            FROM {frame.of_dataset("accounts")} WHERE {value} IS NOT NULL GROUP BY account_id"""
    return f"SELECT account_id, 'cohort' AS value FROM {cohort(frame)}"


def _group_file(frame: Frame, group: Group) -> str:
    """SQL of account_id and value of a group's file. Raises UserError if a column is missing."""
    assert group.file is not None
    where, needed = f"groups, {group.title}", ("account_id", "group")
    given, names = scores.source(frame.store.connection, group.file, where, needed)
    if missing := [n for n in needed if n not in names]:
        raise UserError(
            f"{where}: {group.file} has no column {', '.join(missing)}; it has"
            f" {csv_tables.shown(names)}. A row is an account and its group."
        )
    return (
        'SELECT account_id::VARCHAR AS account_id, any_value("group"::VARCHAR) AS value'
        f" FROM {given} GROUP BY ALL"
    )


def cohort(frame: Frame) -> str:
    """SQL of the cohort's account ids. Raises UserError if the campaign has no cohort."""
    who = frame.campaign.cohort
    if who is None:
        raise UserError(
            "The campaign names no cohort: say who is in it, such as cohort: {claimant: NAME}, or"
            " {file: ids.txt}."
        )
    if who.file:
        return _listed(who.file)
    where = [f"dataset = {literal(frame.campaign.dataset)}"]
    where += [
        f"{name} = {literal(value)}"
        for name in ("claimant", "claimant_kind", "answer")
        if (value := getattr(who, name))
    ]
    where += [f"list_contains(kinds, {literal(who.kind)})"] if who.kind else []
    claims = standing_claims(frame.store.relation("claims", frame.version))
    return f"(SELECT DISTINCT account_id FROM {claims} WHERE {' AND '.join(where)})"


def _extra(group: Group) -> str | None:
    """The key of a group that is one key of `extra` (`extra.NAME`)."""
    found = re.fullmatch(r"extra\.(.+)", group.column or "") if group.by == "column" else None
    return found and found[1]


def _group_column(group: Group) -> str:
    """SQL of a group that is a column of accounts."""
    from curation.store.schema import TABLES

    name = {"language": "lang", "status": "status"}.get(group.by, group.column or "")
    usable = [c.name for c in TABLES["accounts"].columns if c.type in {"VARCHAR", "BOOLEAN"}]
    if name not in usable:
        raise unknown("column of accounts (or extra.NAME) to group by", name, usable)
    return f"coalesce(a.\"{name}\"::VARCHAR, 'unknown')"


def _counts(frame: Frame) -> tuple[int, int, int]:
    """Accounts, their posts, and accounts without a score. Raises UserError without accounts."""
    campaign = frame.campaign
    accounts, posts, unscored = frame.query(
        "SELECT count(*), coalesce(sum(posts), 0)::BIGINT, count(*) FILTER (score IS NULL) FROM"
        f" {frame.table}"
    )[0]
    if accounts:
        return int(accounts), int(posts), int(unscored)
    filters = []
    if campaign.hashtags:
        filters.append(f"hashtags {', '.join('#' + t for t in campaign.hashtags)}")
    if campaign.window:
        start, end = campaign.window.start, campaign.window.end
        filters.append(f"a window from {start:%Y-%m-%d} to {end:%Y-%m-%d}")
    raise UserError(
        f"No account of {campaign.dataset} belongs to the campaign"
        f" ({'; '.join(filters) or 'its list of accounts'}). Its posts run {_span(frame)}."
    )


def _fill_missing_scores(frame: Frame) -> None:
    """Give accounts without a score the mean of the others. Raises UserError if none has one."""
    mean = frame.one(f"SELECT round(avg(score), 12) FROM {frame.table}")
    if mean is None:
        raise UserError(
            f"detector.scores: {frame.campaign.detector.scores if frame.campaign.detector else ''}"
            " holds no score of an account of the campaign. Make it for this data set: botbench"
            " predict ... --out FILE.parquet."
        )
    frame.store.connection.execute(
        f"UPDATE {frame.table} SET score = {float(mean)!r} WHERE score IS NULL"
    )


def _span(frame: Frame) -> str:
    first, last = frame.query(
        f"SELECT min(created_at), max(created_at) FROM {frame.of_dataset('posts')}"
    )[0]
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if first else "nowhere: there are none"


def _out_of_window(frame: Frame) -> tuple[int, int, int]:
    """Posts of the data set, those without a time, and those outside the window."""
    posts = frame.taken.table if frame.taken else frame.of_dataset("posts")
    total, undated, inside = frame.query(
        "SELECT count(*), count(*) FILTER (created_at IS NULL), count(*) FILTER"
        f" ({_in_window(frame.campaign)}) FROM {posts}"
    )[0]
    if frame.taken:
        total, undated = frame.taken.total, frame.taken.undated
    return total, undated, total - undated - inside


def _oddities(frame: Frame) -> list[str]:
    """Notes on posts outside the window, undated posts, impossible times and missing scores."""
    campaign, notes = frame.campaign, []
    if campaign.window:
        total, undated, outside = _out_of_window(frame)
        if outside:
            notes.append(
                f"{outside:,} of {total:,} posts of {campaign.dataset} lie outside the window and"
                " are left out."
            )
        if undated:
            notes.append(
                f"{undated:,} posts have no time and are left out: whether they lie in the window"
                " is unknown."
            )
    early, dated = frame.query(
        "SELECT count(*) FILTER (first_post < created_at), count(*) FILTER (first_post IS NOT NULL"
        f" AND created_at IS NOT NULL) FROM {frame.table}"
    )[0]
    if dated and early > CLOCK * dated:
        notes.append(
            f"The clock seems shifted: {early:,} of {dated:,} accounts have a post from before they"
            " were made. Days and hours may be off by as much; check the time zone of the source."
        )
    late, observed = frame.query(
        "SELECT count(*) FILTER (last_post > observed_at), count(*) FILTER (last_post IS NOT NULL"
        f" AND observed_at IS NOT NULL) FROM {frame.table}"
    )[0]
    if observed and late > CLOCK * observed:
        notes.append(
            f"{late:,} of {observed:,} accounts have a post from after they were observed: the"
            " clock is shifted, or posts were collected later than profiles. Followers and status"
            " (and so reach and takedowns) are then of another time."
        )
    if frame.scored and frame.unscored:
        notes.append(
            f"{frame.unscored:,} of {frame.accounts:,} accounts have no score and are given the"
            " mean of the others'; the sample measures what that costs."
        )
    return notes
