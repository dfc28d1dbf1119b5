"""An executor of Spark that is killed while it writes features is replaced: `make spark`.

In a file of its own, because a process has one Spark at a time.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curation import features
from curation.store import schema

SPARK = importlib.util.find_spec("py4j") is not None


@dataclass(frozen=True)
class Frozen:
    content_hash: str
    path: Path


def release(folder):
    """Thirty accounts with twenty posts each."""
    accounts = [{"dataset": "d", "account_id": f"a{i}", "platform": "t"} for i in range(30)]
    posts = [
        {
            "dataset": "d",
            "post_id": f"{i} {n}",
            "account_id": f"a{i}",
            "text": f"Ann! {n % (i + 1)}",
        }
        for i in range(30)
        for n in range(20)
    ]
    folder.mkdir()
    pq.write_table(schema.rows("accounts", accounts), folder / "accounts.parquet")
    pq.write_table(schema.rows("posts", posts), folder / "posts.parquet")
    return Frozen("x", folder)


if SPARK:

    def test_what_a_killed_executor_was_at_is_computed_again(tmp_path, spark_executors):
        frozen = release(tmp_path / "release")
        here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
        features.write(frozen, here, families=["text"])

        def writes_a_view(_executor):
            return list(tmp_path.glob(".features*/parts/*/_temporary/0/*"))

        with spark_executors.killing(writes_a_view) as killed:
            features.write(frozen, there, spark_executors.CLUSTER, families=["text"])
        assert len(killed) == 1, "no executor was seen with a view"
        ours, theirs = pq.read_table(here), pq.read_table(there)
        assert ours.schema.equals(theirs.schema) and ours.num_rows == 30
        assert ours["account_id"].equals(theirs["account_id"])
        for name in ours.column_names[1:]:
            known, found = ours[name].drop_null().to_pylist(), theirs[name].drop_null().to_pylist()
            assert ours[name].is_null().equals(theirs[name].is_null())
            assert found == pytest.approx(known, rel=1e-9, abs=1e-9), name
