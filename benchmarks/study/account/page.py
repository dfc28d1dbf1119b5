"""Write the evidence page of one account: the annotator's card, its rates, and who said what of it.

The page is evidence for a person to judge, not a verdict. It shows what the card does not: the
platform's status and everybody's claims, named as claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.campaign.definition import Campaign
from benchmarks.study.data.frame import Frame
from benchmarks.study.questions import Figure, Table, Text
from benchmarks.study.questions.one_account import NAMED_RATE, RATES, evidence
from benchmarks.study.report import pieces
from benchmarks.study.report.report import shown
from botbench.core.errors import UserError, unknown
from botbench.core.sql import literal
from botbench.html.charts.elements import Svg
from botbench.html.environment import CHARTS, FIGURES, page
from botbench.text.numbers import counted
from curation.annotation.card.card import STYLE, render
from curation.annotation.card.evidence import gather

if TYPE_CHECKING:
    from curation.store.store import Store

HERE = Path(__file__).parent
ROWS = 12
"""Rows of a table on the page, the first half and the last half; the CSV has all."""
HALF = ROWS // 2


@dataclass(frozen=True)
class Evidence:
    """One account's evidence: the card's HTML, the further tables, and the numbers of its days."""

    account: str
    dataset: str
    version: int
    simulated: bool
    card: Svg
    blocks: tuple[Text | Table | Figure, ...]
    posts: int
    first: datetime | None
    last: datetime | None
    days: tuple[int, ...]
    most: int

    @property
    def lead(self) -> str:
        """What is known of its posts in a sentence."""
        if self.first is None or self.last is None:
            undated = " with a time" if self.posts else ""
            return f"The data set {self.dataset} has no post{undated} of {self.account}."
        over = dict(zip(RATES, self.days, strict=True))[NAMED_RATE]
        return (
            f"{counted(self.posts, 'post')} of {self.account} from {self.first:%d %B %Y} to"
            f" {self.last:%d %B %Y}: at most {self.most:,} on a day, "
            + (
                f"and over {NAMED_RATE} on {counted(over, 'day')}."
                if over
                else f"never over {NAMED_RATE}."
            )
        )

    def document(self, report: str) -> dict[str, Any]:
        """The document of `botbench study one-account ID --json`."""
        return {
            "account": self.account,
            "dataset": self.dataset,
            "version": self.version,
            "simulated": self.simulated,
            "posts": self.posts,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "days_over": {str(r): n for r, n in zip(RATES, self.days, strict=True)},
            "most_in_a_day": self.most,
            "tables": {
                _short(b.name): [dict(zip(b.columns, row, strict=True)) for row in b.rows]
                for b in self.blocks
                if isinstance(b, Table)
            },
            "report": report,
        }


def read(store: Store, account: str, dataset: str | None = None, at: str | None = None) -> Evidence:
    """The evidence on an account of the store; the data set is needed where several have it.

    Raises UserError, with the closest ids, for an account that is not there.
    """
    import pyarrow as pa

    version = store.resolve(at)
    where = _dataset(store, account, dataset, version)
    frame = Frame(
        store, Campaign.model_validate({"name": "one-account", "dataset": where}), version
    )
    wanted = pa.table({"account_id": pa.array([account], pa.string())})
    record = next(iter(gather(store, where, wanted, version)))
    posts = f"(FROM {frame.of_dataset('posts')} WHERE account_id = {literal(account)})"
    counts = ", ".join(f"count(*) FILTER (n > {r})" for r in RATES)
    row = frame.query(f"""
        SELECT coalesce(max(n), 0), {counts} FROM (
            SELECT count(*) AS n FROM {posts} WHERE created_at IS NOT NULL
            GROUP BY created_at::DATE)""")[0]
    total, first, last = frame.query(
        f"SELECT count(*), min(created_at), max(created_at) FROM {posts}"
    )[0]
    return Evidence(
        account,
        where,
        version,
        _simulated(store, where, version),
        Svg(render(record, {}, status=True)),
        tuple(b for b in evidence(frame, account) if not isinstance(b, Figure)),
        int(total),
        first,
        last,
        tuple(int(n) for n in row[1:]),
        int(row[0]),
    )


def _simulated(store: Store, dataset: str, version: int) -> bool:
    from curation.store.snapshot_queries import card

    return bool(card(store, dataset, version).get("simulated"))


def _dataset(store: Store, account: str, dataset: str | None, version: int) -> str:
    """The data set that has the account; the one that is named must have it."""
    accounts = store.relation("accounts", version)
    rows = store.connection.execute(
        f"SELECT DISTINCT dataset FROM {accounts} WHERE account_id = ? ORDER BY 1", [account]
    ).fetchall()
    names = [str(name) for (name,) in rows]
    if dataset is not None and dataset in names:
        return dataset
    if dataset is None and len(names) == 1:
        return names[0]
    if dataset is None and names:
        raise UserError(
            f"{account} is in several data sets: {', '.join(names)}. Name one with --dataset."
        )
    if dataset is not None:
        there = store.connection.execute(f"SELECT DISTINCT dataset FROM {accounts}").fetchall()
        if dataset not in {str(name) for (name,) in there}:
            raise unknown("data set in the store", dataset, [str(name) for (name,) in there])
    near = store.connection.execute(
        f"SELECT DISTINCT account_id FROM {accounts} WHERE $dataset IS NULL OR dataset = $dataset"
        " ORDER BY levenshtein(account_id, $account), account_id LIMIT 5",
        {"account": account, "dataset": dataset},
    ).fetchall()
    where = f"account of {dataset}" if dataset else "account in the store"
    raise unknown(where, account, [str(name) for (name,) in near])


def write(found: Evidence, out: Path, today: date | None = None) -> Path:
    """Write report.html, study.json, figures.json and a CSV a table; returns the page's path.

    The same account and version give the same bytes, except for the date.
    """
    when = (today or date.today()).isoformat()
    tables = [b for b in found.blocks if isinstance(b, Table)]
    return pieces.write(out, _html(found, tables, when), found.document(pieces.PAGE), tables, when)


def _html(found: Evidence, tables: Sequence[Table], when: str) -> str:
    return page(
        HERE / "account.html.j2",
        [FIGURES, CHARTS, HERE.parent / "report" / "report.css", STYLE, HERE / "account.css"],
        style_attributes=True,
        filters={"shown": shown},
        e=found,
        tables=tables,
        first_and_last=lambda rows: rows if len(rows) <= ROWS else [*rows[:HALF], *rows[-HALF:]],
        file=pieces.file,
        numeric=lambda t, place: any(isinstance(row[place], int | float) for row in t.rows),
        when=when,
    )


def _short(name: str) -> str:
    return name.rsplit("-", 1)[-1]
