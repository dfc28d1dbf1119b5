"""The random part of a batch whose cards show a detector's scores, to measure how much these sway
people.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import UserError
from botbench.core.files import write_parquet
from curation.annotation.assignment.batches import Batch
from curation.sampling import score_files

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


def shown(store: Store, batch: Batch, file: Path, share: float) -> pa.Table:
    """Scores (account_id, detector, p_bot, threshold) of the accounts whose cards show them: each
    with probability `share`, by a hash of batch and account, so the same again is the same part.
    The detector is called by the file's name.

    Raises UserError where the file has no score of any account of the batch.
    """
    scores = score_files.load(store.connection, [file]).relation
    found = store.arrow(
        f"""
        SELECT account_id, ? AS detector, p_bot, threshold FROM {scores} SEMI JOIN
            (FROM {store.relation("assignments")} WHERE batch_id = ?) USING (account_id)""",
        [file.stem, batch.batch_id],
    )
    if not found.num_rows:
        raise UserError(
            f"{file} has no score of any account of batch {batch.batch_id[:8]}; are the ids those"
            " of the data set?"
        )
    store.connection.register("swayed_all", found)
    try:
        return store.arrow(
            f"""
            FROM swayed_all WHERE ('0x' || substr(sha256('shown ' || ? || chr(10) || account_id), 1, 13))::BIGINT
                / 4503599627370496.0 < {share}""",
            [batch.batch_id],
        )
    finally:
        store.connection.unregister("swayed_all")


def kept(store: Store, batch: Batch, given: pa.Table | None) -> pa.Table | None:
    """What the batch's cards show, remembered from its first push: whoever takes an account over
    sees the same card.

    Raises UserError where other scores are given than before.
    """
    import pyarrow.parquet as pq

    file = store.home / "annotate" / "shown" / f"{batch.batch_id}.parquet"
    before = pq.read_table(file) if file.exists() else None
    if given is None:
        return before
    ordered = given.sort_by("account_id")
    if before is not None and not before.equals(ordered):
        raise UserError(
            f"Batch {batch.batch_id[:8]} was pushed with other scores shown (on {before.num_rows}"
            " cards); the same account must look the same to everybody. Push without"
            " --show-scores, or draw another batch."
        )
    write_parquet(file, ordered)
    return ordered
