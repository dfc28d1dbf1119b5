"""A full disk, a server that has gone and a damaged file end at once in a sentence, exit code 3."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from botbench.core.errors import ResourceFailure
from curation.maintenance.erasure import erase
from curation.release import release
from curation.store import schema
from curation.store.connection import MARKER, locate, retried
from curation.store.store import Store
from curation.store.upkeep import failures

SQLITE = "sqlite:/home/x/catalog.sqlite"
POSTGRES = "postgres:postgresql://ada:geheim@db.example:5433/team"


@pytest.mark.parametrize(
    ("error", "catalog", "says"),
    [
        (
            duckdb.IOException('Could not write file "/x/y": No space left on device'),
            SQLITE,
            "full",
        ),
        (
            duckdb.Error("Failed to commit DuckLake transaction: No space left on device"),
            SQLITE,
            "full",
        ),
        (duckdb.Error("database or disk is full"), SQLITE, "The disk is full"),
        (OSError(28, "No space left on device", "/x/y"), SQLITE, "MB free"),
        (duckdb.Error("Failed to commit: disk I/O error"), SQLITE, "does not read or write"),
        (
            duckdb.Error(
                'Failed to execute query "COPY": ERROR:  could not extend file: No space left'
                " on device"
            ),
            POSTGRES,
            "The disk of The Postgres server at db.example:5433 is full",
        ),
        (
            duckdb.IOException(
                'Unable to connect to Postgres at "postgresql://ada:geheim@db.example:5433/team":'
                " connection to server failed: Connection refused"
            ),
            POSTGRES,
            "The Postgres server at db.example:5433 does not answer",
        ),
        (
            duckdb.Error("server closed the connection unexpectedly"),
            POSTGRES,
            "ended the connection",
        ),
    ],
)
def test_a_lasting_failure_is_a_sentence_and_is_not_tried_again(error, catalog, says):
    found = failures.explained(error, Path("/"), catalog)
    assert says in str(found) and found.exit_code == 3
    assert "geheim" not in str(found)
    if isinstance(error, duckdb.Error):
        tries = []

        def work():
            tries.append(1)
            raise error

        with pytest.raises(duckdb.Error):
            retried(work)
        assert len(tries) == 1


@pytest.mark.parametrize(
    "error",
    [
        duckdb.Error("Transaction conflict"),
        duckdb.Error("database is locked"),
        duckdb.IOException('FATAL: password authentication failed for user "ada"'),
        ValueError("No space left on device"),
        OSError(2, "No such file or directory"),
    ],
)
def test_other_errors_are_not_explained_away(error):
    assert failures.explained(error, Path("/"), POSTGRES) is None


FILL = """
import resource, sys, time
from curation.store import schema
from curation.store.store import Store
from botbench.core.errors import ResourceFailure
place, limit, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Store(place) as store:
    pass
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
begun = time.monotonic()
try:
    with Store(place) as store:
        made = [
            {"dataset": "d", "account_id": str(i), "platform": "x", "bio": f"{i * 7919 % 10007} {i}"}
            for i in range(rows)
        ]
        store.append({"accounts": schema.rows("accounts", made)}, "ada", "many")
except ResourceFailure as error:
    print(f"{time.monotonic() - begun:.1f}", error)
    sys.exit(3)
"""


def fill(place, limit, rows):
    """Append rows in a process whose files may not grow over `limit` bytes."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(place), str(limit), str(rows)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def state(place):
    """The versions and the rows of a store."""
    with Store(place) as store:
        return (
            [(v.number, v.message) for v in store.versions()],
            store.scalar("SELECT count(*) FROM lake.main.accounts"),
        )


def few(n):
    return {
        "accounts": schema.rows(
            "accounts",
            [{"dataset": "d", "account_id": f"few-{i}", "platform": "x"} for i in range(n)],
        )
    }


# 200,000 rows go into a data file, 5 into the catalog.
@pytest.mark.parametrize(("limit", "rows"), [(100_000, 200_000), (4_000, 5)])
def test_a_file_that_may_not_grow_ends_a_write_at_once(tmp_path, limit, rows):
    with Store(tmp_path / "store") as store:
        store.append(few(3), "ada", "few")
    before = state(tmp_path / "store")
    done = fill(tmp_path / "store", limit, rows)
    assert done.returncode == 3, done.stdout + done.stderr
    assert float(done.stdout.split()[0]) < 30 and "MB free" in done.stdout
    assert state(tmp_path / "store") == before
    assert fill(tmp_path / "store", 0, rows).returncode == 0
    assert state(tmp_path / "store")[1] == rows + 3


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_every_write_at_once(small_disk, cli, tmp_path):
    place = small_disk / "store"
    environment = {"BOTBENCH_STORE": str(place), "TMPDIR": str(tmp_path)}
    with Store(place) as store:
        store.append(few(3), "ada", "few")
    before = state(place)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))
    begun = time.monotonic()
    with pytest.raises(ResourceFailure, match=r"The disk.* MB free"), Store(place) as store:
        store.append(few(2000), "ada", "more")
    for command in (["backup", str(small_disk / "kept")], ["tag", "t"]):
        done = cli(*command, code=3, **environment)
        assert "The disk" in done.stderr and "MB free" in done.stderr
    assert time.monotonic() - begun < 120
    ballast.unlink()
    assert state(place) == before
    assert cli("tag", "t", code=0, **environment)


def test_a_postgres_server_that_is_not_there_is_named_without_its_password(tmp_path):
    begun = time.monotonic()
    with pytest.raises(
        ResourceFailure, match=r"The Postgres server at 127.0.0.1:1 does not"
    ) as told:
        Store(f"postgresql://ada:geheim@127.0.0.1:1/team?data_path={tmp_path / 'store'}")
    assert "geheim" not in str(told.value) and time.monotonic() - begun < 30


def test_the_doctor_tells_nothing_of_a_store_whose_postgres_does_not_answer(tmp_path, cli):
    """It called the store ill, and said that its folder should be moved away."""
    place = f"postgresql://ada:geheim@127.0.0.1:1/team?data_path={tmp_path / 'store'}"
    locate(place).home.mkdir()
    (locate(place).home / MARKER).touch()
    done = cli("--store", place, "doctor", code=3)
    assert "The Postgres server at 127.0.0.1:1 does not answer" in done.stderr
    assert "geheim" not in done.stderr and not done.stdout


@pytest.mark.postgres
def test_a_database_that_is_missing_is_named(postgres, tmp_path):
    place = f"{postgres.rpartition('/')[0]}/nowhere?data_path={tmp_path / 'store'}"
    says = 'does not let you in: database "nowhere" does not exist'
    with pytest.raises(ResourceFailure, match=says):
        Store(place)


@pytest.mark.postgres
def test_a_postgres_server_that_goes_in_the_middle_ends_the_command_at_once(database, tmp_path):
    import psycopg

    place = database(tmp_path / "store")
    with Store(place) as store:
        store.append(few(400), "ada", "few")
    url = locate(place).catalog.partition(":")[2]

    def cut():
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def work(transaction):
        counts = transaction.insert("accounts", more)
        cut()
        return counts

    more = schema.rows(
        "accounts",
        [{"dataset": "e", "account_id": str(i), "platform": "x"} for i in range(400)],
    )
    begun = time.monotonic()
    with pytest.raises(ResourceFailure, match="ended the connection"), Store(place) as store:
        store.transact(work, "ada", "cut")
    assert time.monotonic() - begun < 30
    assert state(place) == ([(1, "an empty store"), (2, "few")], 400)


def test_a_missing_or_short_data_file_is_named_with_its_remedy(tmp_path, cli):
    with Store(tmp_path / "store") as store:
        store.append(few(400), "ada", "few")
    (path,) = (tmp_path / "store" / "data").rglob("*.parquet")
    whole, name = path.read_bytes(), path.relative_to(tmp_path / "store").as_posix()
    for content, what in ((whole[: len(whole) // 2], "of another size"), (None, "missing")):
        path.unlink()
        if content:
            path.write_bytes(content)
        told = rf"{name} \({what}\).*cp BACKUP/files/{name}"
        with pytest.raises(ResourceFailure, match=told), Store(tmp_path / "store") as store:
            store.arrow("FROM lake.main.accounts")
    done = cli("blame", "few-7", "--dataset", "d", code=3)
    assert f"{name} (missing)" in done.stderr


def plant(home, reference, document):
    folder = home / "releases" / reference.replace("@", "/")
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(document)
    return folder


def test_one_damaged_release_is_named_and_the_others_are_listed(tmp_path, cli):
    good = {
        "name": "good",
        "version": 1,
        "dataset": "d",
        "platform": "x",
        "content_hash": "0" * 64,
        "accounts": 1,
        "bots": 1,
        "humans": 0,
        "simulated": False,
        "made_at": "2026-01-01",
        "validation": {"success": True},
        "files": {},
    }
    with Store(tmp_path / "store") as store:
        store.append(few(400), "ada", "few")
        plant(store.home, "good@1", json.dumps(good))
        bad = plant(store.home, "bad@1", '{"name": "bad"')
        plant(store.home, "short@1", '{"name": "short"}')
        with pytest.raises(
            ResourceFailure, match=r"bad@1 cannot be read: .*release.json is damaged"
        ):
            release.load(store.home, "bad@1")
    document = cli.json("releases", code=1)
    assert [r["name"] for r in document["releases"]] == ["good"]
    assert [d.split()[2] for d in document["damaged"]] == ["bad@1", "short@1"]
    with Store(tmp_path / "store") as store:
        done = erase(store, "few-7", "asked")
        assert done.left_in == [
            f"releases: {store.home}/releases/{name}/1/release.json cannot be read"
            for name in ("bad", "short")
        ]
        assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 399
    assert bad.is_dir()
