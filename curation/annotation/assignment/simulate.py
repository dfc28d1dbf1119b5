"""Simulated annotators: the Label Studio export they would leave, for demonstrations and tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.annotation.assignment import batches
from curation.annotation.assignment.pseudonyms import SIMULATED
from curation.annotation.scheme.scheme import Scheme

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store

BEGUN = "2018-07-01T09:00:00Z"
"""When simulated annotators begin: fixed, so that the same batch gives the same file."""
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
    truth: pa.Table | None = None,
) -> int:
    """Write the export of a batch answered by simulated annotators; returns the number of
    annotations.

    Each annotator answers `bot` for a bot with probability `sensitivity` and `human` for a human
    with probability `specificity`. The truth is the answer of claimants that are not people, or
    that of a table `truth` (account_id, answer: text); an account without one is answered `cannot
    tell`. The claimants are called simulated-1, simulated-2, ...; the same arguments give the same
    bytes. Raises UserError as `batches.parts` does.
    """
    import numpy as np

    batch = batches.find(store, batch_id)
    names = [f"simulated-{n}" for n in range(1, annotators + 1)]
    asked = batches.parts(store, batch, names)
    rng = np.random.default_rng(seed)
    draws = {
        "uniform": rng.random(asked.num_rows),
        "seconds": np.round(
            MEDIAN_SECONDS * np.exp(0.6 * rng.standard_normal(asked.num_rows)), decimals=1
        ),
        "confidence_step": rng.integers(1, len(Scheme.load().confidence) + 1, asked.num_rows),
    }
    for name, values in draws.items():
        asked = asked.append_column(name, [values])
    known = _claimed(batch.dataset)
    if truth is not None:
        store.connection.register("simulated_truth", truth)
        known = "SELECT account_id, answer FROM simulated_truth"
    store.connection.register("simulated_asked", asked)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tasks = _tasks("simulated_asked", known, batch, seed, sensitivity, specificity)
        store.connection.execute(f"COPY ({tasks}) TO {literal(path)} (FORMAT json, ARRAY true)")
    finally:
        store.connection.unregister("simulated_asked")
    return int(asked.num_rows)


def _claimed(dataset: str) -> str:
    """SQL: what claimants that are not people agree on, of each account."""
    return f"""SELECT account_id, max(answer) AS answer FROM lake.main.claims
        WHERE dataset = {literal(dataset)} AND claimant_kind <> 'person'
            AND answer IN ('bot', 'human')
        GROUP BY account_id HAVING count(DISTINCT answer) = 1"""


def _tasks(  # noqa: PLR0917
    asked: str, truth: str, batch: batches.Batch, seed: int, sensitivity: float, specificity: float
) -> str:
    """SQL for the export's tasks, one annotation in each."""
    scheme = Scheme.load()
    results = ", ".join(
        (
            _result("answer", "given"),
            _result("confidence", f"{list(scheme.confidence)}[confidence_step]"),
        )
    )
    return f"""
        WITH truth AS ({truth}),
        answered AS (
            SELECT a.*, row_number() OVER (ORDER BY part, place) AS number,
                CASE answer
                    WHEN 'bot' THEN if(uniform < {sensitivity}, 'bot', 'human')
                    WHEN 'human' THEN if(uniform < {specificity}, 'human', 'bot')
                    ELSE 'cannot tell' END AS given,
                strftime(TIMESTAMP '{BEGUN[:-1]}' + to_seconds(60 * place), '%Y-%m-%dT%H:%M:%SZ')
                    AS moment
            FROM {asked} a LEFT JOIN truth USING (account_id))
        SELECT number AS id,
            [{{id: number, unique_id: md5('{seed}' || part || key),
               completed_by: {{email: part || '@{SIMULATED}'}}, was_cancelled: false,
               created_at: moment, updated_at: moment, lead_time: seconds,
               result: [{results}]}}] AS annotations,
            {{account_key: key}} AS data,
            {{batch: '{batch.batch_id}', part: part, project: 'simulated-{seed}',
              scheme: '{scheme.version}'}} AS meta
        FROM answered ORDER BY number"""


def _result(name: str, value: str) -> str:
    return (
        f"{{from_name: '{name}', to_name: 'card', type: 'choices', value: {{choices: [{value}]}}}}"
    )
