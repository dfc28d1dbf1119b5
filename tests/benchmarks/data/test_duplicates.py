"""Duplicate groups of releases: found anew where a file cannot be read, and kept in one fold."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import duplicates, release_arrays
from benchmarks.execution.cells import cell_key
from benchmarks.execution.planning import plan
from benchmarks.execution.pools import pooled
from benchmarks.execution.suite import Suite
from benchmarks.protocols import parse
from botbench.core.errors import ResourceFailure
from curation.release import duplicate_groups


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


def wrong_type(path):
    columns = {"dataset": ["a"], "account_id": ["1"], "group": ["x"]}
    pq.write_table(pa.table(columns), path)


def named_twice(path):
    columns = {"dataset": ["a"] * 2, "account_id": ["1"] * 2, "group": [0, 1]}
    pq.write_table(pa.table(columns), path)


def without_values(path):
    columns = {"dataset": ["a"], "account_id": ["1"], "group": pa.array([None], pa.int64())}
    pq.write_table(pa.table(columns), path)


DAMAGES = [
    lambda p: p.write_bytes(b""),
    lambda p: p.write_bytes(p.read_bytes()[:60]),
    other_table,
    wrong_type,
    named_twice,
    without_values,
]


def grouped(release, *groups):
    """Write the release's file of duplicate groups."""
    ids = [i for own in groups for i in own]
    columns = {
        "dataset": [release.dataset] * len(ids),
        "account_id": ids,
        "group": [n for n, own in enumerate(groups) for _ in own],
    }
    pq.write_table(pa.table(columns), release.path / duplicate_groups.FILE)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_release_is_found_anew(make, damage):
    ids = [f"{i}" for i in range(6)]
    release = make("a", 3, 3, ids=ids, groups=["g", "g", *ids[2:]])
    grouped(release, ["4", "5"])
    damage(release.path / duplicate_groups.FILE)
    found = duplicates.of_releases([release.path])
    assert found["account_id"].to_pylist() == ["0", "1"]


def test_a_damaged_file_alone_is_told(tmp_path):
    folder = tmp_path / "releases" / "alone" / "1"
    folder.mkdir(parents=True)
    (folder / duplicate_groups.FILE).write_bytes(b"PAR1")
    with pytest.raises(ResourceFailure, match=r"groups.parquet is damaged.*backup") as error:
        duplicates.of_releases([folder])
    assert error.value.exit_code == 3


def test_folds_keep_groups_by_timeline_and_bio_together(home, make):
    """Twenty pairs that only the release's file of groups knows, and one of equal profiles."""
    n = 60
    ids = [f"{i:02d}" for i in range(n)]
    pairs = [(ids[i], ids[i + 20]) for i in range(20)]
    release = make("a", 30, 30, ids=ids, groups=["g", *ids[1:20], "g", *ids[21:]])
    grouped(release, *pairs)
    arrays = release_arrays.load(home, release.reference)
    pool = pooled([arrays], np.ones(n, np.bool_))
    folds = list(parse("cross-validation(folds=5, repeats=2, seed=0)").split(pool))
    assert len(folds) == 10
    for fold in folds:
        names = {str(i) for i in arrays.account_id[fold.test]}
        assert all((a in names) == (b in names) for a, b in pairs)


def test_only_groups_beyond_equal_profiles_change_a_cells_key(home, make):
    """Cells of releases without such groups, and of earlier versions, keep their keys."""
    suite = Suite(
        name="s",
        releases=["a"],
        detectors=["constant", "one-question-tree"],
        protocols=["cross-validation(folds=2, repeats=1, seed=0)"],
    )
    ids = [f"{i:02d}" for i in range(60)]
    release = make("a", 30, 30, ids=ids, groups=["g", "g", *ids[2:]])

    def planned():
        return plan(home, suite, [release], "f")

    def keys():
        return [p.task.key for p in planned()]

    grouped(release, ["00", "01"])
    hashes = {release.reference: release.content_hash}
    before = [cell_key(p.spec, p.task.protocol, p.task.plan, hashes, "f") for p in planned()]
    assert keys() == before
    grouped(release, ["00", "01", "07"])
    after = keys()
    assert not set(after) & set(before)
    grouped(release, ["00", "01", "08"])
    assert not set(keys()) & {*before, *after}
