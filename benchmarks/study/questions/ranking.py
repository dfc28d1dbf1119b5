"""Daily ranks of a cohort's hashtags, links, domains and reposted accounts, with intervals.

Settings (`settings: {ranking: {...}}`): `top` items a day (10), `of` (hashtags, links, domains,
accounts), `draws` (400).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.data.frame import cohort
from benchmarks.study.questions import Answer, Cell, Figure, Overview, Table, Text, question
from botbench.html.charts import campaign
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.study.data.frame import Frame
    from benchmarks.study.study import Study

OF = {
    "hashtags": ("hashtag_key(item)", "hashtags"),
    "links": ("item", "urls"),
    "domains": ("regexp_extract(lower(item), '^(?:https?://)?(?:www\\.)?([^/:?#]+)', 1)", "urls"),
    "accounts": ("lower(item)", "list_value(ref_account_id)"),
}
"""What is ranked: SQL of one item, and the list it comes from."""
DRAWN, LISTED = 6, 3
INTERVAL = "A rank's interval says what it could have been with other accounts of the same cohort."


@question("ranking", title="What the cohort pushes", order=40)
def ranking(study: Study) -> Answer:
    """Ranks by the cohort's posts of a day; intervals by drawing its accounts again (Poisson
    bootstrap), for a few busy accounts make a rank by themselves."""
    answer = Answer()
    if study.campaign.cohort is None or not study.frame.posts:
        return answer
    options = study.campaign.settings.get("ranking", {})
    top, draws = int(options.get("top", 10)), int(options.get("draws", 400))
    members = f"{study.frame.table} SEMI JOIN {cohort(study.frame)} c USING (account_id)"
    who = f"(SELECT account_id FROM {members})"
    size = study.frame.one(f"SELECT count(*) FROM {who}")
    if not size:
        answer.blocks.append(
            Text(
                "The cohort has no account in the campaign, so nothing can be ranked.", warning=True
            )
        )
        return answer
    weight = _weight(study, who, int(size))
    of = [str(what) for what in options.get("of", tuple(OF))]
    ranked: list[Table | Figure] = []
    most: list[tuple[Cell, ...]] = []
    for what in of:
        table = _items(study, what, who)
        ranked += _ranked(study, what, table, top, draws)
        most += _most(study, what, table)
    answer.lead = weight + (
        f" The {of[0].removesuffix('s')} it posted most is {most[0][1]}." if most else ""
    )
    answer.blocks.append(Text(f"{weight} {INTERVAL}"))
    if most:
        answer.blocks.append(
            Overview(
                "What the cohort posted most in the whole window",
                ("kind", "what", "posts of the cohort", "part of all its posts"),
                most,
            )
        )
    answer.blocks += ranked
    return answer


def _most(study: Study, what: str, table: str) -> list[tuple[Cell, ...]]:
    """The items that the cohort posted most: kind, item, its posts, their part of everybody's."""
    rows = study.frame.query(f"""
        SELECT item, sum(posts) FILTER (own)::BIGINT AS mine, sum(posts)::BIGINT
        FROM {table} GROUP BY item HAVING mine > 0
        ORDER BY mine DESC, item LIMIT {LISTED}""")
    return [(what, str(item), int(mine), mine / everybody) for item, mine, everybody in rows]


def _weight(study: Study, who: str, size: int) -> str:
    posts = study.frame.all_posts_sql
    mine, whole = study.frame.query(
        f"SELECT count(*) FILTER (account_id IN {who}), count(*) FROM {posts}"
    )[0]
    return (
        f"The cohort is {size:,} of {study.frame.accounts:,} accounts"
        f" ({numbers.share(size / study.frame.accounts)}) and wrote {mine:,} of the {whole:,} posts"
        f" in the window ({numbers.share(mine / max(whole, 1))})."
    )


@dataclass(frozen=True)
class Row:
    """One item on one day: the cohort's posts, everybody's, its rank with its interval."""

    day: str
    item: str
    posts: int
    everybody: int
    rank: int
    low: int
    high: int


def _ranked(study: Study, what: str, items: str, top: int, draws: int) -> list[Table | Figure]:
    rows = rows_of(study, items, top, draws)
    if not rows:
        return []
    before: dict[str, int] = {}
    table = []
    for day in sorted({r.day for r in rows}):
        today = sorted((r for r in rows if r.day == day), key=lambda r: (r.rank, r.item))
        table += [
            (
                r.day,
                r.rank,
                r.low,
                r.high,
                r.item,
                r.posts,
                r.posts / r.everybody,
                before[r.item] - r.rank if r.item in before else None,
            )
            for r in today
        ]
        before = {r.item: r.rank for r in today}
    columns = ("day", "rank", "low", "high", what, "posts", "part of all its posts", "rose by")
    note = (
        "Part of all its posts: the cohort's posts with it among everybody's on that day. Rose by:"
        " ranks since the day before."
    )
    return [
        _figure(rows, what),
        Table(
            f"ranking-{what}",
            f"The cohort's {what}, day by day",
            columns,
            table,
            note,
            folded=True,
        ),
    ]


def _figure(rows: Sequence[Row], what: str) -> Figure:
    days = sorted({r.day for r in rows})
    total: dict[str, int] = {}
    for r in rows:
        total[r.item] = total.get(r.item, 0) + r.posts
    chosen = sorted(total, key=lambda i: (-total[i], i))[:DRAWN]
    rank = {(r.day, r.item): r.rank for r in rows}
    title = f"Rank of the cohort's {what}"
    lines = [(item, [rank.get((d, item)) for d in days]) for item in chosen]
    values = [(d, item, rank.get((d, item))) for item in chosen for d in days]
    return Figure(
        f"ranks-{what}",
        title,
        campaign.ranks(days, lines, title, max(rank[key] for key in rank if key[1] in chosen)),
        ("day", what, "rank"),
        values,
        folded=what != "hashtags",
    )


def rows_of(study: Study, table: str, top: int, draws: int) -> list[Row]:
    """The top items of each day with their rank intervals, from the table of items."""
    candidates = study.frame.query(f"""
        SELECT day, item, sum(posts) FILTER (own) AS mine, sum(posts) AS everybody
        FROM {table} WHERE item <> '' GROUP BY day, item HAVING mine > 0
        QUALIFY row_number() OVER (PARTITION BY day ORDER BY mine DESC, item) <= {3 * top}
        ORDER BY day, mine DESC, item""")
    rows: list[Row] = []
    for day in sorted({d for d, *_ in candidates}):
        items = [(i, int(m), int(e)) for d, i, m, e in candidates if d == day]
        posts = _by_account(study, table, day, [i for i, *_ in items])
        ranks, low, high = intervals(posts, draws, study.campaign.seed)
        rows += [
            Row(day, item, mine, everybody, int(r), int(a), int(b))
            for (item, mine, everybody), r, a, b in zip(items, ranks, low, high, strict=True)
            if r <= top
        ]
    return rows


def _items(study: Study, what: str, who: str) -> str:
    """The table of `items_table`, of what the settings name."""
    if what not in OF:
        from botbench.core.errors import unknown

        raise unknown("thing to rank (settings.ranking.of)", what, OF)
    return items_table(study.frame, OF[what], who)


def items_table(frame: Frame, of: tuple[str, str], who: str) -> str:
    """Make the table of day, item, account_id, own (in the cohort) and posts; returns its name.

    `of` is the SQL of one item and of the list that it comes from, such as a value of `OF`; `who`
    is SQL of the cohort's account_id, in brackets.
    """
    expression, source = of
    posts = f"SELECT post_id, account_id, created_at, unnest({source}) AS item"
    frame.store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_items AS
        SELECT strftime(created_at, '%Y-%m-%d') AS day, {expression} AS item, account_id,
               account_id IN {who} AS own, count(DISTINCT post_id) AS posts
        FROM ({posts} FROM {frame.all_posts_sql})
        WHERE created_at IS NOT NULL AND item IS NOT NULL AND item <> '' GROUP BY ALL""")
    return "study_items"


def _by_account(study: Study, table: str, day: str, items: Sequence[str]) -> NDArray[np.float64]:
    """The cohort's posts by account and item of one day: float64[accounts, items]."""
    import pyarrow as pa

    connection = study.frame.store.connection
    connection.register(
        "study_chosen",
        pa.table({"item": pa.array(items, pa.string()), "place": np.arange(len(items))}),
    )
    rows: dict[str, Any] = connection.execute(
        f"SELECT dense_rank() OVER (ORDER BY account_id) - 1 AS who, place, posts FROM {table}"
        " JOIN study_chosen USING (item) WHERE own AND day = ?",
        [day],
    ).fetchnumpy()
    connection.unregister("study_chosen")
    matrix = np.zeros((int(rows["who"].max()) + 1, len(items)))
    matrix[rows["who"], rows["place"]] = rows["posts"]
    return matrix


def intervals(
    posts: NDArray[np.float64], draws: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ranks of the columns of posts[accounts, items], with their 95 % bootstrap interval.

    Equal counts have equal ranks. Each account counts Poisson(1) times in a draw (Hanley and
    MacGibbon 2006).

    >>> [v.tolist() for v in intervals(np.array([[5.0, 1.0]] * 50), 200, 0)]
    [[1, 2], [1, 2], [1, 2]]
    """
    weights = np.random.default_rng(seed).poisson(1.0, size=(draws, len(posts))).astype(np.float64)
    ranks = _ranks(posts.sum(axis=0)[None, :])[0]
    drawn_ranks = _ranks(weights @ posts)
    low, high = np.quantile(drawn_ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    return ranks, np.minimum(low, ranks).astype(np.int64), np.maximum(high, ranks).astype(np.int64)


def _ranks(totals: NDArray[np.float64]) -> NDArray[np.int64]:
    """1 + how many columns have more, for each row of totals."""
    return np.asarray(1 + (totals[:, None, :] > totals[:, :, None]).sum(axis=2), dtype=np.int64)
