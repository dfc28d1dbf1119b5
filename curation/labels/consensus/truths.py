"""The truth of accounts, where a source gives it in an attribute of the claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.errors import UserError
from curation.labels.consensus.votes import Array, Ballots

if TYPE_CHECKING:
    from curation.store.store import Store


def of(
    store: Store, dataset: str, attribute: str, ballots: Ballots, at: str | None = None
) -> Array:
    """1 for bot, 0 for anything else, NaN where nothing or both is said, in the order of the
    ballots' accounts.

    Raises UserError naming the attributes there are.
    """
    import pyarrow as pa

    claims = f"(FROM {store.relation('claims', at)} WHERE dataset = ?)"
    store.connection.register("truth_accounts", pa.table({"account_id": ballots.accounts}))
    truths = store.arrow(
        f"""
        WITH given AS (
            SELECT account_id, (lower(attributes[?]) = 'bot')::DOUBLE AS truth FROM {claims}
            WHERE attributes[?] IS NOT NULL),
        truths AS (
            SELECT account_id, any_value(truth) AS truth FROM given
            GROUP BY account_id HAVING count(DISTINCT truth) = 1)
        SELECT account_id, truth FROM truth_accounts LEFT JOIN truths USING (account_id)
        ORDER BY account_id""",
        [attribute, dataset, attribute],
    )
    store.connection.unregister("truth_accounts")
    truth: Array = truths["truth"].to_numpy(zero_copy_only=False).astype(float)
    if truths["truth"].null_count == len(truths):
        attributes = store.connection.execute(
            f"SELECT DISTINCT unnest(map_keys(attributes)) AS k FROM {claims} ORDER BY k", [dataset]
        ).fetchall()
        raise UserError(
            f"No claim of {dataset} tells the truth in an attribute {attribute!r}; there are: "
            f"{', '.join(k for (k,) in attributes) or 'none'}."
        )
    return truth
