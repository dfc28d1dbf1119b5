"""Over time: bots' share of posts per day or hour with its interval, volume and takedowns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from benchmarks.study.estimators.estimate import Estimate
from benchmarks.study.questions import Answer, Figure, Text, question
from benchmarks.study.study import Study
from botbench.html.charts.timeline import Series, timeline
from botbench.text import numbers

KEYS = {
    "day": "strftime(p.created_at, '%Y-%m-%d')",
    "hour": "strftime(p.created_at, '%Y-%m-%d %Hh')",
}
POINTWISE = "Each interval holds for its own {unit}, not for all at once."


@question("over-time", title="Over time", order=30)
def over_time(study: Study) -> Answer:
    """A point for each day or hour with posts; days on which few labelled accounts posted have wide
    intervals.
    """
    answer = Answer()
    unit = study.campaign.over_time
    if unit is None or not study.frame.posts or "posts" not in study.campaign.quantities:
        return answer
    sized = sorted(study.by_post(KEYS[unit], unit), key=lambda s: s.group or "")
    if not sized:
        answer.blocks.append(
            Text(
                "No post of the campaign has a time, so nothing can be said over time.",
                warning=True,
            )
        )
        return answer
    by: dict[str | None, Estimate] = {}
    for s in sized:
        by.update((e.group, e) for e in answer.take(list(study.estimates(s)))[:1])
    labels = [(s.group or "").split(": ", 1)[1] for s in sized]
    points = [by.get(s.group) for s in sized]
    gone = takedowns(study, KEYS[unit])
    if any(points):
        answer.blocks.append(_shares(unit, labels, points, [s.naive for s in sized], gone))
        answer.lead = _lead(
            unit, [(label, p) for label, p in zip(labels, points, strict=True) if p]
        )
    answer.blocks.append(
        _volume(
            unit,
            labels,
            [s.whole for s in sized],
            [gone.get(label, 0) for label in labels],
            _marks(labels, study.campaign.events),
        )
    )
    return answer


def _marks(labels: list[str], named: Mapping[date, str]) -> list[tuple[int, str]]:
    """The campaign's events at the first label of their day; those of other days are not drawn."""
    first: dict[str, int] = {}
    for i, label in enumerate(labels):
        first.setdefault(label[:10], i)
    return [(first[str(d)], words) for d, words in sorted(named.items()) if str(d) in first]


def _lead(unit: str, points: list[tuple[str, Estimate]]) -> str:
    """The lowest and the highest share, and whether their intervals tell them apart."""
    if len(points) < 2:
        return ""
    (first, least), (last, most) = (f(points, key=lambda p: p[1].value) for f in (min, max))
    overlap = least.high >= most.low
    return (
        f"By {unit}, the bots' share of the posts lay between {numbers.share(least.value)}"
        f" ({first}) and {numbers.share(most.value)} ({last}). The intervals of these two {unit}s"
        f" {'overlap: no change is shown' if overlap else 'do not overlap'}."
    )


def takedowns(study: Study, key: str) -> dict[str, int]:
    """Last posts of accounts that are now suspended or deleted, counted by day or hour.

    Platforms seldom publish when they took an account down. The takedown was after the last post.
    """
    rows = study.frame.query(f"""
        SELECT {key.replace("p.created_at", "last")} AS value, count(*) FROM (
            SELECT p.account_id, max(p.created_at) AS last FROM {study.frame.posts_sql} p
            SEMI JOIN (FROM {study.frame.table}
                       WHERE status IN ('suspended', 'deleted', 'deactivated', 'gone')) f
                ON p.account_id = f.account_id
            GROUP BY p.account_id)
        WHERE last IS NOT NULL GROUP BY value""")
    return {str(value): int(n) for value, n in rows}


def _shares(
    unit: str,
    labels: list[str],
    points: list[Estimate | None],
    naive: list[float | None],
    gone: dict[str, int],
) -> Figure:
    title = f"Bots' share of posts by {unit}"
    value, low, high = (
        [getattr(p, part) if p else None for p in points] for part in ("value", "low", "high")
    )
    series = [Series("estimate", value, low, high)]
    if any(n is not None for n in naive):
        series.append(Series("flagged by the detector", naive, series=1, dashed=True))
    method = [p.method if p else None for p in points]
    rows = [
        (*row, gone.get(row[0], 0))
        for row in zip(labels, method, value, low, high, naive, strict=True)
    ]
    moments = events(labels, gone)
    note = f"Line and band: the estimate and its interval. {POINTWISE.format(unit=unit)}"
    if moments:
        note += " Upright lines: where accounts now suspended or deleted fell silent."
    return Figure(
        "share-over-time",
        title,
        timeline(labels, series, title, moments, height=200),
        (unit, "method", "value", "low", "high", "naive", "takedowns"),
        rows,
        note,
    )


def events(labels: list[str], gone: dict[str, int], most: int = 3) -> list[tuple[int, str]]:
    """The few moments at which most accounts went, at most `most`, and only where several did."""
    large = sorted((n, label) for label, n in gone.items() if n >= 2 and label in labels)[-most:]
    return sorted((labels.index(label), f"{n:,} gone") for n, label in large)


def _volume(
    unit: str,
    labels: list[str],
    posts: list[float],
    gone: list[int],
    marks: list[tuple[int, str]],
) -> Figure:
    title = f"Posts by {unit}"
    chart = timeline(labels, [Series("posts", posts)], title, marks, height=110, share=False)
    rows = [(label, int(n), g) for label, n, g in zip(labels, posts, gone, strict=True)]
    return Figure("posts-over-time", title, chart, (unit, "posts", "takedowns"), rows)
