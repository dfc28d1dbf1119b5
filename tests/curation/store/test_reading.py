"""Reading commands take no lock and write nothing, and work where a store is read-only."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from botbench.core.errors import ResourceFailure
from curation.store import schema
from curation.store.store import Store

NOT_OURS = {"catalog.sqlite-shm"}
"""What SQLite keeps in use beside a catalog in its log mode, for readers too."""
READING = [
    ["log", "--json"],
    ["show", "2", "--json"],
    ["diff", "1", "2", "--json"],
    ["blame", "7", "--dataset", "d", "--json"],
    ["claims", "7"],
    ["conflicts", "--json"],
    ["quarantine", "d", "--json"],
    ["releases", "--json"],
    ["agreement", "d", "--json"],
    ["doctor", "--json"],
]


def rows(first, last):
    accounts = [
        {"dataset": "d", "account_id": str(i), "platform": "twitter"} for i in range(first, last)
    ]
    return {"accounts": schema.rows("accounts", accounts)}


def tree(home):
    """Every file below a home with its hash and time, and every folder."""
    return {
        p.relative_to(home).as_posix(): (
            hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else None,
            p.stat().st_mtime_ns if p.is_file() else None,
        )
        for p in home.rglob("*")
        if p.name not in NOT_OURS and not (p.name == "catalog.sqlite-wal" and not p.stat().st_size)
    }


def test_opening_to_read_writes_nothing_and_takes_no_lock(place, tmp_path):
    with Store(place) as store:
        store.append(rows(0, 400), "ada", "many")
    home = tmp_path / "store"
    (home / "write.lock").unlink()
    before = tree(home)
    with Store(place, create=False) as store:
        assert [v.number for v in store.versions()] == [1, 2]
        assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 400
        assert tree(home) == before
    assert tree(home) == before
    # The first write opens it to write; what was staged before is there.
    with Store(place, create=False) as store:
        store.connection.execute("CREATE TEMP TABLE kept AS FROM lake.main.accounts")
        assert store.append(rows(400, 402), "ada", "two")[0] == 3
        assert store.scalar("SELECT count(*) FROM kept") == 400
        assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 402
    assert (home / "write.lock").is_file()


@pytest.mark.parametrize("command", READING, ids=lambda c: c[0])
def test_a_reading_command_leaves_the_store_as_it_was(cli, tmp_path, command):
    with Store(tmp_path / "store") as store:
        store.append(rows(0, 400), "ada", "many")
    before = tree(tmp_path / "store")
    done = cli(*command, code=None)
    # There are no claims here: then the command says so, and has read the store.
    assert done.returncode in (0, 1) or "claims" in done.stderr, done.stderr
    assert tree(tmp_path / "store") == before


READ_AS_NOBODY = textwrap.dedent("""
    import json, os, sys
    from botbench.core.errors import ResourceFailure
    from curation.maintenance import doctor
    from curation.store.connection import locate
    from curation.store.store import Store
    # Everything is imported while this user can read where Python is installed.
    doctor.examine(locate(sys.argv[2]))
    with Store(sys.argv[2]) as store:
        store.tag("imported")
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    said = {}
    with Store(sys.argv[1], create=False) as store:
        said["versions"] = [v.number for v in store.versions()]
        said["rows"] = store.scalar("SELECT count(*) FROM lake.main.accounts")
        try:
            store.tag("x")
        except ResourceFailure as error:
            said["refused"] = str(error)
    said["ill"] = [f.check for f in doctor.examine(locate(sys.argv[1])).findings if f.outcome == "ill"]
    print(json.dumps(said))
""")


@pytest.fixture
def for_all():
    """A folder that every user can reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="botbench-read-only-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    shutil.rmtree(folder)


def test_a_store_that_nobody_may_write_is_read(for_all):
    home = for_all / "store"
    for place in (home, for_all / "other"):
        with Store(place) as store:
            store.append(rows(0, 400), "ada", "many")
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = tree(home)
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY, str(home), str(for_all / "other")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": "/tmp"},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["versions"], said["rows"], said["ill"]) == ([1, 2], 400, [])
    assert said["refused"].startswith(f"The store at {home} is read-only for this user.")
    assert tree(home) == before


def test_an_older_store_is_migrated_by_its_first_reader_or_refused(
    tmp_path, old_stores, monkeypatch
):
    location = old_stores.make(tmp_path / "store", without=["consensus_runs"])
    monkeypatch.setattr("curation.store.upkeep.opening.is_writable", lambda _: False)
    with pytest.raises(ResourceFailure, match=r"read-only for this user. It is of an older schema"):
        Store(location.home, create=False)
    monkeypatch.undo()
    with Store(location.home, create=False) as store:
        assert store.scalar("SELECT count(*) FROM lake.main.consensus_runs") == 0
