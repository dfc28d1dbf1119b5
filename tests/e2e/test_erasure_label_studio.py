"""Erasure reaches a real Label Studio server: the account's tasks go with their annotations, nobody
else's do.
"""

import contextlib
import sqlite3
from datetime import UTC, datetime

import pytest

from curation.annotation.assignment.batches import account_key
from curation.annotation.label_studio.client import Client
from curation.maintenance.erasure import erase
from curation.store.schema import rows
from curation.store.store import Store

pytestmark = pytest.mark.labelstudio
BATCH, DATASET, SEEN = "e0a5e0123456789a", "made-up-erasure", datetime(2018, 7, 1, tzinfo=UTC)


def fill(store, batch=BATCH):
    names = [f"70000000{n}" for n in range(4)]
    store.append(
        {
            "accounts": rows(
                "accounts",
                [
                    {
                        "dataset": DATASET,
                        "account_id": n,
                        "observed_at": SEEN,
                        "platform": "twitter",
                        "handle": f"made_up_{n}",
                        "pull_id": "p",
                    }
                    for n in names
                ],
            )
        },
        "test",
        "made up",
    )
    store.append(
        {
            "batches": rows(
                "batches",
                [
                    {
                        "batch_id": batch,
                        "dataset": DATASET,
                        "design": "uniform(n=4)",
                        "seed": 0,
                        "population": 4,
                        "size": 4,
                        "copies": 2,
                        "drawn_from": store.head(),
                        "made_at": SEEN,
                    }
                ],
            ),
            "assignments": rows(
                "assignments",
                [
                    {"batch_id": batch, "account_id": n, "copy": c, "inclusion_probability": 1.0}
                    for n in names
                    for c in (1, 2)
                ],
            ),
        },
        "test",
        "drawn",
    )


def test_the_tasks_of_an_erased_account_go(cli, tmp_path, label_studio):
    with Store(tmp_path / "store") as store:
        fill(store)
    server = {"LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_API_KEY": label_studio.token}
    pushed = cli.json("annotate", "push", BATCH, **server)
    with Client(label_studio.url, label_studio.token) as client, Store(tmp_path / "store") as store:
        tasks = [t for p in pushed["project_ids"] for t in client.task_keys(p)]
        without = erase(store, "700000002", "asked", also=[])
        assert (
            without.tasks_deleted == 0
            and "no server was given" in without.to_do[0]
            and without.left == 0
        )
        # With the server, once more, by the id alone: the store knows only its tombstone by now.
        done = erase(store, "700000002", "asked", client=client)
        assert (done.tasks_deleted, done.left, done.rows_removed) == (2, 0, {})
        kept = [t for p in pushed["project_ids"] for t in client.task_keys(p)]
        assert len(tasks) == 8 and len(kept) == 6 and set(kept) < set(tasks)
        assert f"Label Studio at {client.url}" in done.places_checked


def test_the_tasks_in_the_database_of_the_stores_own_server_go(
    cli, tmp_path, label_studio, server_data
):
    """In the real server's tables; what refers to the tasks goes, and every key fits."""
    batch = "e0a5e0123456789b"
    with Store(tmp_path / "store") as store:
        fill(store, batch)
    server = {"LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_API_KEY": label_studio.token}
    project, *_ = cli.json("annotate", "push", batch, **server)["project_ids"]
    task = label_studio.call("GET", f"tasks?project={project}")["tasks"][0]
    for path in ("annotations/", "drafts"):
        label_studio.call("POST", f"tasks/{task['id']}/{path}", json={"result": []})
    folder = tmp_path / "store" / "annotate" / "servers" / "shared"
    server_data(folder, as_it_is=True)
    file = folder / "label_studio.sqlite3"
    with Store(tmp_path / "store") as store:
        key = task["meta"]["account_key"]
        account = next(
            a
            for a in (f"70000000{n}" for n in range(4))
            if store.scalar(f"SELECT {account_key('?', '?')}", [batch, a]) == key
        )
        done = erase(store, account, "asked")
    assert (done.tasks_deleted, done.left_in) == (2, [])
    assert not [t for t in done.to_do if "Label Studio" in t]
    assert key.encode() not in file.read_bytes()
    counts = (
        "SELECT (SELECT count(*) FROM task WHERE id = ?), (SELECT count(*) FROM {} WHERE {} = ?)"
    )
    with contextlib.closing(sqlite3.connect(file)) as database:
        for table in ("task_completion", "tasks_annotationdraft", "fsm_taskstate"):
            query = counts.format(table, "task_id")
            assert database.execute(query, [task["id"]] * 2).fetchone() == (0, 0)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
