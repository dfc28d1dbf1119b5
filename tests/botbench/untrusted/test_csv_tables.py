"""Tables of scores: any line ends, any width, named columns only; every mistake is a sentence."""

import time

import pytest

from botbench.core.errors import RowsSetAside, UserError
from botbench.untrusted import csv_tables, tables

BOTH = ("account_id", "p_bot")


def read(path, content):
    path.write_bytes(content)
    return tables.read(path, BOTH).rows.to_pylist()


@pytest.mark.parametrize(
    "content",
    [
        b"account_id,p_bot\n1,0.5\n2,\n",
        b"account_id,p_bot\r\n1,0.5\r\n2,\r\n",
        b"account_id,p_bot\n1,0.5\r\n2,\r\n",  # the header by one program, the rows by another
        b"account_id,p_bot\r1,0.5\r2,",
        b"\xef\xbb\xbfaccount_id;p_bot;more\n1;0.5;x\n2;;y\n",
        b'p_bot\t"account_id"\n0.5\t1\n""\t2\n',
    ],
)
def test_line_ends_separators_and_quotes(tmp_path, content):
    found = read(tmp_path / "a.csv", content)
    assert found == [{"account_id": "1", "p_bot": "0.5"}, {"account_id": "2", "p_bot": None}]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no header"),
        (b"\n\n", "has no header"),
        ("account_id,p_bot\n1,1\n".encode("utf-16-le"), "has no header"),
        ("account_id,p_bot\n1,1\n".encode("utf-16"), "is not UTF-8 text"),
        (b"id,score\n1,1\n", "has no column account_id, p_bot; it has id, score"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
        (b"\x1f\x8b and no more", "cannot be unpacked"),
        (b'{"account_id": 1,\n "p_bot": 0.5}', "expected an array, or one object a line"),
        (b"account_id,p_bot,p_bot\n1,2,3\n", "has the column p_bot more than once"),
        (b"x" * (1 << 20) + b"yy", "first line of over 1,048,576 bytes"),
    ],
)
def test_mistakes(tmp_path, content, sentence):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        tables.read_telling(path, BOTH, BOTH)


OBJECTS = [
    b'{"account_id": 1234567890123456789, "p_bot": 0.5}',
    b'{"account_id": "a\\ud83d", "p_bot": 0.25}',
    b"3",
    b'{"account_id": "4", "p_bot": 1}',
]


@pytest.mark.parametrize(
    ("content", "ids", "places", "why"),
    [
        (b"account_id,p_bot\n1,0.5\n2\n3,1,2\n4,1\n", ["1", "4"], ["line 3", "line 4"], "columns"),
        (b"account_id,p_bot\n1,0.5\n\xff,1\n4,1\n", ["1", "4"], ["row 2"], "not UTF-8"),
        (b"[" + b", ".join(OBJECTS) + b"]", None, ["item 2", "item 3"], "no JSON object"),
        (b"\xef\xbb\xbf" + b"\n".join(OBJECTS), None, ["item 2", "item 3"], "no JSON object"),
    ],
)
def test_one_bad_row_costs_one_row(tmp_path, content, ids, places, why):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    given = tables.read(path, BOTH)
    assert given.rows["account_id"].to_pylist() == (ids or ["1234567890123456789", "4"])
    assert [bad.place for bad in given.set_aside] == places
    assert all(why in bad.why for bad in given.set_aside)
    with pytest.warns(RowsSetAside, match=f"a.txt: {len(places)} line.* count as absent"):
        tables.read_telling(path, BOTH)


def test_an_open_quotation_mark_weighs_the_lines_that_it_swallows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'account_id,p_bot\n1,0.5\n"2,1\n' + b"3,0.5\n" * 500)
    given = tables.read(path, BOTH)
    assert given.rows.num_rows == 1
    assert given.set_aside[0].place == "line 3" and given.set_aside[0].lines == 501
    assert "501 lines could not be read" in given.sentence(path)


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_format_is_told_by_the_content(tmp_path, form, packed):
    import gzip

    import pandas as pd

    frame = pd.DataFrame({"account_id": ["007", "b"], "p_bot": [0.5, 0.25], "more": [1, 2]})
    path = tmp_path / "scores"
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=form == "jsonl")
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    given = tables.read(path, BOTH)
    assert given.names == ["account_id", "p_bot", "more"] == tables.names(path)
    assert given.rows["account_id"].to_pylist() == ["007", "b"]
    assert [float(p) for p in given.rows["p_bot"].to_pylist()] == [0.5, 0.25]


def test_twenty_thousand_columns(tmp_path):
    names = [*BOTH, *(f"c{i}" for i in range(19_998))]
    started = time.process_time()
    found = read(tmp_path / "a.csv", f"{','.join(names)}\n{','.join(['1'] * 20_000)}\n".encode())
    assert found == [{"account_id": "1", "p_bot": "1"}] and time.process_time() - started < 5
    assert csv_tables.shown(names).endswith(", c17 and 19,980 more")


def test_every_reader_of_scores_takes_mixed_line_ends(tmp_path):
    import duckdb
    import pyarrow as pa

    from benchmarks.data import external_scores
    from benchmarks.submissions import predictions
    from curation.sampling import score_files

    path = tmp_path / "scores.csv"
    path.write_bytes(b"account_id,p_bot\n1,0.5\r\n2,0.25\r\n")
    wanted = [("1", 0.5), ("2", 0.25)]
    rows = external_scores.read(path).to_pylist()
    assert [(r["account_id"], r["p_bot"]) for r in rows] == wanted
    found = predictions.read(path, pa.table({"account_id": ["1", "2"]}))
    assert found.problems == [] and [tuple(r.values()) for r in found.table.to_pylist()] == wanted
    with duckdb.connect() as connection:
        relation = score_files.load(connection, [path]).relation
        query = f"SELECT account_id, p_bot FROM {relation} ORDER BY 1"
        assert connection.execute(query).fetchall() == wanted


def test_a_score_file_that_is_damaged_inside(tmp_path):
    """DuckDB reads its head, and fails later with an error that has no name of its own."""
    import io

    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from curation.sampling import score_files

    out = io.BytesIO()
    pq.write_table(pa.table({"account_id": ["1", "2"] * 500, "p_bot": [0.5, 0.25] * 500}), out)
    whole = out.getvalue()
    path = tmp_path / "scores.parquet"
    for at in range(4, 60, 8):
        path.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
        with duckdb.connect() as connection, pytest.raises(UserError, match="scores"):
            score_files.load(connection, [path])


def test_a_parquet_file_with_a_name_that_is_no_text(tmp_path):
    import io

    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.data import external_scores
    from curation.sampling import score_files

    out = io.BytesIO()
    pq.write_table(pa.table({"account_id": ["1"], "p_bot": [0.5], "extra": [1]}), out)
    path = tmp_path / "scores.parquet"
    path.write_bytes(out.getvalue().replace(b"extra", b"ext\xc3a"))
    with duckdb.connect() as connection, pytest.raises(UserError, match="cannot be read"):
        score_files.load(connection, [path])
    with pytest.raises(UserError, match="cannot be read"):
        external_scores.read(path)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"[" * 5_000, "nested more than 100 levels"),
        (b'{"trained_on": 3}', "does not say on which releases"),
        (b'{"trained_on": [{}]}', "does not say on which releases"),
        (b'{"a": 1, "a": 2}', "written twice"),
    ],
)
def test_what_a_file_declares_of_its_detector_may_be_anything(tmp_path, said, sentence):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.data import external_scores

    path = tmp_path / "scores.parquet"
    table = pa.table({"account_id": ["1"], "p_bot": [0.5]})
    pq.write_table(table.replace_schema_metadata({b"botbench": said}), path)
    with pytest.raises(UserError, match=sentence):
        external_scores.declared(path)
    good = b'{"trained_on": [{"reference": "a@1"}]}'
    pq.write_table(table.replace_schema_metadata({b"botbench": good}), path)
    assert external_scores.declared(path) == ("a@1",)
    path.write_bytes(b"text")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        external_scores.declared(path)


OPEN = [b"account_id,p_bot,note"] + [b"%d,0.5,x" % i for i in range(300)]


def quoted(first, last=None, end=b"\n"):
    """A table in which a note opens a quote, and another closes it; both rows are sound alone."""
    rows = list(OPEN)
    rows[first] = rows[first][:-1] + b'"x'
    if last is not None:
        rows[last] = rows[last] + b'"'
    return end.join(rows) + end


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_rows_within_a_value_of_a_column_that_nobody_wants_are_set_aside(tmp_path, end):
    (tmp_path / "a.csv").write_bytes(quoted(50, 60, end))
    given = tables.read(tmp_path / "a.csv", BOTH)
    assert given.rows.num_rows == 290
    assert given.set_aside == [
        ("row 50", "a quotation mark takes 10 lines with it that look like rows", 10, True)
    ]
    with pytest.warns(RowsSetAside, match="10 lines could not be read and count as absent"):
        tables.read_telling(tmp_path / "a.csv", BOTH)


def test_a_quote_that_takes_over_a_hundred_lines_is_refused(tmp_path):
    for content, lines in ((quoted(50, 151), 101), (quoted(50), 250)):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(UserError, match=f"a.csv, row 50: a quotation mark takes {lines} "):
            tables.read_telling(tmp_path / "a.csv", BOTH)
    (tmp_path / "a.csv").write_bytes(quoted(50, 150))
    with pytest.warns(RowsSetAside, match="100 lines could not"):
        tables.read_telling(tmp_path / "a.csv", BOTH)


def test_prose_of_several_lines_is_no_row(tmp_path):
    content = b'account_id,p_bot,note\n1,0.5,"a, b\nand c\n\nd"\n2,1,x\n\n'
    (tmp_path / "a.csv").write_bytes(content)
    given = tables.read(tmp_path / "a.csv", BOTH)
    assert given.rows.num_rows == 2 and given.set_aside == []
