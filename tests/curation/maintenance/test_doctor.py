"""A catalog that is gone is never replaced by a new one, and what doctor takes away can be taken
back.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from botbench.core.errors import UserError
from curation.maintenance import backup, cleanup, doctor
from curation.maintenance.erasure import erase
from curation.store import schema
from curation.store.connection import connect, locate, lost
from curation.store.store import Store

TOMORROW = time.time() + 2 * cleanup.RESTING
HANDLE = "an_erased_handle"


def accounts(first, last, **columns):
    """Accounts numbered from `first` up to `last`: 300 or more of them are a data file, fewer are
    rows in the catalog.
    """
    return {
        "accounts": schema.rows(
            "accounts",
            [
                {
                    "dataset": "d",
                    "account_id": f"91{i:07d}",
                    "platform": "twitter",
                    "handle": f"{HANDLE}_{i}_",
                    **columns,
                }
                for i in range(first, last)
            ],
        )
    }


def fill(place):
    """A store with one data file of 300 accounts."""
    with Store(place) as store:
        store.append(accounts(0, 300), "ada", "many")
    return locate(place)


def missing(file):
    file.unlink(missing_ok=True)


def empty(file):
    file.write_bytes(b"")


def without_tables(file):
    missing(file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE other (a INT)")
    connection.close()


def lose(location, how=missing):
    """Lose a catalog: an SQLite file as `how` does it, of Postgres every table."""
    if location.catalog.startswith("sqlite"):
        how(location.home / "catalog.sqlite")
        return
    import psycopg

    with psycopg.connect(location.catalog.partition(":")[2], autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def tree(home):
    """Every file of a home with its size and time, without the lock and the logs that SQLite keeps
    beside an open file.
    """
    aside = ("write.lock", "catalog.sqlite-wal", "catalog.sqlite-shm")
    return {
        p.relative_to(home).as_posix(): (p.stat().st_size, p.stat().st_mtime_ns)
        for p in home.rglob("*")
        if p.is_file() and p.name not in aside
    }


@pytest.mark.parametrize("how", [empty, without_tables])
def test_a_catalog_file_without_a_store_is_not_made_one(tmp_path, how):
    check_lost(str(tmp_path / "store"), tmp_path, how)


def test_a_lost_catalog_is_not_replaced_and_a_backup_restores_it(place, tmp_path):
    check_lost(place, tmp_path)


def check_lost(place, tmp_path, how=missing):
    """A store whose catalog is lost is refused by all, left as it is, and restored as the sentence
    says.
    """
    location = fill(place)
    with Store(place) as store:
        backup.make(store, tmp_path / "kept")
    lose(location, how)
    before = tree(location.home)
    for create in (True, False):
        with pytest.raises(
            UserError, match=r"holds files of a store \(one is data/.*\.parquet\)"
        ) as refused:
            Store(place, create=create)
        assert f"mv {location.home} {location.home}.lost && botbench --store" in str(refused.value)
        assert refused.value.exit_code == 3
        assert "restore-backup BACKUP" in str(refused.value)
    found = doctor.examine(location)
    assert not found.well and [f.outcome for f in found.findings] == ["ill"]
    assert "restore-backup" in found.findings[0].do
    with pytest.raises(UserError, match="holds files of a store"):
        cleanup.clean(location, now=TOMORROW, force=True)
    assert tree(location.home) == before
    # The remedy, as the sentence says it.
    location.home.rename(f"{location.home}.lost")
    backup.restore(tmp_path / "kept", location)
    with Store(place) as store:
        assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 300
    assert doctor.examine(location).well


@pytest.mark.parametrize("folder", ["data", "releases", "publications", "backups", "trash"])
def test_any_folder_of_a_store_with_files_keeps_a_new_catalog_away(place, folder, tmp_path):
    file = tmp_path / "store" / folder / "r" / "1" / "labels.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    with pytest.raises(UserError, match=f"one is {folder}/r/1/labels.parquet"):
        Store(place)
    assert doctor.examine(locate(place)).findings[0].outcome == "ill"


def test_the_sentence_names_no_password(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.parquet").write_bytes(b"x")
    says = str(lost(locate(f"postgresql://ada:secret@db.example:5433/team?data_path={tmp_path}")))
    assert (
        "secret" not in says
        and f"postgresql://ada@db.example:5433/team?data_path={tmp_path}" in says
    )


@pytest.mark.parametrize("attached", [False, True])
def test_a_store_whose_making_was_killed_is_made_by_the_next_command(place, attached):
    location = locate(place)
    (location.data / "main").mkdir(parents=True)
    if attached:
        connect(location).close()
    assert fill(place) == location and doctor.examine(location).well


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("how", [empty, without_tables])
def test_an_unfinished_catalog_file_to_which_no_file_belongs_is_finished(tmp_path, how, log):
    location = locate(tmp_path / "store")
    location.data.mkdir(parents=True)
    how(location.home / "catalog.sqlite")
    if log:
        (location.home / "catalog.sqlite-wal").write_bytes(b"a log that was cut short")
    assert [(f.outcome, f.do) for f in doctor.examine(location).findings] == [
        ("note", "Run botbench pull CARD again: it makes the store.")
    ]
    fill(location.home)
    assert doctor.examine(location).well


def test_a_pull_killed_at_any_moment_leaves_a_store_that_opens(tmp_path):
    """Ends a first append by SIGKILL after 0.05 to 0.8 s, which is before, while and after the
    catalog is made.
    """
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); import test_doctor;"
        " test_doctor.fill(sys.argv[1])"
    )
    here = str(Path(__file__).parent)
    for n in range(6):
        home = tmp_path / f"killed-{n}"
        first = subprocess.Popen([sys.executable, "-c", script, str(home), here])
        began = time.monotonic()
        while not home.exists() and time.monotonic() - began < 60:
            time.sleep(0.002)
        time.sleep(0.05 + 0.15 * n)
        first.kill()
        first.wait()
        with Store(home) as store:
            store.append(accounts(0, 300), "ada", "again")
            assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 300


def test_a_log_of_another_catalog_is_not_played_into_a_restored_one(tmp_path):
    location = fill(tmp_path / "store")
    with Store(location.home) as store:
        backup.make(store, tmp_path / "kept")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "catalog.sqlite-wal").write_bytes(b"frames")
    with pytest.raises(UserError, match="There is a store at"):
        backup.restore(tmp_path / "kept", locate(tmp_path / "again"))


def orphan(location, name, content=None):
    """A data file that no version rests on: a copy of one in use, or `content`."""
    kept = next(location.data.rglob("*.parquet"))
    path = kept.with_name(name)
    if content is None:
        shutil.copyfile(kept, path)
    else:
        path.write_bytes(content)
    return path


def finding(location, check, *now):
    return next(f for f in doctor.examine(location, *now).findings if f.check == check)


def test_clean_moves_files_to_a_dated_folder_and_keeps_their_paths(place):
    location = fill(place)
    left_over = orphan(location, "ducklake-left-over.parquet", b"half a file")
    work = location.home / "tmp" / "pull-1" / "rows.unfinished"
    work.parent.mkdir(parents=True)
    work.write_text("a")
    name = left_over.relative_to(location.home)
    assert cleanup.clean(location, now=TOMORROW) == [
        name.as_posix(),
        "tmp/pull-1",
        "tmp/pull-1/rows.unfinished",
    ]
    day = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime(TOMORROW))
    (folder,) = (location.home / "trash").iterdir()
    assert folder.name.startswith(day)
    assert (folder / name).read_bytes() == b"half a file" and (
        folder / "tmp" / "pull-1" / "rows.unfinished"
    ).read_text() == "a"
    assert not left_over.exists() and not work.parent.exists()
    # What is in the trash is not unfinished work once more.
    assert cleanup.clean(location, now=TOMORROW) == []
    trash = finding(location, "trash")
    assert (trash.check, trash.outcome, trash.items) == ("trash", "note", (folder.name,))
    assert (
        trash.says == "--clean has moved 2 files (0.0 MB) to trash/."
        and f"rm -r {location.home / 'trash'}" in trash.do
    )
    shutil.rmtree(location.home / "trash")
    assert finding(location, "trash").outcome == "well"


def test_clean_leaves_a_stranger_s_file_where_it_is(tmp_path):
    location = fill(tmp_path / "store")
    mine = orphan(location, "mine.parquet", b"not DuckLake's")
    os.utime(mine, (0, 0))
    before = tree(location.home)
    found = {f.check: f.outcome for f in doctor.examine(location, now=TOMORROW).findings}
    assert found["orphaned files"] == "well"
    assert cleanup.clean(location, now=TOMORROW, force=True) == []
    assert tree(location.home) == before


def test_an_emptied_catalog_is_refused_where_every_row_stood_in_it(place):
    location = locate(place)
    with Store(place) as store:
        store.append(accounts(0, 2), "ada", "few")
    assert not list(location.data.rglob("*.parquet"))
    lose(location, empty)
    for create in (True, False):
        with pytest.raises(
            UserError, match=r"holds files of a store \(one is botbench-store.txt\)"
        ):
            Store(place, create=create)
    assert [f.outcome for f in doctor.examine(location).findings] == ["ill"]


def test_doctor_on_a_store_whose_first_pull_was_killed_says_to_pull_again(place, tmp_path):
    location = locate(place)
    location.data.mkdir(parents=True)
    # DuckLake's catalog is there; botbench's tables are not.
    connect(location).close()
    found = doctor.examine(location)
    assert [(f.outcome, f.do) for f in found.findings] == [
        ("note", "Run botbench pull CARD again: it makes the store.")
    ]
    with pytest.raises(UserError, match=r"the store was not finished\. Run botbench pull CARD"):
        Store(place, create=False)
    fill(place)
    assert doctor.examine(location).well


def test_a_backup_leaves_the_trash_out(tmp_path):
    location = fill(tmp_path / "store")
    orphan(location, "ducklake-left-over.parquet", b"half a file")
    cleanup.clean(location, now=TOMORROW)
    with Store(location.home) as store:
        assert not [
            n
            for n in backup.make(store, tmp_path / "kept").manifest["files"]
            if n.startswith("trash/")
        ]


@pytest.mark.parametrize(
    ("contents", "refused"),
    [
        ([b"a"], False),  # 1 of 2 files is not more than half, nor is 1 byte
        ([b"a", b"b"], True),  # 2 of 3 files
        ([b"a" * 10_000_000], True),  # 1 of 2 files, nearly all bytes
    ],
)
def test_clean_refuses_where_most_data_files_would_go(tmp_path, contents, refused):
    location = fill(tmp_path / "store")
    left = [
        orphan(location, f"ducklake-left-{i}.parquet", content)
        for i, content in enumerate(contents)
    ]
    if not refused:
        assert len(cleanup.clean(location, now=TOMORROW)) == len(left)
        return
    with pytest.raises(
        UserError,
        match=r"more than half\. Nothing was moved\. .*restore a backup.*doctor --clean --force",
    ):
        cleanup.clean(location, now=TOMORROW)
    assert all(p.exists() for p in left) and not (location.home / "trash").exists()
    finding = next(
        f for f in doctor.examine(location, now=TOMORROW).findings if f.check == "orphaned files"
    )
    assert finding.outcome == "note" and "more than half" in finding.says
    assert len(cleanup.clean(location, now=TOMORROW, force=True)) == len(left)
    assert not any(p.exists() for p in left) and next(location.data.rglob("*.parquet")).exists()


def test_the_command_on_an_emptied_catalog(cli, tmp_path):
    location = fill(tmp_path / "store")
    lose(location, empty)
    kept = next(location.data.rglob("*.parquet"))
    os.utime(kept, (0, 0))
    found = cli.json("doctor", "--clean", code=1)
    assert (
        not found["well"] and "is empty (0 bytes)" in found["findings"][0]["says"] and kept.exists()
    )
    assert "Restore the catalog from a backup: mv " in cli("log", code=3).stderr
    # A new catalog in the place of the right one, as earlier versions made it.
    with Store(tmp_path / "other"):
        pass
    shutil.copyfile(tmp_path / "other" / "catalog.sqlite", location.home / "catalog.sqlite")
    assert "Nothing was moved" in cli("doctor", "--clean", code=2).stderr and kept.exists()
    assert (
        "trash" in cli("doctor", "--clean", "--force").stderr + cli("doctor").stdout
        and not kept.exists()
    )


def test_an_erasure_leaves_data_files_of_newer_versions_and_of_strangers(tmp_path):
    location = fill(tmp_path / "store")
    with Store(location.home) as store:
        backup.make(store, tmp_path / "kept")
        store.append(accounts(300, 600), "ada", "more")
        (newer,) = new_files(location, tmp_path / "kept")
        # The account was observed again, so this newer file holds it.
        store.append(accounts(0, 300, observed_at=datetime(2026, 1, 1, tzinfo=UTC)), "ada", "again")
        (holding,) = new_files(location, tmp_path / "kept") - {newer}
    stranger = newer.with_name("mine.parquet")
    duckdb.sql(f"COPY (SELECT '910000007' AS id, 1 AS n) TO '{stranger}'")
    short = newer.with_name("ducklake-cut-short.parquet")
    short.write_bytes(b"PAR1 half a file")
    before = {p: p.read_bytes() for p in (newer, stranger)}
    # The older catalog stands in the place of the right one.
    for file in location.home.glob("catalog.sqlite*"):
        file.unlink()
    shutil.copyfile(tmp_path / "kept" / "catalog.sqlite", location.home / "catalog.sqlite")
    with Store(location.home) as store:
        done = erase(store, "910000007", "asked")
        kept = store.scalar("SELECT count(*) FROM read_parquet(?)", [str(holding)])
    assert {p: p.read_bytes() for p in before} == before and not short.exists() and kept == 299
    assert (done.left, done.left_in) == (0, [])
    counts = {what: n for what, n in done.files.items() if what.startswith("orphaned")}
    assert counts == {
        "orphaned data files: rows taken out": 1,
        "orphaned data files: removed": 1,
    }
    sentences = " ".join(done.to_do)
    assert "2 data files that no version of this catalog reads do not hold the account" in sentences
    assert f"{stranger} holds the account. botbench did not make it" in sentences


def new_files(location, kept):
    """The data files of a store that a backup lacks."""
    names = {p.name for p in kept.rglob("*.parquet")}
    return {p for p in location.data.rglob("*.parquet") if p.name not in names}


def test_an_account_is_erased_from_the_trash_too(place):
    location = fill(place)
    readable = orphan(location, "ducklake-whole.parquet")
    orphan(location, "ducklake-short.parquet", readable.read_bytes()[:-8])
    spill = location.home / "tmp" / "spill.tmp"
    spill.parent.mkdir(exist_ok=True)
    spill.write_bytes(b"compressed")
    cleanup.clean(location, now=TOMORROW, force=True)
    (folder,) = (location.home / "trash").iterdir()
    with Store(place) as store:
        done = erase(store, "910000007", "asked")
        assert (done.left, done.left_in) == (
            0,
            [],
        ) and "what doctor --clean moved to trash/" in done.places_checked
        assert (done.files["trash: rows taken out"], done.files["trash: removed"]) == (1, 2)
        (kept,) = [p for p in folder.rglob("*") if p.is_file()]
        rows = store.connection.execute(
            "SELECT account_id, handle FROM read_parquet(?)", [str(kept)]
        ).fetchall()
        assert kept.name == "ducklake-whole.parquet" and len(rows) == 299
        assert not [r for r in rows if "910000007" in r or f"{HANDLE}_7_" in r]
        # A file that comes there afterwards is found.
        store.connection.execute(
            f"COPY (SELECT 'd' AS dataset, '910000007' AS account_id) TO '{folder}/later.parquet'"
        )
        again = erase(store, "910000007", "asked")
        assert again.files == {"trash: rows taken out": 1} and again.left == 0


def test_one_file_is_told_in_the_singular(tmp_path):
    location = fill(tmp_path / "store")
    (location.home / "trash").mkdir()
    (location.home / "trash" / "one").write_text("a")
    assert finding(location, "trash").says == "--clean has moved 1 file (0.0 MB) to trash/."


def test_the_lock_of_a_finished_push_is_no_unfinished_work(tmp_path):
    location = fill(tmp_path / "store")
    lock = location.home / "tmp" / "push-1a2b.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    said = finding(location, "unfinished work", TOMORROW).says
    assert said == "No command left anything unfinished."
    assert cleanup.clean(location, now=TOMORROW) == [] and lock.exists()
