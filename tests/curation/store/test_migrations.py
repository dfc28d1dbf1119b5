"""A store made by the first schema opens, is copied, gets what it lacks once, and reads the same at
its old versions.
"""

import contextlib
import json
import sqlite3
import subprocess
import sys

import duckdb
import pytest

from botbench.core.errors import UserError
from curation.store import migrations, schema
from curation.store.connection import connect
from curation.store.diff import changed_rows
from curation.store.store import Store

COLUMN = schema.Column("mood", "MAP(VARCHAR, VARCHAR)", "made up for a test")


@pytest.fixture
def newer(monkeypatch):
    """A botbench whose schema has a table, a column and a leave to be NULL more than the first one."""
    claims, assignments = schema.STORED["claims"], schema.STORED["assignments"]
    extra = schema.Table(
        "moods", "made up", ("dataset",), (schema.Column("dataset", "VARCHAR", "d", True), COLUMN)
    )
    loose = tuple(
        (
            schema.Column(c.name, c.type, c.meaning)
            if c.name in ("inclusion_probability", "annotator")
            else c
        )
        for c in assignments.columns
    )
    changed = {
        "claims": schema.Table("claims", "", claims.key, (*claims.columns, COLUMN)),
        "assignments": schema.Table("assignments", "", assignments.key, loose),
        "moods": extra,
    }
    monkeypatch.setattr(schema, "STORED", schema.STORED | changed)


def test_an_old_store_gets_what_it_lacks_and_keeps_what_it_has(place, newer, old_stores):
    old_stores.make(place, without=["consensus_runs"])
    with Store(place, create=False) as store:
        assert [v.message for v in store.versions()][:3] == [
            "an empty store",
            "claims",
            "assignments",
        ]
        assert store.head() == 4
        said = store.versions()[-1]
        assert said.author == "botbench" and said.message.startswith("schema: ")
        assert {
            "consensus_runs",
            "claims.mood",
            "assignments.inclusion_probability may be NULL",
            "moods",
        } <= set(said.message.removeprefix("schema: ").split(", "))
        assert migrations.pending(store.connection) == []
        for table, rows in old_stores.ROWS.items():
            for at in (None, 3, 4):
                query = (
                    f"SELECT {old_stores.COLUMNS[table]} FROM {store.relation(table, at)} ORDER"
                    " BY ALL"
                )
                assert store.connection.execute(query).fetchall() == rows


def test_what_came_later_can_be_written_and_old_versions_do_not_have_it(place, newer, old_stores):
    old_stores.make(place)
    with Store(place) as store:
        store.append(
            {
                "assignments": schema.rows(
                    "assignments", [{"batch_id": "b", "account_id": "3", "copy": 1}]
                )
            },
            "bo",
            "gold",
        )
        rows = store.connection.execute(
            f"SELECT account_id, inclusion_probability FROM {store.relation('assignments')} ORDER"
            " BY 1"
        ).fetchall()
        assert rows == [("1", 0.5), ("2", 0.25), ("3", None)]
        assert store.arrow(f"FROM {store.relation('claims', 2)}")["mood"].to_pylist() == [
            None,
            None,
        ]
        assert store.arrow(f"FROM {store.relation('moods', 3)}").num_rows == 0
        assert changed_rows(store, 2, store.head()) == {
            "assignments": {"added": 3, "removed": 0, "changed": 0}
        }
        assert changed_rows(store, 3, 2) == {
            "assignments": {"added": 0, "removed": 2, "changed": 0}
        }


def test_the_catalog_is_copied_before_and_the_copy_is_the_old_store(place, old_stores):
    old_stores.make(place, without=["consensus_runs"])
    with Store(place) as store:
        saved = store.home / "backups" / "catalog-before-schema-change-v3"
        info = store.connection.execute(
            "SELECT commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = 4"
        ).fetchone()
        assert json.loads(info[0]) == {"catalog_before": saved.name}
    (file,) = saved.iterdir()
    names = "SELECT table_name FROM {}ducklake_table ORDER BY 1"
    if file.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(file)) as copy:
            kept = copy.execute(names.format("")).fetchall()
    else:
        with duckdb.connect() as copy:
            copy.execute(f"ATTACH '{file}' AS c (READ_ONLY)")
            kept = copy.execute(names.format("c.")).fetchall()
    assert ("consensus_runs",) not in kept and ("claims",) in kept


def test_a_store_that_lacks_nothing_is_left_alone(store):
    head = store.head()
    assert migrations.migrate(store.connection, store.location) == []
    with Store(store.home) as again:
        assert again.head() == head
    assert not (store.home / "backups").exists()


OPENER = "import sys; from curation.store.store import Store; Store(sys.argv[1]).close()"


def test_who_opens_at_once_brings_it_forward_once(place, old_stores):
    old_stores.make(place, without=["consensus_runs", "labels"])
    running = [
        subprocess.Popen([sys.executable, "-c", OPENER, place], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    with Store(place) as store:
        assert [v.message[:7] for v in store.versions()] == [
            "an empt",
            "claims",
            "assignm",
            "schema:",
        ]
        assert len(list((store.home / "backups").iterdir())) == 1


def test_a_failure_leaves_the_old_store_and_its_copy(tmp_path, monkeypatch, old_stores):
    place = old_stores.make(tmp_path / "store", without=["consensus_runs"])
    connection = connect(place)
    steps = migrations.pending(connection)
    monkeypatch.setattr(
        migrations,
        "pending",
        lambda _: [*steps, migrations.Step("SELECT nothing FROM nowhere", "broken")],
    )
    with pytest.raises(duckdb.CatalogException):
        migrations.migrate(connection, place)
    assert connection.execute(
        "SELECT max(snapshot_id) FROM ducklake_snapshots('lake')"
    ).fetchone() == (3,)
    monkeypatch.undo()
    assert [s.says for s in migrations.pending(connection)] == [s.says for s in steps]
    assert (place.home / "backups" / "catalog-before-schema-change-v3" / "catalog.sqlite").exists()
    connection.close()


def test_a_column_of_another_type_is_refused(tmp_path, old_stores):
    place = old_stores.make(tmp_path / "store")
    connection = connect(place)
    connection.execute("ALTER TABLE lake.main.tags DROP COLUMN made_at")
    connection.execute("ALTER TABLE lake.main.tags ADD COLUMN made_at VARCHAR")
    connection.close()
    with pytest.raises(
        UserError, match="column made_at of the table tags is VARCHAR in this store and TIMESTAMPTZ"
    ):
        Store(place.home)


def test_reading_commands_work_on_an_old_store(cli, tmp_path, old_stores):
    old_stores.make(tmp_path / "store", without=["consensus_runs"])
    assert cli.json("show", "3")["rows"]["claims"] == 2
    assert cli.json("diff", "2", "3")["tables"] == {
        "assignments": {"added": 2, "removed": 0, "changed": 0}
    }
    assert "consensus_runs" in cli.json("log")["versions"][0]["message"]
