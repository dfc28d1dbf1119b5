"""Releases: what is frozen, that the content hash is of the content alone, and that nothing
interrupts half-way.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import Findings, ResourceFailure, UserError
from botbench.core.hashing import canonical_json
from curation.release import acceptance, duplicate_groups, release, writer
from curation.release.content_hash import content_hash
from curation.release.contents import TABLES_FROZEN, frozen
from curation.store import schema
from curation.store.identity import with_claim_ids
from curation.store.snapshot_queries import newest_consensus
from curation.store.store import Store
from curation.store.upkeep import leftovers

T = datetime(2018, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = {
    "id": "d",
    "title": "Data",
    "licence": "CC0",
    "citation": "C",
    "label": {"meaning": "m"},
    "window": {"start": "2020-01-01", "end": "2020-12-31"},
}


def accounts():
    """Ten accounts; 0 and 1 have the same profile; 2 is seen twice; 9 only exists in claims."""
    seen = [
        {
            "dataset": "d",
            "account_id": str(i),
            "platform": "twitter",
            "observed_at": T,
            "created_at": T - 900 * DAY,
            "handle": f"h{i}",
            "bio": "bot é" if i % 2 and i > 1 else None,
            "followers": i // 2 if i < 2 else i,
            "following": 1,
            "extra": {"z": "1", "a": "2"},
        }
        for i in range(9)
    ]
    return [
        *seen,
        {**seen[2], "observed_at": T + DAY, "followers": 99},
        {**seen[3], "observed_at": None, "followers": 5},
    ]


def labels(consensus="k1"):
    """0-5 bots or humans, 6 disputed, 7 agreed on an answer that leaves it out, 8 adjudicated, 9
    never observed.
    """
    status = {6: "disputed", 8: "adjudicated"}
    return [
        {
            "consensus_id": consensus,
            "dataset": "d",
            "account_id": str(i),
            "label": None if i in (6, 7) else "human" if i % 2 else "bot",
            "p_bot": None if i in (6, 7) else float(1 - i % 2),
            "n_claims": 1,
            "status": status.get(i, "agreed"),
            "method": "majority",
        }
        for i in range(10)
    ]


def posts():
    return [
        {
            "dataset": "d",
            "post_id": f"{a}-{n}",
            "account_id": str(a),
            "created_at": T,
            "text": "a\nb",
            "hashtags": ["y", "x"],
        }
        for a in (0, 2, 6)
        for n in range(3)
    ]


def claims(connection):
    rows = schema.rows(
        "claims",
        [
            {
                "dataset": "d",
                "claim_id": "",
                "account_id": str(i),
                "claimant": "authors",
                "claimant_kind": "dataset",
                "answer": "human" if i % 2 else "bot",
                "attributes": {"part": "train" if i < 6 else "test"},
            }
            for i in range(10)
        ],
    )
    return with_claim_ids(connection, rows)


def records(connection):
    return {
        "pulls": schema.rows(
            "pulls",
            [{"pull_id": "p", "dataset": "d", "card": canonical_json(CARD), "reader_version": "1"}],
        ),
        "accounts": schema.rows("accounts", accounts()),
        "posts": schema.rows("posts", posts()),
        "edges": schema.rows(
            "edges",
            [
                {"dataset": "d", "source_id": s, "target_id": t, "kind": "follows"}
                for s, t in (("0", "1"), ("6", "3"), ("6", "7"))
            ],
        ),
        "claims": claims(connection),
        "labels": schema.rows("labels", labels()),
    }


@pytest.fixture(scope="module")
def filled_store(tmp_path_factory, empty_store):
    """The folder of a store that holds `records`, to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "store"
    shutil.copytree(empty_store, folder)
    with Store(folder) as store:
        store.append(records(store.connection), None, "data")
    return folder


@pytest.fixture
def filled(tmp_path, filled_store):
    shutil.copytree(filled_store, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def unchecked(monkeypatch):
    """Freeze without Great Expectations: what these tests are about does not depend on it."""

    class Passed:
        @staticmethod
        def summary():
            return {"success": True, "failed": [], "suites": []}

    monkeypatch.setattr(acceptance, "before_release", lambda *_: Passed())
    monkeypatch.setattr(acceptance, "report_path", lambda *_: "none")


def read(made, table):
    import duckdb

    return duckdb.sql(f"SET TimeZone = 'UTC'; FROM '{made.file(table)}'").fetchall()


def test_the_judged_accounts_are_frozen(filled, unchecked):
    made = release.freeze(filled, "r", "d")
    info = made.info
    assert (made.reference, made.dataset, made.platform, made.made) == ("r@1", "d", "twitter", True)
    assert {
        k: info[k]
        for k in (
            "accounts",
            "bots",
            "humans",
            "left_out",
            "title",
            "licence",
            "simulated",
            "consensus_id",
        )
    } == {
        "accounts": 7,
        "bots": 4,
        "humans": 3,
        "left_out": {"disputed": 1, "no binary label": 1, "unobserved": 1},
        "title": "Data",
        "licence": "CC0",
        "simulated": False,
        "consensus_id": "k1",
    }
    assert info["window"] == CARD["window"], "what the audit needs travels in the release"
    frozen_accounts = read(made, "accounts")
    assert [row[1] for row in frozen_accounts] == ["0", "1", "2", "3", "4", "5", "8"]
    # The latest observation: a known time is later than an unknown one.
    assert {
        row[1]: row[schema.TABLES["accounts"].names.index("followers")] for row in frozen_accounts
    }["2"] == 99
    assert frozen_accounts[3][2] == T
    assert sorted(row[1] for row in read(made, "posts")) == [
        "0-0",
        "0-1",
        "0-2",
        "2-0",
        "2-1",
        "2-2",
    ]
    assert [row[1:3] for row in read(made, "edges")] == [("0", "1"), ("6", "3")]
    assert len(read(made, "claims")) == len(read(made, "labels")) == 7
    assert info["evidence"]["bio"] == {"bot": 0.0, "human": 2 / 3} and info["evidence"][
        "posts"
    ] == {"bot": 0.5, "human": 0.0}
    assert info["evidence"]["edges"] == {"bot": 0.25, "human": 2 / 3} and info["evidence"][
        "extra"
    ] == {"bot": 1.0, "human": 1.0}


def test_the_splits_of_a_release(filled, unchecked):
    made = release.freeze(filled, "r", "d", seed=3)
    rows = read(made, "splits")
    official = {account: part for split, _, account, part, _ in rows if split == "official"}
    assert official == {**dict.fromkeys("012345", "train"), "8": "test"}
    drawn = {
        account: (part, group)
        for split, _, account, part, group in rows
        if split == "stratified(seed=3)"
    }
    assert set(drawn) == set("0123458") and drawn["0"] == drawn["1"]
    assert [s["split_id"] for s in made.info["splits"]] == ["official", "stratified(seed=3)"]
    assert all(
        sum(s[p] for p in ("train", "validation", "test")) == 7 and s["groups_torn"] == 0
        for s in made.info["splits"]
    )
    stored = filled.connection.execute(
        "SELECT DISTINCT split_id FROM lake.main.splits ORDER BY 1"
    ).fetchall()
    assert stored == [("r@1/official",), ("r@1/stratified(seed=3)",)]


def test_the_same_content_is_the_same_version(filled, unchecked):
    first = release.freeze(filled, "r", "d")
    head = filled.head()
    again = release.freeze(filled, "r", "d")
    assert (again.reference, again.content_hash, again.made, filled.head()) == (
        "r@1",
        first.content_hash,
        False,
        head,
    )
    filled.append(
        {
            "labels": schema.rows(
                "labels",
                [
                    {**r, "status": "disputed", "label": None} if r["account_id"] == "5" else r
                    for r in labels("k2")
                ],
            )
        },
        None,
        "another consensus",
    )
    second = release.freeze(filled, "r", "d")
    assert (second.reference, second.info["parent"], second.info["accounts"]) == ("r@2", "r@1", 6)
    # The store as it was still gives what it gave.
    assert release.freeze(filled, "r", "d", at=head).reference == "r@1"
    assert release.freeze(filled, "r", "d", consensus="k1").reference == "r@1"
    assert release.freeze(filled, "r", "d", seed=1).reference == "r@3"
    assert release.listed(filled.home) == {"r": [1, 2, 3]}
    rows = filled.arrow(
        "SELECT name, version, parent, suite_result FROM lake.main.releases ORDER BY version"
    ).to_pylist()
    assert [(r["version"], r["parent"], r["suite_result"]) for r in rows] == [
        (1, None, "passed"),
        (2, "r@1", "passed"),
        (3, "r@2", "passed"),
    ]


def test_the_newest_consensus_is_the_one_written_last(store):
    for name in ("zz", "aa", "mm"):
        store.append({"labels": schema.rows("labels", labels(name))}, None, name)
    assert [newest_consensus(store, "d", v) for v in range(1, store.head() + 1)] == [
        None,
        "zz",
        "aa",
        "mm",
    ]
    assert newest_consensus(store, "other", store.head()) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "R!"}, "cannot name a release"),
        ({"name": "../r"}, "cannot name a release"),
        ({"dataset": "dd"}, "Did you mean 'd'"),
        ({"consensus": "k9"}, "Known: k1"),
        ({"at": "99"}, "There is no version 99"),
    ],
)
def test_wrong_use_is_a_sentence(filled, unchecked, arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        release.freeze(filled, **{"name": "r", "dataset": "d", **arguments})


def test_nothing_to_freeze_is_a_sentence(filled, unchecked):
    filled.append(
        {
            "claims": with_claim_ids(
                filled.connection,
                schema.rows(
                    "claims",
                    [
                        {
                            "dataset": "e",
                            "claim_id": "",
                            "account_id": "1",
                            "claimant": "a",
                            "claimant_kind": "rule",
                            "answer": "bot",
                        }
                    ],
                ),
            )
        },
        None,
        "e",
    )
    with pytest.raises(
        UserError, match=r"no labels of e in version 3 yet: run botbench consensus e first"
    ):
        release.freeze(filled, "e", "e")
    filled.append(
        {
            "labels": schema.rows(
                "labels",
                [
                    {
                        "consensus_id": "k",
                        "dataset": "e",
                        "account_id": "1",
                        "label": "bot",
                        "n_claims": 1,
                        "status": "agreed",
                        "method": "m",
                    }
                ],
            )
        },
        None,
        "l",
    )
    with pytest.raises(
        UserError,
        match=(
            "No account of e is settled as bot or human and observed, as of version 4: 1 unobserved"
        ),
    ):
        release.freeze(filled, "e", "e")


def test_a_name_belongs_to_one_data_set(filled, unchecked):
    release.freeze(filled, "r", "d")
    for table, rows in (("accounts", accounts()), ("labels", labels())):
        filled.append({table: schema.rows(table, [{**r, "dataset": "e"} for r in rows])}, None, "e")
    with pytest.raises(UserError, match="The release r freezes d"):
        release.freeze(filled, "r", "e")


def test_reading_back(filled, unchecked):
    made = release.freeze(filled, "r", "d")
    assert (
        release.load(filled.home, "r").info
        == release.load(filled.home, "r@1", verify=True).info
        == made.info
    )
    for reference, sentence in (
        ("rr", "Did you mean 'r'"),
        ("r@7", "has no version '7'; there is r@1"),
        ("r@", None),
    ):
        if sentence:
            with pytest.raises(UserError, match=sentence):
                release.load(filled.home, reference)
    with pytest.raises(
        UserError, match=r"There is no table in a release 'post'. Did you mean 'posts'"
    ):
        made.file("post")
    with made.file("labels").open("ab") as file:
        file.write(b"x")
    assert release.load(filled.home, "r").reference == "r@1"
    with pytest.raises(UserError, match=r"r@1 was changed after it was made: labels.parquet in"):
        release.load(filled.home, "r", verify=True)
    made.file("posts").unlink()
    with pytest.raises(UserError, match=r"labels.parquet, posts.parquet"):
        made.verify()


def test_a_broken_version_is_refused_unless_accepted(filled):
    filled.append(
        {
            "posts": schema.rows(
                "posts", [{"dataset": "d", "post_id": "x", "account_id": "stranger"}]
            )
        },
        None,
        "a stranger's post",
    )
    with pytest.raises(
        Findings,
        match=r"does not pass validation: posts.author-known. Nothing was frozen.*--accept REASON",
    ):
        release.freeze(filled, "r", "d")
    assert release.listed(filled.home) == {} and not list((filled.home / "releases").glob("*"))
    made = release.freeze(filled, "r", "d", accept="one stranger, known")
    assert made.info["accepted"] == "one stranger, known" and not made.info["validation"]["success"]
    assert made.info["validation"]["failed"] == ["posts.author-known"]
    suites = {s["name"]: s["outcome"] for s in made.info["validation"]["suites"]}
    assert (suites["posts"], suites["splits"], suites["accounts"]) == ("failed", "passed", "passed")
    assert filled.arrow("SELECT suite_result, accepted FROM lake.main.releases").to_pylist() == [
        {"suite_result": "failed and accepted", "accepted": "one stranger, known"}
    ]


def test_the_commands(cli, tmp_path):
    with Store(tmp_path / "store") as store:
        store.append(records(store.connection), None, "data")
    made = cli.json("release", "r", "--dataset", "d")
    assert (made["name"], made["version"], made["accounts"], made["made"]) == ("r", 1, 7, True)
    assert (
        Path(made["path"], "release.json").is_file()
        and made["content_hash"] == release.load(tmp_path / "store", "r").content_hash
    )
    again = cli("release", "r", "--dataset", "d")
    assert "it is the same version" in again.stderr and "Next: botbench bench" in again.stderr
    assert [r["name"] for r in cli.json("releases", "--verify")["releases"]] == ["r"]
    assert (
        "wants the reason" in cli("release", "r", "--dataset", "d", "--accept", " ", code=2).stderr
    )


# -- the content hash


def hash_of(store, **options):
    with frozen(store, "d", store.head(), "k1", **options) as content:
        return content.content_hash()


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.randoms(use_true_random=False),
    st.integers(1, 4),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([0, 5, -11]),
)
def test_the_hash_is_of_the_content_alone(tmp_path_factory, randomness, batches, threads, hours):
    """The same rows in another order, in other batches, with other threads, in another zone, from
    another pull.
    """
    zone = timezone(timedelta(hours=hours))

    def elsewhere(row):
        row = {k: v.astimezone(zone) if isinstance(v, datetime) else v for k, v in row.items()}
        return {**row, "extra": dict(reversed(row["extra"].items()))} if "extra" in row else row

    def fill(store, order):
        for table, rows in (("accounts", accounts()), ("posts", posts()), ("labels", labels())):
            named = (
                [{**elsewhere(r), "pull_id": str(hours)} if table != "labels" else r for r in rows]
                if order
                else rows
            )
            if order:
                randomness.shuffle(named)
            for i in range(batches if order else 1):
                store.append(
                    {table: schema.rows(table, named[i::batches] if order else named)}, None, "rows"
                )
        store.append({"claims": claims(store.connection)}, None, "claims")

    found = set()
    for order in (False, True):
        with Store(tmp_path_factory.mktemp("store") / "s") as store:
            store.connection.execute(f"SET threads = {threads if order else 2}")
            fill(store, order)
            found.add(hash_of(store))
    assert len(found) == 1


def test_the_hash_does_not_depend_on_the_machines_zone(tmp_path):
    with Store(tmp_path / "s") as store:
        store.append(records(store.connection), None, "data")
    code = textwrap.dedent(f"""
        from curation.release.contents import frozen
        from curation.store.store import Store
        with Store({str(tmp_path / "s")!r}) as store, frozen(store, "d", 2, "k1") as content:
            print(content.content_hash())""")
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Asia/Kathmandu", "America/St_Johns")
    }
    assert len(found) == 1 and len(found.pop().strip()) == 64


def test_the_files_have_the_content_that_the_hash_is_of(filled, unchecked, tmp_path):
    made = release.freeze(filled, "r", "d")
    files = {t: f"read_parquet('{made.file(t)}')" for t in TABLES_FROZEN}
    assert content_hash(filled.connection, files) == made.content_hash
    for table in TABLES_FROZEN:
        filled.connection.execute(
            f"COPY (FROM '{made.file(table)}' ORDER BY hash(account_id)) TO"
            f" '{tmp_path / table}.parquet' (ROW_GROUP_SIZE 2048, COMPRESSION snappy)"
            if table != "edges"
            else f"COPY (FROM '{made.file(table)}') TO '{tmp_path / table}.parquet'"
        )
    assert (
        content_hash(
            filled.connection, {t: f"read_parquet('{tmp_path / t}.parquet')" for t in TABLES_FROZEN}
        )
        == made.content_hash
    )


CELLS = [(t, c.name) for t in TABLES_FROZEN for c in schema.TABLES[t].columns if c.content]


def test_the_hash_changes_with_every_cell(filled):
    """Change one cell of one row in every column of every table (a NULL becomes a value, a value
    another).
    """
    connection, seen = filled.connection, {}
    with frozen(filled, "d", filled.head(), "k1") as content:
        connection.execute("CREATE SCHEMA memory.cells")
        for table in TABLES_FROZEN:
            connection.execute(
                f"CREATE TABLE memory.cells.{table} AS FROM {content.relation(table)}"
            )
    relations = {t: f"memory.cells.{t}" for t in TABLES_FROZEN}
    original = content_hash(connection, relations)
    other = {
        "VARCHAR": "coalesce({0}, '') || '~'",
        "BIGINT": "coalesce({0}, -1) + 1",
        "DOUBLE": "coalesce({0}, 0.0) + 1e-9",
        "BOOLEAN": "NOT coalesce({0}, true)",
        "TIMESTAMPTZ": (
            "coalesce({0}, TIMESTAMPTZ '1970-01-01 00:00:00+00') + INTERVAL 1 MICROSECOND"
        ),
        "VARCHAR[]": "coalesce({0}, []) || ['~']",
        schema.EXTRA: "map_concat(coalesce({0}, MAP {{}}), MAP {{'~': NULL::VARCHAR}})",
    }
    for table, column in CELLS:
        value = other[schema.TABLES[table].column(column).type].format(f'"{column}"')
        connection.execute(
            f"CREATE OR REPLACE TABLE memory.cells.changed AS SELECT * REPLACE "
            f'(CASE WHEN rowid = 0 THEN {value} ELSE "{column}" END AS "{column}") FROM'
            f" memory.cells.{table}"
        )
        seen[table, column] = content_hash(connection, {**relations, table: "memory.cells.changed"})
    assert original not in seen.values()
    assert len(set(seen.values())) == len(CELLS) > 70
    connection.execute(
        "CREATE OR REPLACE TABLE memory.cells.changed AS SELECT * REPLACE ('new' AS pull_id) "
        "FROM memory.cells.accounts"
    )
    assert content_hash(connection, {**relations, "accounts": "memory.cells.changed"}) == original


def test_the_bytes_of_the_files_do_not_depend_on_threads(filled, unchecked):
    blank = ", ".join(f"NULL::{c.type} AS {c.name}" for c in schema.TABLES["posts"].columns)
    filled.connection.execute(
        "CREATE TEMP TABLE many AS SELECT * REPLACE ('d' AS dataset, 'm' || i AS post_id, (i %"
        f" 6)::VARCHAR AS account_id, 'text ' || hash(i) AS text) FROM (SELECT i, {blank} FROM"
        " range(250000) r(i))"
    )
    filled.connection.execute("ALTER TABLE many DROP i")
    filled.append({"posts": "many"}, None, "many")
    found = []
    for threads in (1, 4):
        filled.connection.execute(f"SET threads = {threads}")
        made = release.freeze(filled, "r", "d")
        found.append(made.info["files"])
        shutil.rmtree(made.path)
    assert found[0] == found[1]


# -- interrupted and at once


def test_killed_before_the_number_is_given(filled, unchecked, monkeypatch):
    monkeypatch.setattr(writer, "_number", lambda *_: os._exit(9))
    if (child := os.fork()) == 0:
        release.freeze(filled, "r", "d")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.undo()
    left = list((filled.home / "releases" / "r").iterdir())
    assert len(left) == 1 and left[0].name.startswith(writer.UNFINISHED)
    assert release.listed(filled.home) == {}


def test_leftovers_go_and_living_ones_stay(filled, unchecked):
    folder = filled.home / "releases" / "r"
    dead, alive = folder / f"{writer.UNFINISHED}dead", folder / f"{writer.UNFINISHED}alive"
    for path in (dead, alive):
        path.mkdir(parents=True)
        (path / "posts.parquet").write_bytes(b"half")
    with leftovers.held(alive):
        release.freeze(filled, "r", "d")
    assert sorted(p.name for p in folder.iterdir()) == [alive.name, "1"]


def test_killed_after_the_number_is_given(filled, unchecked, monkeypatch):
    monkeypatch.setattr(writer, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        release.freeze(filled, "r", "d")
    monkeypatch.undo()
    monkeypatch.setattr(
        acceptance,
        "before_release",
        lambda *_: type("Passed", (), {"summary": staticmethod(lambda: {"success": True})}),
    )
    monkeypatch.setattr(acceptance, "report_path", lambda *_: "none")
    assert (
        release.listed(filled.home) == {} and filled.arrow("FROM lake.main.releases").num_rows == 1
    )
    head = filled.head()
    made = release.freeze(filled, "r", "d")
    assert (made.reference, made.made, filled.head()) == ("r@1", True, head)
    made.verify()


def test_a_release_that_was_killed_at_its_end_is_validated_once(filled, monkeypatch):
    """The row of the killed one is a change of the store, and none of what was validated."""
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            release.freeze(filled, "r", "d", accept="made by hand")
    head = filled.head()
    made = release.freeze(filled, "r", "d", accept="made by hand")
    assert (made.reference, made.made, filled.head()) == ("r@1", True, head)
    validations = filled.arrow("SELECT version FROM lake.main.validations").to_pylist()
    assert validations == [{"version": made.info["snapshot_id"]}]
    assert made.info["validation"]["report"].endswith(f"-v{made.info['snapshot_id']}.html")


def test_a_version_without_its_document_is_broken_and_no_older_one_stands_in(filled, unchecked):
    first = release.freeze(filled, "r", "d")
    second = first.path.with_name("2")
    shutil.copytree(first.path, second)
    (second / "release.json").unlink()
    for reference in ("r", "r@2"):
        with pytest.raises(ResourceFailure, match=r"The release r@2 cannot be read: .* is damaged"):
            release.load(filled.home, reference)
    assert release.load(filled.home, "r@1").info == first.info


def test_duplicate_groups_stand_beside_the_hashed_content(filled, unchecked):
    """Accounts 0 and 1 have the same profile, 3 and 5 the same bio and minute of creation. An older
    release has no file of groups: the same are found in its accounts, and its hash is the same.
    """
    made = release.freeze(filled, "r", "d")
    assert made.info["duplicate_groups"] == {"groups": 2, "accounts": 4}
    with scratch_database(threads=1) as connection:
        kept = duplicate_groups.of_release(connection, made.path)
        assert [tuple(row.values()) for row in kept.to_pylist()] == [
            ("d", "0", 0),
            ("d", "1", 0),
            ("d", "3", 1),
            ("d", "5", 1),
        ]
        made.verify()
        (made.path / duplicate_groups.FILE).unlink()
        assert duplicate_groups.of_release(connection, made.path).equals(kept)
    assert release.freeze(filled, "r", "d").content_hash == made.content_hash


def test_a_lost_folder_is_made_again_with_the_same_content(filled, unchecked):
    first = release.freeze(filled, "r", "d")
    shutil.rmtree(first.path)
    again = release.freeze(filled, "r", "d")
    assert again.info == first.info


def test_four_processes_at_once_make_one_version(filled, tmp_path):
    code = textwrap.dedent(f"""
        import sys
        from curation.release import acceptance, release
        from curation.store.store import Store
        acceptance.before_release = lambda *_: type("Passed", (), {{"summary": staticmethod(lambda: {{"success": True}})}})
        acceptance.report_path = lambda *_: "none"
        with Store({str(filled.home)!r}) as store:
            print(release.freeze(store, "r", "d", seed=int(sys.argv[1])).reference)""")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, seed],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "0", "0", "1")
    ]
    ended = [(p.communicate(timeout=300), p.returncode) for p in started]
    assert [code for _, code in ended] == [0] * 4, ended
    said = [out.strip() for (out, _), _ in ended]
    assert len(set(said[:3])) == 1 and {said[0], said[3]} == {"r@1", "r@2"}
    assert sorted(p.name for p in (filled.home / "releases" / "r").iterdir()) == ["1", "2"]
    for version in (1, 2):
        found = release.load(filled.home, f"r@{version}", verify=True)
        assert json.loads((found.path / "release.json").read_text())["version"] == version
