"""A file is written whole or not at all."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from botbench.core import files
from botbench.core.errors import UserError


def test_text_json_and_parquet_read_back(tmp_path):
    folder = tmp_path / "new" / "folder"
    files.write_text(folder / "a.txt", "é\r\n")
    assert (folder / "a.txt").read_bytes() == "é\r\n".encode()
    files.write_json(folder / "a.json", {"b": "ß"})
    assert json.loads((folder / "a.json").read_text("utf-8")) == {"b": "ß"}
    files.write_parquet(folder / "a.parquet", pa.table({"n": [1]}))
    assert pq.read_table(folder / "a.parquet").to_pylist() == [{"n": 1}]
    assert sorted(p.name for p in folder.iterdir()) == ["a.json", "a.parquet", "a.txt"]


def test_a_failure_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with files.draft_of(path) as draft:
            draft.write_text("half")
            assert path.read_text() == "old" and draft.name.endswith(files.UNFINISHED)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_not_replaced(tmp_path):
    """A pipe stands for /dev/null, which root would have replaced for every process."""
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    linked = tmp_path / "like-dev-stdout"
    linked.symlink_to(pipe)
    for path in (pipe, folder, linked):
        with pytest.raises(UserError, match="is no file, so it is not replaced"):
            files.write_text(path, "x")
    assert pipe.is_fifo() and linked.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "like-dev-stdout", "pipe"]


def test_a_link_stays_and_its_file_is_written(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere" / "a.txt")
    files.write_text(link, "x")
    files.write_text(link, "y")
    assert link.is_symlink() and (tmp_path / "elsewhere" / "a.txt").read_text() == "y"
    assert sorted(p.name for p in (tmp_path / "elsewhere").iterdir()) == ["a.txt"]


def test_a_secret_is_readable_to_its_owner_alone(tmp_path):
    files.write_json(tmp_path / "a.json", {}, mode=0o600)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600
    files.write_text(tmp_path / "b.txt", "")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "b.txt").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_lock_is_held_by_one_and_given_back(tmp_path):
    """Also over folders that are not there yet; whoever does not wait is told."""
    lock = tmp_path / "new" / "x.lock"
    with files.locked(lock), pytest.raises(BlockingIOError), files.locked(lock, wait=False):
        pass
    with files.locked(lock, wait=False):
        assert lock.is_file()
