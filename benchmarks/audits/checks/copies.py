"""Copies: texts of several accounts, duplicates across splits, accounts in other data sets."""

from __future__ import annotations

import numpy as np

from benchmarks.audits.dataset import LEAST, Audited, NotApplicable, Result, check
from benchmarks.audits.separability import rate
from botbench.text import numbers
from botbench.text.comparing import words_sql

TEXT = 0.75
"""Balanced accuracy from which on shared texts are enough to tell the label."""
SHARED_TEXTS = f"""
    WITH texts AS (
        SELECT DISTINCT account_id, hash(words) AS words
        FROM (SELECT account_id, {words_sql("text")} AS words FROM read_parquet(?))
        WHERE length(words) >= 20),
    shared AS (SELECT words FROM texts GROUP BY words HAVING count(*) BETWEEN 2 AND 50),
    votes AS (
        SELECT DISTINCT a.account_id, b.account_id AS other FROM texts a JOIN shared USING (words)
        JOIN texts b ON a.words = b.words AND a.account_id <> b.account_id)
    SELECT l.account_id, v.share FROM read_parquet(?) l LEFT JOIN (
        SELECT votes.account_id, avg((o.label = 'bot')::INT) AS share
        FROM votes JOIN read_parquet(?) o ON o.account_id = votes.other GROUP BY ALL
    ) v USING (account_id)
    ORDER BY account_id"""
"""The share of bots among the other accounts that wrote one of an account's texts."""


@check("near-duplicate-text", "Is it enough to know whose texts an account's texts repeat?", TEXT)
def texts(audited: Audited) -> Result:
    """Each account gets the mean label of the *other* accounts that wrote one of its texts (links,
    names, digits, signs left out).

    Whoever repeats nobody is guessed by the share of bots; texts under 20 letters and those of over
    50 accounts say nothing.
    """
    y = audited.y
    frame = audited.ask(SHARED_TEXTS, ["posts", "labels", "labels"])
    share = frame["share"].to_numpy().astype(float)
    covered = np.isfinite(share)
    if covered.sum() < LEAST:
        raise NotApplicable(
            f"{int(covered.sum())} accounts share a text with another one; {LEAST} are needed."
        )
    common = int(y.mean() >= 0.5)
    predicted = np.where(covered, share > 0.5, common).astype(np.int8)
    value, low, high = rate(predicted, y)
    right = float((predicted[covered] == y[covered]).mean())
    detail = (
        f"{numbers.share(covered.mean())} of accounts repeat a text of another account, and"
        f" {numbers.share(right)} of these have the other's label; alone it gets a balanced"
        f" accuracy of {numbers.score(value)} ({numbers.score_range(low, high)})."
    )
    return Result(value, low > TEXT, detail, low, high)


@check(
    "duplicates-across-splits", "Do accounts of one duplicate group stand on both sides of a split?"
)
def splits(audited: Audited) -> Result:
    """Groups torn apart by the official split or a drawn one."""
    rows = audited.ask(
        """
        SELECT split_id, count(*) AS n FROM (
            SELECT split_id, "group" FROM read_parquet(?)
            GROUP BY ALL HAVING count(DISTINCT part) > 1)
        GROUP BY split_id ORDER BY split_id""",
        ["splits"],
    ).to_pylist()
    if not audited.ask("SELECT 1 FROM read_parquet(?) LIMIT 1", ["splits"]).num_rows:
        raise NotApplicable("the release has no splits.")
    torn = sum(r["n"] for r in rows)
    listed = ", ".join(f"{r['n']} by {r['split_id']}" for r in rows) or "none"
    return Result(torn, torn > 0, f"Groups of equal profiles that a split tears apart: {listed}.")


@check("duplicate-accounts", "How many accounts look exactly like another one?")
def duplicates(audited: Audited) -> Result:
    """The share of accounts in a duplicate group of two or more, and groups that hold both labels;
    these are the issue.
    """
    arrays = audited.arrays
    _, code, size = np.unique(arrays.group.astype(str), return_inverse=True, return_counts=True)
    bots = np.bincount(code, weights=arrays.y)
    both = int(((bots > 0) & (bots < size)).sum())
    share = float((size[code] > 1).mean())
    detail = (
        f"{numbers.share(share)} of accounts look exactly like another;"
        f" {numbers.counted(both, 'group')} of such accounts"
        f" {'holds' if both == 1 else 'hold'} both labels."
    )
    return Result(share, both > 0, detail)
