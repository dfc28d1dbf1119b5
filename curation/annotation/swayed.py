"""The random part of a batch whose cards show a detector's scores, to measure how much these sway people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from curation import scores
from curation.annotation.batches import Batch
from curation.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store import Store


def shown(store: Store, batch: Batch, file: Path, share: float) -> pa.Table:
    """Scores (account_id, detector, p_bot, threshold) of the accounts whose cards show them: each with probability `share`, by
    a hash of batch and account, so the same again is the same part. The detector is called by the file's name.

    Raises UserError where the file has no score of any account of the batch.
    """
    scores.load(store.connection, [file])
    found = store.arrow(f"""
        SELECT account_id, ? AS detector, p_bot, threshold FROM {scores.SCORES} SEMI JOIN
            (FROM {store.relation("assignments")} WHERE batch_id = ?) USING (account_id)""", [file.stem, batch.batch_id])
    if not found.num_rows:
        raise UserError(f"{file} has no score of any account of batch {batch.batch_id[:8]}; are the ids those of the data set?")
    store.connection.register("swayed_all", found)
    try:
        return store.arrow(f"""
            FROM swayed_all WHERE ('0x' || substr(sha256('shown ' || ? || chr(10) || account_id), 1, 13))::BIGINT
                / 4503599627370496.0 < {share}""", [batch.batch_id])
    finally:
        store.connection.unregister("swayed_all")
