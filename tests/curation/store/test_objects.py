"""A team's store whose data files are in object storage.

The server is moto's: a fake of S3 that keeps objects in memory. Nothing is claimed of durability.
"""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import psycopg
import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.maintenance import backup, doctor
from curation.maintenance.compaction import compact
from curation.store import catalog, file_hashes, schema
from curation.store.connection import CatalogLost, locate
from curation.store.store import Store
from curation.store.upkeep import objects

pytestmark = pytest.mark.postgres
SECRET = "not-a-secret-of-anybody"


@pytest.fixture(scope="module")
def endpoint():
    """The address of a fake S3 with one bucket, `lake`."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    urllib.request.urlopen(urllib.request.Request(f"{address}/lake", method="PUT")).close()
    yield address
    server.stop()


@pytest.fixture
def place(endpoint, postgres, tmp_path, monkeypatch, request):
    """The URL of a store with a database, a prefix and a home of its own."""
    name = f"objects_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    for variable, value in {
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(variable, value)
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


def test_several_writers_lose_and_double_nothing(place):
    Store(place).close()

    def write(n):
        with Store(place) as store:
            for part in range(2):
                store.append({"accounts": many(f"{n}-{part}", 50)}, f"writer {n}", "some")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with Store(place, create=False) as store:
        assert count(store) == store.scalar("SELECT count(DISTINCT account_id) FROM lake.accounts")
        assert count(store) == 4 * 2 * 50


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


def test_a_missing_object_is_told(place):
    with Store(place) as store:
        store.append({"accounts": many(0)}, "ada", "first")
        (file,) = catalog.data_files(store.connection, store.location.data_path)
    bucket, _, key = file.path.removeprefix("s3://").partition("/")
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
    found = doctor.examine(locate(place))
    assert not found.well and file.path in str(found.document())


def test_release_and_erase_work_there(place, cli):
    def run(*words):
        return cli.json("--store", place, *words)

    run("pull", "simulated-a")
    run("consensus", "simulated-a")
    released = run("release", "there", "--dataset", "simulated-a")
    assert released["accounts"] > 1000
    with Store(place, create=False) as store:
        (account,) = store.connection.execute(
            "SELECT min(account_id) FROM lake.accounts"
        ).fetchone()
    document = run("erase", account, "--dataset", "simulated-a", "--reason", "asked")
    assert document["left"] == 0 and document["rows_removed"]["accounts"] >= 1
    with Store(place, create=False) as store:
        query = f"SELECT count(*) FROM lake.posts WHERE account_id = '{account}'"
        assert store.scalar(query) == 0
