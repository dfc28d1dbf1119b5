"""What a card shows of each account, gathered in a few queries over a whole batch: profile, history, rhythm, sample posts.

Nothing is asked here of claims, labels, scores or the data set's name: a card made of this cannot show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store import Store

SAMPLE = 3
"""Posts shown of each sort."""
LONGEST_POST, LONGEST_FIELD = 1_500, 2_000
"""Characters shown of a post and of a profile field; the card says how many more there are."""
BARS = 380
"""Bars of the timeline; longer histories sum several days into one."""
PAUSE_HOURS = 4
"""A gap that counts as sleep: the longest stretch awake is the longest time without one."""
SPREAD_OVER = 500
"""Accounts rendered at a time."""

_PROFILE = ("handle", "display_name", "bio", "location", "url")


def gather(store: Store, dataset: str, accounts: pa.Table, at: str | int | None = None) -> Iterator[dict[str, Any]]:
    """One record for each account of `accounts` (a table with a column account_id), sorted by account_id.

    Reads exactly the store version `at`. Texts are cut to what a card shows, with their full lengths beside them;
    times are UTC. An account without an observation or without posts still gives a record, with None where
    nothing is known.
    """
    connection = store.connection.cursor()
    try:
        connection.execute("SET TimeZone = 'UTC'")  # a cursor does not have its connection's zone
        connection.register("card_wanted", accounts)
        connection.execute("CREATE OR REPLACE TEMP TABLE card_accounts AS SELECT DISTINCT account_id FROM card_wanted")
        _profiles(connection, store.relation("accounts", at), dataset)
        _posts(connection, store.relation("posts", at), dataset)
        parts = ("profiles", "earlier", "counts", "days", "hours", "pauses", "samples")
        joins = " ".join(f"LEFT JOIN card_{part} USING (account_id)" for part in parts)
        found = connection.execute(f"SELECT * FROM card_accounts {joins} ORDER BY account_id")
        for batch in found.to_arrow_reader(SPREAD_OVER):
            yield from batch.to_pylist()
    finally:
        connection.close()


def _table(connection: Any, name: str, query: str, parameters: list[object] | None = None) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters or [])


def _profiles(connection: Any, accounts: str, dataset: str) -> None:
    """`card_profiles`: the latest observation; `card_earlier`: names and bios that it had before."""
    texts = ", ".join(f'left("{c}", {LONGEST_FIELD}) AS "{c}", length("{c}") AS "{c}_length"' for c in _PROFILE)
    _table(connection, "card_observed", f"""
        SELECT account_id, observed_at, platform, created_at, followers, following, posts_total, likes_total, listed, verified,
            protected, default_profile, default_avatar, lang, {texts}
        FROM {accounts} SEMI JOIN card_accounts USING (account_id) WHERE dataset = ?""", [dataset])
    _table(connection, "card_profiles", """
        SELECT *, count(*) OVER (PARTITION BY account_id) AS observations FROM card_observed
        QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY observed_at DESC NULLS LAST) = 1""")
    named = ", ".join(f"{c} := {c}" for c in ("handle", "display_name", "bio", "bio_length", "seen_to"))
    _table(connection, "card_earlier", f"""
        WITH named AS (
            SELECT o.account_id, o.handle, o.display_name, o.bio, o.bio_length, max(o.observed_at) AS seen_to
            FROM card_observed o JOIN card_profiles p USING (account_id)
            WHERE (o.handle, o.display_name, o.bio) IS DISTINCT FROM (p.handle, p.display_name, p.bio) GROUP BY ALL)
        SELECT account_id,
            list(struct_pack({named}) ORDER BY seen_to DESC NULLS LAST, handle, display_name, bio)[:{SAMPLE}] AS earlier
        FROM named GROUP BY account_id""")


def _posts(connection: Any, posts: str, dataset: str) -> None:
    """Everything read off posts. Texts are only carried for the few posts that are shown."""
    _table(connection, "card_posts", f"""
        SELECT account_id, post_id, created_at, kind, reposts, hash(text) AS text_hash, text IS NOT NULL AS has_text,
            urls IS NOT NULL AS knows_urls, len(urls) > 0 AS has_url,
            hashtags IS NOT NULL AS knows_tags, len(hashtags) > 0 AS has_tag
        FROM {posts} SEMI JOIN card_accounts USING (account_id) WHERE dataset = ?""", [dataset])
    for part in (_counts, _days, _hours, _pauses):
        part(connection)
    _samples(connection, posts, dataset)


def _counts(connection: Any) -> None:
    """`card_counts`: how many posts, when, and shares (NULL where the evidence for a share is missing)."""
    _table(connection, "card_counts", """
        SELECT account_id, count(*) AS seen, count(created_at) AS timed,
            min(created_at) AS first_post, max(created_at) AS last_post,
            count(*) FILTER (kind = 'repost') / nullif(count(*) FILTER (kind <> 'unknown'), 0) AS repost_share,
            count(*) FILTER (has_url) / nullif(count(*) FILTER (knows_urls), 0) AS link_share,
            count(*) FILTER (has_tag) / nullif(count(*) FILTER (knows_tags), 0) AS hashtag_share,
            1 - count(DISTINCT text_hash) FILTER (has_text) / nullif(count(*) FILTER (has_text), 0) AS duplicate_share
        FROM card_posts GROUP BY account_id""")


def _days(connection: Any) -> None:
    """`card_days`: posts a day, days without a post counted as zero, and the bars of the timeline."""
    _table(connection, "card_day", """
        SELECT account_id, (created_at AT TIME ZONE 'UTC')::DATE AS day, count(*) AS n
        FROM card_posts WHERE created_at IS NOT NULL GROUP BY ALL""")
    _table(connection, "card_days", f"""
        WITH span AS (
            SELECT account_id, min(day) AS first_day, max(day) - min(day) + 1 AS days, list_sort(list(n)) AS busy
            FROM card_day GROUP BY account_id),
        size AS (SELECT *, ceil(days / {BARS})::BIGINT AS bar_days FROM span),
        bars AS (
            SELECT account_id, (day - first_day) // bar_days AS bar, sum(n)::BIGINT AS n
            FROM card_day JOIN size USING (account_id) GROUP BY ALL),
        drawn AS (SELECT account_id, list(struct_pack(bar := bar, n := n) ORDER BY bar) AS bars FROM bars GROUP BY account_id)
        SELECT account_id, first_day, days, bar_days, bars, busy[-1] AS per_day_max,
            {_padded(0.5)} AS per_day_median, {_padded(0.95)} AS per_day_p95
        FROM size JOIN drawn USING (account_id)""")


def _hours(connection: Any) -> None:
    """`card_hours`: posts by weekday (1 is Monday) and hour, UTC."""
    _table(connection, "card_hours", """
        WITH moments AS (SELECT account_id, created_at AT TIME ZONE 'UTC' AS utc FROM card_posts WHERE created_at IS NOT NULL),
        cells AS (
            SELECT account_id, isodow(utc)::INTEGER AS weekday, hour(utc)::INTEGER AS hour, count(*) AS n FROM moments GROUP BY ALL)
        SELECT account_id, list(struct_pack(weekday := weekday, hour := hour, n := n) ORDER BY weekday, hour) AS hours
        FROM cells GROUP BY account_id""")


def _pauses(connection: Any) -> None:
    """`card_pauses`: the longest gap between posts, and the longest stretch without a gap long enough to sleep, in hours."""
    _table(connection, "card_gap", """
        SELECT account_id, created_at,
            epoch(created_at - lag(created_at) OVER (PARTITION BY account_id ORDER BY created_at)) / 3600 AS gap
        FROM card_posts WHERE created_at IS NOT NULL""")
    _table(connection, "card_pauses", f"""
        WITH stretches AS (
            SELECT *, count(*) FILTER (gap >= {PAUSE_HOURS}) OVER (PARTITION BY account_id ORDER BY created_at) AS stretch
            FROM card_gap),
        lengths AS (
            SELECT account_id, max(gap) AS gap, epoch(max(created_at) - min(created_at)) / 3600 AS hours
            FROM stretches GROUP BY account_id, stretch)
        SELECT account_id, max(gap) AS silence_hours, max(hours) AS awake_hours FROM lengths GROUP BY account_id""")


def _padded(q: float) -> str:
    """SQL for the `q` quantile (the value at rank ceil(q * days)) of posts a day, days without a post counted as zero."""
    return f"coalesce(busy[greatest(ceil({q} * days)::BIGINT - (days - len(busy)), 0)], 0)"


def _samples(connection: Any, posts: str, dataset: str) -> None:
    """`card_samples`: the first, the most spread, the latest posts, and some drawn by chance (by md5) from the others."""
    def within(order: str) -> str:
        return f"row_number() OVER (PARTITION BY account_id ORDER BY {order}) <= {SAMPLE}"

    _table(connection, "card_ranked", f"""
        SELECT account_id, post_id, md5(account_id || chr(10) || post_id) AS chance,
            created_at IS NOT NULL AND {within("created_at NULLS LAST, post_id")} AS is_first,
            coalesce(reposts > 0, false) AND {within("reposts DESC NULLS LAST, post_id")} AS is_spread,
            created_at IS NOT NULL AND {within("created_at DESC NULLS LAST, post_id DESC")} AS is_latest,
        FROM card_posts""")
    _table(connection, "card_shown", f"""
        SELECT * EXCLUDE (chance), NOT (is_first OR is_spread OR is_latest) AS is_random FROM card_ranked
        QUALIFY NOT is_random OR row_number() OVER (PARTITION BY account_id, is_random ORDER BY chance, post_id) <= {SAMPLE}""")
    _table(connection, "card_full", f"""
        SELECT s.*, p.created_at, p.kind, p.reposts, p.likes, p.source_app, len(p.urls) AS links,
            left(p.text, {LONGEST_POST}) AS text, length(p.text) AS text_length
        FROM {posts} p JOIN card_shown s USING (account_id, post_id) WHERE p.dataset = ?""", [dataset])
    shown = ("created_at", "kind", "reposts", "likes", "source_app", "links", "text", "text_length")
    one = f"struct_pack({', '.join(f'{c} := {c}' for c in shown)})"
    _table(connection, "card_samples", f"""
        SELECT account_id,
            list({one} ORDER BY created_at, post_id) FILTER (is_first) AS first,
            list({one} ORDER BY reposts DESC, post_id) FILTER (is_spread) AS spread,
            list({one} ORDER BY created_at DESC, post_id DESC) FILTER (is_latest) AS latest,
            list({one} ORDER BY created_at NULLS LAST, post_id) FILTER (is_random) AS random
        FROM card_full GROUP BY account_id""")
