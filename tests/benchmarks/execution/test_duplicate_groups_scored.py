"""Predictions are read with the duplicate groups of their release, with or without a file of them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.execution import results
from curation.release import duplicate_groups
from curation.store.schema import rows


def cell(home, *made):
    """A cell that was tested on releases, with the score .5 for everybody."""
    ids = [pq.read_table(m.path / "labels.parquet").select(["dataset", "account_id"]) for m in made]
    accounts = pa.concat_tables(ids)
    n = accounts.num_rows
    columns = {"run_key": ["k"] * n, "repeat": [0] * n, "fold": [0] * n, "p_bot": [0.5] * n}
    records = [
        {**row, **{name: values[i] for name, values in columns.items()}, "threshold": 0.5}
        for i, row in enumerate(accounts.to_pylist())
    ]
    folder = home / "bench" / "cells" / "k"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows("predictions", records), folder / "predictions.parquet")
    test = "+".join(m.reference for m in made)
    (folder / "cell.json").write_text(
        json.dumps({"cell_key": "k", "detector": "x", "test": test, "status": "done"})
    )
    return results.load_cell(home, "k")


def numbers(scored):
    return {f"{r['dataset']}{r['account_id']}": r["duplicate_group"] for r in scored.to_pylist()}


def test_groups_of_old_and_new_releases(home, make):
    """`a` is a release of an earlier version, without a file of groups: two of its accounts have
    equal profiles. `b` has a file.
    """
    ids = [f"{i}" for i in range(1, 7)]
    old = make("a", 3, 3, ids=ids, groups=["g", "g", *ids[2:]])
    new = make("b", 3, 3, seed=1, ids=ids)
    found = {"dataset": ["b"] * 3, "account_id": ["2", "4", "6"], "group": np.array([0, 1, 0])}
    pq.write_table(pa.table(found), new.path / duplicate_groups.FILE)
    alone = dict.fromkeys([f"{d}{i}" for d in "ab" for i in ids], -1)
    got = numbers(results.scored(cell(home, old, new)))
    assert got == alone | {"a1": 0, "a2": 0, "b2": 1, "b6": 1, "b4": 2}
    (kept,) = (home / "cache" / "groups").glob("*.parquet")
    assert pq.read_table(kept)["account_id"].to_pylist() == ["1", "2"]
