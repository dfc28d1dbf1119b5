"""The people's answers about the drawn accounts, and whether they depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.study.estimators.shared_answers import LEVEL, most_alike
from botbench.core.sql import literal
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from benchmarks.study.data.frame import Frame
    from botbench.stats.design_based import Floats

DEPENDENT = "Annotators' answers depend on each other"


def dependence(frame: Frame, ids: Sequence[str], score: Floats | None = None) -> str | None:
    """A sentence where two annotators answer alike more than their error rates explain, or None.

    `score` is what the detector says of the accounts `ids`, where there is one.
    """
    votes, known, people = read(frame, ids)
    if score is not None:
        # An account of two waves is one account, at the place of the first.
        score = score[np.sort(np.unique(np.array(ids), return_index=True)[1])]
    found = most_alike(votes, known, score=score) if len(people) > 1 else None
    if found is None or found.p > LEVEL:
        return None
    gold = int((~np.isnan(known)).sum())
    pair = f"{people[found.first]} and {people[found.second]}"
    who = (
        f"{pair} most of all, by {gold:,} accounts whose truth is known"
        if gold
        else f"the model leaves most between {pair}, but without gold accounts it is not known who"
        " copies or misreads what"
    )
    return (
        f"{DEPENDENT} more than their error rates explain (p = {found.p:.2g}): {who}. The consensus"
        " takes them as independent, so these intervals can be too narrow."
    )


def read(frame: Frame, ids: Sequence[str]) -> tuple[Floats, Floats, list[str]]:
    """Answers float64[accounts, people] (1 bot, 0 human, NaN), gold labels and the people's names.

    An adjudicator's answer is the truth of an account and no vote.
    """
    import pyarrow as pa

    # An account of two waves is one account.
    once = pa.array(dict.fromkeys(ids), pa.string())
    places = pa.table({"account_id": once, "place": np.arange(len(once))})
    connection = frame.store.connection
    connection.register("study_voted", places)
    claims = standing_claims(frame.store.relation("claims", frame.version))
    try:
        table = connection.execute(f"""
            SELECT place, claimant, coalesce(attributes['role'] = 'adjudicator', false) AS gold,
                   arg_max(answer = 'bot', (coalesce(made_at, TIMESTAMP '1970-01-01'), claim_id))
                   AS bot
            FROM {claims} JOIN study_voted USING (account_id)
            WHERE dataset = {literal(frame.campaign.dataset)} AND claimant_kind = 'person'
                AND answer IN ('bot', 'human')
            GROUP BY ALL ORDER BY place, claimant""").fetchnumpy()
    finally:
        connection.unregister("study_voted")
    gold = np.asarray(table["gold"], dtype=np.bool_)
    place, bot = np.asarray(table["place"]), np.asarray(table["bot"], dtype=np.float64)
    people, column = np.unique(
        np.asarray(table["claimant"], dtype=np.str_)[~gold], return_inverse=True
    )
    votes, known = np.full((len(once), len(people)), np.nan), np.full(len(once), np.nan)
    known[place[gold]] = bot[gold]
    votes[place[~gold], column] = bot[~gold]
    return votes, known, people.tolist()
