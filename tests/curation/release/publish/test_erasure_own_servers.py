"""An erasure and the databases of Label Studio servers that `annotate serve` started: tasks of the
account go with their answers, others' cards are masked, and no page of the file tells.
"""

import contextlib
import json
import sqlite3

import pytest

from curation.annotation.assignment.batches import account_key
from curation.annotation.label_studio.project_marks import write_mark
from curation.maintenance.erasure import erase
from curation.store import schema
from curation.store.store import Store

GONE, OTHER, BATCH = "900000003", "900000004", "b1"
TABLES = """
CREATE TABLE htx_user (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE project (id INTEGER PRIMARY KEY, description TEXT);
CREATE TABLE task (id INTEGER PRIMARY KEY, data TEXT NOT NULL, meta TEXT,
    project_id INTEGER REFERENCES project (id));
CREATE TABLE task_completion (id INTEGER PRIMARY KEY, result TEXT,
    task_id INTEGER REFERENCES task (id),
    parent_annotation_id INTEGER REFERENCES task_completion (id));
CREATE TABLE tasks_annotationdraft (id INTEGER PRIMARY KEY, result TEXT,
    task_id INTEGER REFERENCES task (id));
CREATE TABLE fsm_annotationstate (id TEXT PRIMARY KEY, state TEXT,
    annotation_id INTEGER REFERENCES task_completion (id));
"""
"""The tables of the server's version 1.23.2 that hold tasks and answers, with what refers to them."""


def key(store, account):
    return store.scalar(f"SELECT {account_key('?', '?')}", [BATCH, account])


def served(store, foreign=None):
    """The database of a server with a task for each of two accounts, answered; the second's card
    and answer name the first. `foreign` is the card of a project that botbench did not make.
    """
    folder = store.home / "annotate" / "servers" / "shared"
    folder.mkdir(parents=True)
    mark = {"batch": BATCH, "part": "copy 1", "scheme": "1", "mark": "x"}
    with contextlib.closing(sqlite3.connect(folder / "label_studio.sqlite3")) as db:
        db.executescript(TABLES)
        db.execute("INSERT INTO project VALUES (1, ?), (2, 'by hand')", [write_mark(mark)])
        cards = {GONE: "I write about subject 3 every day", OTHER: "asks @made_up_3, says \u00e9"}
        for n, (account, card) in enumerate(cards.items(), 1):
            of = {"account_key": key(store, account)}
            told = [json.dumps({**of, "card": card}), json.dumps(of)]
            db.execute("INSERT INTO task VALUES (?, ?, ?, 1)", [n, *told])
            note = json.dumps([{"value": {"text": [f"note {n}, see made_up_3"]}}])
            db.execute("INSERT INTO task_completion VALUES (?, ?, ?, ?)", [n, note, n, n])
            db.execute("INSERT INTO tasks_annotationdraft VALUES (?, ?, ?)", [n, note, n])
            db.execute("INSERT INTO fsm_annotationstate VALUES (?, 'done', ?)", [f"s{n}", n])
        if foreign:
            db.execute("INSERT INTO task VALUES (9, ?, '{}', 2)", [json.dumps({"t": foreign})])
        db.commit()
    return folder / "label_studio.sqlite3"


def rows(file, query):
    with contextlib.closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()


@pytest.fixture
def store(tmp_path, unchecked, material):
    with Store(tmp_path / "store") as store:
        material.fill(store)
        batch = {"batch_id": BATCH, "dataset": "d", "design": "uniform(n=2)", "seed": 0}
        size = {"population": 10, "size": 2, "copies": 1}
        drawn = {"drawn_from": store.head(), "made_at": material.T}
        asked = [
            {"batch_id": BATCH, "account_id": a, "copy": 1, "inclusion_probability": 0.2}
            for a in (GONE, OTHER)
        ]
        tables = {
            "batches": schema.rows("batches", [{**batch, **size, **drawn}]),
            "assignments": schema.rows("assignments", asked),
        }
        store.append(tables, None, "drawn")
        yield store


def test_tasks_go_with_their_answers_and_nothing_is_left_to_do(store):
    file = served(store)
    gone, other = key(store, GONE), key(store, OTHER)
    done = erase(store, GONE, "asked, case 1")
    assert (done.tasks_deleted, done.left_in, done.left) == (1, [], 0)
    assert "Label Studio's databases of annotate serve" in done.places_checked
    assert not [t for t in done.to_do if "Label Studio" in t or "label_studio" in t]
    ((task, data, meta),) = rows(file, "SELECT id, data, meta FROM task")
    assert (task, json.loads(meta)) == (2, {"account_key": other})
    assert json.loads(data) == {"account_key": other, "card": "asks erased, says \u00e9"}
    note = json.dumps([{"value": {"text": ["note 2, see erased"]}}])
    assert rows(file, "SELECT * FROM task_completion") == [(2, note, 2, 2)]
    assert rows(file, "SELECT * FROM tasks_annotationdraft") == [(2, note, 2)]
    assert rows(file, "SELECT id FROM fsm_annotationstate") == [("s2",)]
    raw = file.read_bytes()
    needles = (gone, "made_up_3", "I write about subject 3", "note 1")
    assert [n for n in needles if n.encode() in raw] == []
    # Again: nothing to do, and the file is not written.
    assert erase(store, GONE, "asked, case 1").left == 0 and file.read_bytes() == raw


def test_deleted_tasks_in_free_pages_are_taken_out(store):
    """As after the tasks were deleted on the running server: SQLite keeps their bytes."""
    file = served(store)
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("UPDATE task SET data = ? WHERE id = 2", [json.dumps({"card": "nothing"})])
        db.execute("DELETE FROM task WHERE id = 1")
        db.execute("UPDATE task_completion SET result = '[]'")
        db.execute("UPDATE tasks_annotationdraft SET result = '[]'")
        db.commit()
    assert b"I write about subject 3" in file.read_bytes()
    done = erase(store, GONE, "asked")
    assert (done.tasks_deleted, done.left) == (0, 0)
    assert b"I write about subject 3" not in file.read_bytes()


def test_a_database_in_use_counts_as_left_and_the_same_erase_goes_on(store, monkeypatch):
    monkeypatch.setattr("curation.maintenance.erasure.label_studio_tasks.PATIENCE_S", 0)
    file = served(store)
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("BEGIN IMMEDIATE")
        done = erase(store, GONE, "asked")
        db.execute("ROLLBACK")
    assert (done.tasks_deleted, done.left) == (0, 1)
    assert f"{file}. Stop that server" in done.left_in[0]
    again = erase(store, GONE, "asked")
    assert (again.tasks_deleted, again.left, again.left_in) == (1, 0, [])


def test_projects_of_people_stay_and_count_as_left(store, cli):
    file = served(store, foreign=f"about {GONE}")
    done = erase(store, GONE, "asked")
    assert (done.tasks_deleted, done.left) == (1, 1)
    assert "delete there: botbench annotate serve starts it" in done.left_in[0]
    kept = json.dumps({"t": f"about {GONE}"})
    assert rows(file, "SELECT id, data FROM task WHERE id = 9") == [(9, kept)]
    said = cli("erase", GONE, "--reason", "asked", code=1)
    assert "Something is left in 1 place; the erasure is not finished." in said.stderr


def test_other_files_of_that_name_and_a_database_without_the_account_are_not_written(store):
    folder = store.home / "annotate" / "servers"
    file = served(store)
    (folder / "other").mkdir()
    (folder / "broken").mkdir()
    stranger = folder / "other" / "label_studio.sqlite3"
    with contextlib.closing(sqlite3.connect(stranger)) as db:
        db.execute("CREATE TABLE people (id TEXT)")
        db.execute("INSERT INTO people VALUES (?)", [GONE])
        db.commit()
    broken = folder / "broken" / "label_studio.sqlite3"
    broken.write_bytes(b"SQLite format 3\0 " + GONE.encode())
    before = {p: p.read_bytes() for p in (file, stranger, broken)}
    assert erase(store, "900000007", "asked").left == 0
    assert {p: p.read_bytes() for p in before} == before
    done = erase(store, GONE, "asked")
    assert (done.tasks_deleted, done.left) == (1, 0)
    assert all(p.read_bytes() == before[p] for p in (stranger, broken))
    told = "\n".join(done.to_do)
    assert all(
        f"{p} holds the account. botbench did not make it" in told for p in (stranger, broken)
    )


def test_an_address_that_others_posts_name_too_is_no_trace_of_the_account(store, material):
    """DuckLake keeps the least and the greatest text of a file; both are of others here."""
    site = "https://example.org/3"
    account = {"dataset": "d", "account_id": GONE, "platform": "twitter", "url": site}
    by = {"dataset": "d", "account_id": OTHER, "created_at": material.T}
    store.append({"accounts": schema.rows("accounts", [account])}, None, "its site")
    texts = [f"{word} {site}" for word in ("AAA see", "zzz see")]
    posts = [{**by, "post_id": f"8800000{n}", "text": t} for n, t in enumerate(texts)]
    store.append({"posts": schema.rows("posts", posts)}, None, "others")
    done = erase(store, GONE, "asked")
    assert (done.left_in, done.left) == ([], 0)
    query = "SELECT text FROM lake.main.posts WHERE starts_with(post_id, '880') ORDER BY 1"
    assert [t for (t,) in store.connection.execute(query).fetchall()] == texts
