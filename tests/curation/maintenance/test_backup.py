"""A backup is the store again, wherever it is put; a damaged one is refused; doctor tells what is
wrong and what to do.
"""

import json
import os
import shutil
import time

import pytest

from botbench.core.errors import UserError
from curation.maintenance import backup, cleanup, doctor
from curation.store import connection, schema
from curation.store.store import Store


def accounts(*ids):
    return {
        "accounts": schema.rows(
            "accounts",
            [
                {"dataset": "d", "account_id": i, "platform": "twitter", "extra": {"a": "b"}}
                for i in ids
            ],
        )
    }


def fill(place):
    """Two versions: 300 accounts in a Parquet file, 2 inlined in the catalog; a file of the
    annotators' and a cache.
    """
    with Store(place) as store:
        store.append(accounts(*map(str, range(300))), "ada", "many")
        store.append(accounts("x", "y"), "ada", "two")
        (store.home / "schemes").mkdir()
        (store.home / "schemes" / "one.yaml").write_text("a: 1\n")
        (store.home / "cache").mkdir()
        (store.home / "cache" / "made-again").write_text("no")
    return connection.locate(place)


def versions(place):
    with Store(place) as store:
        return [
            (
                v.number,
                v.author,
                v.message,
                len(store.arrow(f"FROM {store.relation('accounts', v.number)}")),
            )
            for v in store.versions()
        ]


def test_a_backup_restored_elsewhere_is_the_same_store(place, tmp_path, request):
    fill(place)
    with Store(place) as store:
        made = backup.make(store, tmp_path / "kept")
        # What comes after is not in it.
        store.append(accounts("later"), "bo", "later")
    assert made.document()["version"] == 3
    shutil.rmtree(tmp_path / "store")
    other = (
        str(tmp_path / "again")
        if "://" not in place
        else request.getfixturevalue("database")(tmp_path / "again")
    )
    (tmp_path / "kept").rename(tmp_path / "moved")
    backup.restore(tmp_path / "moved", connection.locate(other))
    assert versions(other) == [
        (1, "botbench", "an empty store", 0),
        (2, "ada", "many", 300),
        (3, "ada", "two", 302),
    ]
    assert (tmp_path / "again" / "schemes" / "one.yaml").read_text() == "a: 1\n"
    assert not (tmp_path / "again" / "cache").exists()
    assert doctor.examine(connection.locate(other)).well
    with Store(other) as store:
        assert store.append(accounts("x", "new"), "bo", "goes on")[0] == 4
        assert store.append(accounts("x", "new"), "bo", "again")[0] is None
    with pytest.raises(UserError, match=r"holds a store already|There is a store at"):
        backup.restore(tmp_path / "moved", connection.locate(other))


def test_a_damaged_backup_is_refused_and_nothing_written(tmp_path):
    fill(tmp_path / "store")
    with Store(tmp_path / "store") as store:
        made = backup.make(store, tmp_path / "kept")
    name = next(n for n in made.manifest["files"] if n.endswith(".parquet"))
    file = tmp_path / "kept" / "files" / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(
        UserError, match=f"damaged: 1 of 4 files is missing or not as in its manifest, .* {name}"
    ):
        backup.restore(tmp_path / "kept", connection.locate(tmp_path / "again"))
    assert not (tmp_path / "again").exists()
    file.unlink()
    with pytest.raises(UserError, match="damaged: 1 of"):
        backup.read(tmp_path / "kept")
    with pytest.raises(UserError, match="is no backup"):
        backup.read(tmp_path / "store")


def test_a_backup_that_would_not_be_whole_is_not_made(tmp_path):
    fill(tmp_path / "store")
    next((tmp_path / "store" / "data").rglob("*.parquet")).unlink()
    with Store(tmp_path / "store") as store:
        with pytest.raises(UserError, match=r"1 data file of the store .*parquet \(missing\)"):
            backup.make(store, tmp_path / "kept")
        with pytest.raises(UserError, match="inside the store itself"):
            backup.make(store, store.home / "kept")
    assert not (tmp_path / "kept").exists()


def outcomes(location, **more):
    return {
        f.check: f.outcome for f in doctor.examine(location, **more).findings if f.outcome != "well"
    }


def test_doctor_finds_what_was_planted(tmp_path):
    location = fill(tmp_path / "store")
    assert outcomes(location) == {}
    tomorrow = time.time() + 2 * cleanup.RESTING
    kept = next(location.data.rglob("*.parquet"))
    (kept.parent / "ducklake-left-over.parquet").write_bytes(b"x")
    (location.home / "tmp").mkdir(exist_ok=True)
    (location.home / "tmp" / "pull-1").mkdir()
    # Somebody may still be writing what is younger than a day.
    assert outcomes(location) == {}
    assert outcomes(location, now=tomorrow) == {"orphaned files": "note", "unfinished work": "note"}
    assert cleanup.clean(location, now=tomorrow) == [
        (kept.parent / "ducklake-left-over.parquet").relative_to(location.home).as_posix(),
        "tmp/pull-1",
    ]
    assert outcomes(location, now=tomorrow) == {"trash": "note"} and kept.exists()
    shutil.rmtree(location.home / "trash")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-8])
    assert outcomes(location) == {"files changed": "ill"}
    kept.unlink()
    found = doctor.examine(location)
    assert not found.well and next(
        f for f in found.findings if f.check == "files missing"
    ).items == (kept.relative_to(location.home).as_posix(),)
    kept.write_bytes(whole)
    with Store(location.home) as store:
        store.append(
            {
                "releases": schema.rows(
                    "releases",
                    [
                        {
                            "name": "r",
                            "version": 1,
                            "dataset": "d",
                            "snapshot_id": 2,
                            "content_hash": "h",
                            "consensus_id": "c",
                            "suite_result": "passed",
                        }
                    ],
                )
            },
            None,
            "a release whose folder is gone",
        )
        store.connection.execute("CREATE TABLE lake.main.of_tomorrow (a INT)")
    assert outcomes(location) == {"releases without files": "ill", "tables": "note"}


def test_doctor_leaves_an_old_schema_alone_and_says_so(tmp_path, old_stores):
    location = old_stores.make(tmp_path / "store", without=["consensus_runs"])
    found = doctor.examine(location)
    assert (
        found.well
        and "consensus_runs" in next(f for f in found.findings if f.check == "schema").items
    )
    assert not (location.home / "backups").exists()


def test_a_broken_catalog_is_a_sentence(cli, tmp_path):
    location = fill(tmp_path / "store")
    file = location.home / "catalog.sqlite"
    with file.open("r+b") as opened:
        opened.write(os.urandom(8192))
    found = cli.json("doctor", code=1)
    assert (
        not found["well"]
        and found["findings"][0]["check"] == "catalog file"
        and "restore-backup" in found["findings"][0]["do"]
    )
    assert "does not open" in cli("log", code=3).stderr


def test_the_commands(cli, tmp_path):
    fill(tmp_path / "store")
    made = cli.json("backup", tmp_path / "kept")
    assert (made["version"], made["catalog"]) == (3, "sqlite") and json.loads(
        (tmp_path / "kept" / "manifest.json").read_text()
    )
    assert "is there already" in cli("backup", tmp_path / "kept", code=2).stderr
    done = cli(
        "restore-backup", tmp_path / "kept", "--json", BOTBENCH_STORE=str(tmp_path / "again")
    )
    assert json.loads(done.stdout)["head"] == 3
    assert "There is a store at" in cli("restore-backup", tmp_path / "kept", code=2).stderr
    assert cli.json("doctor", BOTBENCH_STORE=str(tmp_path / "again"))["well"]
