"""What each member posted of each item, day by day, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.operation.members import TABLE, Members
from benchmarks.study.questions.ranking import OF, items_table

KINDS = {
    "hashtag": OF["hashtags"],
    "domain": OF["domains"],
    "link": OF["links"],
    "account": OF["accounts"],
    "mention": ("lower(item)", "mentions"),
}
"""What is ranked, by kind of item: SQL of one item, and of the list that it comes from. `account`
is whose post was reposted, where the source says it."""
CANDIDATES = 5
"""Items of a day that can rank, for each that is shown."""
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Day:
    """One day of one kind of item, the most posted first.

    `posts` is int64[items]. `member`, `item` and `n` are int64[entries]: how many posts with the
    item at a place of `items` the member at a place of `Members.ids` wrote.
    """

    day: str
    items: tuple[str, ...]
    posts: Counts
    member: Counts
    item: Counts
    n: Counts

    def by_member(self) -> tuple[Counts, Counts]:
        """Places of the members that posted the items: int64[m]; their posts: int64[m, items]."""
        present, row = np.unique(self.member, return_inverse=True)
        posts = np.zeros((len(present), len(self.items)), dtype=np.int64)
        posts[row, self.item] = self.n
        return present, posts


def days(members: Members, kind: str, top: int) -> Iterator[Day]:
    """Each day with its most posted items, `CANDIDATES` for each of the `top`, in order of time."""
    table = items_table(members.frame, KINDS[kind], members.who)
    connection = members.frame.store.connection
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE study_ranked AS
        SELECT day, item, sum(posts)::BIGINT AS posts,
               row_number() OVER (PARTITION BY day ORDER BY sum(posts) DESC, item) - 1 AS place
        FROM {table} WHERE own GROUP BY day, item QUALIFY place < {CANDIDATES * top}""")
    ranked: dict[str, Any] = connection.execute(
        "SELECT day, item, posts FROM study_ranked ORDER BY day, place"
    ).fetchnumpy()
    entries: dict[str, Any] = connection.execute(f"""
        SELECT t.day, m.place AS member, r.place AS item, t.posts FROM {table} t
        JOIN study_ranked r ON t.day = r.day AND t.item = r.item
        JOIN {TABLE} m ON t.account_id = m.account_id
        WHERE t.own ORDER BY t.day, member, item""").fetchnumpy()
    names, first = np.unique(ranked["day"].astype(str), return_index=True)
    ends = np.append(first, len(ranked["day"]))[1:]
    of = entries["day"].astype(str)
    lows: Counts = np.asarray(np.searchsorted(of, names), dtype=np.int64)
    highs: Counts = np.asarray(np.searchsorted(of, names, side="right"), dtype=np.int64)
    for i, name in enumerate(names):
        a, b, low, high = int(first[i]), int(ends[i]), int(lows[i]), int(highs[i])
        member, item, n = (
            np.asarray(entries[key][low:high], dtype=np.int64)
            for key in ("member", "item", "posts")
        )
        yield Day(
            str(name),
            tuple(str(i) for i in ranked["item"][a:b]),
            np.asarray(ranked["posts"][a:b], dtype=np.int64),
            member,
            item,
            n,
        )
