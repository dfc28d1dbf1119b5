"""Duplicate groups of releases, found anew where the cache cannot be read."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import duplicates


def other_table(path):
    pq.write_table(pa.table({"a": [1]}), path)


@pytest.mark.parametrize(
    "damage",
    [lambda p: p.write_bytes(b""), lambda p: p.write_bytes(p.read_bytes()[:20]), other_table],
)
def test_a_damaged_file_of_the_cache_is_made_again(tmp_path, damage):
    folder = tmp_path / "releases" / "small" / "1"
    folder.mkdir(parents=True)
    empty = duplicates.of_releases([folder])
    (kept,) = (tmp_path / "cache" / "groups").iterdir()
    good = kept.read_bytes()
    damage(kept)
    duplicates._of_release.cache_clear()
    assert duplicates.of_releases([folder]).equals(empty) and empty.num_rows == 0
    assert kept.read_bytes() == good
