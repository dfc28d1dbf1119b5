"""The campaign as tables of the store: who belongs to it, how much each account wrote, what a
detector says of it.

Posts stream through aggregates and are never held; accounts stand in the temporary table
`study_frame`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.study.data import scores
from botbench.core.errors import UserError, unknown
from botbench.core.sql import literal, literals
from botbench.text import folding
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from benchmarks.study.campaign import Campaign, Group
    from curation.store.store import Store

FRAME = "study_frame"
SIZES = ("accounts", "posts", "reposts", "likes", "reach")
CLOCK = 0.01
"""From this share of impossible times on, the data's clock is not to be trusted."""


@dataclass
class Frame:
    """What was found: `accounts` and `posts` of the campaign, `posts_sql` to stream the posts, and
    sentences on the data.
    """

    store: Store
    campaign: Campaign
    version: int
    accounts: int = 0
    posts: int = 0
    posts_sql: str = ""
    all_posts_sql: str = ""
    """The same without the hashtags: what these accounts posted in the window at all."""
    group_columns: dict[str, str] = field(default_factory=dict)
    """Title of each account-level group to its column in the frame."""
    notes: list[str] = field(default_factory=list)
    scored: bool = False
    unscored: int = 0

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the store's connection."""
        found: list[tuple[Any, ...]] = self.store.connection.execute(text).fetchall()
        return found

    def one(self, text: str) -> Any:
        """The first value of a query."""
        rows = self.query(text)
        return rows[0][0] if rows else None


def build(store: Store, campaign: Campaign) -> Frame:
    """Find the campaign's accounts and posts in the store. Raises UserError where there are none."""
    folding.register(store.connection)
    frame = Frame(store, campaign, store.resolve(campaign.at))
    everybody = (
        f"(FROM {store.relation('accounts', frame.version)} WHERE dataset ="
        f" {literal(campaign.dataset)})"
    )
    if not frame.one(f"SELECT count(*) FROM {everybody}"):
        known = [
            name
            for (name,) in frame.query(
                f"SELECT DISTINCT dataset FROM {store.relation('accounts', frame.version)}"
            )
        ]
        raise UserError(
            f"dataset: {unknown('data set in the store', campaign.dataset, known)} Bring it in:"
            f" botbench pull {campaign.dataset}."
        )
    frame.all_posts_sql = _posts(frame, ())
    frame.posts_sql = _posts(frame, campaign.hashtags)
    _measure(frame)
    frame.scored = campaign.detector is not None
    if campaign.detector:
        scores.load(store.connection, campaign.detector)
    _frame(frame, everybody)
    _check(frame)
    return frame


def _posts(frame: Frame, hashtags: tuple[str, ...]) -> str:
    """SQL of posts of the data set, in the window, by the listed accounts, with one of the hashtags
    where there are any.
    """
    campaign = frame.campaign
    source = (
        f"(FROM {frame.store.relation('posts', frame.version)} WHERE dataset ="
        f" {literal(campaign.dataset)})"
    )
    where = ["true"]
    if campaign.window:
        where.append(f"created_at >= TIMESTAMPTZ {literal(campaign.window.start.isoformat())}")
        where.append(f"created_at < TIMESTAMPTZ {literal(campaign.window.end.isoformat())}")
    if hashtags:
        tags = literals(hashtags)
        where.append(f"list_has_any(list_transform(hashtags, lambda t: hashtag_key(t)), [{tags}])")
    if isinstance(campaign.accounts, str) or campaign.accounts is None:
        chosen = source
    else:
        chosen = (
            f"(FROM {source} SEMI JOIN (SELECT account_id FROM {_listed(campaign.accounts)}) USING"
            " (account_id))"
        )
    return f"(SELECT * FROM {chosen} WHERE {' AND '.join(where)})"


def _listed(path: object) -> str:
    """SQL of the ids in a file: one a line, or the account_id column of a Parquet or CSV."""
    if str(path).endswith(".parquet"):
        return f"(SELECT account_id::VARCHAR AS account_id FROM read_parquet({literal(path)}))"
    return (
        "(SELECT trim(split_part(column0, ',', 1), ' \"') AS account_id FROM"
        f" read_csv({literal(path)}, columns = {{'column0': 'VARCHAR'}}, header = false, delim ="
        " '\\0', quote = '', escape = '', auto_detect = false) WHERE trim(column0) <> '' AND"
        " lower(column0) NOT LIKE 'account_id%')"
    )


def _measure(frame: Frame) -> None:
    """How much each account wrote, as the temporary table `study_sizes`."""
    frame.store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_sizes AS
        SELECT account_id, count(*)::DOUBLE AS posts, (count(*) FILTER (kind = 'repost'))::DOUBLE AS reposts,
               sum(coalesce(likes, 0))::DOUBLE AS likes, min(created_at) AS first_post, max(created_at) AS last_post
        FROM {frame.posts_sql} GROUP BY account_id""")


def _frame(frame: Frame, everybody: str) -> None:
    campaign = frame.campaign
    keep = "WHERE s.posts > 0" if campaign.only_posting else ""
    among = ""
    if campaign.accounts is not None and not isinstance(campaign.accounts, str):
        among = f"SEMI JOIN {_listed(campaign.accounts)} listed ON a.account_id = listed.account_id"
    groups = [g for g in campaign.groups if g.by not in {"hashtag", "day", "hour"}]
    columns = []
    for number, group in enumerate(groups):
        frame.group_columns[group.title] = f"g{number}"
        columns.append(f"{_grouped(frame, group, number)} AS g{number}")
    known = "p.p_bot" if frame.scored else "NULL::DOUBLE"
    flagged = "p.p_bot >= p.threshold" if frame.scored else "NULL::BOOLEAN"
    joined = "LEFT JOIN study_scores p ON a.account_id = p.account_id" if frame.scored else ""
    more = "".join(
        f" LEFT JOIN study_group_{n} j{n} ON a.account_id = j{n}.account_id"
        for n, g in enumerate(groups)
        if g.by in {"rule", "file", "cohort"}
    )
    frame.store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {FRAME} AS
        SELECT a.account_id, a.status, a.created_at, a.observed_at, s.first_post, s.last_post, 1::DOUBLE AS accounts,
               coalesce(s.posts, 0) AS posts,
               coalesce(s.reposts, 0) AS reposts, coalesce(s.likes, 0) AS likes,
               coalesce(s.posts * a.followers, 0)::DOUBLE AS reach, {known} AS score, coalesce({flagged}, false) AS flagged
               {"".join(", " + c for c in columns)}
        FROM (FROM {latest(everybody)} a {among}) a
        LEFT JOIN study_sizes s ON a.account_id = s.account_id {joined} {more} {keep}""")


def _grouped(frame: Frame, group: Group, number: int) -> str:
    """SQL of an account's group; groups from rules, files and claims are tables of their own,
    joined by number.
    """
    if group.by in {"language", "status"}:
        return f"coalesce(a.{'lang' if group.by == 'language' else 'status'}, 'unknown')"
    if group.by == "column":
        return _column(group.column or "")
    if group.by == "rule":
        rules = " ".join(
            f"WHEN list_has_any(tags, [{literals(tags)}]) THEN {literal(side)}"
            for side, tags in group.rules.items()
        )
        source = f"""SELECT account_id, CASE {rules} END AS value FROM (
            SELECT account_id, list_distinct(flatten(list(list_transform(hashtags, lambda t: hashtag_key(t))))) AS tags
            FROM {frame.all_posts_sql} GROUP BY account_id)"""
    elif group.by == "file":
        source = (
            'SELECT account_id::VARCHAR AS account_id, any_value("group"::VARCHAR) AS value FROM '
            f"read_csv({literal(group.file)}, all_varchar = true) GROUP BY ALL"
        )
    else:
        source = f"SELECT account_id, 'cohort' AS value FROM {cohort(frame)}"
    frame.store.connection.execute(f"CREATE OR REPLACE TEMP TABLE study_group_{number} AS {source}")
    return f"coalesce(j{number}.value, {literal('others' if group.by == 'cohort' else 'none')})"


def cohort(frame: Frame) -> str:
    """SQL of the ids of the cohort's accounts. Raises UserError where the campaign names no cohort."""
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


def _column(name: str) -> str:
    """SQL of an accounts column, or of one thing in `extra` (`extra.NAME`)."""
    from curation.store.schema import TABLES

    extra = re.fullmatch(r"extra\.(.+)", name)
    if extra:
        return f"coalesce(a.extra[{literal(extra[1])}], 'unknown')"
    usable = [c.name for c in TABLES["accounts"].columns if c.type in {"VARCHAR", "BOOLEAN"}]
    if name not in usable:
        raise unknown("column of accounts (or extra.NAME) to group by", name, usable)
    return f"coalesce(a.\"{name}\"::VARCHAR, 'unknown')"


def _check(frame: Frame) -> None:
    """Count, and say what is odd. Raises UserError where nothing is left."""
    campaign = frame.campaign
    counted = frame.query(
        "SELECT count(*), coalesce(sum(posts), 0)::BIGINT, count(*) FILTER (score IS NULL) FROM"
        f" {FRAME}"
    )[0]
    frame.accounts, frame.posts, frame.unscored = (int(n) for n in counted)
    if not frame.accounts:
        what = (
            [f"hashtags {', '.join('#' + t for t in campaign.hashtags)}"]
            if campaign.hashtags
            else []
        )
        what += (
            [f"a window from {campaign.window.start:%Y-%m-%d} to {campaign.window.end:%Y-%m-%d}"]
            if campaign.window
            else []
        )
        raise UserError(
            f"No account of {campaign.dataset} belongs to the campaign"
            f" ({'; '.join(what) or 'its list of accounts'}). Its posts run {_span(frame)}."
        )
    if frame.scored:
        mean = frame.one(f"SELECT round(avg(score), 12) FROM {FRAME}")
        if mean is None:
            raise UserError(
                f"detector.scores: {campaign.detector.scores if campaign.detector else ''} holds no"
                " score of an account of the campaign. Make it for this data set: botbench predict"
                " ... --out FILE.parquet."
            )
        frame.store.connection.execute(
            f"UPDATE {FRAME} SET score = {float(mean)!r} WHERE score IS NULL"
        )
    frame.notes += _oddities(frame)


def _span(frame: Frame) -> str:
    posts = (
        f"{frame.store.relation('posts', frame.version)} WHERE dataset ="
        f" {literal(frame.campaign.dataset)}"
    )
    first, last = frame.query(f"SELECT min(created_at), max(created_at) FROM {posts}")[0]
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if first else "nowhere: there are none"


def _oddities(frame: Frame) -> list[str]:
    """Sentences on posts outside the window, undated posts, impossible times and accounts without a
    score.
    """
    campaign, found = frame.campaign, []
    dataset = f"{frame.store.relation('posts', frame.version)} WHERE dataset = {literal(campaign.dataset)}"
    total, undated = frame.query(
        f"SELECT count(*), count(*) FILTER (created_at IS NULL) FROM {dataset}"
    )[0]
    if campaign.window:
        out = frame.one(
            f"SELECT count(*) FROM {dataset} AND NOT (created_at >= TIMESTAMPTZ "
            f"{literal(campaign.window.start.isoformat())} AND created_at < TIMESTAMPTZ "
            f"{literal(campaign.window.end.isoformat())})"
        )
        if out:
            found.append(
                f"{out:,} of {total:,} posts of {campaign.dataset} lie outside the window and are"
                " left out."
            )
        if undated:
            found.append(
                f"{undated:,} posts have no time and are left out, for nobody knows whether they"
                " lie in the window."
            )
    early, dated = frame.query(
        "SELECT count(*) FILTER (first_post < created_at), count(*) FILTER (first_post IS NOT NULL"
        f" AND created_at IS NOT NULL) FROM {FRAME}"
    )[0]
    if dated and early > CLOCK * dated:
        found.append(
            f"The clock seems shifted: {early:,} of {dated:,} accounts have a post from before they"
            " were made. Days and hours may be off by as much; check the time zone of the source."
        )
    late, seen = frame.query(
        "SELECT count(*) FILTER (last_post > observed_at), count(*) FILTER (last_post IS NOT NULL"
        f" AND observed_at IS NOT NULL) FROM {FRAME}"
    )[0]
    if seen and late > CLOCK * seen:
        found.append(
            f"{late:,} of {seen:,} accounts have a post from after they were observed: the clock is"
            " shifted, or posts were collected later than profiles. Followers and status (and so"
            " reach and takedowns) are then of another time."
        )
    if frame.scored and frame.unscored:
        found.append(
            f"{frame.unscored:,} of {frame.accounts:,} accounts have no score and are given the"
            " mean of the others'; the sample measures what that costs."
        )
    return found
