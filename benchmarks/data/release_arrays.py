"""A release as arrays sorted by account id: labels, groups and features. Detectors never see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import duplicates, moves
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.features import ReleaseFolder

Strings = NDArray[np.object_]
PARTS = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True, eq=False)
class ReleaseArrays:
    """One release as arrays, sorted by `account_id`.

    `y` is int8 (1 bot), `group` text (accounts that look alike, which folds keep together), `part`
    int8 of the official split (-1 none). `values` is float64[n, k], NaN if missing, its columns
    `names` sorted by `families` (of each column) and name. `seen` is the time of observation
    (seconds since 1970, NaN unknown), `sort` the claimed kind of bot ("" unknown), `claimed` the
    answer of each kind of claimant (1 bot, 0 human, -1 nothing or both); empty for accounts that
    are only predicted.
    """

    reference: str
    dataset: str
    path: Path
    account_id: Strings
    platform: Strings
    y: NDArray[np.int8]
    group: Strings
    part: NDArray[np.int8]
    names: tuple[str, ...]
    families: tuple[str, ...]
    values: NDArray[np.float64]
    seen: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    sort: Strings = field(default_factory=lambda: np.empty(0, dtype=np.object_))
    claimed: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many accounts."""
        return len(self.y)


@lru_cache(maxsize=32)
def load(home: Path, reference: str, move: str = "", seed: int = 0) -> ReleaseArrays:
    """Read a release and its cached features, once a process; with a `move`, after that move.

    Raises UserError if labels, groups and features are not of the same accounts.
    """
    from curation.release import release

    source = release.load(home, reference)
    after = (
        moves.after_move(source.path, source.content_hash, move, seed, home / "cache" / "moves")
        if move
        else None
    )
    return from_release(source, home / "cache" / "features", after)


def from_release(release: Any, cache: Path, after: ReleaseFolder | None = None) -> ReleaseArrays:
    """A release's arrays; missing features are computed into `cache`.

    Rows come from the folder `after` a move, if given.
    """
    from curation.features import FEATURES, cached

    path = after.path if after else release.path
    table = cached(after or release, cache)
    labels = _known(path)
    ids = table["account_id"].to_numpy(zero_copy_only=False)
    if not np.array_equal(ids, labels["account_id"].to_numpy(zero_copy_only=False)):
        raise UserError(
            f"{release.reference}: its labels and its accounts are not of the same accounts; make"
            " it anew."
        )
    names = [n for n in table.column_names if n != "account_id"]
    # A move changes posts, and leaves who looks like whom as it was.
    known = (labels[name].combine_chunks() for name in ("account_id", "group"))
    group = duplicates.of_folds(release.path, *known)
    return ReleaseArrays(
        release.reference,
        release.dataset,
        path,
        ids,
        labels["platform"].to_numpy(zero_copy_only=False),
        labels["y"].to_numpy().astype(np.int8),
        group.to_numpy(zero_copy_only=False),
        labels["part"].to_numpy().astype(np.int8),
        tuple(names),
        tuple(FEATURES[n].family for n in names),
        matrix(table.select(names)),
        matrix(labels.select(["seen"]))[:, 0],
        labels["sort"].to_numpy(zero_copy_only=False),
        _claimed(path, ids),
    )


def _known(path: Path) -> pa.Table:
    """account_id, y, group and official part of each account, sorted by account_id."""
    part = " ".join(f"WHEN '{p}' THEN {n}" for p, n in PARTS.items())
    query = f"""
        SELECT l.account_id, any_value(l.label = 'bot')::TINYINT AS y,
               any_value(a.platform) AS platform,
               coalesce(min(s."group"), l.account_id) AS "group",
               coalesce(max(CASE s.part {part} END)
                        FILTER (s.split_id = 'official'), -1)::TINYINT AS part,
               max(epoch(a.observed_at)) AS seen, coalesce(any_value(c.sort), '') AS sort
        FROM read_parquet(?) l JOIN read_parquet(?) a USING (dataset, account_id)
        LEFT JOIN read_parquet(?) s USING (dataset, account_id)
        LEFT JOIN (
            SELECT account_id, mode(coalesce(kinds[1], attributes['group'])) AS sort
            FROM read_parquet(?) WHERE answer = 'bot' GROUP BY account_id
        ) c ON c.account_id = l.account_id AND l.label = 'bot'
        GROUP BY l.account_id ORDER BY l.account_id"""
    return ask(
        query,
        [str(path / f"{table}.parquet") for table in ("labels", "accounts", "splits", "claims")],
    )


def _claimed(path: Path, ids: Strings) -> dict[str, NDArray[np.int8]]:
    """The answers of each kind of claimant, int8[n]: 1 bot, 0 human, -1 none or both."""
    query = """
        SELECT claimant_kind, account_id,
               CASE WHEN count(DISTINCT answer) = 1 THEN bool_or(answer = 'bot')::TINYINT
                    ELSE -1 END AS said
        FROM read_parquet(?) WHERE answer IN ('bot', 'human') GROUP BY ALL ORDER BY ALL"""
    answers_of = ask(query, [str(path / "claims.parquet")]).to_pandas()
    by_kind: dict[str, NDArray[np.int8]] = {}
    for kind, own in answers_of.groupby("claimant_kind", sort=True):
        place = np.searchsorted(ids.astype(str), own["account_id"].to_numpy(dtype=str))
        there = (place < len(ids)) & (
            ids.astype(str)[np.minimum(place, len(ids) - 1)]
            == own["account_id"].to_numpy(dtype=str)
        )
        answers = np.full(len(ids), -1, dtype=np.int8)
        answers[place[there]] = own["said"].to_numpy()[there]
        by_kind[str(kind)] = answers
    return by_kind


def ask(query: str, parameters: list[object]) -> pa.Table:
    """The result of a DuckDB query over files, on one thread, with times in UTC."""

    with scratch_database(threads=1) as connection:
        return connection.execute(query, parameters).to_arrow_table()


def matrix(table: pa.Table) -> NDArray[np.float64]:
    """Columns as float64[n, k]: flags as 0 and 1, missing and infinite as NaN."""
    import pyarrow as pa

    values = np.empty((table.num_rows, table.num_columns))
    for i, column in enumerate(table.columns):
        kind = pa.uint8() if pa.types.is_boolean(column.type) else column.type
        values[:, i] = column.cast(kind).cast(pa.float64()).to_numpy(zero_copy_only=False)
    values[~np.isfinite(values)] = np.nan
    return values
