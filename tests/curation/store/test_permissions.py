"""A store is closed to other users of the machine from the moment that each file is made."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from botbench.core import files
from curation.maintenance import backup, doctor
from curation.store import schema
from curation.store.connection import locate
from curation.store.store import Store

OPEN = 0o077
WORK = """
import os, sys
from pathlib import Path
os.umask(0o022)
from curation.maintenance import backup
from curation.store import salts, schema
from curation.store.store import Store
place, kept = sys.argv[1:]
with Store(place) as store:
    rows = [{"dataset": "d", "account_id": str(i), "platform": "twitter"} for i in range(400)]
    store.append({"accounts": schema.rows("accounts", rows)}, "ada", "many")
    salts.salt(store.home, salts.PUBLISHED)
    # What a sort spills, and what MLflow keeps.
    (store.home / "tmp").mkdir(exist_ok=True)
    store.connection.execute("SET memory_limit = '60MB'; SET threads = 1")
    store.connection.execute(
        "CREATE TEMP TABLE big AS SELECT i, repeat(i::TEXT, 20) t FROM range(600_000) r(i) ORDER BY t"
    )
    if "://" not in place:
        (store.home / "mlruns").mkdir()
        from botbench.core.mlflow_store import client
        client(f"sqlite:///{store.home}/mlruns/mlflow.db").create_experiment("e")
    backup.make(store, Path(kept))
"""


def modes(*roots):
    """(path, permissions for others) of everything at the roots that somebody else can use."""
    for root in roots:
        for path in (root, *root.rglob("*")) if root.exists() else ():
            try:
                if not path.is_symlink() and (mode := path.lstat().st_mode & OPEN):
                    yield path, oct(mode)
            except FileNotFoundError:
                continue


def test_nothing_of_a_store_is_open_to_others_at_any_moment(place, tmp_path):
    home, kept, seen, done = tmp_path / "store", tmp_path / "kept", set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.update(modes(home, kept, *tmp_path.glob(".kept*")))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        subprocess.run([sys.executable, "-c", WORK, place, str(kept)], check=True)
    finally:
        done.set()
        watcher.join()
    assert seen == set()
    assert list(modes(home, kept)) == []
    assert (home / "mlruns" / "mlflow.db").is_file() == ("://" not in place)
    assert (kept / "manifest.json").is_file()
    assert next(home.rglob("*.parquet")) and next(kept.rglob("*.parquet"))


def test_the_catalog_and_its_logs_are_closed_while_it_is_open(tmp_path):
    with Store(tmp_path / "store") as store:
        file = store.home / "catalog.sqlite"
        with contextlib.closing(sqlite3.connect(file)) as reader:
            reader.execute("SELECT count(*) FROM ducklake_snapshot").fetchone()
            found = {p.name: oct(p.stat().st_mode & 0o777) for p in store.home.glob("catalog*")}
        assert found == {f"catalog.sqlite{end}": "0o600" for end in ("", "-wal", "-shm")}
        assert store.home.stat().st_mode & 0o777 == 0o700


def test_a_folder_shared_with_a_group_stays_so(tmp_path):
    home = tmp_path / "store"
    home.mkdir()
    home.chmod(0o2770)
    with Store(home) as store:
        rows = [{"dataset": "d", "account_id": str(i), "platform": "x"} for i in range(400)]
        store.append({"accounts": schema.rows("accounts", rows)}, "ada", "many")
    # SQLite never lets a group write.
    assert (home / "catalog.sqlite").stat().st_mode & 0o777 == 0o640
    assert next(home.rglob("*.parquet")).stat().st_mode & 0o777 == 0o660
    assert (home / "data").stat().st_mode & 0o7777 == 0o2770


def test_results_for_others_keep_the_umask_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_user_umask", None)
    mine = tmp_path / "board" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("private")
    mine.chmod(0o600)
    files.keep_private(tmp_path / "store")
    with files.for_others(tmp_path / "board"):
        files.write_text(tmp_path / "board" / "pages" / "index.html", "x")
    with files.for_others(tmp_path / "new" / "page.html"):
        files.write_text(tmp_path / "new" / "page.html", "x")
    (tmp_path / "private").write_text("x")
    assert {
        p.relative_to(tmp_path).as_posix(): oct(p.stat().st_mode & 0o777)
        for p in (
            mine,
            tmp_path / "board" / "pages",
            tmp_path / "board" / "pages" / "index.html",
            tmp_path / "new",
            tmp_path / "new" / "page.html",
            tmp_path / "private",
        )
    } == {
        "board/mine.txt": "0o600",
        "board/pages": "0o755",
        "board/pages/index.html": "0o644",
        "new": "0o755",
        "new/page.html": "0o644",
        "private": "0o600",
    }


def test_doctor_names_what_an_older_botbench_left_open(tmp_path):
    with Store(tmp_path / "store") as store:
        home = store.home
    location = locate(home)

    def found():
        (one,) = [f for f in doctor.examine(location).findings if f.check == "permissions"]
        return one

    assert found().outcome == "well"
    home.chmod(0o755)
    (home / "catalog.sqlite").chmod(0o644)
    # SQLite keeps its log beside an open catalog, with the catalog's mode.
    named = {item.removesuffix("-wal").removesuffix("-shm") for item in found().items}
    assert found().outcome == "note" and named == {"catalog.sqlite"}
    assert found().do == f"Close it: chmod -R go-rwx {home}"
    subprocess.run(found().do.removeprefix("Close it: "), shell=True, check=True)
    assert found().outcome == "well"


def test_a_backup_of_open_files_is_closed(tmp_path):
    with Store(tmp_path / "store") as store:
        note = store.home / "note.txt"
        note.write_text("x")
        note.chmod(0o644)
        backup.make(store, tmp_path / "kept")
    assert Path(tmp_path / "kept" / "files" / "note.txt").stat().st_mode & OPEN == 0


@pytest.fixture(autouse=True)
def own_umask():
    """Each test's umask is its own: opening a store changes that of the process."""
    before = os.umask(0o022)
    yield
    os.umask(before)
