"""Groups of accounts that repost, link or write alike more often than chance allows.

Settings (`settings: {coordination: {...}}`): `window` in seconds (60), `rate` of false discoveries
(.05), `of` (repost, link, text). Coordination is no proof of automation: supporters and newsrooms
also act alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination import coaction
from benchmarks.study.questions import Answer, Figure, Table, Text, question
from botbench.core.errors import unknown
from botbench.html.charts import campaign

if TYPE_CHECKING:
    from benchmarks.study.study import Study

Places = NDArray[np.int64]
SHOWN, DRAWN, LISTED = 20, 300, 50_000


@question("coordination", title="Who acts together", order=70)
def coordination(study: Study) -> Answer:
    """Groups as a table and a picture; what they share, how far beyond chance, and their part of
    the posts.
    """
    answer = Answer()
    if not study.frame.posts:
        return answer
    options = study.campaign.settings.get("coordination", {})
    window, rate = float(options.get("window", 60)), float(options.get("rate", 0.05))
    kinds = tuple(options.get("of", tuple(coaction.ACTIONS)))
    for kind in kinds:
        if kind not in coaction.ACTIONS:
            raise unknown("kind of action (settings.coordination.of)", kind, coaction.ACTIONS)
    connection = study.frame.store.connection
    actions = coaction.actions(connection, study.frame.posts_sql, kinds)
    if not actions.count:
        answer.blocks.append(
            Text("No dated post of the campaign reposts, links or says enough to be compared.")
        )
        return answer
    pairs = coaction.pairs(connection, actions, window, rate)
    group = coaction.groups(pairs)
    answer.blocks.append(Text(_summary(pairs, group, actions.count, window, rate)))
    if len(pairs.a):
        answer.blocks += [_table(study, pairs, group), _picture(pairs, group)]
    return answer


def _summary(pairs: coaction.Pairs, group: Places, actions: int, window: float, rate: float) -> str:
    crowds = ""
    if pairs.crowded:
        crowds = (
            f" {pairs.crowded:,} moments in which over {coaction.CROWD} accounts did the same are"
            " left out as trends."
        )
    return (
        f"{actions:,} actions of {len(pairs.accounts):,} accounts; {pairs.compared:,} pairs did the"
        f" same at least {coaction.LEAST} times within {window:g} seconds, {len(pairs.a):,} of them"
        f" more often than chance allows (false discovery rate {rate:g} over all pairs), in"
        f" {int(group.max(initial=-1)) + 1:,} groups of {int((group >= 0).sum()):,}"
        f" accounts.{crowds} By chance: every account keeps its number of actions and every action"
        " its popularity in its moment."
    )


def _table(study: Study, pairs: coaction.Pairs, group: Places) -> Table:
    """A row a group: accounts, pairs, co-actions seen and expected, posts and score."""
    import pyarrow as pa

    connection = study.frame.store.connection
    members = group >= 0
    connection.register(
        "study_groups",
        pa.table(
            {
                "account_id": pa.array(pairs.accounts[members].tolist(), pa.string()),
                "g": group[members],
            }
        ),
    )
    rows = connection.execute(
        "SELECT g, count(*), sum(posts)::BIGINT, avg(score), min(account_id)"
        f" FROM {study.frame.table} JOIN study_groups USING (account_id) GROUP BY g ORDER BY g"
    ).fetchall()
    connection.unregister("study_groups")
    of = group[pairs.a]
    n_pairs, seen, chance = (
        np.bincount(of, weights=w, minlength=int(group.max()) + 1)
        for w in (np.ones(len(of)), pairs.shared.astype(float), pairs.expected)
    )
    cells = [
        (
            int(g) + 1,
            n,
            int(n_pairs[g]),
            int(seen[g]),
            round(float(chance[g]), 3),
            posts,
            posts / max(study.frame.posts, 1),
            score if study.frame.scored else None,
            first,
        )
        for g, n, posts, score, first in rows[:SHOWN]
    ]
    return Table(
        "coordination",
        "Groups that act together",
        (
            "group",
            "accounts",
            "pairs",
            "co-actions",
            "by chance",
            "posts",
            "part of all posts",
            "mean score",
            "one of them",
        ),
        cells,
        (
            f"The largest {SHOWN}. Co-actions and chance are summed over the group's pairs."
            if len(rows) > SHOWN
            else ""
        ),
    )


def _picture(pairs: coaction.Pairs, group: Places) -> Figure:
    """The largest groups as a network; its places come from a seeded layout."""
    import random

    import igraph

    kept = np.flatnonzero(group >= 0)
    kept = kept[np.argsort(group[kept], kind="stable")][:DRAWN]
    place = {int(i): k for k, i in enumerate(kept)}
    inside = np.isin(pairs.a, kept) & np.isin(pairs.b, kept)
    ties = [
        (place[int(a)], place[int(b)])
        for a, b in zip(pairs.a[inside], pairs.b[inside], strict=True)
    ]
    random.seed(0)
    igraph.set_random_number_generator(random)
    layout = np.array(igraph.Graph(len(kept), ties).layout_fruchterman_reingold(niter=300).coords)
    span = np.ptp(layout, axis=0)
    places = (layout - layout.min(axis=0)) / np.where(span > 0, span, 1)
    title = "Accounts tied by acting together" + (
        f" (the first {DRAWN})" if (group >= 0).sum() > DRAWN else ""
    )
    drawing = campaign.network(
        [(float(x), float(y)) for x, y in places], ties, [int(g) for g in group[kept]], title
    )
    columns = (
        pairs.accounts[pairs.a].astype(str),
        pairs.accounts[pairs.b].astype(str),
        pairs.shared,
        pairs.expected,
        pairs.q,
    )
    rows = list(zip(*(c[:LISTED].tolist() for c in columns), strict=True))
    return Figure(
        "coordination-network",
        title,
        drawing,
        ("account", "with", "co-actions", "by chance", "q"),
        rows,
    )
