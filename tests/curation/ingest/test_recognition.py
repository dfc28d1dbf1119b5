"""Files without a card: recognised by their content, whatever their name, packing or folder."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.api.pull import choose
from botbench.core.errors import UserError
from botbench.untrusted import json_items
from curation.ingest import cards, packings
from curation.ingest.recognition.head import look_at
from curation.ingest.recognition.recognise import recognise, slug
from curation.ingest.sources import FORMATS

COMMENT = {
    "id": "c1", "author": "ann", "body": "hi", "link_id": "t3_x", "parent_id": "t3_x",
    "subreddit": "s", "created_utc": 1704067200,
}  # fmt: skip
LINES = "\n".join(json.dumps(COMMENT | {"id": f"c{i}"}) for i in range(3)).encode()


def tar(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def zstd(content):
    """As dumps of Reddit are: with the longest window."""
    parameters = zstandard.ZstdCompressionParameters(window_log=31, compression_level=1)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(content)


PACKED = {
    "plain": LINES,
    "gzip": gzip.compress(LINES),
    "bzip2": bz2.compress(LINES),
    "xz": lzma.compress(LINES),
    "zstd": zstd(LINES),
    "zip": zipped(inner=LINES),
    "tar": tar(inner=LINES),
    "tar.gz": gzip.compress(tar(inner=LINES)),
    "tar.zst": zstd(tar(inner=LINES)),
}


@pytest.mark.parametrize("packing", PACKED)
def test_every_packing_is_read(recognised, tmp_path, packing):
    (tmp_path / "RC_2024-01").write_bytes(PACKED[packing])
    made = recognised(tmp_path / "RC_2024-01")
    assert made.found.format == "reddit" and made.counts == {"accounts": 1, "posts": 3}


@pytest.mark.parametrize("packing", [p for p in PACKED if p not in ("plain", "zip", "tar")])
def test_a_packed_file_that_is_cut_is_a_sentence(tmp_path, packing):
    (tmp_path / "a").write_bytes(PACKED[packing][:-12])
    with pytest.raises(UserError, match=r"broken (gzip|bzip2|xz|zstd|archive)|no format|no file"):
        recognise(tmp_path / "a")


FRAMES = zstandard.ZstdCompressor(write_checksum=True)
SKIPPABLE = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"any"


@pytest.mark.parametrize("kept", [0.3, 0.9, -1])
@pytest.mark.parametrize(
    "packed",
    [
        zstd(LINES * 2_000),
        FRAMES.compress(LINES * 2_000) + SKIPPABLE + FRAMES.compress(LINES * 2_000),
        FRAMES.compress(b"x" * 900_000),
    ],
    ids=["long window", "two frames with checksums", "repeated bytes"],
)
def test_zstd_that_is_cut_between_two_lines_is_no_shorter_file(tmp_path, packed, kept):
    """The decoder gives what is there and says nothing."""
    cut = packed[: int(len(packed) * kept) if kept > 0 else kept]
    (tmp_path / "RC.zst").write_bytes(cut)
    with pytest.raises(UserError, match=r"is a broken zstd file \(it ends before its last frame"):
        recognise(tmp_path / "RC.zst")
    (tmp_path / "RC.zst").write_bytes(packed)
    assert packings.is_whole(tmp_path / "RC.zst")


def test_the_files_of_a_folder(recognised, tmp_path):
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "RC.jsonl").write_bytes(LINES)
    (folder / "a.zip").write_bytes(zipped(**{"x/y.json": LINES.replace(b'"id": "c', b'"id": "d')}))
    (folder / "notes.md").write_text("# words")
    (folder / ".hidden").write_bytes(LINES)
    made = recognised(folder)
    assert [f.file for f in made.found.files] == ["a.zip/x/y.json", "sub/RC.jsonl"]
    assert made.found.passed_over == ("notes.md",)
    assert made.found.card.id == "mine" and made.count("posts") == 6


def test_a_folder_of_several_networks(recognised, tmp_path):
    """Each account is of the network of its file, whatever comes first."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(LINES)
    (folder / "b.json").write_text(
        json.dumps({"id_str": "7", "screen_name": "ann", "followers_count": 5, "statuses_count": 1})
    )
    (folder / "c.csv").write_text("account_id,followers\n8,1\n")
    made = recognised(folder)
    assert made.found.format == "reddit, twitter-v1-json, tabular"
    assert made.rows("SELECT account_id, platform FROM pull_accounts ORDER BY 1") == [
        ("7", "twitter"), ("8", "reddit"), ("ann", "reddit"),
    ]  # fmt: skip


def test_a_name_with_signs_of_a_pattern(recognised, tmp_path):
    (tmp_path / "posts [1]*.json").write_bytes(LINES)
    assert recognised(tmp_path / "posts [1]*.json").count("posts") == 3


def test_the_card_that_is_written_is_a_good_card(tmp_path):
    (tmp_path / "RC.jsonl").write_bytes(LINES)
    found = recognise(tmp_path / "RC.jsonl", "mine")
    (tmp_path / "mine.yaml").write_text(found.written())
    assert cards.check(tmp_path / "mine.yaml") == []
    assert cards.load(tmp_path / "mine.yaml") == found.card


def test_what_no_format_knows_is_a_sentence(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"colour,size\nred,1\n")
    with pytest.raises(
        UserError, match=r"a\.csv has no format .* with: colour, size\. Write a card"
    ):
        recognise(tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"There is no file or folder"):
        recognise(tmp_path / "none")


def test_the_command_line(cli, tmp_path):
    """The contract of `pull FILE --json`; the written card gives the same pull."""
    (tmp_path / "RC.jsonl").write_bytes(LINES)
    done = cli(
        "pull", tmp_path / "RC.jsonl", "--as", "mine", "--write-card", "--json", cwd=tmp_path
    )
    document = json.loads(done.stdout)
    assert document["format"] == {"name": "reddit", "sure": 0.97}
    assert document["card"] == str(tmp_path / "mine.yaml") and document["posts"] == 3
    again = cli("pull", document["card"], "--from", tmp_path, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["unchanged"]


def test_a_table_without_a_platform_is_said_to_be_of_which(cli, tmp_path):
    """Whoever pulls a table beside posts of a network hears which network its accounts are of."""
    table = tmp_path / "a.csv"
    table.write_text("account_id,followers\n8,1\n")
    said = "Note: No column of a.csv says the platform, so it is taken to be {}; --platform says"
    assert said.format("unknown") in cli("pull", table, "--as", "one").stderr
    named = cli("pull", table, "--as", "two", "--platform", "vk").stderr
    assert "says the platform" not in named
    (tmp_path / "b.jsonl").write_bytes(LINES)
    assert said.format("reddit") in cli("pull", tmp_path, "--as", "both").stderr
    table.write_text("account_id,platform\n8,vk\n")
    assert "says the platform" not in cli("pull", table, "--as", "three").stderr


def test_the_folder_one_stands_in_is_called_by_its_name(monkeypatch, tmp_path):
    folder = tmp_path / "My posts"
    (folder / "below").mkdir(parents=True)
    (folder / "RC.jsonl").write_bytes(LINES)
    for here, where in ((".", folder), ("..", folder / "below")):
        monkeypatch.chdir(where)
        card = choose(here, None, None, None).card
        assert (card.id, card.title) == ("my-posts", "My posts")


def test_the_command_told_as_next_draws_the_accounts_that_are_there(cli, tmp_path):
    (tmp_path / "few.jsonl").write_bytes(LINES)
    said = cli("pull", "few.jsonl").stderr
    assert said.rstrip().endswith("Next: botbench sample few --n 1.")
    assert cli.json("sample", "few", "--n", "1")["size"] == 1
    refused = cli("sample", "few", "--again", code=2).stderr
    assert "1 can be drawn; ask for fewer (--n 1, or n=1 in the design)" in refused


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "lines"),
        (b'\xef\xbb\xbf[{"a": 1}]', "array"),
        (b'{\n "a": [1, 2]\n}\n', "document"),
        (b'window.YTD.tweets.part0 = [ {"tweet": {}} ]', "script"),
        (b"a;b\n1;2\n", "table"),
        (b"PAR1xx", "binary"),
    ],
)
def test_heads(content, form):
    assert look_at("x", content, cut=False).form == form


def test_ids_of_data_sets():
    assert [slug(Path(n)) for n in ("RC_2024-01.zst", "Ünï (2).csv", "..", "a.b.c")] == [
        "rc_2024-01", "n-2", "files", "a"
    ]  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_items_of_an_array_come_whole_at_any_chunk(monkeypatch, chunk):
    """Brackets, quotes and backslashes within texts do not count."""
    monkeypatch.setattr(json_items, "CHUNK", chunk)
    items = [{"a": 'x]\\"{', "b": [1, {"c": "\\\\"}]}, {"k": "\ud83d"}, [1], {}]
    document = {"data": {"users": items, "x": [1]}, "m": {"users": [9]}}
    for content, member in ((items, ()), (document, ("data", "users"))):
        stream = io.BytesIO(json.dumps(content, indent=1).encode())
        assert [json.loads(i) for i in json_items.items(stream, "x", member)] == items


@pytest.mark.parametrize(
    ("name", "content", "format", "counts"),
    [
        (
            "a.csv",
            b"account_id;followers;answer\r\n1;5;bot\n2;6;\r\n",
            "tabular",
            {"accounts": 2, "claims": 1},
        ),
        (
            "b.jsonl",
            b'{"account_id": "1", "post_id": "9", "text": "a", "followers": 3}\n'
            b'{"account_id": "1", "post_id": "8", "text": "b", "followers": 4}\n',
            "tabular",
            {"accounts": 1, "posts": 2},
        ),
        (
            "c.csv",
            b"id,screen_name,followers_count,friends_count,statuses_count\n1,a,2,3,4\n",
            "twitter-v1-csv",
            {"accounts": 1},
        ),
        (
            "d.json",
            b'[{"id": "1", "username": "a", "public_metrics": {"followers_count": 3}}]',
            "twitter-v2-json",
            {"accounts": 1},
        ),
    ],
)
def test_tables_and_users(recognised, tmp_path, name, content, format, counts):
    (tmp_path / name).write_bytes(content)
    made = recognised(tmp_path / name)
    assert (made.found.format, made.counts, made.aside) == (format, counts, [])


NAMES = (
    "data", "includes", "meta", "__twarc", "posts", "followers", "feed", "accounts", "messages",
    "type", "chats", "list", "orderedItems", "actor", "source_platform", "item_id", "author",
    "__import_meta", "user", "screen_name", "did", "kind", "time_us", "public_metrics", "ID",
    "account_id", "post_id", "record", "uri", "acct", "id", "text", "account", "postRecords",
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8), max_size=4))
def test_no_format_stumbles_over_a_head(objects):
    """Whatever stands under the names that formats look for."""
    for content in (json.dumps(objects), "\n".join(map(json.dumps, objects))):
        head = look_at("x", content.encode(), cut=False)
        for found in FORMATS.all().values():
            if found.traits.recognise is not None:
                found.traits.recognise(head)


def test_two_files_of_one_account_do_not_contradict_each_other(recognised, tmp_path):
    """Nobody says when they were fetched: the one with most posts is kept, others are duplicates."""
    for name, posts, likes in (("a", 5, 1), ("b", 7, 4), ("c", 6, 2)):
        account = {"id": "1", "acct": "x", "statuses_count": posts}
        status = {"id": "9", "content": "<p>hi</p>", "favourites_count": likes, "account": account}
        (tmp_path / f"{name}.json").write_text(json.dumps([status]))
    made = recognised(tmp_path)
    assert made.rows("SELECT posts_total FROM pull_accounts") == [(7,)]
    assert made.rows("SELECT likes FROM pull_posts") == [(4,)]
    assert made.stage.repeated["accounts"] == made.stage.repeated["posts"] == 2
    assert made.aside == []


MANY = [COMMENT | {"id": f"c{i}", "body": "ä\u2028ö"} for i in range(3)]
FORMS = {
    "lines": "\n".join(json.dumps(c, ensure_ascii=False) for c in MANY),
    "an array": json.dumps(MANY, indent=1, ensure_ascii=False),
    "objects of several lines": "\n".join(json.dumps(c, indent=1) for c in MANY),
    "objects in one line": "".join(json.dumps(c, ensure_ascii=False) for c in MANY),
}
WRITTEN = {
    "UTF-8": lambda text: text.encode(),
    "a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16 without one": lambda text: text.encode("utf-16-le"),
    "UTF-16, big end first": lambda text: text.encode("utf-16-be"),
    "lines that end in CR LF": lambda text: text.replace("\n", "\r\n").encode(),
    "lines that end in CR": lambda text: text.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("form", FORMS)
def test_json_in_every_form_and_encoding(recognised, tmp_path, form, written):
    (tmp_path / "a").write_bytes(WRITTEN[written](FORMS[form]))
    made = recognised(tmp_path / "a")
    assert made.found.format == "reddit" and made.aside == []
    assert made.rows("SELECT post_id, text FROM pull_posts ORDER BY post_id") == [
        (f"t1_c{i}", "ä\u2028ö") for i in range(3)
    ]


def test_half_a_sign_of_utf_16_costs_one_row(recognised, tmp_path):
    lines = [json.dumps(c, ensure_ascii=False) for c in MANY]
    lines[1] = lines[1].replace("ä", "\ud800")
    (tmp_path / "a").write_bytes("\n".join(lines).encode("utf-16-le", "surrogatepass"))
    made = recognised(tmp_path / "a")
    assert made.counts == {"accounts": 1, "posts": 2}
    assert made.aside == [("posts", 2, "bad_json")]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b",account_id,followers\n0,a,5\n1,b,6\n", {}),
        (b"Account_ID,Followers\na,5\nb,6\n", {}),
        ("account_id;followers\na;5\nb;6\n".encode("utf-16"), {"encoding": "utf-16"}),
    ],
    ids=["an index without a name", "capitals", "UTF-16"],
)
def test_tables_as_programs_write_them(recognised, tmp_path, content, options):
    (tmp_path / "a.csv").write_bytes(content)
    made = recognised(tmp_path / "a.csv")
    assert made.rows("SELECT account_id, followers FROM pull_accounts") == [("a", 5), ("b", 6)]
    assert options.items() <= made.found.card.reads[0].options.items() and made.aside == []


@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_called_empty(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.csv is empty\. Get the file again\."):
        recognise(tmp_path / "a.csv")


def test_a_data_frame_as_parquet(recognised, tmp_path):
    import pandas as pd

    frame = pd.DataFrame(
        {"Account_ID": ["a", "b"], "followers": [5, None], "answer": ["bot", None], "more": [1, 2]}
    )
    frame.to_parquet(tmp_path / "a")
    made = recognised(tmp_path / "a")
    assert (made.found.format, made.aside) == ("tabular", [])
    assert made.counts == {"accounts": 2, "claims": 1}
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes()[:-20])
    with pytest.raises(UserError, match=r"b has no format that is known by its content"):
        recognise(tmp_path / "b")


def test_a_table_of_posts_says_when_they_were_written_and_not_when_accounts_were_made(
    recognised, tmp_path
):
    (tmp_path / "a.csv").write_text(
        "post_id,account_id,handle,lang,created_at,text\n"
        "1,a,ann,de,2020-01-01,x\n2,a,ann,en,2020-01-02,y\n3,b,bob,en,not a time,z\n"
    )
    made = recognised(tmp_path / "a.csv")
    assert made.aside == [("posts", 3, "bad_time")]
    found = "SELECT account_id, handle, created_at, lang FROM pull_accounts ORDER BY 1"
    assert made.rows(found) == [("a", "ann", None, None), ("b", "bob", None, None)]
    posts = "SELECT post_id, lang, strftime(created_at, '%Y-%m-%d') FROM pull_posts ORDER BY 1"
    assert made.rows(posts) == [("1", "de", "2020-01-01"), ("2", "en", "2020-01-02")]


def test_a_stray_nul_byte_costs_one_row(recognised, tmp_path):
    (tmp_path / "a.csv").write_bytes("account_id,bio\na,x\0y\nb,é\nc,z\n".encode())
    made = recognised(tmp_path / "a.csv")
    assert made.counts == {"accounts": 2} and made.aside == [("accounts", 1, "nul_byte")]


@pytest.mark.parametrize(
    "content",
    [
        "[]\n",
        '{"records": [], "cursor": "x"}',
        '{"data": [], "meta": {"result_count": 0}}',
        '{"kind": "Listing", "data": {"children": []}}\n{"kind": "Listing", "data": {"children": []}}',
        "strange,header\n",
    ],
)
def test_a_file_without_rows_is_called_so(tmp_path, content):
    (tmp_path / "a").write_text(content)
    with pytest.raises(UserError, match="a holds no rows: an empty list, or a header alone"):
        recognise(tmp_path / "a")


def test_what_is_not_known_is_told_in_words(tmp_path):
    (tmp_path / "a").write_text('{"one": 1, "two": []}\n{"one": 2, "two": [3]}\n')
    told = r"looks like JSON, one object a line, with: one, two\. Write a card"
    with pytest.raises(UserError, match=told):
        recognise(tmp_path / "a")


def test_a_platform_is_for_files_that_say_none(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"created_utc": 1, "subreddit": "s", "body": "x", "id": "a", "author": "b"}\n'
    )
    said = "--platform twitter is for files that say none, such as tables; .* has files of reddit"
    with pytest.raises(UserError, match=said):
        recognise(tmp_path / "a.jsonl", platform="twitter")
    assert recognise(tmp_path / "a.jsonl", platform="reddit").card.platform == "reddit"
    (tmp_path / "t.csv").write_text("account_id,handle,followers\n1,ann,5\n2,ben,6\n")
    assert recognise(tmp_path / "t.csv", platform="threads").card.platform == "threads"
