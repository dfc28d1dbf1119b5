"""The members of an operation: who is in the cohort, how much each posted, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.data import scores
from benchmarks.study.data.frame import cohort
from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.text.numbers import counted
from botbench.untrusted import csv_tables
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from benchmarks.study.data.frame import Frame
    from benchmarks.study.study import Study

TABLE = "study_members"


@dataclass(frozen=True)
class Members:
    """The cohort's accounts in the campaign.

    `study_members` is a table of account_id, place, posts and p. `place` counts those that posted
    from 0, by account_id; it is NULL for the others. `p` is the probability that the account is a
    member, NULL where nothing gives one. `ids` and `posts` are by place.
    """

    frame: Frame
    size: int
    ids: NDArray[np.object_]
    posts: NDArray[np.int64]
    posterior: NDArray[np.float64] | None
    """By place; None where no member has one. A member without one is taken as certain."""

    @property
    def who(self) -> str:
        """SQL of the members' account_id, in brackets."""
        return f"(SELECT account_id FROM {TABLE})"

    @property
    def posts_sql(self) -> str:
        """SQL of the members' posts in the window, in brackets."""
        return f"(FROM {self.frame.all_posts_sql} SEMI JOIN {TABLE} USING (account_id))"

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the store's connection."""
        return self.frame.query(text)


def read(study: Study) -> Members:
    """The members of the campaign's cohort; all its accounts where it names none.

    Raises UserError if nobody is in the cohort, or nobody of it posted in the window.
    """
    frame = study.frame
    who = f"(SELECT account_id FROM {frame.table})"
    if frame.campaign.cohort is not None:
        who = f"(SELECT account_id FROM {frame.table} SEMI JOIN {cohort(frame)} USING (account_id))"
    sure = _posterior(frame)
    frame.store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {TABLE} AS
        WITH counted AS (
            SELECT account_id, count(*) AS posts FROM {frame.all_posts_sql} GROUP BY account_id),
        placed AS (
            SELECT account_id, coalesce(posts, 0) AS posts, c.posts IS NOT NULL AS posted
            FROM {who} LEFT JOIN counted c USING (account_id))
        SELECT account_id, posts, p,
               CASE WHEN posted
                    THEN row_number() OVER (PARTITION BY posted ORDER BY account_id) - 1
               END AS place
        FROM placed LEFT JOIN {sure} USING (account_id)""")
    size = int(frame.one(f"SELECT count(*) FROM {TABLE}"))
    if not size:
        raise UserError(
            "The cohort has no account in the campaign, so there is nothing to report. Check cohort"
            " and accounts in the campaign file."
        )
    rows: dict[str, Any] = frame.store.connection.execute(
        f"SELECT account_id, posts, coalesce(p, 'nan') AS p FROM {TABLE} WHERE place IS NOT NULL"
        " ORDER BY place"
    ).fetchnumpy()
    if not len(rows["posts"]):
        raise UserError(
            f"The cohort of {counted(size, 'account')} posted nothing in the window, so there is"
            " nothing to report. Check the window in the campaign file."
        )
    p = np.asarray(rows["p"], dtype=np.float64)
    return Members(
        frame,
        size,
        np.asarray(rows["account_id"], dtype=object),
        np.asarray(rows["posts"], dtype=np.int64),
        None if np.isnan(p).all() else np.where(np.isnan(p), 1.0, p),
    )


def _posterior(frame: Frame) -> str:
    """SQL of account_id and p in brackets: of the file, else of the claims' own confidence."""
    who = frame.campaign.cohort
    if who is None or (who.file and not who.posterior):
        return "(SELECT NULL::VARCHAR AS account_id, NULL::DOUBLE AS p WHERE false)"
    if not who.posterior:
        where = [f"dataset = {literal(frame.campaign.dataset)}", "confidence IS NOT NULL"]
        where += [
            f"{name} = {literal(value)}"
            for name in ("claimant", "claimant_kind", "answer")
            if (value := getattr(who, name))
        ]
        claims = standing_claims(frame.store.relation("claims", frame.version))
        return (
            f"(SELECT account_id, max(confidence) AS p FROM {claims} WHERE {' AND '.join(where)}"
            " GROUP BY account_id)"
        )
    needed = ("account_id", "p")
    given, names = scores.source(frame.store.connection, who.posterior, "cohort.posterior", needed)
    if missing := [n for n in needed if n not in names]:
        raise UserError(
            f"cohort.posterior: {who.posterior} has no column {', '.join(missing)}; it has"
            f" {csv_tables.shown(names)}. A row is an account_id and p, its probability."
        )
    table = (
        "(SELECT account_id::VARCHAR AS account_id, avg(try_cast(p AS DOUBLE)) AS p,"
        " count(*) FILTER (try_cast(p AS DOUBLE) IS NULL OR NOT try_cast(p AS DOUBLE) BETWEEN 0"
        f" AND 1) AS wrong FROM {given} GROUP BY 1)"
    )
    if wrong := frame.one(f"SELECT coalesce(sum(wrong), 0) FROM {table}"):
        raise UserError(
            f"cohort.posterior: {int(wrong):,} values of p in {who.posterior} are not numbers from"
            " 0 to 1."
        )
    return table


def names(members: Members, places: Sequence[int]) -> list[str]:
    """The ids of members at these places."""
    return [str(members.ids[p]) for p in places]
