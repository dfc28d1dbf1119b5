"""The data of a published board as files: cells, predictions with labels, releases.

Accounts are numbered from 0 within their test (by data set and id), so a published board contains
no id of a person. All cells of a test use the same numbers, so differences stay paired.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.leaderboard.compute.scores import Plan, Result
from botbench.core.errors import UserError, first_line, reason
from botbench.core.files import write_json

if TYPE_CHECKING:
    import pyarrow as pa

CELLS, ABOUT = "data/cells", "data/made-from.json"
ROWS = ("account", "repeat", "p_bot", "threshold", "y")
"""Columns that the predictions of a cell need."""
PRIVATE = ("mlflow_run_id",)
"""Fields of cell.json that mean something on the machine of the bench only."""


def write(
    about: Mapping[str, Any],
    found: Sequence[Result],
    releases: Sequence[Mapping[str, Any]],
    plan: Plan,
    folder: Path,
) -> None:
    """Write `made-from.json` and, for each cell, its document and its predictions with labels."""
    (folder / CELLS).mkdir(parents=True, exist_ok=True)
    numbers = _numbers(found)
    for result in sorted(found, key=lambda r: str(r.info["cell_key"])):
        _write_cell(result, numbers.get(str(result.info["test"])), folder / CELLS)
    ordered = sorted(releases, key=lambda r: (r["name"], r["version"]))
    document = {
        "about": dict(about),
        "resamples": plan.resamples,
        "seed": plan.seed,
        "releases": [{k: v for k, v in r.items() if k != "path"} for r in ordered],
        "cells": sorted(str(r.info["cell_key"]) for r in found),
    }
    write_json(folder / ABOUT, document)


def _numbers(found: Sequence[Result]) -> dict[str, pa.Array]:
    """The accounts of each test in order, as data set and id joined."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys: dict[str, list[Any]] = {}
    for result in found:
        if result.predictions is not None:
            keys.setdefault(str(result.info["test"]), []).append(
                pc.unique(_key(result.predictions()))
            )
    whole = {test: pc.unique(pa.chunked_array(parts)) for test, parts in keys.items()}
    return {test: accounts.take(pc.sort_indices(accounts)) for test, accounts in whole.items()}


def _key(table: pa.Table) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(table["dataset"], table["account_id"], "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _write_cell(result: Result, known: pa.Array | None, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    key = str(result.info["cell_key"])
    write_json(folder / f"{key}.json", {k: v for k, v in result.info.items() if k not in PRIVATE})
    if result.predictions is None or known is None:
        return
    table = result.predictions()
    number = pc.cast(pc.index_in(_key(table), known), pa.int32())
    places = pa.table({"repeat": table["repeat"], "account": number})
    order = pc.sort_indices(places, [("repeat", "ascending"), ("account", "ascending")])
    kept = table.drop(["dataset", "account_id"]).add_column(0, "account", number)
    pq.write_table(kept.take(order), folder / f"{key}.parquet", compression="zstd")


def read(folder: Path) -> tuple[dict[str, Any], list[Result], list[dict[str, Any]], Plan]:
    """Read the data of a published board. Raises UserError if it is no board or lacks a file."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        results = [_read_cell(folder / CELLS, key) for key in about["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{folder} is no whole site of a board: {reason(error)}. Expected {ABOUT} and a"
            f" document for each cell in {CELLS}; botbench leaderboard --site DIR writes them."
        ) from None
    plan = Plan(int(about["resamples"]), int(about["seed"]))
    return about["about"], results, about["releases"], plan


def _read_cell(folder: Path, key: str) -> Result:
    if Path(key).name != key:
        raise UserError(f"{key!r} is no key of a cell; the site's list of cells was changed.")
    info = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
    file = folder / f"{key}.parquet"
    if info["status"] == "done" and not file.is_file():
        raise UserError(
            f"The predictions of the cell {key} ({info['detector']} on {info['test']}) are not in"
            f" {folder}."
        )
    return Result(info, partial(_predictions, file) if info["status"] == "done" else None)


def _predictions(file: Path) -> pa.Table:
    """The rows of `results.scored`; a nine-digit account number (sortable) replaces the id."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"The predictions {file.name} cannot be read ({first_line(error)}); get the site again."
        ) from None
    if missing := [c for c in ROWS if c not in table.column_names]:
        raise UserError(
            f"The predictions {file.name} lack {', '.join(missing)}; get the site again."
        )
    number = pc.utf8_lpad(pc.cast(table["account"], pa.string()), 9, "0")
    nothing = pa.array([""] * table.num_rows, pa.string())
    return (
        table.drop(["account"])
        .add_column(0, "dataset", nothing)
        .add_column(1, "account_id", number)
    )
