"""How the categories of an operation differ: volume, kinds of posts, languages, rhythm."""

from __future__ import annotations

from typing import Any

from benchmarks.study.operation.members import Members
from benchmarks.study.questions import Answer, Cell, Figure, Table, Text
from botbench.html.charts.strips import Strip, strips
from botbench.text import numbers

DRAWN = 6
LANGUAGES = 6


def categories(members: Members) -> tuple[str, str] | None:
    """Title and column of the campaign's first division of accounts; None where it has none."""
    return next(iter(members.frame.group_columns.items()), None)


def differences(members: Members) -> Answer:
    """By category: volume, kinds of posts and pace; languages; hours of the day."""
    division = categories(members)
    if division is None:
        return Answer(
            [
                Text(
                    "The campaign names no division of its accounts, so nothing is compared. Name"
                    " one: groups: [{by: column, column: extra.NAME}], or by: file."
                )
            ]
        )
    title, column = division
    posts = f"""(
        SELECT p.*, f.{column} AS category
        FROM {members.posts_sql} p JOIN {members.frame.table} f USING (account_id))"""
    table = _volume(members, posts, title)
    return Answer(
        [table, *_languages(members, posts, title), *_hours(members, posts, title)],
        lead=_lead(table, title),
    )


def _lead(table: Table, title: str) -> str:
    if len(table.rows) < 2:
        return ""
    first, whole = table.rows[0], sum(int(r[2] or 0) for r in table.rows)
    return (
        f"{first[0]} is the largest {title} by posts: {first[1]:,} accounts wrote"
        f" {numbers.share(int(first[2] or 0) / whole)} of them."
    )


def _volume(members: Members, posts: str, title: str) -> Table:
    rows = members.query(f"""
        WITH days AS (
            SELECT category, account_id, created_at::DATE AS day, count(*) AS n
            FROM {posts} WHERE created_at IS NOT NULL GROUP BY ALL),
        pace AS (SELECT category, median(n) AS typical FROM days GROUP BY category)
        SELECT category, count(DISTINCT account_id), count(*) AS n, any_value(typical),
               avg((kind = 'repost')::INTEGER), avg((len(urls) > 0)::INTEGER),
               avg(len(hashtags)), avg((isodow(created_at) > 5)::INTEGER)
        FROM {posts} LEFT JOIN pace USING (category) GROUP BY category ORDER BY n DESC, category""")
    cells: list[tuple[Cell, ...]] = [
        (
            str(category),
            int(accounts),
            int(n),
            None if typical is None else round(float(typical), 1),
            *(None if v is None else float(v) for v in (reposts, links, tags, weekend)),
        )
        for category, accounts, n, typical, reposts, links, tags, weekend in rows
    ]
    return Table(
        "categories",
        f"By {title}",
        (
            title,
            "accounts",
            "posts",
            "posts on a median active day",
            "reposts",
            "with a link",
            "hashtags a post",
            "at weekends",
        ),
        cells,
        "At weekends: 2 of 7 days are 28.6 %.",
    )


def _languages(members: Members, posts: str, title: str) -> list[Table]:
    rows = members.query(f"""
        SELECT category, coalesce(lang, 'unknown') AS lang, count(*) AS n
        FROM {posts} GROUP BY ALL ORDER BY n DESC, category, lang""")
    totals: dict[str, int] = {}
    by: dict[str, dict[str, int]] = {}
    for category, lang, n in rows:
        totals[str(lang)] = totals.get(str(lang), 0) + int(n)
        by.setdefault(str(category), {})[str(lang)] = int(n)
    if len(totals) < 2:
        return []
    shown = sorted(totals, key=lambda lang: (-totals[lang], lang))[:LANGUAGES]
    cells: list[tuple[Cell, ...]] = [
        (category, *(langs.get(lang, 0) / sum(langs.values()) for lang in shown))
        for category, langs in sorted(by.items(), key=lambda c: -sum(c[1].values()))
    ]
    return [Table("languages", "Languages of the posts", (title, *shown), cells)]


def _hours(members: Members, posts: str, title: str) -> list[Figure]:
    rows: list[tuple[Any, ...]] = members.query(f"""
        SELECT category, hour(created_at) AS hour, count(*) AS n FROM {posts}
        WHERE created_at IS NOT NULL GROUP BY ALL ORDER BY category, hour""")
    by: dict[str, list[int]] = {}
    for category, hour, n in rows:
        by.setdefault(str(category), [0] * 24)[int(hour)] = int(n)
    if not by:
        return []
    largest = sorted(by, key=lambda c: (-sum(by[c]), c))[:DRAWN]
    drawn = []
    for category in largest:
        whole = sum(by[category])
        part = [n / whole for n in by[category]]
        busy = max(range(24), key=lambda h: (part[h], -h))
        drawn.append(Strip(category, f"most at {busy}h: {numbers.share(part[busy])}", part))
    label = f"Posts by hour of the day, by {title}"
    chart = strips([str(h) for h in range(24)], drawn, label, unit="hour of the day, UTC")
    cells = [(c, h, by[c][h], by[c][h] / sum(by[c])) for c in largest for h in range(24)]
    return [Figure("hours", label, chart, (title, "hour", "posts", "share"), cells)]
