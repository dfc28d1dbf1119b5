"""Erasure, proved by looking at every byte: with an SQLite and a Postgres catalog, for ids, handle
and texts of one account.
"""

import gzip
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.submissions import sealed
from botbench.core.errors import UserError
from curation.maintenance.erasure import erase
from curation.release import release, splits
from curation.release.publish import folder, tiers
from curation.store import schema
from curation.store.diff import changed_rows
from curation.store.store import Store

GONE = 3
NEEDLES = (
    "900000003",
    "made_up_3",
    "Somebody Number 3",
    "I write about subject 3 every day",
    "a quite long text of 3 with",
    "77000003",
)


def other_posts(material):
    """What others wrote of the account: a repost of its words, a mention, a link to its post, and
    something of their own.
    """
    by = {"dataset": "d", "account_id": material.IDS[4], "created_at": material.T}
    return [
        {
            **by,
            "post_id": "88000001",
            "kind": "repost",
            "ref_account_id": material.IDS[GONE],
            "ref_post_id": "770000031",
            "text": "RT @Made_Up_3: a quite long text of 3 with number 1",
            "mentions": ["Made_Up_3"],
        },
        {
            **by,
            "post_id": "88000002",
            "kind": "reply",
            "text": "@made_up_3 I do not think so, ask @made_up_30",
            "mentions": ["made_up_3", "made_up_30"],
        },
        {
            **by,
            "post_id": "88000003",
            "kind": "quote",
            "text": "look: https://example.org/made_up_3/status/770000030",
            "urls": ["https://example.org/made_up_3/status/770000030"],
        },
        {**by, "post_id": "88000004", "kind": "original", "text": "nothing of that"},
    ]


def fill(store, material, published=("public", "internal")):
    """The hand-made store in several small (inlined) and one large commit, with all that else tells
    of the account.
    """
    material.fill(store, notes={(4, "ana"): "talks to made_up_3 all day", (5, "ben"): "fine"})
    store.append({"posts": schema.rows("posts", other_posts(material))}, None, "others")
    store.append(
        {
            "accounts": schema.rows(
                "accounts",
                [
                    {
                        "dataset": "d",
                        "account_id": f"91{i:07d}",
                        "platform": "twitter",
                        "handle": f"many_{i}",
                        "bio": f"bio of number {i} of many",
                    }
                    for i in range(3_000)
                ],
            )
        },
        None,
        "many, so that a data file is written",
    )
    store.append(
        {
            "batches": schema.rows(
                "batches",
                [
                    {
                        "batch_id": "b1",
                        "dataset": "d",
                        "design": "uniform(n=10)",
                        "seed": 0,
                        "population": 10,
                        "size": 10,
                        "copies": 1,
                        "drawn_from": store.head(),
                        "made_at": material.T,
                    }
                ],
            ),
            "assignments": schema.rows(
                "assignments",
                [
                    {"batch_id": "b1", "account_id": a, "copy": 1, "inclusion_probability": 1.0}
                    for a in material.IDS
                ],
            ),
            "quarantine": schema.rows(
                "quarantine",
                [
                    {
                        "pull_id": "p",
                        "table_name": "posts",
                        "row": "900000003.csv:7",
                        "reason": "float_id",
                        "message": "bad",
                        "raw": "made_up_3,x",
                    },
                    {
                        "pull_id": "p",
                        "table_name": "posts",
                        "row": "f.csv:8",
                        "reason": "float_id",
                        "message": "bad",
                        "raw": "other,x",
                    },
                ],
            ),
            "edges": schema.rows(
                "edges",
                [
                    {
                        "dataset": "d",
                        "source_id": material.IDS[GONE],
                        "target_id": material.IDS[0],
                        "kind": "follows",
                    },
                    {
                        "dataset": "d",
                        "source_id": material.IDS[1],
                        "target_id": material.IDS[0],
                        "kind": "follows",
                    },
                ],
            ),
        },
        None,
        "drawn",
    )
    store.tag("before")
    first = release.freeze(store, "r", "d")
    store.append(
        {"labels": schema.rows("labels", material.labels("k2", humans=(0,)))}, None, "relabelled"
    )
    release.freeze(store, "r", "d", because="account 0 was looked at again")
    for tier in published:
        folder.publish(store, first, tiers.load(tier))
    return store


def made_elsewhere(store, mlruns, material):
    """Predictions, an MLflow artifact and database, reports, caches and downloads that tell of the
    account.
    """
    rows = schema.rows(
        "predictions",
        [
            {
                "run_key": "k",
                "dataset": "d",
                "account_id": a,
                "repeat": 0,
                "p_bot": 0.5,
                "threshold": 0.5,
                "fold": 0,
            }
            for a in material.IDS
        ],
    )
    home = store.home
    predictions = home / "bench" / "cells" / "k" / "predictions.parquet"
    predictions.parent.mkdir(parents=True)
    pq.write_table(rows, predictions)
    documents = {
        home / "reports" / "validation-d-v3.html": "<p>900000003 @made_up_3 900000004</p>",
        home / "bench" / "runs" / "x.json": json.dumps(
            {
                "worst": [{"account_id": "900000003", "p": 1}, {"account_id": "900000004", "p": 0}],
                "trained_on": [["twitter", "900000003"], ["twitter", "900000004"]],
                "900000003": 1,
            }
        ),
        home / "downloads" / "d" / "users.csv": "id,name\n900000003,made_up_3\n",
        home / "cache" / "x.bin": "\0\0900000003\0",
    }
    for path, text in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    client = tracking(mlruns)
    experiment = client.create_experiment(
        "botbench", artifact_location=(mlruns / "artifacts").as_uri()
    )
    tags = {"botbench.kind": "cell", "mlflow.note.content": "@made_up_3"}
    run = client.create_run(experiment, run_name="worst 900000003", tags=tags)
    client.log_artifact(run.info.run_id, str(predictions))
    client.set_terminated(run.info.run_id)


def tracking(mlruns):
    """MLflow's own client of the store in a folder."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{mlruns}/mlflow.db")


def told(path):
    """All that a file says, raw and as read: pages of Parquet are compressed."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        data += (
            repr(pq.read_table(path).to_pylist()).encode()
            + repr(pq.read_metadata(path).to_dict()).encode()
        )
    return data + (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else b"") + path.name.encode()


def finds(*folders, but=()):
    """(file, needle) for every needle in any byte of any file."""
    files = [
        p for f in folders for p in sorted(Path(f).rglob("*")) if p.is_file() and p.name not in but
    ]
    found = []
    for path in files:
        try:
            data = told(path)
        except FileNotFoundError:  # a server at work removes files of its own
            continue
        found += [
            (str(path), n)
            for n in NEEDLES
            if n.encode().lower()
            in data.lower().replace(b"made_up_30", b"").replace(b"7700000300", b"")
        ]
    return found


@pytest.fixture
def mlruns(tmp_path, monkeypatch):
    folder = tmp_path / "mlruns"
    folder.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    return folder


def check_erased(store, mlruns, done, published=("internal", "public")):
    assert (done["left_in"], done["left"]) == ([], 0)
    assert done["backups"][:1] == [str(store.home / "backups" / "kept-by-hand")]
    assert done["rows_removed"] == {
        "accounts": 1,
        "assignments": 1,
        "claims": 3,
        "edges": 1,
        "labels": 2,
        "posts": 3,
        "splits": 2,
    }
    assert done["rows_masked"] == {"claims": 1, "posts": 3, "quarantine": 1}
    assert done["releases_superseded"] == ["r@1", "r@2"] and done["successors"] == {
        "r@1": "r@3",
        "r@2": "r@3",
    }
    assert sorted(done["publications"]) == [f"r@3/{tier}" for tier in published]
    assert finds(store.home, mlruns, but=("kept-by-hand",)) == []


def check_others(store, published=("internal", "public")):
    """Nobody else has lost anything."""
    columns = "text, mentions, urls, ref_post_id, ref_account_id"
    query = f"SELECT {columns} FROM lake.main.posts WHERE post_id LIKE '880000%' ORDER BY post_id"
    assert store.connection.execute(query).fetchall() == [
        (None, [], None, None, None),
        ("erased I do not think so, ask @made_up_30", ["made_up_30"], None, None, None),
        ("look: https://example.orgerased/status/erased", None, [], None, None),
        ("nothing of that", None, None, None, None),
    ]
    assert [
        n
        for (n,) in store.connection.execute(
            "SELECT count(*) FROM lake.main.accounts UNION ALL SELECT count(*) FROM"
            " lake.main.claims UNION ALL SELECT count(*) FROM lake.main.quarantine"
        ).fetchall()
    ] == [3_009, 27, 2]
    assert store.connection.execute(
        "SELECT note FROM lake.main.claims WHERE note IS NOT NULL ORDER BY 1"
    ).fetchall() == [
        ("fine",),
        ("talks to erased all day",),
    ]
    for version in (1, 2, 3):
        found = release.load(store.home, f"r@{version}", verify=True)
        assert found.info["accounts"] == 9 and pq.read_table(found.file("labels")).num_rows == 9
    assert release.load(store.home, "r@1").info["rewritten"][0]["why"] == "an account was erased"
    newest = release.load(store.home, "r")
    assert (newest.version, newest.info["parent"], newest.info["because"]) == (
        3,
        "r@2",
        "an account was erased",
    )
    tiers_there = [(p.info["reference"], p.info["tier"]) for p in folder.listed(store.home)]
    assert {t for r, t in tiers_there if r == "r@1"} == set(published)
    assert all(
        sum(f["rows"] for f in p.info["files"] if f["table"] == "labels") == 9
        for p in folder.listed(store.home)
    )


def check_elsewhere(store, mlruns, material):
    client = tracking(mlruns)
    (run,) = client.search_runs([client.get_experiment_by_name("botbench").experiment_id])
    assert (run.info.run_name, run.data.tags["mlflow.note.content"]) == ("worst erased", "erased")
    logged = Path(client.download_artifacts(run.info.run_id, "predictions.parquet"))
    for path in (store.home / "bench" / "cells" / "k" / "predictions.parquet", logged):
        assert pq.read_table(path).column("account_id").to_pylist() == [
            a for i, a in enumerate(material.IDS) if i != GONE
        ]
    assert (
        store.home / "reports" / "validation-d-v3.html"
    ).read_text() == "<p>erased erased 900000004</p>"
    assert json.loads((store.home / "bench" / "runs" / "x.json").read_text()) == {
        "worst": [{"account_id": "900000004", "p": 0}],
        "trained_on": [["twitter", "900000004"]],
    }
    assert (
        not (store.home / "downloads" / "d").exists()
        and not (store.home / "cache" / "x.bin").exists()
    )


def test_every_byte_with_an_sqlite_catalog(store, unchecked, material, mlruns):
    fill(store, material)
    made_elsewhere(store, mlruns, material)
    (store.home / "backups").mkdir()
    (store.home / "backups" / "kept-by-hand").write_text("900000003")
    # Before, every needle is found in the catalog's pages or the data files: the search below can
    # find them.
    assert {n for _, n in finds(store.home)} == set(NEEDLES)
    done = erase(store, "900000003", "asked by mail, case 7").document()
    check_erased(store, mlruns, done)
    check_others(store)
    check_elsewhere(store, mlruns, material)
    # No journal is left, nobody is known by the handle any more, and another id never was.
    assert not (store.home / "erasing").exists()
    for unknown in ("@made_up_3", "900000099"):
        with pytest.raises(UserError, match="No account of this store has that id"):
            erase(store, unknown, "again")
    with pytest.raises(UserError, match="which an erasure took away"):
        store.resolve("before")
    assert (
        store.resolve(str(store.oldest())) == store.oldest()
        and changed_rows(store, store.oldest(), store.head()) == {}
    )


@pytest.mark.postgres
def test_every_byte_with_a_postgres_catalog(postgres, tmp_path, unchecked, material, mlruns):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("CREATE DATABASE erasure")
    url = postgres.replace("/postgres", "/erasure")
    with Store(f"{url}?data_path={tmp_path / 'team'}") as store:
        fill(store, material, published=())
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("CHECKPOINT")
            base = Path(server.execute("SHOW data_directory").fetchone()[0]) / "base"
        assert "900000003" in {n for _, n in finds(base)}
        done = erase(store, "@made_up_3", "asked by mail, case 8", platform="twitter")
        assert (done.left_in, done.left) == ([], 0) and done.backups[-1].startswith(
            "PostgreSQL: its write-ahead log"
        )
        assert done.rows_removed["posts"] == 3 and done.rows_masked == {
            "claims": 1,
            "posts": 3,
            "quarantine": 1,
        }
        assert finds(store.home, mlruns) == []
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("CHECKPOINT")
        assert finds(base) == []
        check_others(store, published=())


def pulled(written, store, name, ids):
    rows = "".join(f"{i},h_{i},{'bot' if int(i) % 2 else 'human'}\n" for i in ids)
    options = {
        "accounts": {"account_id": "id", "handle": "name"},
        "claims": {"account_id": "id", "answer": "label"},
    }
    return written({"users.csv": f"id,name,label\n{rows}".encode()}, options, id=name).pull(store)


def test_an_erased_account_is_not_pulled_again(written, store):
    pulled(written, store, "one", ["1000001", "1000002", "1000003"])
    done = erase(store, "1000002", "asked")
    assert done.rows_removed == {"accounts": 1, "claims": 1} and done.left == 0
    again = pulled(written, store, "two", ["1000002", "1000004", "1000002"])
    assert again.tables["accounts"] == {"read": 3, "kept": 1, "duplicate": 0, "quarantined": 2}
    assert {(r["table"], r["reason"], r["rows"]) for r in again.reasons} == {
        ("accounts", "erased", 2),
        ("claims", "erased", 2),
    }
    from curation.ingest.ledger import over_limit

    assert over_limit(again, 0.01) == []
    assert [r[2:] for r in written.quarantine(store)] == [("erased", None)] * 4
    assert {r[1] for r in written.quarantine(store)} == {"erased:1", "erased:2"}
    assert [v for v in store.versions() if not v.message or not v.author] == []
    assert finds_text(store, "1000002") == [] == finds_text(store, "h_1000002")
    # Looked for once more by its id: nothing is removed, nothing is left.
    once_more = erase(store, "1000002", "asked").document()
    assert (once_more["rows_removed"], once_more["left"]) == ({}, 0)


def finds_text(store, text):
    from curation.maintenance.erasure.purge import rewrite_catalog

    rewrite_catalog(store.location)
    return [p for p in store.home.rglob("*") if p.is_file() and text.encode() in told(p)]


def test_an_interrupted_erasure_goes_on(store, unchecked, material, mlruns, monkeypatch):
    fill(store, material, published=("public",))
    made_elsewhere(store, mlruns, material)
    (store.home / "backups").mkdir()
    (store.home / "backups" / "kept-by-hand").write_text("900000003")
    from curation.maintenance.erasure import publications, purge, releases

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    # Between every two steps, each time further.
    for module, name in (
        (releases, "supersede"),
        (releases, "_succeed"),
        (publications, "renew"),
        (purge, "purge"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, killed)
            with pytest.raises(Killed):
                erase(store, "900000003", "asked by mail, case 9")
    assert (store.home / "erasing").is_dir()
    done = erase(store, "900000003", "asked by mail, case 9").document()
    check_erased(store, mlruns, done, ("public",))
    check_others(store, ("public",))
    check_elsewhere(store, mlruns, material)


def test_wrong_use_of_erase_is_a_sentence(cli, tmp_path, material):
    with Store(tmp_path / "store") as store:
        material.fill(store)
        store.append(
            {
                "accounts": schema.rows(
                    "accounts",
                    [
                        {"dataset": "v", "account_id": material.IDS[0], "platform": "vk"},
                        {"dataset": "f1", "account_id": "users:1", "platform": "x"},
                        {"dataset": "f2", "account_id": "users:1", "platform": "x"},
                        {
                            "dataset": "d",
                            "account_id": "5",
                            "platform": "twitter",
                            "handle": "made_up_1",
                        },
                    ],
                )
            },
            None,
            "more",
        )
        head = store.head()
    for arguments, sentence in (
        (
            ["900000000", "--reason", "asked"],
            "several platforms (twitter, vk): say which one with --platform",
        ),
        (
            ["users:1", "--reason", "asked"],
            "in several data sets (f1, f2): say which one with --dataset",
        ),
        (["@made_up_1", "--reason", "asked"], "2 accounts have or had that handle"),
        (["900000002", "--reason", "made_up_2 asked"], "must not be blank or name the account"),
        (["5", "--reason", "number 5, on 1 May"], "must not be blank or name the account"),
        (["5", "--reason", "Made_Up_1 asked"], "must not be blank or name the account"),
        (["900000002"], "wants an account and --reason"),
        (["77", "--reason", "x"], "No account of this store has that id"),
    ):
        assert sentence in cli("erase", *arguments, code=2).stderr
    with Store(tmp_path / "store") as store:
        assert store.head() == head
    done = cli.json("erase", "users:1", "--dataset", "f1", "--reason", "asked")
    assert set(done) >= {"rows_removed", "releases_superseded", "places_checked", "left", "backups"}
    assert (done["rows_removed"], done["releases_superseded"], done["left"]) == (
        {"accounts": 1},
        [],
        0,
    )
    assert cli.json("erase", "5", "--reason", "case 55, of 2015")["left"] == 0


def test_retention_periods_end_on_a_date(store, unchecked, material):
    from curation.maintenance.erasure.expiry import expire

    material.fill(store)
    frozen = release.freeze(store, "r", "d")
    short = tiers.load("research").model_copy(update={"retention_days": 30})
    kept, doomed = (
        folder.publish(store, frozen, tiers.load("public")),
        folder.publish(store, frozen, short),
    )
    assert expire(store)["expired"] == []
    day = "2099-01-01"
    gone = expire(store, day)
    assert [p["publication"] for p in gone["expired"]] == ["r@1/research"] and gone["on"] == day
    assert not list(doomed.path.rglob("*.parquet")) and list(kept.path.rglob("*.parquet"))
    assert "its data were removed" in (doomed.path / "EXPIRED.md").read_text().replace(
        "the data", "its data"
    )
    with pytest.raises(UserError, match="is no day"):
        expire(store, "tomorrow")


def test_a_seal_that_held_the_account_is_to_be_made_anew_and_backups_elsewhere_are_told(
    made, material
):
    frozen = release.load(made.home, "r")
    sealed.seal(made.home, frozen, split=splits.blind_id(0), part="train", answers=10, step=0.01)
    place = sealed.folder(made.home, "r@1") / "public" / "splits.parquet"
    parts = {row["account_id"]: row["part"] for row in pq.read_table(place).to_pylist()}
    kept_back = next(a for a in material.IDS if parts[a] == "train")
    done = erase(made, next(a for a in material.IDS if parts[a] != "train"), "asked, case 1")
    assert "Backups made elsewhere (botbench backup FOLDER" in done.to_do[-1] and done.left == 0
    assert done.to_do[-2].startswith("The seal of r@1 is broken: its commitment still matches")
    assert sealed.secret(made.home, "r@1")
    done = erase(made, kept_back, "asked, case 2")
    assert (
        "no longer matches" in done.to_do[-2]
        and done.to_do[-2].endswith("botbench submit seal r@3.")
        and done.left == 0
    )
    with pytest.raises(UserError, match="not those that the commitment was made for"):
        sealed.secret(made.home, "r@1")
