"""Dates that tell the label: time of observation, and posts outside the declared window."""

from __future__ import annotations

import contextlib
from typing import Any

from benchmarks.audits.checks.ids import LIMIT
from benchmarks.audits.dataset import Audited, NotApplicable, Result, check
from benchmarks.audits.separability import separability_of
from botbench.core.sql import literal
from botbench.text import numbers


@check("time-of-observation", "Does it tell the label when an account was observed?", LIMIT)
def observed(audited: Audited) -> Result:
    """The time of observation, which is the collectors' and not the account's."""
    at = audited.ask(
        "SELECT epoch(observed_at)::DOUBLE AS at FROM read_parquet(?) ORDER BY account_id",
        ["accounts"],
    )["at"]
    if at.null_count == len(at):
        raise NotApplicable("the time of observation is unknown.")
    x = at.to_numpy().astype(float)[:, None]
    names = ("observed_at (seconds since 1970)",)
    separable = separability_of(
        x, audited.y, audited.arrays.group, names=names, depth=4, seed=audited.seed
    )
    detail = (
        f"The time of observation gets a balanced accuracy of {separable}; it asks:"
        f" {separable.question} It is not shown to detectors."
    )
    return Result(separable.value, separable.above(LIMIT), detail, separable.low, separable.high)


@check("outside-window", "Do posts outside the declared window tell the label?")
def outside(audited: Audited) -> Result:
    """Shares of bots and humans with a post outside the card's window; 0.05 apart is an issue."""
    start, end = _window(audited.release.dataset, audited.release.info)
    rows = audited.ask(
        f"""
        SELECT label, count(*) AS n, count(*) FILTER (is_out) AS out,
               coalesce(sum(posts), 0)::BIGINT AS posts
        FROM (
            SELECT l.account_id, l.label, bool_or(p.away) AS is_out,
                   count(*) FILTER (p.away) AS posts
            FROM read_parquet(?) l
            LEFT JOIN (
                SELECT account_id, created_at < {literal(start)}::TIMESTAMPTZ
                       OR created_at > {literal(end)}::TIMESTAMPTZ AS away
                FROM read_parquet(?)) p USING (account_id)
            GROUP BY ALL)
        GROUP BY label""",
        ["labels", "posts"],
    ).to_pylist()
    by_label: dict[str, Any] = {r["label"]: r for r in rows}
    if set(by_label) != {"bot", "human"}:
        raise NotApplicable("there is one class only.")
    share = {label: r["out"] / r["n"] for label, r in by_label.items()}
    gap = abs(share["bot"] - share["human"])
    posts = sum(r["posts"] for r in rows)
    return Result(
        gap,
        gap > 0.05,
        f"{posts:,} posts lie outside {start[:10]} to {end[:10]}:"
        f" of {numbers.share(share['bot'])} of the bots and {numbers.share(share['human'])} of the"
        f" humans ({by_label['bot']['out']} and {by_label['human']['out']} accounts).",
    )


def _window(dataset: str, info: dict[str, Any]) -> tuple[str, str]:
    """First and last moment of the window that the release declares.

    Releases of version 0.1 hold none: there the built-in card is asked. Raises NotApplicable
    without a window.
    """
    from botbench.core.errors import UserError
    from curation.ingest import cards
    from curation.store.snapshot_queries import window

    document, why = info, ""
    if "window" not in info:
        why = " The release was frozen before releases kept their card's window."
        with contextlib.suppress(UserError):
            document = cards.load(dataset).document
    start, end = window(document)
    if start is None or end is None:
        raise NotApplicable(f"no window is declared for the posts.{why}")
    return start, end
