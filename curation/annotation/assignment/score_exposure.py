"""Score exposure: some cards of a batch show a detector's scores, to measure how these influence
the answers.
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


def exposed_scores(store: Store, batch: Batch, file: Path, share: float) -> pa.Table:
    """Scores (account_id, detector, p_bot, threshold) of the accounts whose cards show them.

    Each account is chosen with probability `share` by a hash of batch and account: the same
    arguments choose the same accounts. The detector is called by the file's name. Raises UserError
    where the file has no score of any account of the batch.
    """
    scores = score_files.load(store.connection, [file]).relation
    of_batch = f"""
        {scores} SEMI JOIN (
            FROM {store.relation("assignments")} WHERE batch_id = $1) USING (account_id)"""
    if not store.scalar(f"SELECT count(*) FROM {of_batch}", [batch.batch_id]):
        raise UserError(
            f"{file} has no score of any account of batch {batch.batch_id[:8]}; are the ids those"
            " of the data set?"
        )
    # 13 hexadecimal digits are 52 bits: a number of [0, 1) that a double holds exactly.
    uniform = "('0x' || substr(sha256('shown ' || $1 || chr(10) || account_id), 1, 13))::BIGINT"
    return store.arrow(
        f"""
        SELECT account_id, $2 AS detector, p_bot, threshold FROM {of_batch}
        WHERE {uniform} / {float(2**52)} < {share}
        """,
        [batch.batch_id, file.stem],
    )


def recorded_scores(store: Store, batch: Batch, given: pa.Table | None) -> pa.Table | None:
    """The scores that the batch's cards show, recorded at its first push.

    Whoever takes an account over sees the same card. Raises UserError where other scores are given
    than before.
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
