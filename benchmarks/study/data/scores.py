"""A detector's scores for the campaign, what it was trained on, and what is known of its errors
elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from botbench.core.errors import UserError
from botbench.core.sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from benchmarks.study.campaign import Detector
    from benchmarks.study.data.frame import Frame
    from botbench.stats.survey import Floats

TOLD = b"botbench"
"""The key of a Parquet's metadata under which `botbench predict` says which releases its detector
was trained on.
"""


def read(path: Path) -> str:
    """SQL that reads a Parquet or CSV file with text ids."""
    if path.suffix == ".parquet":
        return f"read_parquet({literal(path)})"
    return f"read_csv({literal(path)}, types = {{'account_id': 'VARCHAR'}})"


def load(connection: duckdb.DuckDBPyConnection, detector: Detector) -> None:
    """Put the scores into the temporary table `study_scores`: account_id, p_bot, threshold; several
    rows of one account are averaged. Raises UserError where a column is missing or a score is not a
    probability."""
    import duckdb

    try:
        names = [
            c[0]
            for c in connection.execute(f"FROM {read(detector.scores)} LIMIT 0").description or ()
        ]
    except duckdb.Error as error:
        raise UserError(
            f"detector.scores: {detector.scores} cannot be read: {str(error).splitlines()[0]}"
        ) from error
    missing = [n for n in ("account_id", "p_bot") if n not in names]
    if missing:
        raise UserError(
            f"detector.scores: {detector.scores} has no column {', '.join(missing)}; it has"
            f" {', '.join(names)}. botbench predict writes account_id, p_bot and threshold."
        )
    given = detector.threshold is not None or "threshold" not in names
    threshold = (
        repr(0.5 if detector.threshold is None else detector.threshold)
        if given
        else "avg(threshold)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE study_scores AS SELECT account_id::VARCHAR AS account_id,"
        f" avg(p_bot)::DOUBLE AS p_bot, {threshold}::DOUBLE AS threshold FROM"
        f" {read(detector.scores)} GROUP BY 1"
    )
    strange = connection.execute(
        "SELECT count(*) FROM study_scores WHERE NOT (p_bot BETWEEN 0 AND 1)"
    ).fetchone()
    if strange and strange[0]:
        raise UserError(
            f"detector.scores: {strange[0]:,} values of p_bot in {detector.scores} are not between"
            " 0 and 1."
        )


def trained_here(frame: Frame) -> int:
    """How many of the campaign's accounts the detector was trained on.

    By its ledger (`detector.model`, the folder of a saved detector, or FILE.trained_on.parquet
    beside the scores); without one, by the releases that the scores' own file or the campaign name.
    """
    detector = frame.campaign.detector
    if detector is None:
        return 0
    platform = literal(
        frame.one(
            f"SELECT any_value(platform) FROM {frame.store.relation('accounts', frame.version)} "
            f"WHERE dataset = {literal(frame.campaign.dataset)}"
        )
    )
    sources = [
        f"SELECT account_id::VARCHAR AS account_id FROM read_parquet({literal(path)}) WHERE platform"
        f" = {platform}"
        for path in _ledgers(detector) or [*_accounts(frame, detector)]
    ]
    if not sources:
        return 0
    union = " UNION ".join(f"SELECT account_id FROM ({source})" for source in sources)
    return int(
        frame.one(f"SELECT count(*) FROM study_frame SEMI JOIN ({union}) USING (account_id)") or 0
    )


def _ledgers(detector: Detector) -> list[Path]:
    """Files that list platform and account_id of every account the detector was trained on."""
    beside = detector.scores.with_suffix(".trained_on.parquet")
    kept = [beside, *([detector.model / "trained_on.parquet"] if detector.model else [])]
    return [path for path in kept if path.is_file()]


def _accounts(frame: Frame, detector: Detector) -> list[Path]:
    """The accounts of the releases that the detector is said to have been trained on."""
    from curation.release import release

    return [
        release.load(frame.store.home, reference).path / "accounts.parquet"
        for reference in dict.fromkeys((*detector.trained_on, *_told(detector.scores)))
    ]


def _told(path: Path) -> list[str]:
    """The releases named in the metadata of a file of scores."""
    if path.suffix != ".parquet":
        return []
    import json

    import pyarrow.parquet as pq

    kept = (pq.read_metadata(path).metadata or {}).get(TOLD)
    told = json.loads(kept) if kept else {}
    return [str(r["reference"]) for r in told.get("trained_on", [])]


@dataclass(frozen=True)
class Evidence:
    """Scores of labelled accounts that the detector had not seen (float64[n]) and their labels (1
    bot), from elsewhere.
    """

    score: Floats
    y: Floats
    threshold: Floats
    """Each one's decision threshold, as it was where it was scored."""


def evidence(frame: Frame) -> Evidence | None:
    """The held-out predictions that the campaign names; None where it names none. Raises UserError
    where they cannot be read.
    """
    detector = frame.campaign.detector
    if detector is None or detector.evidence is None:
        return None
    names = [
        c[0]
        for c in (
            frame.store.connection.execute(f"FROM {read(detector.evidence)} LIMIT 0").description
            or ()
        )
    ]
    label = next((n for n in ("label", "y") if n in names), None)
    if "p_bot" not in names or label is None:
        raise UserError(
            f"detector.evidence: {detector.evidence} needs the columns p_bot and label (bot, human)"
            f" or y (1, 0); it has {', '.join(names)}."
        )
    bot = f"lower({label}::VARCHAR) IN ('bot', '1', '1.0', 'true')"
    at = "threshold" if "threshold" in names else "NULL"
    rows = np.array(
        frame.query(
            f"SELECT p_bot::DOUBLE, ({bot})::DOUBLE, coalesce({at}::DOUBLE, 'nan'::DOUBLE) FROM"
            f" {read(detector.evidence)} WHERE p_bot IS NOT NULL AND {label} IS NOT NULL ORDER"
            " BY ALL"
        ),
        dtype=np.float64,
    )
    score, y, told = rows.T
    if not 0 < y.sum() < len(y):
        raise UserError(
            f"detector.evidence: {detector.evidence} holds one class only; it needs bots and"
            " people."
        )
    known = told if detector.threshold is None else np.full(len(told), detector.threshold)
    threshold = np.where(np.isnan(known), 0.5, known)
    return Evidence(score, y, threshold)
