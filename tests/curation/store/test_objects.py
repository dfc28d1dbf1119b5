"""A team's store whose data files are in object storage, on a real server of S3's protocol.

The server is rclone's: it checks signatures and keeps objects as files of a folder.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.maintenance import backup, doctor
from curation.maintenance.compaction import compact
from curation.store import catalog, file_hashes, schema
from curation.store.connection import locate
from curation.store.store import Store
from curation.store.upkeep import objects
from curation.store.upkeep.failures import CatalogLost

pytestmark = pytest.mark.postgres
SECRET = "not-a-secret-of-anybody"


@pytest.fixture
def place(signed_in, postgres, tmp_path, request):
    """The URL of a store with a database, a prefix and a home of its own."""
    name = f"objects_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres.rpartition("/")[0]
    return f"{url}/{name}?data_path=s3://lake/{name}&home={tmp_path / 'home'}"


def accounts(*ids):
    return schema.rows(
        "accounts", [{"dataset": "d", "account_id": i, "platform": "twitter"} for i in ids]
    )


def many(start, n=300):
    return accounts(*(f"{start}-{i}" for i in range(n)))


def count(store):
    return store.scalar("SELECT count(*) FROM lake.accounts")


def count_versions(place):
    with Store(place, create=False) as store:
        return len(store.versions())


def test_it_is_written_read_compacted_backed_up_and_restored(place, tmp_path, postgres):
    with Store(place) as store:
        for n in range(3):
            store.append({"accounts": many(n)}, "ada", f"part {n}")
        assert count(store) == 900
        files = catalog.data_files(store.connection, store.location.data_path)
        assert files and all(f.path.startswith("s3://lake/objects_") for f in files)
        assert file_hashes.recorded(store.connection).of.keys() >= {f.id for f in files}
        done = compact(store)
        assert done.files_after <= done.files_before and done.freed > 0
        assert count(store) == 900
        made = backup.make(store, tmp_path / "copy")
    names = json.loads((tmp_path / "copy" / "manifest.json").read_text())["files"]
    assert any(name.startswith("data/main/accounts/") for name in names)
    assert doctor.examine(locate(place)).well
    assert SECRET not in "".join(
        p.read_text("utf-8", "replace") for p in tmp_path.rglob("*") if p.is_file()
    )
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
    url = f"{postgres.rpartition('/')[0]}/restored"
    elsewhere = f"{url}?data_path=s3://lake/restored&home={tmp_path / 'other'}"
    backup.restore(made.path, locate(elsewhere))
    with Store(elsewhere, create=False) as store:
        assert count(store) == 900
        assert doctor.examine(store.location).well


def test_eight_writers_that_are_killed_lose_and_double_nothing(place):
    Store(place).close()
    program = str(Path(__file__).with_name("object_writers.py"))
    done = subprocess.run(
        [sys.executable, program, place, "8", "seed"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"kills": 8, "failed": [], "rows": [8 * 3 * 40] * 2, "versions": 8 * 3}
    found = doctor.examine(locate(place))
    assert found.well, found.document()


def test_credentials_that_are_wrong_are_a_sentence_and_are_not_shown(place, cli, monkeypatch):
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")
    for name, value in (("AWS_SECRET_ACCESS_KEY", "another-secret"), ("AWS_ACCESS_KEY_ID", "x")):
        with monkeypatch.context() as wrong:
            wrong.setenv(name, value)
            with (
                pytest.raises(ResourceFailure, match="The bucket lake does not let you in"),
                Store(place, create=False) as store,
            ):
                store.scalar("SELECT max(platform) FROM lake.accounts")
            with (
                pytest.raises(ResourceFailure, match="does not let you in") as refused,
                Store(place) as store,
            ):
                store.append({"accounts": many(1)}, "ada", "second")
            assert value not in str(refused.value) or len(value) == 1
    done = cli("--store", place, "datasets", code=3, AWS_SECRET_ACCESS_KEY="another-secret")
    assert "does not let you in" in done.stderr
    assert "another-secret" not in done.stdout + done.stderr
    with Store(place, create=False) as store:
        assert count(store) == 300, "nothing of what was refused"


def test_a_server_that_ends_in_the_middle_is_a_sentence_and_nothing_is_lost(place, signed_in):
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")

    def work(transaction):
        transaction.insert("accounts", many(1))
        signed_in.kill()
        transaction.insert("accounts", many(2))

    try:
        with (
            pytest.raises(
                ResourceFailure, match=r"does not answer\. Nothing of this step was written"
            ),
            Store(place, create=False) as store,
        ):
            store.connection.execute("SET http_retries = 0")
            store.transact(work, "ada", "second")
    finally:
        signed_in.start()
    # What was committed before the kill is there, and the same step goes on.
    with Store(place) as store:
        assert count(store) == 300
        store.append({"accounts": many(1)}, "ada", "second")
        assert (
            count(store)
            == 600
            == store.scalar("SELECT count(*) FROM lake.accounts WHERE platform = 'twitter'")
        )
    assert doctor.examine(locate(place)).well


def test_a_bucket_that_is_missing_or_forbidden_is_a_sentence(place, monkeypatch):
    with pytest.raises(ResourceFailure, match="There is no bucket nowhere: s3://nowhere/x"):
        Store(place.replace("s3://lake/", "s3://nowhere/x"))
    forbidden = objects.explained(
        objects.duckdb.HTTPException(
            "HTTP Error: HTTP GET error on 's3://lake/a' (HTTP 403 Forbidden) AccessDenied"
        )
    )
    assert "The bucket lake does not let you in" in str(forbidden)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ResourceFailure, match=r"at http://127\.0\.0\.1:1 does not answer"):
        Store(place)
    with pytest.raises(UserError, match=r"is no place in object storage"):
        locate("postgresql://a@h/b?data_path=s3://lake")


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("datasets",),
        ("pull", "simulated-a"),
        ("backup", "copy"),
        ("restore", "1", "--yes"),
        ("erase", "0-1", "--dataset", "d", "--reason", "asked"),
    ],
    ids=lambda words: words[0],
)
def test_a_server_that_fails_itself_is_a_sentence(place, cli, failing_server, words):
    """Not the store's fault: exit code 3, and nothing of DuckDB's words or addresses of files."""
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")
    before = count_versions(place)
    done = cli("--store", place, *words, code=3, AWS_ENDPOINT_URL=failing_server)
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("botbench: ")]
    assert re.fullmatch(
        rf"botbench: The object storage of s3://lake/objects_\d+/? at {failing_server} answers with"
        r" an error of its own \(HTTP 500\)\. Nothing of this step was written\. Run the same"
        r" command again when it works\. The details are in \S+\.log\.",
        said,
    )
    assert count_versions(place) == before


def test_a_lost_catalog_beside_files_makes_no_new_one(place, postgres):
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")
    other = "postgresql://botbench@127.0.0.1"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_one")
    lost = place.replace(place.partition("?")[0].rpartition("/")[2] + "?", "empty_one?")
    assert lost.startswith(other)
    with pytest.raises(CatalogLost, match="holds no tables of a store, but s3://lake/objects_"):
        Store(lost.replace("/home", "/another-home"))
    # The doctor says the same, and not that a pull would make the store.
    found = doctor.examine(locate(lost.replace("/home", "/another-home")))
    assert not found.well and "holds files" in found.findings[-1].says
    nowhere = lost.replace("/home", "/third-home").replace("s3://lake/", "s3://nowhere/")
    with pytest.raises(ResourceFailure, match="There is no bucket nowhere"):
        doctor.examine(locate(nowhere))


def test_a_missing_object_is_told(place, signed_in):
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")
        (file,) = catalog.data_files(store.connection, store.location.data_path)
    (signed_in.folder / file.path.removeprefix("s3://")).unlink()
    # The server keeps what it has listed.
    signed_in.kill()
    signed_in.start()
    found = doctor.examine(locate(place))
    assert not found.well and file.path in str(found.document())


def test_release_publish_compact_and_erase_work_there(place, cli):
    def run(*words):
        return cli.json("--store", place, *words)

    run("pull", "simulated-a")
    run("consensus", "simulated-a")
    released = run("release", "there", "--dataset", "simulated-a")
    assert released["accounts"] > 1000
    published = run("publish", "there@1", "--tier", "research")
    assert Path(published["path"]).is_dir()
    assert run("store", "compact")["files_after"] >= 1
    with Store(place, create=False) as store:
        (account,) = store.connection.execute(
            "SELECT min(account_id) FROM lake.accounts"
        ).fetchone()
    document = run("erase", account, "--dataset", "simulated-a", "--reason", "asked")
    assert document["left"] == 0 and document["rows_removed"]["accounts"] >= 1
    with Store(place, create=False) as store:
        query = f"SELECT count(*) FROM lake.posts WHERE account_id = '{account}'"
        assert store.scalar(query) == 0
