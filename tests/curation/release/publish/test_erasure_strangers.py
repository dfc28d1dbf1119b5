"""An erasure and the files of others: they are named, and stay byte for byte as they were."""

import bz2
import gzip
import hashlib
import json
import lzma
import os
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.maintenance.erasure import erase
from curation.release import release
from curation.release.publish import folder, tiers
from curation.store import schema
from curation.store.store import Store

GONE = "900000003"


def digests(paths):
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def inside(*folders):
    return sorted(p for f in folders for p in Path(f).rglob("*") if p.is_file())


def strange(place):
    """Files of others that hold the account: a document, a table in Latin-1, a database, and one
    whose name alone tells.
    """
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place / "letter.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>about {GONE}, at length: {'x' * 500}</w:t>")
    (place / f"case-{GONE}.docx").write_bytes(b"PK nothing else")
    (place / "colleague.csv").write_bytes(f"id;name\n{GONE};J\xf6rg M\xfcller\n".encode("latin-1"))
    (place / "notes.json").write_text(json.dumps({"account_id": int(GONE), "note": "mine"}))
    with sqlite3.connect(place / "other-program.db") as db:
        db.execute("CREATE TABLE people (id TEXT, n INTEGER)")
        db.execute("INSERT INTO people VALUES (?, 1)", [GONE])
    db.close()
    pq.write_table(pa.table({"user": [int(GONE), 5]}), place / "numbers.parquet")
    packed = packed_files(place)
    return [
        *packed,
        *(place / n for n in PLAIN),
    ]


PLAIN = (
    "letter.docx",
    f"case-{GONE}.docx",
    "colleague.csv",
    "notes.json",
    "other-program.db",
    "numbers.parquet",
)


def packed_files(place):
    """Files in which no raw byte tells: texts packed in four ways, and Parquet in five."""
    text = f"{'many words before ' * 50} {GONE} {'and after ' * 50}".encode()
    packers = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    for end, pack in packers.items():
        (place / f"mail.txt.{end}").write_bytes(pack(text))
    with pa.output_stream(str(place / "mail.txt.zst"), compression="zstd") as stream:
        stream.write(text)
    table = pa.table({"who": [f"{'x' * 400} {GONE} {'x' * 400}"], "n": [1]})
    codecs = ("gzip", "zstd", "snappy", "brotli", "lz4")
    for codec in codecs:
        pq.write_table(table, place / f"{codec}.parquet", compression=codec, write_statistics=False)
    nested = pa.table({"n": [[{"user": f"@{GONE}"}]] * 3})
    pq.write_table(nested, place / "nested.parquet", compression="zstd")
    ends = (*packers, "zst")
    paths = [
        *(place / f"mail.txt.{end}" for end in ends),
        *(place / f"{name}.parquet" for name in (*codecs, "nested")),
    ]
    hidden = [p for p in paths if GONE.encode() not in p.read_bytes()]
    assert {p.name for p in hidden} >= {"mail.txt.gz", "gzip.parquet"}
    return paths


def tracked(place):
    """A real MLflow store: a run of botbench and a run of somebody else, both telling of the
    account.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{place}/mlflow.db")
    experiment = client.create_experiment(
        "botbench", artifact_location=(place / "artifacts").as_uri()
    )
    ours = client.create_run(
        experiment,
        run_name=f"on {GONE}",
        tags={"botbench.kind": "cell", "botbench.reason": f"{GONE} failed"},
    )
    suite = client.create_run(experiment, run_name="suite", tags={"botbench.kind": "suite"})
    client.log_dict(
        suite.info.run_id,
        {"worst": [{"account_id": GONE}, {"account_id": "900000004"}]},
        "run.json",
    )
    other = client.create_run(experiment, run_name="somebody's", tags={"about": GONE})
    client.log_text(other.info.run_id, f"about {GONE}", "theirs.txt")
    client.log_text(ours.info.run_id, f"by hand: {GONE}", "remark.txt")
    rows = [
        {
            "run_key": "k",
            "dataset": "d",
            "account_id": a,
            "repeat": 0,
            "p_bot": 0.5,
            "threshold": 0.5,
            "fold": 0,
        }
        for a in (GONE, "900000004")
    ]
    pq.write_table(schema.rows("predictions", rows), place / "predictions.parquet")
    client.log_artifact(ours.info.run_id, str(place / "predictions.parquet"))
    (place / "predictions.parquet").unlink()
    return client, ours.info.run_id, suite.info.run_id, other.info.run_id


def frozen_and_published(store, name):
    folder.publish(store, release.freeze(store, name, "d"), tiers.load("internal"))


@pytest.fixture(scope="module")
def kept(prepared):
    """The folders of two stores with a published release each, to be copied: another's, one's own."""
    return [prepared(lambda s, name=name: frozen_and_published(s, name)) for name in ("t", "r")]


def others(place, theirs):
    """Another store and a colleague's release, beside one's own store."""
    shutil.copytree(theirs, place / "theirs")
    (place / "from-a-colleague").mkdir()
    for path in inside(place / "theirs" / "releases" / "t" / "1"):
        (place / "from-a-colleague" / path.name).write_bytes(path.read_bytes())


@pytest.fixture
def desk(tmp_path, unchecked, kept, monkeypatch):
    """A folder as people have them: MLflow's file beside the store, another store, a colleague's
    release, other files.
    """
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    theirs, own = kept
    others(tmp_path, theirs)
    shutil.copytree(own, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        yield store, tmp_path


@pytest.mark.postgres
def test_files_of_others_stay_beside_a_postgres_catalog(
    postgres, tmp_path, unchecked, material, kept, monkeypatch
):
    """Hash for hash, in the store's folder and beside it; and nothing of the account is left."""
    import psycopg

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("CREATE DATABASE strangers")
    url = f"{postgres.rpartition('/')[0]}/strangers?data_path={tmp_path / 'team'}"
    others(tmp_path, kept[0])
    with Store(url) as store:
        material.fill(store)
        frozen_and_published(store, "r")
        strangers = [*strange(tmp_path), *strange(store.home / "papers")]
        theirs = inside(tmp_path / "theirs", tmp_path / "from-a-colleague")
        before = digests([*strangers, *theirs])
        done = erase(store, GONE, "asked, case 1", also=[tmp_path])
        assert digests(map(Path, before)) == before
        assert (done.left_in, done.left) == ([], 0)
        assert [p for p in strangers if f"{p} holds the account" not in "\n".join(done.to_do)] == []


def test_files_of_others_are_named_and_left_as_they_are(desk):
    store, place = desk
    strangers = [*strange(place), *strange(store.home / "papers"), *strange(store.home / "reports")]
    client, ours, suite, other = tracked(place)
    theirs = [
        *inside(place / "theirs", place / "from-a-colleague"),
        *inside(place / "artifacts" / other),
    ]
    remark = place / "artifacts" / ours / "artifacts" / "remark.txt"
    before = digests([*strangers, *theirs, remark])
    done = erase(store, GONE, "asked, case 1")
    assert digests(map(Path, before)) == before
    assert (done.left_in, done.left) == ([], 0)
    told = "\n".join(done.to_do)
    for path in [
        *strangers,
        place / "theirs" / "catalog.sqlite",
        place / "from-a-colleague" / "labels.parquet",
        place / "artifacts" / other / "artifacts" / "theirs.txt",
    ]:
        assert f"{path} holds the account" in told
    assert (
        f"MLflow's run {other} holds" in told
        and f"The artifact remark.txt of MLflow's run {ours}" in told
    )
    assert str(store.home / "releases") not in told and str(place / "mlflow.db") not in told

    # The store opens and reads; MLflow's own runs are whole and do not hold the account.
    with Store(store.home) as again:
        assert again.connection.execute(
            f"SELECT count(*), count(*) FILTER (account_id = '{GONE}') FROM lake.main.accounts"
        ).fetchone() == (9, 0)
    run = client.get_run(ours)
    assert (run.info.run_name, run.data.tags["botbench.reason"]) == ("on erased", "erased failed")
    table = pq.read_table(client.download_artifacts(ours, "predictions.parquet"))
    assert table.column("account_id").to_pylist() == ["900000004"]
    assert json.loads(Path(client.download_artifacts(suite, "run.json")).read_text()) == {
        "worst": [{"account_id": "900000004"}]
    }
    assert client.get_run(other).data.tags["about"] == GONE
    # Again: nothing more to do, and nothing of others touched.
    assert erase(store, GONE, "asked, case 1").left == 0 and digests(map(Path, before)) == before


def test_a_parameter_of_mlflow_that_tells_is_left_and_said(desk):
    store, place = desk
    client, ours, *_ = tracked(place)
    client.log_param(ours, "file", f"{GONE}.csv")
    done = erase(store, GONE, "asked")
    assert (
        done.left == 1
        and "a parameter, which MLflow never changes" in done.left_in[0]
        and ours in done.left_in[0]
    )
    client.delete_run(ours)
    assert "mlflow gc removes it" in erase(store, GONE, "asked").left_in[0]


def test_another_programs_database_called_mlflow_stays_as_it_is(desk):
    store, place = desk
    with sqlite3.connect(place / "mlflow.db") as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE params (key TEXT, value TEXT)")
        db.execute("INSERT INTO params VALUES ('worst', ?)", [GONE])
        db.commit()
        files = inside(place)
        before = digests(p for p in files if p.name.startswith("mlflow.db"))
        assert f"{place / 'mlflow.db'} holds the account" in "\n".join(
            erase(store, GONE, "asked").to_do
        )
        assert digests(map(Path, before)) == before
    db.close()


def test_of_a_named_folder_only_what_botbench_wrote_is_cleaned(desk):
    store, place = desk
    site = place / "elsewhere" / "site"
    made = {
        "data/made-from.json": {
            "about": {},
            "resamples": 1,
            "seed": 0,
            "releases": [],
            "cells": [],
        },
        "leaderboard.json": {
            "rows": [],
            "summary": [],
            "detectors": [],
            "hardest": [{"account_id": GONE}],
        },
    }
    for name, document in made.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(json.dumps(document))
    (site / "index.html").write_text(f"<p>{GONE}, J\xf6rg</p>", encoding="utf-8")
    (site / "compare.html").write_bytes(f"<p>{GONE}, J\xf6rg</p>".encode("latin-1"))
    copy = place / "elsewhere" / "publication"
    folder.copy(folder.listed(store.home)[0], copy)
    held = [
        p
        for p in inside(copy)
        if p.suffix == ".parquet" and GONE in repr(pq.read_table(p).to_pylist())
    ]
    strangers = [*strange(site), *strange(copy), *strange(place / "elsewhere")]
    (site / "colleague.html").write_text(f"<p>{GONE}</p>")
    before = digests([*strangers, site / "colleague.html", site / "compare.html"])
    done = erase(store, GONE, "asked", also=[place / "elsewhere"])
    assert digests(map(Path, before)) == before and done.left == 0
    assert all(path in "\n".join(done.to_do) for path in before)
    assert "not in the form in which botbench writes it" in next(
        t for t in done.to_do if "compare.html" in t
    )
    assert (site / "index.html").read_text(encoding="utf-8") == "<p>erased, J\xf6rg</p>"
    assert json.loads((site / "leaderboard.json").read_text())["hardest"] == []
    assert held and not any(GONE in repr(pq.read_table(p).to_pylist()) for p in held)


def test_logs_of_errors_that_hold_the_account_are_removed(desk, monkeypatch, tmp_path):
    """Those of the store and those in the user's own folder, where no store took them."""
    store, _ = desk
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    logs = [store.home / "logs", tmp_path / "state" / "botbench" / "logs"]
    for place in logs:
        place.mkdir(parents=True)
        (place / "error-20261129T000000-1-aaaa.log").write_text(f"KeyError: '{GONE}'")
        (place / "error-20261129T000000-1-bbbb.log").write_text("KeyError: 'x'")
    done = erase(store, GONE, "asked")
    assert done.left == 0
    for place in logs:
        assert [p.name for p in place.iterdir()] == ["error-20261129T000000-1-bbbb.log"]


def test_unfinished_work_is_removed_and_every_path_of_the_store_is_searched(desk):
    store, _ = desk
    published = folder.listed(store.home)[0].path
    work = [
        store.home / "releases" / "r" / ".unfinished-1",
        published.parent / ".unfinished-2",
        store.home / "releases" / "gone" / "1",
    ]
    for path in work:
        path.mkdir(parents=True)
        pq.write_table(pa.table({"account_id": [GONE]}), path / "labels.parquet")
    (store.home / "reports").mkdir(exist_ok=True)
    (store.home / "reports" / "validation-d-v3.unfinished").write_text(GONE)
    (published / "remark.docx").write_text(GONE)
    done = erase(store, GONE, "asked")
    assert (
        not work[0].exists() and not work[1].exists() and done.files["unfinished work removed"] == 3
    )
    assert not (store.home / "reports" / "validation-d-v3.unfinished").exists()
    # A table in the folder of a release that nobody lists is the store's own: cleaned, and told.
    assert done.left_in == [] and pq.read_table(work[2] / "labels.parquet").num_rows == 0
    assert f"The release in {work[2]} is broken (files or columns of it are missing)" in "\n".join(
        done.to_do
    )
    assert (published / "remark.docx").read_text() == GONE
    assert f"{published / 'remark.docx'} holds the account" in "\n".join(done.to_do)
