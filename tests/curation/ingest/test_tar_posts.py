"""Posts as one CSV an account inside a tar."""

import csv
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.core.errors import UserError
from curation.ingest.reading import tar as _tar

COLUMNS = {"post_id": "tid", "created_at": "time", "text": "tweet"}
HEADER = b"tid,time,tweet\r\n"


def tar(members, mode="w:gz"):
    """A tar of (name, content) in memory."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def rows(store, query):
    return store.connection.execute(query).fetchall()


def pull(written, store, members, mode="w:gz", **options):
    name = "posts.tar.gz" if mode.endswith("gz") else "posts.tar"
    return written(
        {name: tar(members, mode)}, {"columns": COLUMNS, **options}, format="tar-posts"
    ).pull(store)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_quoted_text_over_lines_is_kept_exactly(written, store, mode):
    text = 'says ""no"",\r\n\r\n  twice\t'
    content = (
        HEADER
        + b'1,Tue Apr 09 20:22:46 +0000 2013,"'
        + text.encode()
        + b'"\r\n2,2013-04-09 20:22:46,plain\r\n'
    )
    result = pull(
        written,
        store,
        [("d/b_77.csv", content), ("d/b_78.csv", HEADER), ("d/readme.txt", b"x")],
        mode,
        account="b_([0-9]+)",
    )
    assert result.tables["posts"] == {"read": 2, "kept": 2, "duplicate": 0, "quarantined": 0}
    assert rows(
        store,
        "SELECT post_id, account_id, text, created_at::VARCHAR, kind, hashtags FROM lake.main.posts"
        " ORDER BY 1",
    ) == [
        ("1", "77", text.replace('""', '"'), "2013-04-09 20:22:46+00", None, None),
        ("2", "77", "plain", "2013-04-09 20:22:46+00", None, None),
    ]


def test_without_ids_a_post_is_known_by_where_it_stood(written, store):
    content = (
        b"time,tweet,likes,app\n2010-01-02 03:04:05,same,4,phone\n2010-01-02 03:04:05,same,,\n"
    )
    written(
        {"p.tar": tar([("x/7.csv", content), ("x/8.csv", content)], "w")},
        {"columns": {"created_at": "time", "text": "tweet", "likes": "likes"}},
        format="tar-posts",
    ).pull(store)
    assert rows(
        store, "SELECT post_id, account_id, likes, extra FROM lake.main.posts ORDER BY 1"
    ) == [
        ("x/7.csv:1", "7", 4, {"app": "phone"}),
        ("x/7.csv:2", "7", None, {}),
        ("x/8.csv:1", "8", 4, {"app": "phone"}),
        ("x/8.csv:2", "8", None, {}),
    ]


def test_what_the_text_says_where_asked(written, store):
    pull(
        written,
        store,
        [("7.csv", HEADER + b'1,2010-01-02 03:04:05,"RT @A_b: #tag https://t.co/x"\n')],
        from_text=True,
    )
    assert rows(
        store, "SELECT kind, ref_account_id, hashtags, mentions, urls, text FROM lake.main.posts"
    ) == [("repost", "@a_b", ["tag"], ["A_b"], ["https://t.co/x"], "RT @A_b: #tag https://t.co/x")]


def test_a_form_of_time_of_its_own(written, store):
    pull(
        written,
        store,
        [("7.csv", HEADER + b"1,09/04/2013 20.22,x\n2,yesterday,y\n")],
        time_format="%d/%m/%Y %H.%M",
    )
    assert rows(store, "SELECT created_at::VARCHAR FROM lake.main.posts") == [
        ("2013-04-09 20:22:00+00",)
    ]
    assert [r for _, _, r, _ in written.quarantine(store)] == ["bad_time"]


def test_a_broken_member_spoils_no_other(written, store):
    members = [
        ("1.csv", HEADER + b"1,2010-01-02 03:04:05,one\n"),
        ("2.csv", HEADER + b'2,2010-01-02 03:04:05,"never ends\n3,2010-01-02 03:04:05,lost\n'),
        (
            "3.csv",
            HEADER + b"4,2010-01-02 03:04:05,four\n5,2010-01-02 03:04:05,too,many\n6,2010-01-02"
            b" 03:04:05,six\n",
        ),
        ("4.csv", b""),
        ("5.csv", HEADER + b"7,2010-01-02 03:04:05,\xff\xfe\n8,2010-01-02 03:04:05,eight"),
        ("6.csv", b"tweet,tid,time\nnine,9,2010-01-02 03:04:05\n"),
    ]
    result = pull(written, store, members)
    assert rows(store, "SELECT post_id, account_id, text FROM lake.main.posts ORDER BY 1") == [
        ("1", "1", "one"),
        ("4", "3", "four"),
        ("6", "3", "six"),
        ("8", "5", "eight"),
        ("9", "6", "nine"),
    ]
    assert sorted((row, reason) for _, row, reason, _ in written.quarantine(store)) == [
        ("posts.tar.gz/2.csv:0", "bad_quote"),
        ("posts.tar.gz/3.csv:2", "ragged_row"),
        ("posts.tar.gz/4.csv:0", "empty_file"),
        ("posts.tar.gz/5.csv:1", "bad_encoding"),
    ]
    assert result.tables["posts"] == {"read": 9, "kept": 5, "duplicate": 0, "quarantined": 4}
    good = rows(store, "SELECT raw FROM lake.main.quarantine WHERE reason = 'ragged_row'")
    assert good == [("5,2010-01-02 03:04:05,too,many",)]


def test_a_lone_quote_inside_a_field_is_text(written, store):
    pull(
        written,
        store,
        [
            ("1.csv", HEADER + b'1,2010-01-02 03:04:05,6" tall\n'),
            ("2.csv", HEADER + b"2,2010-01-02 03:04:05,next\n"),
        ],
    )
    assert rows(store, "SELECT text FROM lake.main.posts ORDER BY post_id") == [
        ('6" tall',),
        ("next",),
    ]


def test_latin_1(written, store):
    pull(
        written,
        store,
        [("1.csv", HEADER + "1,2010-01-02 03:04:05,perché\n".encode("latin-1"))],
        encoding="latin-1",
    )
    assert rows(store, "SELECT text FROM lake.main.posts") == [("perché",)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.CHRTYPE, "device")],
)
def test_links_and_devices_are_refused(written, store, kind, name):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        info = tarfile.TarInfo("7.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(UserError, match=name):
        written({"p.tar": held.getvalue()}, {"columns": COLUMNS}, format="tar-posts").pull(store)


@pytest.mark.parametrize("name", ["../7.csv", "a/../../7.csv", "/7.csv"])
def test_paths_out_of_the_tar_are_refused(written, store, name):
    with pytest.raises(UserError, match="leads out of the tar"):
        pull(written, store, [(name, HEADER)])


def test_a_truncated_tar_is_one_sentence(written, store):
    whole = tar([("7.csv", HEADER + b"x" * 20_000)], "w")
    with pytest.raises(UserError, match="not a whole tar"):
        written({"p.tar": whole[:8000]}, {"columns": COLUMNS}, format="tar-posts").pull(store)


def test_mistakes_on_the_card_are_sentences(written, store):
    with pytest.raises(UserError, match="no column when"):
        pull(
            written,
            store,
            [("7.csv", HEADER + b"1,2010-01-02 03:04:05,x\n")],
            columns=COLUMNS | {"created_at": "when"},
        )
    with pytest.raises(UserError, match="one group"):
        pull(written, store, [("7.csv", HEADER)], account="[0-9]+")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(TEXT, max_size=4), min_size=1, max_size=5))
def test_many_members_parsed_together_are_those_parsed_by_the_csv_module(texts):
    """Whatever Python's csv writer wrote comes back, with its member and its row."""
    form = _tar.Form("(.*)", "*.csv", ",", "utf-8")
    chunk = _tar.Chunk()
    for i, some in enumerate(texts):
        held = io.StringIO(newline="")
        csv.writer(held, quoting=csv.QUOTE_ALL).writerows([str(j), t] for j, t in enumerate(some))
        chunk.names.append(f"{i}.csv")
        chunk.accounts.append(str(i))
        chunk.bodies.append(held.getvalue().encode())
    table = _tar._parse_together(("n", "t"), chunk, form)
    found = (
        []
        if table is None
        else [(r["account"], r["row"], r["c0"], r["c1"].decode()) for r in table.to_pylist()]
    )
    assert found == [
        (str(i), j + 1, str(j).encode(), t)
        for i, some in enumerate(texts)
        for j, t in enumerate(some)
    ]
