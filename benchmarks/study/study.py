"""A study: a campaign with its frame and its annotated sample, for the questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.study.data import frame as framing
from benchmarks.study.data import labelled as labelling
from benchmarks.study.data.detector_evidence import trained_here
from benchmarks.study.data.frame import SIZES, Frame
from benchmarks.study.estimators.estimate import Estimate, Refused, Sized, estimates
from botbench.core.hashing import file_sha256
from botbench.core.sql import literal
from botbench.stats.rare_errors import TOLERATED, heavier
from botbench.text import numbers
from curation.engines import DUCKDB
from curation.store.snapshot_queries import card, newest_consensus

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign
    from benchmarks.study.estimators.labelled_sample import LabelledSample
    from botbench.stats.design_based import Floats
    from curation.store.store import Store

LACKING = "The sample has too little of the heavy accounts"


@dataclass(frozen=True)
class Study:
    """The input of a question: campaign, frame in the store (SQL), labelled sample (arrays)."""

    campaign: Campaign
    frame: Frame
    labelled: LabelledSample
    trained_here: int

    @classmethod
    def open(cls, store: Store, campaign: Campaign, engine: str = DUCKDB) -> Study:
        """Read frame and sample; scores count unless the detector was trained on these accounts."""
        frame = framing.build(store, campaign, engine)
        return cls(campaign, frame, labelling.read(frame), trained_here(frame))

    @property
    def scored(self) -> bool:
        """Whether scores may be used in addition to labels."""
        accepted = self.campaign.detector is not None and self.campaign.detector.accept_trained_here
        fair = accepted or not self.trained_here
        return self.frame.scored and fair and not self._made_for_the_sample

    @cached_property
    def _made_for_the_sample(self) -> bool:
        part = self.frame.unscored / max(self.frame.accounts, 1)
        return self.labelled.made_for_the_sample(part)

    @property
    def refused_scores(self) -> str | None:
        """The reason why existing scores are not used."""
        if not self.frame.scored or self.scored:
            return None
        if self._made_for_the_sample:
            return (
                f"{self.frame.unscored:,} of the campaign's {self.frame.accounts:,} accounts have"
                " no score, and whether one has depends on whether it was drawn: such scores tell"
                " nothing of the others. Score every account of the campaign: botbench predict."
            )
        return (
            f"The detector was trained on {self.trained_here:,} of the campaign's"
            f" {self.frame.accounts:,} accounts (by its ledger, or the releases it names): what it"
            " says of them is not evidence. Use one that was not, or leave them out of its"
            " training; detector.accept_trained_here: true uses it all the same, and the report"
            " says so."
        )

    @property
    def consensus(self) -> str | None:
        """The consensus the labels come from."""
        return self.campaign.labels or newest_consensus(
            self.frame.store, self.campaign.dataset, self.frame.version
        )

    def estimates(self, sized: Sized, *, others: bool = False) -> Iterator[Estimate | Refused]:
        """The estimates of a share, the default first, or the reason for none."""
        lacking = self.heavy_accounts(sized)
        for one in estimates(self.labelled, sized, score=self.scored, others=others):
            if isinstance(one, Estimate) and lacking:
                one = replace(one, assumptions=(*one.assumptions, lacking))  # noqa: PLW2901
            yield one

    def heavy_accounts(self, sized: Sized) -> str | None:
        """Which accounts the sample lacks for a quantity that few accounts carry; None if none.

        Taken whole, they would leave a rest for which the sample is heavy enough.
        """
        size = sized.size[self.labelled.answered]
        # Each account is one account: none is heavy.
        if sized.quantity == "accounts" or sized.group is not None or sized.squares is None:
            return None
        if not (size > 0).any():
            return None
        drawn = self.labelled.sample_for(sized.size)
        if drawn is None:
            return None
        if heavier(drawn, size, sized.squares) <= 1:
            return None
        chance = drawn.probability < 1
        enough = TOLERATED * float((drawn.weight * size**2)[chance].sum())
        quantity = sized.quantity
        number, least, together = self.frame.query(f"""
            SELECT count(*), min(size), sum(size) FROM (
                SELECT {quantity}::DOUBLE AS size, coalesce(sum({quantity}::DOUBLE * {quantity})
                    OVER (ORDER BY {quantity} DESC, account_id
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS heavier
                FROM {self.frame.table} WHERE {quantity} > 0)
            WHERE {sized.squares!r} - heavier > {enough!r}""")[0]
        without = int(number) - int((size >= least).sum())
        if without <= 0:
            return None
        return (
            f"{LACKING}: {number:,} accounts with {least:,.0f} or more {quantity} carry"
            f" {numbers.share(together / sized.whole)} of the {quantity}, and {without:,} of them"
            " have no label. The interval is wide for that reason. Annotate these as well: botbench"
            " sample --design 'posts(n=...)' takes the heaviest in any case."
        )

    def sized(self, quantity: str) -> Sized:
        """A quantity of the whole campaign."""
        return self._sized(quantity, None, self.labelled.sizes[quantity], self._totals[quantity])

    @cached_property
    def _totals(self) -> dict[str, tuple[float, float, float, float]]:
        sums = ", ".join(_sums(q) for q in SIZES)
        row = self.frame.query(f"SELECT {sums} FROM {self.frame.table}")[0]
        return {
            q: tuple(float(v or 0) for v in row[4 * i : 4 * i + 4])  # type: ignore[misc]
            for i, q in enumerate(SIZES)
        }

    def _sized(
        self, quantity: str, group: str | None, size: Floats, totals: Sequence[float]
    ) -> Sized:
        whole, scored, flagged, squares = totals
        named = flagged if self.frame.scored else None
        return Sized(quantity, group, size, whole, scored, named, squares)

    def by_account(self, quantity: str, title: str) -> list[Sized]:
        """A quantity in each group of accounts, the largest first."""
        column = self.frame.group_columns[title]
        rows = self.frame.query(
            f"SELECT {column}, {_sums(quantity)}, count(*) AS n FROM {self.frame.table}"
            f" GROUP BY {column} ORDER BY n DESC, {column}"
        )
        mine = np.array(self.labelled.groups[title], dtype=object)
        return [
            self._sized(
                quantity,
                f"{title}: {value}",
                self.labelled.sizes[quantity] * (mine == value),
                totals,
            )
            for value, *totals, _ in rows
        ]

    def by_post(
        self,
        key: str,
        title: str,
        *,
        quantity: str = "posts",
        values: Sequence[str] = (),
        top: int | None = None,
        source: str | None = None,
    ) -> list[Sized]:
        """A quantity of posts (or of their accounts) by the value of a SQL expression over posts.

        `source` replaces the campaign's posts (SQL in brackets); `values` or `top` select values,
        the largest first.
        """
        posts = source or self.frame.posts_sql
        summed = _summed(key, quantity, posts)
        rows = self.frame.query(f"""
            SELECT value, sum(size), sum(size * score), sum(size) FILTER (flagged),
                sum(size * size) FROM ({summed})
            JOIN (SELECT account_id, score, flagged FROM {self.frame.table}) USING (account_id)
            GROUP BY value ORDER BY 2 DESC, value""")
        chosen = [r for r in rows if r[0] in values] if values else rows[:top]
        mine = self._of_drawn(key, quantity, posts, [r[0] for r in chosen])
        return [
            self._sized(quantity, f"{title}: {value}", size, [float(t or 0) for t in totals])
            for (value, *totals), size in zip(chosen, mine, strict=True)
        ]

    def _of_drawn(self, key: str, quantity: str, posts: str, values: Sequence[object]) -> Floats:
        """For each value, what each drawn account has of it: float64[values, drawn]."""
        import pyarrow as pa

        sizes = np.zeros((len(values), len(self.labelled.ids)))
        names = pa.array([str(v) for v in values], pa.string())
        ids = pa.array(self.labelled.ids, pa.string())
        connection = self.frame.store.connection
        tables = {
            "study_values": pa.table({"value": names, "row": np.arange(len(names))}),
            "study_drawn": pa.table({"account_id": ids, "place": np.arange(len(ids))}),
        }
        for name, table in tables.items():
            connection.register(name, table)
        # Read only posts of the drawn accounts, so that the campaign's posts are counted once.
        drawn = f"(SELECT * FROM {posts} SEMI JOIN study_drawn USING (account_id))"
        try:
            rows = connection.execute(f"""
                SELECT v.row, d.place, s.size FROM ({_summed(key, quantity, drawn)}) s
                JOIN study_values v ON s.value::VARCHAR = v.value
                JOIN study_drawn d ON s.account_id = d.account_id
                SEMI JOIN {self.frame.table} f ON s.account_id = f.account_id""").fetchnumpy()
        finally:
            for name in tables:
                connection.unregister(name)
        sizes[rows["row"], rows["place"]] = rows["size"]
        return sizes

    @cached_property
    def simulated(self) -> bool:
        """Whether the data set was made by a program."""
        return bool(
            card(self.frame.store, self.campaign.dataset, self.frame.version).get("simulated")
        )

    @cached_property
    def truth(self) -> dict[str, float] | None:
        """The true share of each quantity in simulated data; None in real data."""
        if not self.simulated:
            return None
        claims = self.frame.of_dataset("claims")
        bots = (
            f"(SELECT account_id, bool_or(answer = 'bot') AS bot FROM {claims}"
            " WHERE claimant = 'simulator' GROUP BY account_id)"
        )
        parts = ", ".join(f"sum({q}) FILTER (bot) / nullif(sum({q}), 0)" for q in SIZES)
        row = self.frame.query(
            f"SELECT {parts} FROM {self.frame.table} JOIN {bots} USING (account_id)"
        )[0]
        return (
            {f"share of {q}": round(float(v or 0), 6) for q, v in zip(SIZES, row, strict=True)}
            if any(row)
            else None
        )

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """The sources of the numbers: store version, consensus, release, scores."""
        detector = self.campaign.detector
        release = self.frame.query(
            "SELECT name, version, content_hash FROM"
            f" {self.frame.store.relation('releases', self.frame.version)} WHERE dataset ="
            f" {literal(self.campaign.dataset)} ORDER BY snapshot_id DESC, version DESC LIMIT 1"
        )
        name, number, content = release[0] if release else (None, None, None)
        return {
            "dataset": self.campaign.dataset,
            "store_version": self.frame.version,
            "consensus": self.consensus,
            "release": f"{name}@{number}" if name else None,
            "release_hash": content,
            "scores": detector and (detector.name or detector.scores.name),
            "scores_hash": detector and file_sha256(detector.scores),
        }


POST_SIZES = {
    "posts": "1",
    "accounts": "1",
    "reposts": "(p.kind = 'repost')::INTEGER",
    "likes": "coalesce(p.likes, 0)",
}


def _summed(key: str, quantity: str, posts: str) -> str:
    """SQL of how much each account has of a quantity in each value of an expression over posts."""
    kept = f"(SELECT account_id, {key} AS value, {POST_SIZES[quantity]} AS size FROM {posts} p)"
    summed = (
        f"SELECT k.account_id, k.value, sum(k.size)::DOUBLE AS size FROM {kept} k WHERE k.value IS"
        " NOT NULL GROUP BY k.account_id, k.value"
    )
    return (
        f"SELECT account_id, value, 1::DOUBLE AS size FROM ({summed})"
        if quantity == "accounts"
        else summed
    )


def _sums(quantity: str) -> str:
    return (
        f"sum({quantity}), coalesce(sum({quantity} * score), 0), coalesce(sum({quantity}) FILTER"
        f" (flagged), 0), sum({quantity}::DOUBLE * {quantity})"
    )
