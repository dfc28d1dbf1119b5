"""What is missing from the data, and what that could do to the ranks."""

from __future__ import annotations

from benchmarks.study.operation.members import Members
from benchmarks.study.operation.pushed import said, shown
from benchmarks.study.operation.rank_rows import Ranking
from benchmarks.study.questions import Answer, Table, Text
from botbench.text.numbers import counted


def opening(members: Members, ranking: Ranking) -> Answer:
    """Who is named and has no post here, which accounts' posts are missing, what they could do."""
    named = _named(members)
    blocks: list[Text | Table] = []
    if named > len(members.ids):
        blocks.append(
            Text(
                f"{named:,} accounts are in the cohort; {len(members.ids):,} of them have posts in"
                f" the window. Of the other {named - len(members.ids):,} it is not known whether"
                " they were silent or are missing."
            )
        )
    missing = members.frame.campaign.missing
    if missing is None:
        if not blocks:
            blocks.append(
                Text(
                    "The campaign file names nothing that is missing. If posts of the cohort are"
                    " not in the data, say so: missing: {accounts: N, why: ...}."
                )
            )
        return Answer([*blocks, *_margins(ranking)])
    why = f": {missing.why}" if missing.why else ""
    lead = f"The posts of {counted(missing.accounts, 'account')} are missing{why}."
    blocks.insert(0, Text(f"{lead} {_could(ranking, missing.accounts)}", warning=True))
    return Answer([*blocks, *_margins(ranking)], lead=lead)


def _named(members: Members) -> int:
    """How many accounts the cohort has in the data set, whether they posted or not."""
    from benchmarks.study.data.frame import cohort

    frame = members.frame
    if frame.campaign.cohort is None:
        return int(
            frame.one(f"SELECT count(DISTINCT account_id) FROM {frame.of_dataset('accounts')}")
        )
    return int(frame.one(f"SELECT count(DISTINCT account_id) FROM {cohort(frame)}"))


def _could(ranking: Ranking, accounts: int) -> str:
    first = ranking.headline
    if first is None:
        return ""
    rank = ranking.robustness[first.day, first.item].with_missing
    if rank is None:
        return ""
    return (
        f"If they posted as the {accounts} largest accounts here did, {shown(first)} would have"
        f" been number {rank.median:g} on {first.day} ({rank.low} to {rank.high} in 95 % of"
        f" draws), instead of {first.rank}. Nothing bounds what they really posted."
    )


def _margins(ranking: Ranking) -> list[Table]:
    rows = [
        r for r in ranking.rows if r.kind == ranking.kind and (r.day, r.item) in ranking.robustness
    ]
    if not rows:
        return []
    with_them = any(d.with_missing for d in ranking.robustness.values())
    cells = []
    for r in rows:
        d = ranking.robustness[r.day, r.item]
        cells.append(
            (
                r.day,
                shown(r),
                r.rank,
                r.posts,
                d.up,
                d.down,
                *([said(d.with_missing)] if with_them else []),
            )
        )
    columns = [
        "day",
        ranking.kind,
        "rank",
        "posts",
        "more of it to rise",
        "more of the next to fall",
    ]
    return [
        Table(
            "missing",
            "What posts that are not here could change",
            (*columns, *(["rank with the missing accounts"] if with_them else [])),
            cells,
            "More of it to rise: posts with it that would take it past the next ahead.",
        )
    ]
