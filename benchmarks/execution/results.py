"""Read the results of a bench: runs, cells, predictions with labels.

Metrics and leaderboards need nothing else. Layout under the store's home:
`bench/cells/<cell_key>/{cell.json, predictions.parquet}` and `bench/runs/<run_id>.json`.
A cell is written atomically. A run names its requested cells, also those that another run computed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError, unknown
from botbench.stats.account_groups import ALONE

if TYPE_CHECKING:
    import pyarrow as pa

CellStatus = Literal["done", "failed", "not applicable"]
PREDICTED = (
    "dataset",
    "account_id",
    "repeat",
    "fold",
    "p_bot",
    "threshold",
    "seconds",
    "abstained",
)
"""The columns of a cell's file that are read with the labels."""


@dataclass(frozen=True)
class Run:
    """One suite over the releases it named.

    `suite` is the suite document; `cells` are cell keys in the suite's order; `releases` are dicts
    with name, version, content_hash, dataset, platform, simulated, accounts, bots, humans, path
    (relative to `home`); `seconds` is wall time.
    """

    home: Path
    run_id: str
    suite: dict[str, Any]
    cells: tuple[str, ...]
    releases: tuple[dict[str, Any], ...]
    seconds: float
    finished_at: str


@dataclass(frozen=True)
class Cell:
    """One detector under one protocol, trained on some releases and tested on one (or on one pair).

    `info` is cell.json: cell_key, detector, detector_version, detector_about, needs, cites, floor,
    protocol, train, test, hashes, seed, status, reason, threshold_rule, seconds {fit, score},
    accounts, versions, mlflow_run_id, simulated.
    """

    path: Path
    info: dict[str, Any]

    @property
    def key(self) -> str:
        """The cell's key: the hash of all that determines its predictions."""
        return str(self.info["cell_key"])

    @property
    def detector(self) -> str:
        """The detector's name."""
        return str(self.info["detector"])

    @property
    def protocol(self) -> str:
        """The protocol's canonical string."""
        return str(self.info["protocol"])

    @property
    def train(self) -> tuple[str, ...]:
        """References of the releases trained on; in cross-validation the tested one."""
        return tuple(self.info["train"])

    @property
    def test(self) -> str:
        """Reference of the tested release; those of a named pair are joined by `+`."""
        return str(self.info["test"])

    @property
    def status(self) -> CellStatus:
        """`done` (has predictions), `failed` or `not applicable` (has a reason)."""
        return self.info["status"]  # type: ignore[no-any-return]

    @property
    def reason(self) -> str | None:
        """The reason for missing predictions, or None."""
        return self.info.get("reason")

    @property
    def predictions(self) -> Path:
        """The Parquet file of schema.TABLES["predictions"]; it exists for status `done` only."""
        return self.path / "predictions.parquet"


def cell_folder(home: Path, key: str) -> Path:
    """The folder of the cell with that key, existing or not."""
    return home / "bench" / "cells" / key


def run_file(home: Path, run_id: str) -> Path:
    """The path of the run's document, existing or not."""
    return home / "bench" / "runs" / f"{run_id}.json"


def runs(home: Path) -> list[Run]:
    """Every finished run, oldest first (by the time it was finished, then by id)."""
    all_runs = [_read_run(home, path) for path in (home / "bench" / "runs").glob("*.json")]
    return sorted(all_runs, key=lambda run: (run.finished_at, run.run_id))


def load_run(home: Path, run_id: str | None = None) -> Run:
    """The run with that id, or the one finished last. UserError lists the runs."""
    finished = runs(home)
    if not finished:
        raise UserError(f"No bench has finished under {home}. Run one: botbench bench SUITE.yaml.")
    if run_id is None:
        return finished[-1]
    for run in finished:
        if run.run_id == run_id:
            return run
    raise unknown("run", run_id, [run.run_id for run in finished])


def _read_run(home: Path, path: Path) -> Run:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Run(
        home,
        document["run_id"],
        document["suite"],
        tuple(document["cells"]),
        tuple(document["releases"]),
        float(document["seconds"]),
        document["finished_at"],
    )


def follows(run: Run) -> str | None:
    """The earlier edition that this run declares, if any."""
    document = json.loads(run_file(run.home, run.run_id).read_text(encoding="utf-8"))
    before = document.get("follows")
    return str(before) if before and run_file(run.home, str(before)).is_file() else None


def cells(run: Run) -> list[Cell]:
    """The run's cells in the suite's order. Raises UserError if one is missing."""
    return [load_cell(run.home, key) for key in run.cells]


def load_cell(home: Path, key: str) -> Cell:
    """One cell by key. Raises UserError if it is not there."""
    cell = find_cell(home, key)
    if cell is None:
        raise UserError(
            f"The cell {key} is not under {home}; run the bench again: it does what is missing."
        )
    return cell


def find_cell(home: Path, key: str) -> Cell | None:
    """One cell by key, or None."""
    folder = cell_folder(home, key)
    try:
        return Cell(folder, json.loads((folder / "cell.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def label_files(cell: Cell) -> list[Path]:
    """The frozen labels of the releases the cell is tested on."""
    home = cell.path.parents[2]
    tested = [reference.rpartition("@") for reference in cell.test.split("+")]
    return [home / "releases" / name / version / "labels.parquet" for name, _, version in tested]


def _posteriors(files: list[Path]) -> str:
    """SQL of the label's posterior and bounds; NaN if an older release lacks them."""
    import pyarrow.parquet as pq

    there = set.intersection(*(set(pq.read_schema(path).names) for path in files))
    aliases = {"p_bot": "posterior", "p_low": "posterior_low", "p_high": "posterior_high"}
    several = "CASE WHEN l.n_claims > 1 THEN l.{} END" if "n_claims" in there else "NULL"
    return ", ".join(
        f"coalesce({several.format(column) if column in there else 'NULL'}, 'nan'::DOUBLE) AS"
        f" {name}"
        for column, name in aliases.items()
    )


def scored(cell: Cell) -> pa.Table:
    """Predictions with labels: one row for each tested account and repeat.

    Rows are sorted by repeat, dataset and id. Columns: dataset, account_id, repeat, fold (int64),
    p_bot, threshold, seconds (float64), y (int8, 1 = bot), `abstained` (float64, 1 where the
    detector cannot tell; no column in cells of earlier versions), the label's `posterior` with
    `posterior_low` and `posterior_high` (NaN for a label from one claim), for each group of
    `benchmarks.data.groups` 1, 0 or NaN, and the number of the duplicate group (-1: none). Raises
    UserError if the cell has no predictions or if an account has no label any more.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if cell.status != "done":
        raise UserError(
            f"{cell.detector} on {cell.test} ({cell.key}) is {cell.status}: {cell.reason}"
        )
    there = [name for name in PREDICTED if name in pq.read_schema(cell.predictions).names]
    told = pq.read_table(cell.predictions, columns=there)
    told = told.sort_by([(name, "ascending") for name in ("repeat", "dataset", "account_id")])
    if "abstained" in there:
        certain = pc.fill_null(told["abstained"].cast("int8").cast("float64"), float("nan"))
        told = told.set_column(there.index("abstained"), "abstained", certain)
    folders = tuple(path.parent for path in label_files(cell))
    known, keys = _known(folders, _state(folders))
    place = pc.index_in(_keys(told).combine_chunks(), keys)
    if place.null_count:
        raise UserError(
            f"{place.null_count} tested accounts of {cell.test} have no label in the release; was"
            " it edited?"
        )
    facts = known.take(place)
    return pa.table(
        {
            **dict(zip(there, told.columns, strict=True)),
            **dict(zip(known.column_names, facts, strict=True)),
        }
    )


def _keys(table: pa.Table) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(table["dataset"], table["account_id"], "\x1f")


def _state(folders: Sequence[Path]) -> tuple[tuple[int, int], ...]:
    """The size and time of every file of the releases: what is known of their accounts follows."""
    stats = [file.stat() for folder in folders for file in sorted(folder.iterdir())]
    return tuple((s.st_size, s.st_mtime_ns) for s in stats)


@lru_cache(maxsize=16)
def _known(
    folders: tuple[Path, ...],
    state: tuple[tuple[int, int], ...],  # noqa: ARG001 (part of the cache's key)
) -> tuple[pa.Table, pa.Array]:
    """What is known of each account of some releases, and the accounts' keys; see `scored`.

    Every cell of a board asks for those of its test, so the newest sixteen are kept; `state` is the
    files' size and time, so a changed one is read anew.
    """
    import pyarrow as pa

    from benchmarks.data import duplicates
    from benchmarks.data.groups import GROUPS, members

    files = [folder / "labels.parquet" for folder in folders]
    query = f"""
        SELECT l.dataset, l.account_id, (l.label = 'bot')::TINYINT AS y, {_posteriors(files)},
               {", ".join(f"coalesce(g.{name}, 'nan'::DOUBLE) AS {name}" for name in GROUPS)},
               coalesce(d.{duplicates.COLUMN}, {ALONE}) AS {duplicates.COLUMN}
        FROM read_parquet(?) l
        LEFT JOIN groups g USING (dataset, account_id)
        LEFT JOIN duplicates d USING (dataset, account_id)"""
    with scratch_database() as connection:
        connection.register("groups", pa.concat_tables(map(members, folders)))
        connection.register("duplicates", duplicates.of_releases(folders))
        found = connection.execute(query, [[str(path) for path in files]]).to_arrow_table()
    return found.drop_columns(["dataset", "account_id"]), _keys(found).combine_chunks()
