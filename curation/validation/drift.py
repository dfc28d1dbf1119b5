"""Drift between two versions of a data set: rows, classes and distributions of account values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botbench.text import numbers
from curation.store.rules import ORDER
from curation.validation import views

if TYPE_CHECKING:
    from curation.store.store import Store

SHIFT = 0.1
"""The smallest reported distance: a tenth of the accounts would have to change their value."""
BALANCE = 0.05
"""The smallest change of the share of bots that is reported."""

NUMBERS = {
    **{
        c: f"{c}::DOUBLE"
        for c in ("followers", "following", "posts_total", "likes_total", "listed")
    },
    "age in days": "date_diff('second', created_at, observed_at) / 86400.0",
    "length of the bio": "length(bio)::DOUBLE",
    "length of the handle": "length(handle)::DOUBLE",
    "posts": "n_posts::DOUBLE",
    "mean length of posts": "text_length",
}
WORDS = {
    c: f"{c}::VARCHAR"
    for c in (
        "platform",
        "lang",
        "status",
        "verified",
        "protected",
        "default_profile",
        "default_avatar",
    )
}


@dataclass(frozen=True)
class Shift:
    """How far the distribution of a value moved between two versions.

    The distance is from 0 to 1, over known values: for a number the largest difference of the two
    cumulative shares (Kolmogorov-Smirnov), for a word half the sum of the differences of the shares
    (total variation). `missing` are the shares of accounts without a value. The shift is `told`
    (reported) if the distance is at least SHIFT and exceeds the 1 % critical value for two samples
    of these sizes (Smirnov 1948: 1.63 sqrt((n + m) / nm)), or if `missing` moved by SHIFT.
    """

    value: str
    kind: str
    distance: float | None
    missing: tuple[float, float]
    told: bool


@dataclass(frozen=True)
class Drift:
    """What differs from version `against` to version `at`; of each pair, `against` comes first."""

    against: int
    at: int
    rows: dict[str, tuple[int, int]]
    accounts: dict[str, int]
    """Accounts in both, `gone` and `new`."""
    bots: tuple[float | None, float | None]
    """The share of bots among accounts that are bot or human."""
    judged: tuple[int, int]
    shifts: tuple[Shift, ...]

    @property
    def told(self) -> list[str]:
        """The reported differences as sentences; empty where nothing moved."""
        sentences = [
            f"{name}: {new:,} rows instead of {old:,}."
            for name, (old, new) in self.rows.items()
            if new < old
        ]
        if self.accounts["gone"]:
            sentences.append(f"{self.accounts['gone']:,} accounts are gone.")
        old, new = self.bots
        if old is not None and new is not None and abs(new - old) >= BALANCE:
            sentences.append(
                f"The share of bots moved from {numbers.share(old)} to {numbers.share(new)}."
            )
        return sentences + [_sentence(s) for s in self.shifts if s.told]

    def document(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return {**asdict(self), "told": self.told}


def _sentence(shift: Shift) -> str:
    old, new = shift.missing
    moved = (
        f"{shift.value}: missing for {numbers.share(new)} of the accounts"
        f" instead of {numbers.share(old)}"
    )
    if abs(new - old) >= SHIFT or shift.distance is None:
        return f"{moved}."
    return f"{shift.value}: spread otherwise (distance {numbers.score(shift.distance, 2)} of 1)."


def compare(store: Store, dataset: str, against: int, at: int) -> Drift:
    """Compare one data set at two versions, inside DuckDB."""
    sides = [
        _gather(store, dataset, version, name) for version, name in ((against, "old"), (at, "new"))
    ]
    execute = store.connection.execute
    both, gone, new = execute(
        "SELECT count(*) FILTER (o.account_id IS NOT NULL AND n.account_id IS NOT NULL), count(*)"
        " FILTER (n.account_id IS NULL), count(*) FILTER (o.account_id IS NULL) FROM drift_old o"
        " FULL JOIN drift_new n USING (account_id)"
    ).fetchone() or (0, 0, 0)
    shares, judged = zip(*(_balance(store, name) for name in ("old", "new")), strict=True)
    shifts = [_shift(store, name, "number") for name in NUMBERS] + [
        _shift(store, name, "word") for name in WORDS
    ]
    return Drift(
        against,
        at,
        {t: (sides[0][t], sides[1][t]) for t in sides[0]},
        {"both": both, "gone": gone, "new": new},
        shares,
        judged,
        tuple(s for s in shifts if s is not None),
    )


def _gather(store: Store, dataset: str, version: int, name: str) -> dict[str, int]:
    """Make the temporary table `drift_<name>`, one row an account; return the rows by table."""
    cursor = store.connection.cursor()
    with views.pinned(store, dataset, version) as schema:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(f"USE {schema}")
        columns = ", ".join(f'{sql} AS "{value}"' for value, sql in {**NUMBERS, **WORDS}.items())
        cursor.execute(f"""
            CREATE TABLE drift AS
            WITH wrote AS (
                SELECT account_id, count(*) AS n_posts, avg(length(text)) AS text_length
                FROM posts GROUP BY 1),
            called AS (
                SELECT account_id, bool_or(label = 'bot') AS bot,
                       bool_or(label = 'human') AS human
                FROM standing GROUP BY 1)
            SELECT account_id, coalesce(bot, false) AS bot, coalesce(human, false) AS human,
                   {columns}
            FROM latest LEFT JOIN wrote USING (account_id) FULL JOIN called USING (account_id)""")
        store.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE drift_{name} AS FROM {schema}.drift"
        )
        counts = {
            t: cursor.execute(f"SELECT count(*) FROM {t}").fetchone()
            for t in ORDER
            if t != "releases"
        }
    return {t: int(row[0]) for t, row in counts.items() if row}


def _balance(store: Store, name: str) -> tuple[float | None, int]:
    """The share of bots among accounts with one answer, and the number of these accounts."""
    share, n = store.connection.execute(
        f"SELECT avg(bot::INT), count(*) FROM drift_{name} WHERE bot <> human"
    ).fetchone() or (None, 0)
    return share, int(n)


def _shift(store: Store, value: str, kind: str) -> Shift | None:
    column = f'"{value}"'
    total_old, total_new, known_old, known_new = store.connection.execute(
        "SELECT (SELECT count(*) FROM drift_old), (SELECT count(*) FROM drift_new), (SELECT"
        f" count({column}) FROM drift_old), (SELECT count({column}) FROM drift_new)"
    ).fetchone() or (0, 0, 0, 0)
    if not known_old and not known_new:
        return None
    missing = (
        1 - known_old / total_old if total_old else 1.0,
        1 - known_new / total_new if total_new else 1.0,
    )
    distance = None
    if known_old and known_new:
        query = _KS if kind == "number" else _TOTAL_VARIATION
        distance = float(store.scalar(query.format(column=column, old=known_old, new=known_new)))
    chance = (
        1.63 * math.sqrt((known_old + known_new) / (known_old * known_new))
        if distance is not None
        else 0.0
    )
    told = (distance is not None and distance >= max(SHIFT, chance)) or abs(
        missing[1] - missing[0]
    ) >= SHIFT
    return Shift(value, kind, distance, missing, told)


_BOTH = """WITH seen AS (
    SELECT {column} AS v, 1 AS o, 0 AS n FROM drift_old WHERE {column} IS NOT NULL UNION ALL
    SELECT {column}, 0, 1 FROM drift_new WHERE {column} IS NOT NULL),
    counts AS (SELECT v, sum(o) AS o, sum(n) AS n FROM seen GROUP BY v) """
_KS = (
    _BOTH + "SELECT max(abs(o / {old} - n / {new})) FROM "
    "(SELECT sum(o) OVER (ORDER BY v) AS o, sum(n) OVER (ORDER BY v) AS n FROM counts)"
)
_TOTAL_VARIATION = _BOTH + "SELECT sum(abs(o / {old} - n / {new})) / 2 FROM counts"
