"""A file of scores beside the labels of a release: what `botbench score` measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.data import duplicates, external_scores
from benchmarks.data.groups import GROUPS, members
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.ingest.faults import float_ids

if TYPE_CHECKING:
    from curation.release.release import Release

THRESHOLD = 0.5
"""The least score that means bot, where neither the file nor the user says it."""


@dataclass(frozen=True)
class ScoredFile:
    """n labelled accounts of a release that a file scores.

    `y` is int8[n] (1: bot), `p` float64[n], `groups` float64[n] the duplicate group (NaN: alone),
    `people` float64[n] by group of people (1, 0, NaN: unknown). `unscored` counts the release's
    accounts without a score, `strangers` the file's accounts that are not in the release.
    """

    detector: str
    threshold: float
    y: npt.NDArray[np.int8]
    p: npt.NDArray[np.float64]
    groups: npt.NDArray[np.float64]
    people: dict[str, npt.NDArray[np.float64]]
    unscored: int
    strangers: int


def beside(file: Path, release: Release, threshold: float | None = None) -> ScoredFile:
    """The scores of a file (`external_scores.read`) beside a release's labels.

    Without `threshold` it is the one that the file states, else .5. Raises UserError if the file
    cannot be read, or scores none of the release's accounts.
    """
    scores = external_scores.read(file)
    if not scores.num_rows:
        raise UserError(f"{file} holds a header and no rows; write a row an account.")
    keys = [k for k in ("dataset", "account_id") if k in scores.column_names]
    on = ", ".join(keys)
    labels = f"read_parquet({literal(release.file('labels'))})"
    with scratch_database() as connection:
        connection.register("scores", scores)
        connection.register("groups", members(release.path))
        connection.register("duplicates", duplicates.of_releases([release.path]))
        table = connection.execute(
            f"""
            SELECT (l.label = 'bot')::TINYINT AS y, s.p_bot,
                   coalesce(d.{duplicates.COLUMN}, 'nan'::DOUBLE) AS {duplicates.COLUMN},
                   {", ".join(f"coalesce(g.{name}, 'nan'::DOUBLE) AS {name}" for name in GROUPS)}
            FROM {labels} l JOIN scores s USING ({on})
            LEFT JOIN groups g ON (l.dataset, l.account_id) = (g.dataset, g.account_id)
            LEFT JOIN duplicates d ON (l.dataset, l.account_id) = (d.dataset, d.account_id)
            ORDER BY l.dataset, l.account_id"""
        ).to_arrow_table()
        row = connection.execute(f"SELECT count(*) FROM {labels}").fetchone()
        odd = None if table.num_rows else float_ids.told(connection, "scores")
    labelled = int(row[0]) if row else 0
    if not table.num_rows:
        raise UserError(_none_meant(file, scores["account_id"].to_pylist()[:3], release, odd))
    stated = external_scores.threshold_of(file) if threshold is None else threshold
    return ScoredFile(
        detector=external_scores.detector_of(file) or file.stem,
        threshold=THRESHOLD if stated is None else stated,
        y=_array(table["y"]),
        p=_array(table["p_bot"]),
        groups=_array(table[duplicates.COLUMN]),
        people={name: _array(table[name]) for name in GROUPS},
        unscored=labelled - table.num_rows,
        strangers=scores.num_rows - table.num_rows,
    )


def _array(column: Any) -> npt.NDArray[Any]:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))


def _none_meant(file: Path, ids: list[str], release: Release, odd: str | None) -> str:
    """Why no account of a file is one of a release's."""
    meant = f"None of the account ids of {file} ({', '.join(ids)}, ...) is in {release.reference}"
    if odd is not None:
        return f"{meant}: {odd}."
    return f"{meant}. Name the release that they are of: botbench releases."
