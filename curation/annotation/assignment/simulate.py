"""Simulated annotators: a Label Studio export as such people would leave it, for demonstrations and
tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.annotation.assignment import batches
from curation.annotation.assignment.pseudonyms import SIMULATED
from curation.annotation.scheme.scheme import Scheme

if TYPE_CHECKING:
    from curation.store.store import Store

BEGUN = "2018-07-01T09:00:00Z"
"""When simulated people begin: fixed, so that the same batch gives the same file."""
MEDIAN_SECONDS = 20.0


def simulate_export(
    store: Store,
    batch_id: str,
    path: Path,
    *,
    annotators: int = 3,
    sensitivity: float = 0.85,
    specificity: float = 0.9,
    seed: int = 0,
) -> int:
    """Write the export of a batch answered by simulated people; returns the number of annotations.

    Each calls a bot a bot with probability `sensitivity` and a human a human with probability
    `specificity`; the truth is what is claimed of it by others than people. An account without one
    is answered `cannot tell`. The claimants are called simulated-1, simulated-2, ...; the same
    arguments give the same bytes. Raises UserError as `batches.parts` does.
    """
    import numpy as np

    batch = batches.find(store, batch_id)
    names = [f"simulated-{n}" for n in range(1, annotators + 1)]
    asked = batches.parts(store, batch, names)
    rng = np.random.default_rng(seed)
    drawn = asked.append_column("luck", [rng.random(asked.num_rows)])
    drawn = drawn.append_column(
        "seconds", [np.round(MEDIAN_SECONDS * np.exp(0.6 * rng.standard_normal(asked.num_rows)), 1)]
    )
    drawn = drawn.append_column(
        "sure", [rng.integers(1, len(Scheme.load().confidence) + 1, asked.num_rows)]
    )
    store.connection.register("simulated_asked", drawn)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.connection.execute(
            f"COPY ({_tasks(batch, seed, sensitivity, specificity)}) TO {literal(path)} (FORMAT json,"
            " ARRAY true)"
        )
    finally:
        store.connection.unregister("simulated_asked")
    return int(asked.num_rows)


def _tasks(batch: batches.Batch, seed: int, sensitivity: float, specificity: float) -> str:
    """SQL for the export's tasks, one annotation in each."""
    scheme = Scheme.load()
    version, steps = scheme.version, list(scheme.confidence)
    return f"""
        WITH truth AS (
            SELECT account_id, max(answer) AS answer FROM lake.main.claims
            WHERE dataset = {literal(batch.dataset)} AND claimant_kind <> 'person' AND answer IN ('bot', 'human')
            GROUP BY account_id HAVING count(DISTINCT answer) = 1),
        answered AS (
            SELECT a.*, row_number() OVER (ORDER BY part, place) AS number, CASE answer
                WHEN 'bot' THEN if(luck < {sensitivity}, 'bot', 'human')
                WHEN 'human' THEN if(luck < {specificity}, 'human', 'bot')
                ELSE 'cannot tell' END AS said,
                strftime(TIMESTAMP '{BEGUN[:-1]}' + to_seconds(60 * place), '%Y-%m-%dT%H:%M:%SZ') AS moment
            FROM simulated_asked a LEFT JOIN truth USING (account_id))
        SELECT number AS id,
            [{{id: number, unique_id: md5('{seed}' || part || key), completed_by: {{email: part || '@{SIMULATED}'}},
               was_cancelled: false, created_at: moment, updated_at: moment, lead_time: seconds,
               result: [{_result("answer", "said")}, {_result("confidence", f"{steps}[sure]")}]}}] AS annotations,
            {{account_key: key}} AS data,
            {{batch: '{batch.batch_id}', part: part, project: 'simulated-' || '{seed}', scheme: '{version}'}} AS meta
        FROM answered ORDER BY number"""


def _result(name: str, value: str) -> str:
    return (
        f"{{from_name: '{name}', to_name: 'card', type: 'choices', value: {{choices: [{value}]}}}}"
    )
