"""`botbench store compact`: fewer files, the same rows, and versions forgotten only where asked."""

import duckdb
import pytest

from botbench.core.errors import UserError
from curation.maintenance.compaction import compact
from curation.store import catalog, file_hashes, schema
from curation.store.store import Store


def accounts(*ids):
    return schema.rows(
        "accounts", [{"dataset": "d", "account_id": i, "platform": "twitter"} for i in ids]
    )


@pytest.fixture
def versions(store):
    """The numbers of four versions that each add accounts, in a file of their own."""
    numbers = []
    for n in range(4):
        ids = (f"{n}-{i}" for i in range(300))
        numbers.append(store.append({"accounts": accounts(*ids)}, "ada", f"part {n}")[0])
    return numbers


def count(store, version):
    query = f"SELECT count(*) FROM lake.accounts AT (VERSION => {version})"
    return store.connection.execute(query).fetchone()[0]


def test_files_become_fewer_and_every_version_stays_as_it_was(store, versions):
    done = compact(store)
    assert done.files_after < done.files_before and done.forgotten == 0
    assert [count(store, v) for v in versions] == [300, 600, 900, 1200]
    assert store.oldest() == done.oldest == 1
    files = catalog.data_files(store.connection, store.location.data)
    assert file_hashes.wrong(store.connection, files) == {}
    assert set(file_hashes.recorded(store.connection).of) >= {f.id for f in files}
    on_disk = {p.resolve() for p in store.location.data.rglob("*.parquet")}
    assert len(on_disk) == len(files), "what no version reads is gone"
    assert compact(store).files_after == done.files_after, "and again changes nothing"


def test_old_versions_are_forgotten_up_to_a_tag(store, versions):
    store.tag("paper", versions[1])
    done = compact(store, str(versions[3]))
    assert (done.oldest, done.kept) == (versions[1], versions[1])
    assert [count(store, v) for v in versions[1:]] == [600, 900, 1200]
    with pytest.raises(duckdb.Error):
        count(store, versions[0])
    with pytest.raises(UserError):
        compact(store, "no-such-tag")


def test_the_command_says_what_it_frees(cli):
    Store(cli.cwd / "store").close()
    found = cli.json("store", "compact", "--forget-before", "1")
    assert found.keys() == {
        *("forgotten", "oldest", "kept", "freed"),
        *("files_before", "files_after", "bytes_before", "bytes_after"),
    }
    assert found["freed"] == found["bytes_before"] - found["bytes_after"]


def test_more_files_than_before_are_explained(cli):
    """The first rows of a small store lie in the catalog until they are made files."""
    Store(cli.cwd / "store").close()
    said = "Files became more because small inserts, which lay in the catalog, are files now."
    assert said in cli("store", "compact").stderr
    assert said not in cli("store", "compact").stderr
