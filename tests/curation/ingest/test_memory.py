"""How much memory a pull takes: little first, all of it where that fails, and small buffers."""

import io
from json import dumps
from pathlib import Path

import duckdb
import pytest

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError
from curation.ingest import memory
from curation.ingest.reading import json
from curation.ingest.reading.files import SourceFile
from curation.ingest.sources import bluesky_api


def bound(connection):
    return connection.execute("SELECT current_setting('memory_limit')").fetchone()[0]


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        yield made


def steps(connection, error, failing=1):
    """A step that fails some times, and the bounds under which it was run."""
    seen = []

    def step():
        seen.append(bound(connection))
        if len(seen) <= failing:
            raise error
        return "done"

    return seen, step


def told_as_user_error():
    try:
        raise UserError("needs more memory") from duckdb.OutOfMemoryException("16 MB")
    except UserError as error:
        return error


@pytest.mark.parametrize("error", [duckdb.OutOfMemoryException("16 MB"), told_as_user_error()])
def test_a_step_that_lacks_memory_is_run_again_with_all_of_it(connection, error):
    before = bound(connection)
    with memory.bounded(connection, "2GB") as size:
        seen, step = steps(connection, error)
        assert memory.little_first(connection, size, step) == "done"
        assert seen == ["953.6 MiB", "1.8 GiB"]
    assert bound(connection) == before


def test_a_step_is_run_once_where_less_was_asked_for(connection):
    with memory.bounded(connection, "500MB") as size:
        seen, step = steps(connection, duckdb.OutOfMemoryException("16 MB"))
        with pytest.raises(duckdb.OutOfMemoryException):
            memory.little_first(connection, size, step)
        assert seen == ["476.8 MiB"]


def test_a_step_with_another_fault_is_not_run_again(connection):
    with memory.bounded(connection, "2GB") as size:
        seen, step = steps(connection, UserError("a wrong name"))
        with pytest.raises(UserError, match="a wrong name"):
            memory.little_first(connection, size, step)
        assert seen == ["953.6 MiB"]


@pytest.mark.parametrize("error", [duckdb.OutOfMemoryException("16 MB"), told_as_user_error()])
def test_a_release_that_lacks_memory_is_tried_again_in_what_the_machine_has(connection, error):
    before = bound(connection)
    seen, step = steps(connection, error)
    assert memory.within(connection, 2_000_000_000, step) == "done"
    assert seen == ["1.8 GiB", before] and bound(connection) == before
    seen, step = steps(connection, UserError("a wrong name"))
    with pytest.raises(UserError, match="a wrong name"):
        memory.within(connection, 2_000_000_000, step)
    assert seen == ["1.8 GiB"] and bound(connection) == before


def test_what_the_machine_has_can_be_used_again_afterwards(connection):
    """DuckDB's RESET shows the old bound and keeps the new one: only a query tells."""
    much = "SELECT len(l) FROM (SELECT list(i) AS l FROM range(10000000) AS t(i))"

    def step():
        return connection.execute(much).fetchall()

    assert memory.within(connection, 100_000_000, step) == [(10_000_000,)]
    assert step() == [(10_000_000,)]
    with memory.bounded(connection, "100MB"), pytest.raises(duckdb.OutOfMemoryException):
        step()
    assert step() == [(10_000_000,)]


def test_a_small_machine_allows_no_more_than_it_did(connection):
    connection.execute("SET memory_limit = '1GB'")
    seen, step = steps(connection, UserError("unused"), failing=0)
    assert memory.within(connection, 2_000_000_000, step) == "done" and seen == ["953.6 MiB"]
    assert bound(connection) == "953.6 MiB"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", (0, True)),
        (b"ab\nabcd\na", (4, True)),
        (b"ab\nabcde", (5, True)),
        (b"a" * json.CHUNK + b"bc\nd", (json.CHUNK + 2, True)),
        ("é".encode() * json.CHUNK + b"\n", (2 * json.CHUNK, True)),
        (b"ab\nab\xffd\n", (4, False)),
        (b"ab\n\xc3", (2, False)),
    ],
)
def test_the_longest_line_rules_how_much_is_read_at_once(content, found):
    assert json._surveyed(io.BytesIO(content), Path("a")) == found


def test_a_line_that_is_too_long_is_named():
    content = b"{}\n" * 5 + b"a" * (json.LINE + 1) + b"\n{}\n"
    with pytest.raises(UserError, match=r"a, line 6: the line is longer than 33,554,432 bytes"):
        json._surveyed(io.BytesIO(content), Path("a"))
    with pytest.raises(UserError, match="line 6"):
        json._surveyed(io.BytesIO(content[:-4]), Path("a"))


def test_long_lines_are_read_few_at_once_where_rows_are_numbered(tmp_path):
    """On `one_thread` DuckDB takes two thousand at once, and these do not fit."""
    post = {"uri": "at://a/b/c", "author": {"did": "did:plc:a"}, "record": {"text": "word " * 800}}
    line = dumps({"feed": [{"post": {**post, "cid": str(i)}} for i in range(50)]})
    path = tmp_path / "feeds.jsonl"
    path.write_text(f"{line}\n" * 130)
    file = SourceFile(path.name, path, "", "", path.stat().st_size)
    query = bluesky_api.items(file, json.lines(path, zipped=False))
    with scratch_database(threads=2) as connection:
        connection.execute("SET memory_limit = '700MB'")
        read = json.keep(connection, "items", query)
        assert connection.execute(f"SELECT count(*) FROM {read}").fetchone() == (130 * 50,)
