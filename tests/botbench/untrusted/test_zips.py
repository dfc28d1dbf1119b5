"""Zips of strangers: odd entries are sentences, nothing is unpacked by name or beyond its size."""

import io
import struct
import zipfile

import pytest

from botbench.untrusted import zips
from botbench.untrusted.zips import Limits, UnreadableZip

LIMITS = Limits(entries=5, size=1_000_000)


def made(path, entries, packing=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def told(path, limits=LIMITS):
    with zips.opened(path, limits) as archive:
        return list(zips.problems(archive, limits))


def changed(path, at, new):
    """The same zip with some bytes after each entry's signature in the directory replaced."""
    content = path.read_bytes()
    place = content.index(b"PK\x01\x02")
    path.write_bytes(content[: place + at] + new + content[place + at + len(new) :])
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([(f"{i}.csv", "x") for i in range(6)], "lists 6 files; at most 5 are read"),
        ([("a.csv", "x" * 1_000_001)], "1 files of 1,000,001 bytes"),
        ([("a.csv", "x"), ("A.csv", "y")], "'A.csv' stands in the zip twice"),
        ([("a.csv", "x"), ("a.csv", "y")], "'a.csv' stands in the zip twice"),
    ],
)
def test_what_is_too_much(tmp_path, entries, sentence):
    path = made(tmp_path / "a.zip", entries)
    try:
        assert any(sentence in problem for problem in told(path))
    except UnreadableZip as error:
        assert sentence in str(error)


def test_an_entry_that_unpacks_to_far_more_than_it_is(tmp_path):
    path = made(tmp_path / "bomb.zip", [("a.csv", b"0" * 20_000_000)])
    assert path.stat().st_size < 100_000
    assert "over 200 times as large" in told(path, Limits())[0]


def test_an_encrypted_entry_and_an_odd_packing(tmp_path):
    path = made(tmp_path / "a.zip", [("a.csv", "x")])
    assert told(changed(path, 8, b"\x01\x00")) == ["'a.csv' is encrypted"]
    path = made(tmp_path / "a.zip", [("a.csv", "x")])
    assert told(changed(path, 10, b"\x61\x00"))[0].endswith("than deflate (97)")
    path = made(tmp_path / "b.zip", [("a.csv", "x")], zipfile.ZIP_LZMA)
    assert told(path)[0].endswith("than deflate (14)")


@pytest.mark.parametrize("size", [3, 10_000_000])
def test_a_size_that_lies(tmp_path, size):
    """The directory says 3 bytes, or ten million, of an entry of 10."""
    path = made(tmp_path / "a.zip", [("a.csv", "0123456789")])
    changed(path, 24, struct.pack("<I", size))
    with zips.opened(path, LIMITS) as archive, pytest.raises(UnreadableZip) as raised:
        zips.copy(archive, archive.infolist()[0], tmp_path / "a.csv")
    assert "cannot be unpacked" in str(raised.value) or "the zip says" in str(raised.value)
    assert (tmp_path / "a.csv").stat().st_size <= 10


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 18, b"a text\n" * 9],
)
def test_what_is_no_zip(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UnreadableZip):
        told(tmp_path / "a.zip")


def test_a_directory_of_a_hundred_thousand_entries_is_not_built(tmp_path):
    inside = io.BytesIO()
    made(inside, [("a.csv", "x")])
    content = inside.getvalue()
    at = content.index(b"PK\x01\x02")
    entry, end = content[at : content.index(b"PK\x05\x06")], content[content.index(b"PK\x05\x06") :]
    many = struct.pack("<HHII", 65_000, 65_000, len(entry) * 65_000, at)
    (tmp_path / "a.zip").write_bytes(content[:at] + entry * 65_000 + end[:8] + many + b"\0\0")
    with pytest.raises(UnreadableZip, match="lists 65,000 files; at most 5 are read"):
        told(tmp_path / "a.zip")


def test_names():
    def parts(name, attributes=0):
        entry = zipfile.ZipInfo(name)
        entry.external_attr = attributes << 16
        return zips.parts(entry)

    assert parts("folder/a.csv") == ["folder", "a.csv"]
    for name in ("../a.csv", "/a.csv", "a/../../b.csv", "..\\a.csv", "C:\\a.csv", "\\a.csv"):
        assert parts(name) is None
    assert parts("a.csv", 0o120777) is None
    for name in (".", "", ".hidden", "a" * 101, "a\x1b[31m", "a\u202e", "ü.csv"):
        assert not zips.plain(name)
    assert zips.plain("manifest.yaml")


def test_a_whole_entry_is_written(tmp_path):
    path = made(tmp_path / "a.zip", [("a.csv", b"x" * 999_999)])
    assert told(path) == []
    with zips.opened(path, LIMITS) as archive:
        zips.copy(archive, archive.infolist()[0], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"x" * 999_999
