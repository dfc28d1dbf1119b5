"""Atomic writes, where a reader never sees half a file, and who may read what is written."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED = ".unfinished"
"""How the name of a draft ends; backups leave drafts out, doctor and erasure find them by it."""

_user_umask: int | None = None


def withheld(home: Path) -> int:
    """The permissions that nothing below a store's home may give (see `keep_private`)."""
    mode = home.stat().st_mode if home.is_dir() else 0
    shared = mode & stat.S_ISGID and mode & stat.S_IRWXG == stat.S_IRWXG
    return 0o007 if shared else 0o077


def keep_private(home: Path) -> None:
    """Set this process's umask: what it makes from now on, only this user can read.

    Where `home` is a folder that its owner shares with a group (`chmod 2770`), the group can read
    and write too. Child processes inherit it.
    """
    global _user_umask  # noqa: PLW0603, a process has one umask
    before = os.umask(withheld(home))
    if _user_umask is None:
        _user_umask = before


@contextmanager
def for_others(path: Path) -> Iterator[None]:
    """What the block writes at `path`, a file or folder, gets the permissions of the user's umask.

    For results meant for others. What stood there before and is not written stays as it is.
    """
    missing = [p for p in path.parents if not p.exists()]
    before = _states(path)
    yield
    written = {p for p, state in _states(path).items() if before.get(p) != state}
    if _user_umask is not None:
        for each in {*missing, *written}:
            each.chmod((0o777 if each.is_dir() else 0o666) & ~_user_umask)


def _states(path: Path) -> dict[Path, tuple[int, int]]:
    """Inode and time of every file and folder at `path`."""
    there = (path, *path.rglob("*")) if path.is_dir() else (path,)
    return {
        p: (s.st_ino, 0 if p.is_dir() else s.st_mtime_ns)
        for p in there
        if not p.is_symlink() and p.exists() and (s := p.stat())
    }


@contextmanager
def draft_of(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A hidden draft beside `path` to write to; it becomes `path` when the block ends.

    Missing folders are created. If the block fails, `path` is unchanged and the draft is deleted.
    Of a link the file that it leads to is replaced. Each caller has its own draft, so several
    processes can write the same file at once. Raises UserError where `path` is a folder, a device
    or a pipe: root would put a file in the place of /dev/null, for every process.
    """
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is no file, so it is not replaced. Name another file.")
    with _held_draft(path, mode) as draft:
        yield draft
        draft.replace(path)


@contextmanager
def _held_draft(path: Path, mode: int) -> Iterator[Path]:
    """A draft whose lock this process holds; what is still there at the end is deleted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_RDWR, mode)) as held:
            with suppress(OSError):
                # By the lock others see that this process lives.
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing, until the block ends.

    The system gives it back when the process ends in any way. Raises BlockingIOError where another
    process holds it and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def no_file(what: str, path: Path) -> str:
    """What is wrong with a path that should be a file, for a sentence without its full stop.

    >>> no_file("suite file", Path("nowhere.yaml")), no_file("suite file", Path())
    ('There is no suite file nowhere.yaml', '. is a folder, and no suite file')
    """
    return f"{path} is a folder, and no {what}" if path.is_dir() else f"There is no {what} {path}"


def write_first(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text in UTF-8 unless the file exists: of several processes the first one's stays."""
    with _held_draft(path, mode) as draft:
        draft.write_bytes(text.encode("utf-8"))
        with suppress(FileExistsError):
            os.link(draft, path)


def write_text(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text in UTF-8, lines ending as they do in `text`."""
    with draft_of(path, mode) as draft:
        draft.write_bytes(text.encode("utf-8"))


def write_json(path: Path, document: dict[str, Any], mode: int = 0o666) -> None:
    """Write a document as JSON for people to read, with a line break at its end."""
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n", mode)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet."""
    import pyarrow.parquet as pq

    with draft_of(path) as draft:
        pq.write_table(table, draft)
