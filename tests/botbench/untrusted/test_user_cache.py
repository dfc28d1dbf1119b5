"""Texts that are kept for the user: read again, and made again wherever they cannot be."""

import os
from pathlib import Path

import pytest

from botbench.untrusted import user_cache


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's folder of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "botbench"


def refuse():
    pytest.fail("made again")


def test_a_text_is_made_once_and_is_only_the_user_s(own):
    assert user_cache.kept("one", lambda: "Zeile\nÄ\n") == "Zeile\nÄ\n"
    assert user_cache.kept("one", refuse) == "Zeile\nÄ\n"
    assert user_cache.kept("two", lambda: "") == ""
    assert user_cache.kept("two", refuse) == ""
    assert own.stat().st_mode & 0o777 == 0o700
    assert [(own / name).stat().st_mode & 0o777 for name in ("one", "two")] == [0o600, 0o600]


@pytest.mark.parametrize("harm", [b"", b"SELECT 1", b"\xff\xfe\n", None])
def test_a_damaged_file_is_made_again(own, harm):
    user_cache.kept("one", lambda: "SELECT 2")
    whole = (own / "one").read_bytes()
    (own / "one").write_bytes(whole.replace(b"2", b"3") if harm is None else harm)
    assert user_cache.kept("one", lambda: "SELECT 2") == "SELECT 2"
    assert (own / "one").read_bytes() == whole
    assert user_cache.kept("one", refuse) == "SELECT 2"


def test_a_folder_in_a_file_s_place_costs_time_only(own):
    (own / "one").mkdir(parents=True)
    assert user_cache.kept("one", lambda: "text") == "text"
    assert user_cache.kept("one", lambda: "again") == "again"
    assert [file.name for file in own.iterdir()] == ["one"], "no draft is left"


def test_a_place_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert user_cache.kept("one", lambda: "text") == "text"
    assert user_cache.kept("one", lambda: "again") == "again"


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_read(own, mode):
    user_cache.kept("one", lambda: "text")
    own.chmod(mode)
    assert user_cache.kept("one", lambda: "again") == "again"
    own.chmod(0o700)
    assert user_cache.kept("one", refuse) == "text"


def test_another_user_s_folder_is_not_read(own, monkeypatch):
    user_cache.kept("one", lambda: "text")
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    assert user_cache.kept("one", lambda: "again") == "again"


@pytest.mark.parametrize("named", ["", "relative"])
def test_without_a_folder_of_the_environment_it_is_in_the_home(tmp_path, monkeypatch, named):
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    user_cache.kept("one", lambda: "text")
    assert (tmp_path / ".cache" / "botbench" / "one").is_file()


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache.kept("one", lambda: "text") == "text"


def test_the_oldest_files_go(own):
    for i in range(user_cache.MOST):
        user_cache.kept(f"text-{i}", lambda: "text")
        os.utime(own / f"text-{i}", (i, i))
    user_cache.kept("newest", lambda: "text")
    there = {file.name for file in own.iterdir()}
    assert there == {"newest", *(f"text-{i}" for i in range(1, user_cache.MOST))}
