"""The store: versions, tags, diffs, duplicates and conflicts, counted by hand on a handful of rows."""

import subprocess
import sys
import uuid
from datetime import UTC, datetime

import pytest

from botbench.core.errors import UserError
from curation.store import insert, schema
from curation.store.diff import changed_rows
from curation.store.insert import Counts
from curation.store.store import Store


def accounts(*ids, followers=None, dataset="d", **more):
    return schema.rows(
        "accounts",
        [
            {
                "dataset": dataset,
                "account_id": i,
                "platform": "twitter",
                "followers": followers,
                **more,
            }
            for i in ids
        ],
    )


def ids(store, at=None):
    return sorted(
        r["account_id"] for r in store.arrow(f"FROM {store.relation('accounts', at)}").to_pylist()
    )


def test_append_makes_one_version_with_author_and_message(store):
    version, counts = store.append({"accounts": accounts("1", "2")}, "ada", "two accounts")
    assert counts == {"accounts": Counts(read=2, kept=2)}
    last = store.versions()[-1]
    assert (last.number, last.author, last.message) == (version, "ada", "two accounts")


def test_what_is_there_already_makes_no_version(store):
    store.append({"accounts": accounts("1", "2", "3")}, "ada", "first")
    head = store.head()
    version, counts = store.append({"accounts": accounts("2", "3", "3")}, "ada", "again")
    assert version is None
    assert counts["accounts"] == Counts(read=3, kept=0, duplicate=3)
    assert store.head() == head


def test_an_unknown_time_in_the_key_equals_an_unknown_time(store):
    store.append({"accounts": accounts("1")}, "ada", "observed_at is NULL")
    _, counts = store.append({"accounts": accounts("1", "2")}, "ada", "again")
    assert counts["accounts"] == Counts(read=2, kept=1, duplicate=1)


def test_equal_key_and_other_content_is_refused_and_nothing_is_written(store):
    store.append({"accounts": accounts("1")}, "ada", "first")
    head = store.head()
    with pytest.raises(UserError, match="1 row for the table accounts has the key"):
        store.append({"accounts": accounts("1", followers=2)}, "ada", "conflict")
    assert store.head() == head


def test_of_two_offered_with_one_key_the_first_is_kept_and_the_other_is_left_in_conflicts(store):
    import pyarrow as pa

    offered = pa.concat_tables(
        [accounts("1", followers=7), accounts("1", followers=8), accounts("1", followers=7)]
    )

    def work(transaction):
        counts = transaction.insert("accounts", offered)
        return (
            counts,
            store.connection.execute(f"SELECT followers FROM {counts.conflicts}").fetchall(),
        )

    _, (counts, left) = store.transact(work, "ada", "conflicts")
    assert counts == Counts(read=3, kept=1, duplicate=1, conflicting=1)
    assert left == [(8,)]
    assert store.arrow(f"SELECT followers FROM {store.relation('accounts')}")[
        "followers"
    ].to_pylist() == [7]


def test_maps_are_equal_in_any_order(store):
    store.append({"accounts": accounts("1", extra={"a": "1", "b": "2"})}, "ada", "first")
    table = accounts("1").set_column(
        accounts("1").column_names.index("extra"), "extra", [schema_map([("b", "2"), ("a", "1")])]
    )
    _, counts = store.append({"accounts": table}, "ada", "again")
    assert counts["accounts"] == Counts(read=1, duplicate=1)


def schema_map(entries):
    import pyarrow as pa

    return pa.array([entries], pa.map_(pa.string(), pa.string()))


def test_an_old_version_is_read_as_it_was(store):
    first, _ = store.append({"accounts": accounts("1")}, "ada", "one")
    store.append({"accounts": accounts("2")}, "ada", "two")
    assert ids(store, first) == ["1"]
    assert ids(store) == ["1", "2"]
    assert store.table("accounts", first).count().execute() == 1


def test_old_versions_lack_columns_added_later_and_read_as_null(store):
    before, _ = store.append(
        {"tags": schema.rows("tags", [{"name": "t", "version": 1}])}, "ada", "a tag"
    )
    store.connection.execute("ALTER TABLE lake.main.accounts DROP COLUMN listed")
    store.append(
        {"tags": schema.rows("tags", [{"name": "u", "version": 1}])}, "ada", "after the change"
    )
    assert "listed" in store.arrow(f"FROM {store.relation('accounts')}").column_names
    assert "listed" in store.arrow(f"FROM {store.relation('accounts', before)}").column_names


def test_tags_name_versions_and_never_move(store):
    first, _ = store.append({"accounts": accounts("1")}, "ada", "one")
    store.append({"accounts": accounts("2")}, "ada", "two")
    assert store.tag("before", first) == first
    assert store.resolve("before") == first
    assert store.tag("before", first) == first
    with pytest.raises(UserError, match="names version"):
        store.tag("before")
    for reads_as_something_else in ("7", "2026-01-01", "", " x"):
        with pytest.raises(UserError, match="cannot be a tag"):
            store.tag(reads_as_something_else)


def test_an_unknown_version_is_answered_with_what_there_is(store):
    store.tag("before")
    with pytest.raises(UserError, match="Did you mean 'before'"):
        store.resolve("befor")
    with pytest.raises(UserError, match="the store has 1 to"):
        store.resolve("99")
    assert store.resolve("2999-01-01") == store.head()
    with pytest.raises(UserError, match="No version was made by 2001-01-01"):
        store.resolve("2001-01-01")


def test_diff_counts_added_removed_and_changed_both_ways(store):
    first, _ = store.append({"accounts": accounts("1", "2", "3")}, "ada", "three")
    # Nothing in the product rewrites rows yet; the comparison must tell a change all the same.
    store.connection.execute("UPDATE lake.main.accounts SET followers = 9 WHERE account_id = '2'")
    store.connection.execute("DELETE FROM lake.main.accounts WHERE account_id = '3'")
    store.append({"accounts": accounts("4", "5")}, "ada", "two more")
    assert changed_rows(store, first, store.head()) == {
        "accounts": {"added": 2, "removed": 1, "changed": 1}
    }
    assert changed_rows(store, store.head(), first) == {
        "accounts": {"added": 1, "removed": 2, "changed": 1}
    }
    assert changed_rows(store, first, first) == {}


def test_a_moved_store_is_the_same_store(tmp_path):
    with Store(tmp_path / "here") as store:
        store.append({"accounts": accounts(*map(str, range(500)))}, "ada", "enough rows for a file")
    (tmp_path / "here").rename(tmp_path / "there")
    with Store(tmp_path / "there") as store:
        assert len(ids(store)) == 500


def test_a_missing_store_is_not_made_by_reading(tmp_path):
    with pytest.raises(UserError, match="There is no store at"):
        Store(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_url_must_be_postgres_and_say_where_its_data_is():
    with pytest.raises(UserError, match="neither a folder nor"):
        Store("mysql://x/y")
    with pytest.raises(UserError, match="data_path"):
        Store("postgresql://x/y")
    with pytest.raises(UserError, match="The store's URL cannot be read: Invalid IPv6 URL") as told:
        Store("postgresql://ada:s3cret@[::1/y?data_path=d")
    assert "s3cret" not in str(told.value)


WRITER = """
import contextlib, os, sys
from curation.store import connection, schema
if os.environ.get("NO_TURNS"):
    connection.turn = contextlib.nullcontext
from curation.store.store import Store
location, me, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Store(location) as store:
    for turn in range(rounds):
        ids = [f"{me}-{turn}-{i}" for i in range(5)] + [f"all-{turn}-{i}" for i in range(5)]
        rows = schema.rows("accounts", [{"dataset": "d", "account_id": i, "platform": "twitter"} for i in ids])
        store.append({"accounts": rows}, f"writer {me}", f"turn {turn}")
"""


def write_at_once(location, writers=4, rounds=10):
    """Every writer brings 5 rows of its own and 5 that all bring, each turn; all run at once on a
    store not yet made.
    """
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(location), str(n), str(rounds)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(writers)
    ]
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    with Store(location) as store:
        found = ids(store)
        assert len(found) == len(set(found)) == rounds * (writers * 5 + 5)
        made = [v for v in store.versions() if v.message.startswith("turn")]
        assert len(made) == writers * rounds
        assert len(store.versions()) == len(made) + 1
        for before, after in zip(store.versions()[:4], store.versions()[1:5], strict=True):
            assert changed_rows(store, before.number, after.number)["accounts"]["added"] in (5, 10)


def test_four_writers_at_once_on_sqlite_lose_nothing_and_double_nothing(tmp_path):
    write_at_once(tmp_path / "store")


def test_writers_that_do_not_take_turns_still_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_TURNS", "1")
    write_at_once(tmp_path / "store", writers=3, rounds=3)


@pytest.mark.postgres
def test_four_writers_at_once_on_postgres_lose_nothing_and_double_nothing(tmp_path, postgres):
    write_at_once(f"{postgres}?data_path={tmp_path / 'data-home'}")
    assert not (tmp_path / "data-home" / "catalog.sqlite").exists()


def test_writers_that_only_repeat_make_no_version(tmp_path):
    with Store(tmp_path / "store") as store:
        store.append(
            {
                "accounts": accounts(
                    *(f"all-{t}-{i}" for t in range(3) for i in range(5)),
                    *(f"0-{t}-{i}" for t in range(3) for i in range(5)),
                )
            },
            "ada",
            "all of it",
        )
        head = store.head()
    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / "store"), "0", "3"], check=True)
    with Store(tmp_path / "store") as store:
        assert store.head() == head


def test_names_of_databases_with_quotes_do_not_break_the_attach(tmp_path):
    with Store(tmp_path / f"o'brien {uuid.uuid4()}") as store:
        assert store.head() == 1


def test_a_few_records_are_staged_as_arrow_stages_them(store):
    """Texts with quotes, maps, lists, times and absent values, without Arrow."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    itself = {
        "pull_id": "o'clock", "dataset": "d", "card": '{"a": "ü\\n"}', "files": {"b 'x'": "2", "a": "1"},
        "reader_version": "", "origin": "here", "started_at": at, "finished_at": at,
        "notes": None, "supersedes": ["old", "it's"],
    }  # fmt: skip
    lines = [
        {
            "pull_id": "p",
            "table_name": t,
            "read": 3,
            "kept": 2**40,
            "duplicate": 0,
            "quarantined": 1,
        }
        for t in ("accounts", "posts")
    ]
    run = store.connection.execute
    for name, records in (("pulls", [itself]), ("ledger", lines)):
        staged = insert.few(store.connection, schema.TABLES[name], records)
        store.connection.register("arrow", schema.rows(name, records))
        told = [run(f"DESCRIBE {t}").fetchall() for t in (staged, "arrow")]
        assert told[0] == told[1]
        assert run(f"FROM {staged}").fetchall() == run("FROM arrow").fetchall()
