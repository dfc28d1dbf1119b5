"""A worked study on a simulated campaign, compared with its truth.

It has two samples, annotators who err and a detector trained on other data.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.study.report.answers import Answers
    from curation.store.store import Store

DATASET = "simulated-walkaway"
DESIGNS = ("uniform(n=500)", "posts(n=500)")
DETECTOR = "gradient-boosting"
COPIES = 3

CAMPAIGN = f"""# The campaign of `botbench demo --study`: simulated, so that the truth is known.
name: {DATASET}
title: '#WalkAway, three simulated weeks'
dataset: {DATASET}
accounts: posting
window: {{from: 2018-06-26, to: 2018-07-17}}
groups:
  - {{by: hashtag, top: 6}}
  - {{by: rule, name: side, rules: {{walked away: [walkaway], voted: [vote]}}}}
over_time: day
cohort: {{claimant: simulator, kind: amplifier}}
detector:
  scores: scores.parquet
  name: {DETECTOR}
  evidence: evidence.parquet
sample: all
"""


def make(store: Store, out: Path, releases: list[str], run_id: str) -> tuple[Answers, Path]:
    """Pull, sample, annotate, score and study the simulated campaign.

    Returns the answers and the report's path. `releases` train the detector; the bench run `run_id`
    has its errors on data sets left out of training.
    """
    from benchmarks.study.campaign.load import load
    from benchmarks.study.report import answers, report
    from benchmarks.study.study import Study

    out.mkdir(parents=True, exist_ok=True)
    _annotate(store, out)
    _score(store, out, releases)
    _evidence(store, out, run_id)
    file = out / "campaign.yaml"
    file.write_text(CAMPAIGN, encoding="utf-8")
    chosen = load(file)
    study_answers = answers.ask(Study.open(store, chosen), answers.chosen(chosen))
    return study_answers, report.write(study_answers, out / "report").resolve()


def _annotate(store: Store, out: Path) -> None:
    """Two samples, answered by simulated people who err, and one posterior for each account."""
    from curation.annotation.assignment.batches import find
    from curation.annotation.assignment.simulate import simulate_export
    from curation.annotation.label_studio import sync_run
    from curation.annotation.scheme.scheme import Scheme
    from curation.ingest import cards
    from curation.ingest.pull import pull
    from curation.labels.consensus import consensus
    from curation.sampling.designs import parse
    from curation.sampling.draw import sample

    pull(store, cards.load(DATASET))
    for number, design in enumerate(DESIGNS):
        batch = sample(store, DATASET, parse(design), copies=COPIES)
        export = out / f"simulated-annotations-{number + 1}.json"
        simulate_export(store, batch.batch_id, export, annotators=COPIES, seed=number)
        sync_run.sync_file(store, export, batch=find(store, batch.batch_id))
    consensus(store, DATASET, Scheme.load(), method="bayesian", kinds=["person"])


def _score(store: Store, out: Path, releases: list[str]) -> None:
    """Scores of every account of the campaign by a detector that was trained on none of them."""
    import tempfile

    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from benchmarks.detectors import get
    from benchmarks.prediction import new_accounts, predict

    # The campaign is small, and waiting threads cost minutes on a busy machine.
    with tempfile.TemporaryDirectory(prefix="botbench-") as scratch, threadpool_limits(1):
        new = new_accounts.arrays_of(store, DATASET, Path(scratch))
        predict.write(
            predict.train_and_apply(store.home, get(DETECTOR), releases, new),
            out / "scores.parquet",
        )


def _evidence(store: Store, out: Path, run_id: str) -> None:
    """The detector's predictions and labels on data sets left out of its training."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.execution import results

    run = results.load_run(store.home, run_id)
    cells = [
        c
        for c in results.cells(run)
        if c.detector == DETECTOR and c.protocol.startswith("leave-one") and c.status == "done"
    ]
    predictions: list[Any] = [results.scored(c).select(["p_bot", "threshold", "y"]) for c in cells]
    pq.write_table(pa.concat_tables(predictions), out / "evidence.parquet")
