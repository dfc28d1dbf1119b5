"""Files made to hurt, and what fuzzing found: a sentence or rows set aside, in seconds."""

import gzip
import io
import tarfile
import time
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.ingest import memory as memory_
from curation.ingest import pull as pulling
from curation.ingest.card_model import Card
from curation.ingest.reading import files as files_
from curation.ingest.reading.stage import FED, QUARANTINE, Stage

IDS = {"accounts": {"account_id": "id"}}
POSTS = {"columns": {"text": "text"}}


@pytest.fixture
def stage(tmp_path):
    """Stage one file: `stage(name, bytes, options)` gives (staged rows by table, rows set aside)."""

    def run(name, content, options=IDS, format="tabular", memory=500_000_000):
        folder, scratch = tmp_path / "files", Path(mkdtemp(dir=tmp_path))
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        card = Card.model_validate(
            {
                "id": "made",
                "title": "t",
                "platform": "twitter",
                "licence": "CC0-1.0",
                "citation": "none",
                "sources": [{"file": name}],
                "reads": [{"format": format, "options": options}],
            }
        )
        found, _ = pulling.gather(None, card, folder, lambda *_: None)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            made = Stage(connection, card, scratch, "0" * 64, memory=memory)
            pulling._read(made, card, found, lambda *_: None)
            rows = {
                table: connection.execute(f"SELECT * FROM pull_{table}").fetchall()
                for table in FED
                if made.read[table]
            }
            aside = connection.execute(
                f"SELECT reason, _row, raw FROM {QUARANTINE} ORDER BY ALL"
            ).fetchall()
            assert sum(made.read.values()) == sum(map(len, rows.values())) + len(aside)
            return {table: len(found) for table, found in rows.items()}, aside

    return run


def parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["file_row_number", "FILE_ROW_NUMBER", "_row", "_raw", "r", "p0", ""]
)
def test_a_column_may_have_any_name(stage, name):
    content = parquet(**{"id": ["1", "2"], name: [5, 6]})
    assert stage("a.parquet", content) == ({"accounts": 2}, [])


def test_bytes_that_are_no_text_set_one_row_aside(stage):
    rows, aside = stage("a.parquet", parquet(id=["1", "2"], photo=[b"\xff\x00", b"fine"]))
    assert rows == {"accounts": 1}
    assert [(reason, row) for reason, row, _ in aside] == [("bad_encoding", 1)]


def test_types_that_have_no_text_of_their_own(stage):
    columns = {
        "t": pa.array([3600], pa.time32("s")),
        "d": pa.array([5], pa.duration("s")),
        "nothing": pa.array([None], pa.null()),
        "many": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "inner": [[{"a": 1, "b": [2]}]],
        "half": pa.array([1.0], pa.float16()),
        "long": pa.array([2**64 - 1], pa.uint64()),
        "word": pa.array(["x"]).dictionary_encode(),
    }
    assert stage("a.parquet", parquet(id=["1"], **columns)) == ({"accounts": 1}, [])


def test_a_damaged_parquet_file_is_a_sentence(stage):
    whole = parquet(id=[str(i) for i in range(1000)], n=list(range(1000)))
    for at in (60, len(whole) - 60, len(whole) - 20):
        content = whole[:at] + b"\xff" * 20 + whole[at + 20 :]
        with pytest.raises(UserError, match=r"a\.parquet cannot be read as tabular: ") as raised:
            stage("a.parquet", content)
        assert raised.value.exit_code == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7"])
@pytest.mark.parametrize("written", ["utf-16-be", "utf-32-le", "cp1252"])
def test_a_file_in_another_encoding_than_the_card_says(stage, encoding, written):
    content = "id,bio\n1,ü\n2,é\n".encode(written)
    with pytest.raises(UserError, match=rf"a\.csv is not text in {encoding}: .*on the card"):
        stage("a.csv", content, {**IDS, "encoding": encoding})


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32-be"])
def test_half_a_character_sets_one_row_aside(stage, encoding):
    content = "id,bio\n1,a\n2,cut \ud83d here\n3,☕\n".encode(encoding, "surrogatepass")
    rows, aside = stage("a.csv", content, {**IDS, "encoding": encoding})
    assert rows == {"accounts": 2}
    assert [(reason, row) for reason, row, _ in aside] == [("bad_encoding", 2)]


@pytest.mark.parametrize("encoding", ["base64", "zlib", "rot13", "undefined", "no-such"])
def test_an_encoding_that_is_not_one_of_text(stage, encoding):
    with pytest.raises(UserError, match=f"There is no encoding '{encoding}' of text"):
        stage("a.csv", b"id\n1\n", {**IDS, "encoding": encoding})


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_twenty_thousand_columns_end_in_seconds(stage, name):
    names = ["id", *(f"c{i}" for i in range(19_999))]
    if name == "a.csv":
        content = (",".join(names) + "\n" + ",".join(["1"] * 20_000) + "\n").encode()
    else:
        content = parquet(**{n: ["1"] for n in names})
    started = time.process_time()
    with pytest.raises(UserError, match="has 20,000 columns; at most 2,000 are read"):
        stage(name, content)
    assert time.process_time() - started < 20


def test_json_nested_deeper_than_python_goes(stage):
    deep = b'{"id": "1", "a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n"
    rows, aside = stage("a.jsonl", deep + b'{"id": "2"}\n')
    assert rows["accounts"] + len(aside) == 2 and rows["accounts"] >= 1
    rows, aside = stage("a.jsonl", b'{"a": ' * 50_000 + b'\n{"id": "2"}\n')
    assert rows == {"accounts": 1} and [r[:2] for r in aside] == [("bad_json", 1)]


def test_a_line_that_is_too_long_is_called_that(stage, monkeypatch):
    monkeypatch.setattr("curation.ingest.reading.json.LINE", 1 << 16)
    with pytest.raises(UserError, match=r"a\.jsonl, line 2: the line is longer than 65,536"):
        stage("a.jsonl", b'{"id": "0"}\n{"id": "1", "bio": "' + b"x" * 200_000 + b'"}\n')
    monkeypatch.setattr("curation.ingest.reading.heads.LINE", 1 << 16)
    with pytest.raises(UserError, match="it is longer than 65,536 bytes, or a quote in it never"):
        stage("a.csv", b'id,"bio\n' + b"1,a\n" * 50_000)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quote_that_never_closes_is_named_with_the_lines_it_takes(stage, end):
    """500 of 1,000 rows went as one row set aside: under the limit of 1 %, and exit code 0."""
    rows = [f"{i},bot,a" for i in range(1, 1001)]
    rows[499] = '500,bot,"never closed'
    content = end.join(["id,label,bio", *rows, ""]).encode()
    with pytest.raises(UserError, match=r"a\.csv, row 500: a quote opens there .* 50[01] lines"):
        stage("a.csv", content)
    rows[499], rows[990] = "500,bot,a", '991,bot,"never closed'
    kept, aside = stage("a.csv", end.join(["id,label,bio", *rows, ""]).encode())
    assert kept == {"accounts": 990} and [r[:2] for r in aside] == [("bad_quote", 991)]


def test_a_gzip_bomb_is_a_sentence(stage, monkeypatch):
    monkeypatch.setattr(files_, "SMALL", 1_000_000)
    content = gzip.compress(b"id\n" + b"1\n" * 5_000_000)
    with pytest.raises(UserError, match=r"a\.csv is a gzip file that grows to over 300 times"):
        stage("a.csv", content)


def tar(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def header(kind, size):
    member = tarfile.TarInfo("h")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.USTAR_FORMAT)


ROWS = b"text\nhi\nho\n"


def test_long_names_and_extended_headers_of_a_tar_are_bounded(stage):
    """A 14 MB file with one such header took 3.4 GB; 400 in a row went deeper than Python goes."""
    good = tar([("1.csv", ROWS)])
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE):
        bomb = gzip.compress(header(kind, 64 << 20) + b"\0" * (64 << 20) + good)
        with pytest.raises(UserError, match=r"not a whole tar .the headers before a member"):
            stage("a.tar.gz", bomb, POSTS, "tar-posts")
    one = header(tarfile.XHDTYPE, 512) + b"30 comment=xxxxxxxxxxxxxxxxxx\n".ljust(512, b"\0")
    with pytest.raises(UserError, match=r"not a whole tar .the headers before a member"):
        stage("a.tar", one * 400 + good, POSTS, "tar-posts")
    assert stage("a.tar", one * 3 + good, POSTS, "tar-posts") == ({"posts": 2}, [])
    long = tar([("x" * 200 + ".csv", ROWS)])
    assert stage("a.tar", long, POSTS, "tar-posts") == ({"posts": 2}, [])


def test_a_sparse_member_and_one_that_does_not_fit_in_memory(stage):
    with pytest.raises(UserError, match="a sparse member"):
        stage("a.tar", header(tarfile.GNUTYPE_SPARSE, 512) + b"\0" * 4096, POSTS, "tar-posts")
    with pytest.raises(
        UserError, match=r"a member of 1,000,000 bytes .*; at most 625,000 .*--memory"
    ):
        large = tar([("1.csv", b"text\n" + b"x" * 999_995)])
        stage("a.tar", large, POSTS, "tar-posts", memory=10_000_000)


def test_members_of_a_tar_may_have_any_name(stage):
    content = bytearray(tar([("1.csv", ROWS), ("22222.csv", ROWS)]))
    content[0:5] = b"\xff.csv"
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))
    assert stage("a.tar", bytes(content), POSTS, "tar-posts") == ({"posts": 4}, [])


@pytest.mark.parametrize("amount", ["much", "-1", "0GB", "99MB", "1e9", "10", "-2GB", "9999999TB"])
def test_a_useless_amount_of_memory_is_refused(amount):
    with (
        duckdb.connect() as connection,
        pytest.raises(UserError, match="is not an amount of memory from 100MB on"),
        memory_.bounded(connection, amount),
    ):
        pass


def test_what_duckdb_says_of_a_full_disk_and_of_too_little_memory(tmp_path):
    full = pulling._unreadable(
        duckdb.IOException("IO Error: Could not write: No space left on device"), [], "tabular"
    )
    assert isinstance(full, ResourceFailure) and full.exit_code == 3
    little = pulling._unreadable(duckdb.OutOfMemoryException("could not allocate"), [], "tabular")
    assert "Give more, such as --memory 4GB" in str(little) and little.exit_code == 2
