"""Sample files of the demo: accounts, a card, a suite, scores, a campaign, a published table.

Every account in them is made by the simulator, and every file says so. The same code writes the
same bytes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.files import write_text

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.execution.results import Cell

SCORED = "simulated-a"
"""The release that the sample scores and the sample campaign are about."""
DETECTOR = "gradient-boosting"
"""The demo's detector whose scores of accounts that it was not trained on are written."""
OWN, OWN_SEED, OWN_SIZE = "my-accounts", 101, 240
NEW_SEED, NEW_SIZE = 202, 12
COLUMNS = {
    "id": "account_id",
    "screen_name": "handle",
    "name": "display_name",
    "description": "bio",
    "created": "created_at",
    "seen": "observed_at",
    "followers": "followers",
    "following": "following",
    "likes": "likes_total",
    "posts": "posts_total",
}
"""The columns of my-accounts.csv and what they are in the schema."""

_MAPPED = "\n".join(f"      {schema}: {own}" for own, schema in COLUMNS.items())
CARD = f"""# A card of your own: what the columns of {OWN}.csv are, and whose label it is.
# datasets/README.md describes every field; `botbench datasets check FILE` names every mistake.
id: {OWN}
title: Simulated accounts as an example of a data set of your own
platform: simulated
licence: CC0-1.0
citation: Made by the simulator of botbench; it says nothing about real accounts.
simulated: true
sources:
- file: {OWN}.csv
  local_only: true
label: {{meaning: what the simulator made the account as, claimant: simulator}}
reads:
- format: tabular
  options:
    accounts:
{_MAPPED}
    claims: {{answer: label}}
"""

SUITE = """# Three detectors on two simulated releases: within each, and each trained on the other.
# The floor rows (constant, one-question-tree) come along without being named.
name: my-suite
about: Three detectors on simulated accounts; it says nothing about real ones.
releases: [simulated-a, simulated-b]
detectors: [depth-4-tree, logistic-regression, rate-72]     # `botbench detectors` lists them
protocols:
  - cross-validation(folds=5, repeats=1, seed=0)
  - leave-one-data-set-out(seed=0)
"""

CAMPAIGN = f"""# A simulated campaign: the accounts of {SCORED} and what they posted in two months.
# docs/study.md describes every field.
name: my-campaign
title: A simulated campaign
dataset: {SCORED}
window: {{from: 2026-01-01, to: 2026-03-01}}
groups:
  - {{by: hashtag, top: 4}}
over_time: null
detector:
  scores: scores.csv          # of {DETECTOR}, trained on other simulated accounts
  name: {DETECTOR}
sample: all                   # every sample of it that was drawn and annotated
"""

TABLE = (
    ("method", "dataset", "precision", "recall", "f1"),
    ("simulated-method-1", "simulated-benchmark", 81.2, 74.0, 77.4),
    ("simulated-method-2", "simulated-benchmark", 70.4, 88.1, 78.3),
    ("simulated-method-3", "simulated-benchmark", 62.0, 55.5, 71.9),
)
"""A published table in percent, made up: the last F1 lies above both precision and recall."""


def write(folder: Path, home: Path, run_id: str) -> list[Path]:
    """Write the sample files into `folder`; returns their paths.

    `home` is the store's and `run_id` the demo's bench run, whose predictions the scores are. A
    file that is there is left as it is, for it may have been changed. Raises UserError if the run
    has no predictions of the scored release.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Callable[[], str]] = {
        "users.json": _users,
        "scores.csv": lambda: _scores(home, run_id),
        "campaign.yaml": lambda: CAMPAIGN,
        "my-card.yaml": lambda: CARD,
        f"{OWN}.csv": _own,
        "my-suite.yaml": lambda: SUITE,
        "published-table.csv": lambda: _csv(TABLE[0], TABLE[1:]),
    }
    for name, content in files.items():
        if not (folder / name).exists():
            write_text(folder / name, content())
    return [folder / name for name in files]


def _scores(home: Path, run_id: str) -> str:
    """account_id, p_bot and threshold of accounts that the detector was not trained on."""
    import pyarrow.compute as pc

    from benchmarks.execution import results

    cells = [cell for cell in results.cells(results.load_run(home, run_id)) if _elsewhere(cell)]
    if not cells:
        raise UserError(
            f"The run {run_id} has no predictions of {DETECTOR} on {SCORED}, so scores.csv cannot"
            " be written; run the demo again in a new folder."
        )
    scored = results.scored(cells[0])
    first = scored.filter(pc.equal(scored["repeat"], 0))
    columns = ("account_id", "p_bot", "threshold")
    return _csv(columns, _rows(first.select(columns)))


def _elsewhere(cell: Cell) -> bool:
    return (
        cell.detector == DETECTOR
        and cell.status == "done"
        and cell.protocol.startswith("leave-one-data-set-out")
        and str(cell.info["test"]).startswith(f"{SCORED}@")
    )


def _own() -> str:
    """Accounts with a label, under the names of columns that their owner chose."""
    accounts, labels = _world(OWN, OWN_SEED, OWN_SIZE)
    chosen = accounts.select(list(COLUMNS.values())).append_column("label", labels)
    return _csv((*COLUMNS, "label"), _rows(chosen))


def _users() -> str:
    """Accounts without a label, as Twitter's interface v1.1 wrote them."""
    accounts, _ = _world("new", NEW_SEED, NEW_SIZE)
    users = [
        {
            "id_str": row["account_id"],
            "screen_name": row["handle"],
            "name": row["display_name"],
            "description": row["bio"],
            "created_at": row["created_at"].strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "followers_count": row["followers"],
            "friends_count": row["following"],
            "favourites_count": row["likes_total"],
            "statuses_count": row["posts_total"],
            "listed_count": row["listed"],
            "verified": row["verified"],
            "default_profile": row["default_profile"],
            "default_profile_image": row["default_avatar"],
        }
        for row in accounts.to_pylist()
    ]
    return json.dumps(users, indent=1, ensure_ascii=False) + "\n"


def _world(name: str, seed: int, size: int) -> tuple[pa.Table, pa.Array]:
    """The accounts of a simulated world, and what each was made as."""
    from curation.ingest.simulation import tables
    from curation.ingest.simulation.draws import Draws
    from curation.ingest.simulation.people import people
    from curation.ingest.sources.simulator import Options

    draws = Draws(seed)
    options = Options.model_validate({"seed": seed, "accounts": size, "difficulty": 0.25})
    run = people(draws, options, 0, size)
    accounts = tables.accounts(draws, name, options.seconds[1], run)
    return accounts, tables.truth(name, run)["answer"]


def _rows(table: pa.Table) -> Iterable[Sequence[Any]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV file that is read back: every value as it is."""
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[v.isoformat() if hasattr(v, "isoformat") else v for v in r] for r in rows])
    return out.getvalue()
