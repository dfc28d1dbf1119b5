"""Bad input gives quarantine rows or one clear sentence: never a traceback, never a silent fix."""

import gzip
import io
import json
import tarfile

import pytest

from botbench.core.errors import UserError

PEOPLE = {"accounts": {"account_id": "id", "handle": "handle", "bio": "bio"}}
LABELS = {
    "header": False,
    "columns": ["id", "label"],
    "accounts": {"account_id": "id"},
    "claims": {"answer": "label"},
}
ROWS = b"id,handle,bio\n1,a,x\n2,b,y\n"


def sentence(done):
    """The one sentence of a refused command."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("botbench: "), done.stderr
    return lines[0]


def test_a_truncated_gzip(pulled):
    done, _ = pulled({"people.csv": gzip.compress(ROWS * 500)[:-20]}, PEOPLE, code=2)
    assert "people.csv is a broken gzip file" in sentence(done)


def test_a_gzip_damaged_inside(pulled):
    content = bytearray(gzip.compress(bytes(range(256)) * 400))
    content[60] ^= 0xFF
    done, _ = pulled({"people.csv": bytes(content)}, PEOPLE, code=2)
    assert "people.csv is a broken gzip file" in sentence(done)


def test_a_gzip_without_the_suffix_and_a_suffix_without_gzip(written, store):
    written(
        {"people.csv": ROWS, "more.csv.gz": ROWS.replace(b"1,a", b"3,c").replace(b"2,b", b"4,d")},
        PEOPLE,
        zipped=("people.csv",),
    )
    assert written.pull(store).totals["accounts"] == 4


@pytest.mark.parametrize(
    "content",
    [
        b'[{"id": "1", "handle": "a", "bio": "x"}, {"id": "2", "han',
        b'[{"id": "1", "handle": "a", "bio": "x"}, {"id": "2"}',
    ],
)
def test_a_truncated_json_document(pulled, content):
    done, _ = pulled({"people.json": content}, PEOPLE, code=2)
    assert "people.json" in sentence(done)


def test_a_truncated_line_of_json(pulled):
    content = (
        b'{"id": "1", "handle": "a", "bio": "x"}\n{"id": "2", "handle": "b", "bio": "y"}\n{"id":'
        b' "3", "han'
    )
    done, document = pulled({"people.jsonl": content}, PEOPLE, code=1)
    assert document["tables"]["accounts"] == {
        "read": 3,
        "kept": 2,
        "duplicate": 0,
        "quarantined": 1,
    }
    assert document["quarantine"] == [
        {"table": "accounts", "reason": "bad_json", "rows": 1, "first": "people.jsonl:3"}
    ]
    assert "1 of 3 rows for accounts were set aside" in done.stderr


def test_a_wrong_sha256(pulled):
    done, _ = pulled(
        {"people.csv": ROWS}, PEOPLE, code=2, sources=[{"file": "people.csv", "sha256": "0" * 64}]
    )
    found = sentence(done)
    assert "is not the file that the card means" in found and "0" * 64 in found


def test_the_sha256_is_of_the_uncompressed_bytes_unless_the_card_says_stored(written, store):
    import hashlib

    stored = gzip.compress(ROWS)
    original, other = (hashlib.sha256(b).hexdigest() for b in (ROWS, stored))
    written(
        {"people.csv": stored}, PEOPLE, sources=[{"file": "people.csv", "sha256": original}]
    ).pull(store)
    written(
        {"people.csv": stored},
        PEOPLE,
        sources=[{"file": "people.csv", "sha256": other, "sha256_of": "stored"}],
    ).pull(store)
    written({"people.csv": stored}, PEOPLE, sources=[{"file": "people.csv", "sha256": other}])
    with pytest.raises(UserError, match="not the file that the card means"):
        written.pull(store)


def test_a_missing_column_names_the_closest(pulled):
    done, _ = pulled({"people.csv": ROWS.replace(b"handle", b"handel")}, PEOPLE, code=2)
    assert "called 'handle'. Did you mean 'handel'? Known: bio, handel, id." in sentence(done)


def test_a_member_that_no_object_has(pulled):
    done, _ = pulled({"people.jsonl": b'{"id": "1", "handel": "a", "bio": ""}\n'}, PEOPLE, code=2)
    assert "called 'handle'. Did you mean 'handel'?" in sentence(done)


def test_a_missing_file_says_what_the_folder_holds(pulled):
    done, _ = pulled({"people.csv": ROWS}, PEOPLE, code=2, sources=[{"file": "peoples.csv"}])
    assert "lacks peoples.csv of made" in sentence(done) and "It holds: people.csv" in sentence(
        done
    )


def test_a_folder_that_is_not_there(cli, written):
    written({"people.csv": ROWS}, PEOPLE)
    assert "There is no folder nowhere" in sentence(
        cli("pull", written.card, "--from", "nowhere", code=2)
    )


@pytest.mark.parametrize("value", ["1.23E+17", "1.23e+17", "123456789012345680.0", "1e+18", "12.0"])
def test_ids_that_went_through_a_float(written, store, value):
    written({"ids.csv": f"1,bot\n{value},human\n".encode()}, LABELS)
    assert written.pull(store).tables["claims"] == {
        "read": 2,
        "kept": 1,
        "duplicate": 0,
        "quarantined": 1,
    }
    assert written.quarantine(store) == [
        (t, "ids.csv:2", "float_id", f'["{value}","human"]') for t in ("accounts", "claims")
    ]


def test_ids_that_are_json_numbers(written, store):
    content = (
        b'[{"id": 12345678901234567890, "l": "bot"}, {"id": 1.23E+17, "l": "bot"}, {"id": "007",'
        b' "l": "human"}]'
    )
    written({"ids.json": content}, {"accounts": {"account_id": "id"}, "claims": {"answer": "l"}})
    written.pull(store)
    assert [r[2] for r in written.quarantine(store)] == ["float_id", "float_id"]
    ids = store.connection.execute(
        "SELECT account_id FROM lake.main.accounts ORDER BY 1"
    ).fetchall()
    assert ids == [("007",), ("12345678901234567890",)]


def test_saturated_ids_on_many_rows(pulled):
    content = b"1,bot\n" + b"2147483648,bot\n" * 5 + b"2,human\n" + b"2147483647,human\n"
    done, document = pulled({"ids.csv": content}, LABELS, code=1)
    # One account may well have such an id; five rows cannot.
    assert document["tables"]["claims"] == {"read": 8, "kept": 3, "duplicate": 0, "quarantined": 5}
    assert document["quarantine"] == [
        {"table": t, "reason": "saturated_id", "rows": 5, "first": "ids.csv:2"}
        for t in ("accounts", "claims")
    ]
    assert "5 of 8 rows" in done.stderr


def test_one_key_with_the_same_and_with_other_content(written, store):
    written({"people.csv": b"id,handle,bio\n1,a,x\n1,a,x\n1,a,y\n2,b,\n"}, PEOPLE)
    result = written.pull(store)
    assert result.tables["accounts"] == {"read": 4, "kept": 2, "duplicate": 1, "quarantined": 1}
    assert written.quarantine(store) == [
        ("accounts", "people.csv:3", "key_conflict", '["1","a","y"]')
    ]


def test_another_time_is_another_observation(written, store):
    options = {"accounts": {"account_id": "id", "observed_at": "seen", "bio": "bio"}}
    written(
        {"people.csv": b"id,seen,bio\n1,2020-01-01,x\n1,2020-01-02,y\n1,2020-01-02,z\n"}, options
    )
    assert written.pull(store).tables["accounts"] == {
        "read": 3,
        "kept": 2,
        "duplicate": 0,
        "quarantined": 1,
    }


def test_a_key_that_the_store_has_with_other_content(written, store):
    written({"people.csv": b"id,handle,bio\n1,a,x\n2,b,y\n"}, PEOPLE).pull(store)
    second = written({"people.csv": b"id,handle,bio\n1,a,x\n2,b,other\n3,c,z\n"}, PEOPLE).pull(
        store
    )
    assert second.tables["accounts"] == {"read": 3, "kept": 1, "duplicate": 1, "quarantined": 1}
    assert written.quarantine(store) == [
        ("accounts", "people.csv:2", "key_conflict", '["2","b","other"]')
    ]


def test_several_date_formats_in_one_column(written, store):
    told = {
        "2013-04-09T20:22:46Z": "2013-04-09 20:22:46",
        "2013-04-09 20:22:46": "2013-04-09 20:22:46",
        "2013-04-09": "2013-04-09 00:00:00",
        "Tue Apr 09 20:22:46 +0000 2013": "2013-04-09 20:22:46",
        "2013-04-09T22:22:46+02:00": "2013-04-09 20:22:46",
        "2013-04-09 22:22:46 +0200": "2013-04-09 20:22:46",
        "1365538966": "2013-04-09 20:22:46",
        "1365538966.25": "2013-04-09 20:22:46.25",
        "1365538966250": "2013-04-09 20:22:46.25",
        "2013-04-09 20:22:46.123456 UTC": "2013-04-09 20:22:46.123456",
    }
    bad = [
        "09/04/2013",
        "04/09/13 8:22 PM",
        "yesterday",
        "2013-02-30",
        "Tue Apr 31 20:22:46 +0000 2013",
        "12345",
        "2013",
        "0",
    ]
    lines = [f"{i},{t}" for i, t in enumerate([*told, *bad])]
    written(
        {"people.csv": ("id,made\n" + "\n".join(lines)).encode()},
        {"accounts": {"account_id": "id", "created_at": "made"}},
    )
    assert written.pull(store).tables["accounts"]["quarantined"] == len(bad)
    times = store.connection.execute(
        "SELECT (created_at AT TIME ZONE 'UTC')::VARCHAR FROM lake.main.accounts ORDER BY"
        " account_id::INT"
    ).fetchall()
    assert [t for (t,) in times] == list(told.values())
    assert {r[2] for r in written.quarantine(store)} == {"bad_time"}


def test_a_card_may_name_the_only_forms_of_a_time(written, store):
    options = {
        "accounts": {
            "account_id": "id",
            "created_at": {"column": "made", "time": "%d/%m/%Y %H:%M", "zone": "Europe/Rome"},
        }
    }
    written({"people.csv": b"id,made\n1,09/04/2013 20:22\n2,2013-04-09\n3,\n"}, options)
    assert written.pull(store).tables["accounts"] == {
        "read": 3,
        "kept": 2,
        "duplicate": 0,
        "quarantined": 1,
    }
    found = store.connection.execute(
        "SELECT account_id, epoch(created_at) FROM lake.main.accounts ORDER BY 1"
    ).fetchall()
    assert found == [("1", 1365531720.0), ("3", None)]  # 18:22 UTC, summer time in Rome
    assert written.quarantine(store) == [
        ("accounts", "people.csv:2", "bad_time", '["2","2013-04-09"]')
    ]


def test_nul_bytes(pulled):
    _, document = pulled(
        {"people.csv": b"id,handle,bio\n1,a,x\x00y\n2\x00,b,z\n3,c,w\n"}, PEOPLE, code=1
    )
    assert document["tables"]["accounts"] == {
        "read": 3,
        "kept": 1,
        "duplicate": 0,
        "quarantined": 2,
    }
    assert document["quarantine"] == [
        {"table": "accounts", "reason": "nul_byte", "rows": 2, "first": "people.csv:1"}
    ]


def test_nul_bytes_of_a_row_that_cannot_be_parsed_either(written, store):
    written({"people.csv": b"id,handle,bio\n1,a,x\x00y,z\n2,b,\n"}, PEOPLE).pull(store)
    assert written.quarantine(store) == [
        ("accounts", "people.csv:1", "ragged_row", "1,a,x\\u0000y,z")
    ]


def test_a_card_may_have_nul_bytes_written_as_a_symbol(written, store):
    written(
        {"people.csv": b"id,handle,bio\n1,a,x\x00y\n2,b,z\n"}, {**PEOPLE, "nul": "symbol"}
    ).pull(store)
    found = store.connection.execute(
        "SELECT bio, extra['nul_bytes'] FROM lake.main.accounts ORDER BY account_id"
    ).fetchall()
    assert found == [("x␀y", "written as U+2400"), ("z", None)]


def test_mixed_encodings(pulled):
    content = (
        "id,handle,bio\n1,a,caffè\n".encode()
        + "2,b,caffè\n".encode("latin-1")
        + b'3,c,"two\nlines \xff"\n4,d,z\n'
    )
    _, document = pulled({"people.csv": content}, PEOPLE, code=1)
    assert document["tables"]["accounts"] == {
        "read": 4,
        "kept": 2,
        "duplicate": 0,
        "quarantined": 2,
    }
    assert document["quarantine"] == [
        {"table": "accounts", "reason": "bad_encoding", "rows": 2, "first": "people.csv:2"}
    ]


def test_the_raw_row_shows_the_bytes_that_are_no_text(written, store):
    content = b"id,handle,bio\n1,a,x\n2,b,caff\xe8\n" + b'3,c,"two\nlines \xff"\n'
    for zipped in ((), ("people.csv",)):
        written({"people.csv": content}, PEOPLE, id="made" + str(len(zipped)), zipped=zipped).pull(
            store
        )
    assert {r[3] for r in written.quarantine(store)} == {"2,b,caff\\xe8", '3,c,"two\nlines \\xff"'}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "„Größe“ – 5 €"),
        ("latin-1", "señor ÿ"),
        ("utf-16", "Ω 漢"),
        ("shift_jis", "日本"),
    ],
)
def test_other_encodings(written, store, encoding, text):
    written(
        {"people.csv": f"id,handle,bio\n1,a,{text}\n".encode(encoding)},
        {**PEOPLE, "encoding": encoding},
    ).pull(store)
    assert store.connection.execute("SELECT bio FROM lake.main.accounts").fetchall() == [(text,)]


def test_bytes_that_the_named_encoding_lacks(written, store):
    written(
        {"people.csv": b"id,handle,bio\n1,a,\x80\n2,b,\x81\n"}, {**PEOPLE, "encoding": "cp1252"}
    ).pull(store)
    assert store.connection.execute("SELECT bio FROM lake.main.accounts").fetchall() == [("€",)]
    assert written.quarantine(store) == [("accounts", "people.csv:2", "bad_encoding", "2,b,\\x81")]


def test_an_encoding_that_does_not_exist(pulled):
    done, _ = pulled({"people.csv": ROWS}, {**PEOPLE, "encoding": "utf-9"}, code=2)
    assert "There is no encoding 'utf-9'" in sentence(done)


def test_a_header_shorter_than_its_rows(pulled):
    _, document = pulled({"people.csv": b"id,handle,bio\n" + b"1,a,x,y\n" * 7}, PEOPLE, code=1)
    assert document["tables"]["accounts"] == {
        "read": 7,
        "kept": 0,
        "duplicate": 0,
        "quarantined": 7,
    }
    assert document["quarantine"] == [
        {"table": "accounts", "reason": "ragged_row", "rows": 7, "first": "people.csv:1"}
    ]


@pytest.mark.parametrize(
    "content", [b"id,handle,bio\n", b"id,handle,bio", b"id,handle,bio\r\n\r\n"]
)
def test_a_header_only(pulled, content):
    done, _ = pulled({"people.csv": content}, PEOPLE, code=2)
    assert "people.csv holds no rows, only a header" in sentence(done)


@pytest.mark.parametrize(
    "name", ["people.csv", "people.json", "people.jsonl", "people.parquet", "ids.txt"]
)
@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_file(written, store, name, content):
    format = "id-list" if name == "ids.txt" else "tabular"
    written({name: content}, {} if format == "id-list" else PEOPLE, format=format)
    with pytest.raises(UserError, match=name):
        written.pull(store)
    assert store.head() == 1


def test_an_empty_file_on_the_command_line(pulled):
    done, _ = pulled({"people.csv": b""}, PEOPLE, code=2)
    assert "people.csv is empty: expected a header and rows" in sentence(done)


def test_a_bio_of_10_mb(pulled, cli):
    bio = "é" * 5_000_000 + ",\n"
    _, document = pulled({"people.csv": f'id,handle,bio\n1,a,"{bio}"\n2,b,y\n'.encode()}, PEOPLE)
    assert document["tables"]["accounts"] == {
        "read": 2,
        "kept": 2,
        "duplicate": 0,
        "quarantined": 0,
    }
    from curation.store.store import Store

    with Store(cli.cwd / "store") as store:
        assert store.connection.execute(
            "SELECT bio FROM lake.main.accounts WHERE account_id = '1'"
        ).fetchall() == [(bio,)]


def test_a_row_over_the_limit_is_set_aside(written, store, monkeypatch):
    monkeypatch.setattr("curation.ingest.reading.text.LINE", 1 << 16)
    written({"people.csv": b"id,handle,bio\n1,a," + b"x" * 100_000 + b"\n2,b,y\n"}, PEOPLE)
    assert written.pull(store).tables["accounts"] == {
        "read": 2,
        "kept": 1,
        "duplicate": 0,
        "quarantined": 1,
    }
    assert written.quarantine(store)[0][1:3] == ("people.csv:1", "line_too_long")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("file", "../escape.csv"), ("file", "/tmp/escape.csv"), ("link", "1.csv"), ("hard", "1.csv")],
)
def test_a_tar_that_would_write_elsewhere(pulled, tmp_path, kind, name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        if kind == "file":
            member.size = 10
            tar.addfile(member, io.BytesIO(b"time,tweet"))
        else:
            member.type, member.linkname = (
                (tarfile.SYMTYPE if kind == "link" else tarfile.LNKTYPE),
                "/etc/passwd",
            )
            tar.addfile(member)
    done, _ = pulled(
        {"posts.tar.gz": out.getvalue()},
        {"columns": {"created_at": "time", "text": "tweet"}},
        code=2,
        format="tar-posts",
    )
    assert "posts.tar.gz" in sentence(done)
    assert not (tmp_path / "escape.csv").exists()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("followers", "12x", "bad_count"),
        ("followers", "-1", "bad_count"),
        ("followers", "1.5", "bad_count"),
        ("followers", "1,2K", "bad_count"),
        ("followers", "9223372036854775808", "bad_count"),
        ("verified", "maybe", "bad_flag"),
        ("created_at", "soon", "bad_time"),
        ("account_id", " 7", "blank_in_id"),
        ("account_id", "", "missing_id"),
        ("status", "vanished", "unknown_word"),
    ],
)
def test_values_that_are_not_of_their_column(written, store, field, value, reason):
    options = {
        "separator": ";",
        "accounts": {
            "account_id": "account_id",
            **({field: field} if field != "account_id" else {}),
        },
    }
    header, row = (
        ("account_id", value) if field == "account_id" else (f"account_id;{field}", f"1;{value}")
    )
    written({"people.csv": f"{header}\n{row}\n".encode()}, {**options, "skip_lines": 0})
    if value == "":
        written({"people.csv": b"account_id;x\n;1\n"}, options)
    assert written.pull(store).tables["accounts"] == {
        "read": 1,
        "kept": 0,
        "duplicate": 0,
        "quarantined": 1,
    }
    assert written.quarantine(store)[0][2] == reason


def test_values_that_are_of_their_column(written, store):
    rows = b"id,n,v\n1,12.0,True\n2,,1\n3,0,no\n4, ,\n5,+7,F\n"
    written(
        {"people.csv": rows}, {"accounts": {"account_id": "id", "followers": "n", "verified": "v"}}
    )
    assert written.pull(store).tables["accounts"]["kept"] == 5
    assert store.connection.execute(
        "SELECT followers, verified FROM lake.main.accounts ORDER BY account_id"
    ).fetchall() == [(12, True), (None, True), (0, False), (None, None), (7, False)]


def test_an_answer_without_a_code(pulled):
    options = {
        **LABELS,
        "claims": {"answer": {"column": "label", "codes": {"spam": "bot", "ham": "human"}}},
    }
    _, document = pulled({"ids.csv": b"1,spam\n2,ham\n3,eggs\n4,\n"}, options, code=1)
    assert document["claims"] == {"dataset": {"bot": 1, "human": 1}}
    assert [(q["reason"], q["first"]) for q in document["quarantine"]] == [
        ("missing_answer", "ids.csv:4"),
        ("unknown_answer", "ids.csv:3"),
    ]


def test_text_is_kept_exactly(written, store):
    bios = [
        "NA",
        "null",
        "None",
        "NaN",
        "",
        " two  blanks ",
        'he said "hi"',
        "a\nb\r\nc",
        "tab\there",
        "1e5",
        "0012",
        "#N/A",
        "\u202eleft",
        "e\u0301",
    ]
    handles = ["null", "NA", "007"] + [f"h{i}" for i in range(len(bios) - 3)]
    import csv

    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [
            ("id", "handle", "bio"),
            *zip((f"{i:04}" for i in range(len(bios))), handles, bios, strict=True),
        ]
    )
    written({"people.csv": out.getvalue().encode()}, PEOPLE).pull(store)
    found = store.connection.execute(
        "SELECT account_id, handle, bio FROM lake.main.accounts ORDER BY 1"
    ).fetchall()
    assert found == [(f"{i:04}", h, b) for i, (h, b) in enumerate(zip(handles, bios, strict=True))]


def test_words_that_the_card_lists_say_nothing(written, store):
    options = {
        "nulls": ["NULL"],
        "accounts": {
            "account_id": "id",
            "handle": {"column": "handle", "literal": True},
            "bio": "bio",
        },
    }
    written({"people.csv": b"id,handle,bio,more\n1,NULL,NULL,NULL\n2,b,null,x\n"}, options).pull(
        store
    )
    found = store.connection.execute(
        "SELECT handle, bio, extra::JSON::VARCHAR FROM lake.main.accounts ORDER BY account_id"
    ).fetchall()
    assert found == [("NULL", None, "{}"), ("b", "null", '{"more":"x"}')]


@pytest.mark.parametrize(
    ("content", "kept", "reasons"),
    [
        (b"id,handle,bio\r\n1,a,x\r\n2,b,y\n3,c,z\r\n", 3, []),
        (b"id,handle,bio\n1,a,x\ry\n2,b,y\n", 1, ["bad_line_end"]),
        (b"id,handle,bio\n\n1,a,x\n\n2,b,y,z\n\n3,c,z\n", 2, ["ragged_row"]),
        (b'id,handle,bio\n1,a,"x"y\n2,b,y\n', 1, ["bad_quote"]),
        (b'id,handle,bio\n1,a,x\n2,b,"never closed\n3,c,z\n', 1, ["bad_quote"]),
        (b'id,handle,"b\rio"\n1,a,"x\ry"\n', 1, []),
        (b"id,handle,bio\r1,a,x\r2,b,y", 2, []),
        (b"\xef\xbb\xbfid,handle,bio\n1,a,x\n", 1, []),
    ],
)
def test_lines_and_quotes(written, store, content, kept, reasons):
    options = (
        {"accounts": {"account_id": "id", "handle": "handle"}} if b"b\rio" in content else PEOPLE
    )
    written({"people.csv": content}, options)
    counts = written.pull(store).tables["accounts"]
    assert (counts["kept"], counts["quarantined"]) == (kept, len(reasons))
    assert [r[2] for r in written.quarantine(store)] == reasons


def test_rows_keep_their_numbers_around_bad_ones(written, store):
    good = {i: f"{i},h{i},b" for i in range(1, 4001)}
    bad = {7: "7,x,y,z", 8: "8", 2100: '2100,"q"q,b', 4000: "4000,a"}
    content = "id,handle,bio\n" + "\n".join({**good, **bad}[i] for i in sorted(good)) + "\n"
    for name, text in (("plain", content), ("blank", content.replace("\n5,", "\n\n5,"))):
        written(
            {"people.csv": text.encode()},
            {"accounts": {"account_id": {"row": "account"}, "handle": "handle"}},
            id=name,
        )
        assert written.pull(store).tables["accounts"] == {
            "read": 4000,
            "kept": 3996,
            "duplicate": 0,
            "quarantined": 4,
        }
        wrong = store.connection.execute(
            "SELECT count(*) FROM lake.main.accounts WHERE dataset = ? AND account_id <> 'people:'"
            " || handle[2:]",
            [name],
        ).fetchall()
        assert wrong == [(0,)]
    rows = store.connection.execute(
        'SELECT DISTINCT "row" FROM lake.main.quarantine ORDER BY 1'
    ).fetchall()
    assert [r for (r,) in rows] == [
        "people.csv:2100",
        "people.csv:4000",
        "people.csv:7",
        "people.csv:8",
    ]


def test_a_refused_pull_leaves_no_version(written, store):
    written({"people.csv": ROWS, "more.json": b"[{"}, PEOPLE)
    with pytest.raises(UserError):
        written.pull(store)
    assert store.head() == 1 and not list((store.home / "tmp").glob("pull-*"))


def test_the_limit_of_what_may_be_set_aside(pulled, written, cli):
    rows = b"id,handle,bio\n" + b"".join(b"%d,a,b\n" % i for i in range(199)) + b"x,y\n"
    _, document = pulled({"people.csv": rows}, PEOPLE, code=0)
    assert document["tables"]["accounts"]["quarantined"] == 1
    again = cli(
        "pull", written.card, "--from", written.folder, "--quarantine-limit", "0.001", code=1
    )
    assert "1 of 200 rows for accounts were set aside, more than 0.10 %" in again.stderr
    shown = json.loads(cli("quarantine", "made", "--json").stdout)
    assert shown["rows"] == [
        {
            "table": "accounts",
            "row": "people.csv:200",
            "reason": "ragged_row",
            "message": "the row has another number of fields than the header: expected 3, found 2",
            "raw": "x,y",
        }
    ]
