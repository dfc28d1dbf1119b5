"""Batches for annotation: who is asked for which account, and the opaque key of an account.

Outside the store nobody sees an account's id or its data set: such ids can reveal the label
(`spammers:17`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botbench.core.errors import UserError, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


@dataclass(frozen=True)
class Batch:
    """One drawn batch; `drawn_from` is the store version that its cards show."""

    batch_id: str
    dataset: str
    copies: int
    drawn_from: int


def account_key(batch: str, account: str) -> str:
    """SQL for the key of an account in a batch, from two SQL expressions."""
    return f"substr(sha256({batch} || chr(10) || {account}), 1, 24)"


def find(store: Store, reference: str | None = None) -> Batch:
    """The batch with this id, or the only one whose id begins with it; without a reference the
    newest batch.

    Raises UserError where there is none or several.
    """
    rows = store.arrow(
        "SELECT batch_id, dataset, copies, drawn_from FROM lake.main.batches"
        " ORDER BY made_at DESC, batch_id"
    ).to_pylist()
    if not rows:
        raise UserError("There is no batch in this store; draw one: botbench sample DATASET.")
    matches = [r for r in rows if reference is None or r["batch_id"] == reference] or [
        r for r in rows if r["batch_id"].startswith(str(reference))
    ]
    if not matches:
        raise unknown("batch", str(reference), [r["batch_id"] for r in rows])
    if reference is not None and len(matches) > 1:
        several = ", ".join(r["batch_id"] for r in matches)
        raise UserError(
            f"Several batches begin with {reference!r}: {several}. Give more of the id."
        )
    return Batch(**matches[0])


def named_annotators(store: Store, batch: Batch) -> bool:
    """Whether the batch itself names the annotator of every copy.

    Raises UserError where it names only some.
    """
    counts = store.arrow(
        "SELECT count(annotator) AS named, count(*) AS total FROM lake.main.assignments"
        " WHERE batch_id = ?",
        [batch.batch_id],
    ).to_pylist()[0]
    if 0 < counts["named"] < counts["total"]:
        raise UserError(
            f"Batch {batch.batch_id} names an annotator for {counts['named']} of {counts['total']}"
            " assignments; expected all of them or none."
        )
    return bool(counts["named"])


def parts(store: Store, batch: Batch, annotators: Sequence[str] = ()) -> pa.Table:
    """Who gets which account: account_id, copy, part, key, place.

    A part is one person's work, or one copy for whoever comes: nobody meets an account twice. With
    `annotators`, shares differ by at most one account for each copy. `place` orders a part at
    random (by md5), differently in each part.
    """
    if annotators and len(annotators) < batch.copies:
        raise UserError(
            f"Batch {batch.batch_id} asks {batch.copies} people for each account; {len(annotators)}"
            f" are named ({', '.join(annotators)}). Name at least {batch.copies} by --annotators."
        )
    parameters: list[object] = [batch.batch_id]
    if annotators:
        turn = (
            "row_number() OVER (PARTITION BY copy ORDER BY md5(batch_id || account_id), account_id)"
        )
        part = f"list_extract($2::VARCHAR[], (({turn} + copy) % len($2::VARCHAR[]))::INTEGER + 1)"
        parameters.append(list(annotators))
    else:
        part = "annotator" if named_annotators(store, batch) else "'copy ' || copy"
    return store.arrow(
        f"""
        SELECT
            account_id, copy, part, {account_key("batch_id", "account_id")} AS key,
            row_number() OVER (
                PARTITION BY part ORDER BY md5(part || chr(10) || account_id), account_id) AS place
        FROM (
            SELECT batch_id, account_id, copy, {part} AS part
            FROM lake.main.assignments WHERE batch_id = $1)
        ORDER BY part, place
        """,
        parameters,
    )
