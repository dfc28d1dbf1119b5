"""A detector's training accounts and its errors on labelled accounts of other data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data import external_scores
from benchmarks.study.data import scores
from botbench.core.errors import UserError, first_line
from botbench.core.sql import literal
from botbench.untrusted import csv_tables

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.study.campaign.definition import Detector
    from benchmarks.study.data.frame import Frame
    from botbench.stats.design_based import Floats


def trained_here(frame: Frame) -> int:
    """How many of the campaign's accounts the detector was trained on.

    By its ledger (`detector.model`, the folder of a saved detector, or FILE.trained_on.parquet
    beside the scores); without one, by the releases that the scores' own file or the campaign name.
    """
    detector = frame.campaign.detector
    if detector is None:
        return 0
    platform = literal(frame.one(f"SELECT any_value(platform) FROM {frame.of_dataset('accounts')}"))
    sources = [
        f"SELECT account_id::VARCHAR AS account_id FROM read_parquet({literal(path)})"
        f" WHERE platform = {platform}"
        for path in _ledgers(detector) or [*_accounts(frame, detector)]
    ]
    if not sources:
        return 0
    union = " UNION ".join(f"SELECT account_id FROM ({source})" for source in sources)
    return int(
        frame.one(f"SELECT count(*) FROM {frame.table} SEMI JOIN ({union}) USING (account_id)") or 0
    )


def _ledgers(detector: Detector) -> list[Path]:
    """Files that list platform and account_id of every account the detector was trained on."""
    beside = detector.scores.with_suffix(".trained_on.parquet")
    kept = [beside, *([detector.model / "trained_on.parquet"] if detector.model else [])]
    return [path for path in kept if path.is_file()]


def _accounts(frame: Frame, detector: Detector) -> list[Path]:
    """The accounts of the releases on which the detector was trained, as declared."""
    from curation.release import release

    return [
        release.load(frame.store.home, reference).path / "accounts.parquet"
        for reference in dict.fromkeys(
            (*detector.trained_on, *external_scores.declared(detector.scores))
        )
    ]


@dataclass(frozen=True)
class Evidence:
    """Scores (float64[n]) and labels (1 bot) of accounts that the detector had not seen."""

    score: Floats
    y: Floats
    threshold: Floats
    """Each one's decision threshold, as it was where it was scored."""


def evidence(frame: Frame) -> Evidence | None:
    """The campaign's held-out predictions, or None. Raises UserError if they are unreadable."""

    detector = frame.campaign.detector
    if detector is None or detector.evidence is None:
        return None
    given, names = scores.source(frame.store.connection, detector.evidence, "detector.evidence")
    label = next((n for n in ("label", "y") if n in names), None)
    if "p_bot" not in names or label is None:
        raise UserError(
            f"detector.evidence: {detector.evidence} needs the columns p_bot and label (bot, human)"
            f" or y (1, 0); it has {csv_tables.shown(names)}."
        )
    bot = f"lower({label}::VARCHAR) IN ('bot', '1', '1.0', 'true')"
    at = "threshold" if "threshold" in names else "NULL"
    try:
        found = frame.query(
            f"SELECT p_bot::DOUBLE, ({bot})::DOUBLE, coalesce({at}::DOUBLE, 'nan'::DOUBLE) FROM"
            f" {given} WHERE p_bot IS NOT NULL AND {label} IS NOT NULL ORDER BY ALL"
        )
    except csv_tables.unreadable() as error:
        raise UserError(
            f"detector.evidence: {detector.evidence}: {first_line(error)} Expected numbers in p_bot"
            " and threshold."
        ) from None
    rows = np.array(found, dtype=np.float64).reshape(-1, 3)
    score, y, stored = rows.T
    if not 0 < y.sum() < len(y):
        raise UserError(
            f"detector.evidence: {detector.evidence} holds one class only; it needs bots and"
            " people."
        )
    threshold = stored if detector.threshold is None else np.full(len(y), detector.threshold)
    return Evidence(score, y, np.where(np.isnan(threshold), 0.5, threshold))
