"""The process that children are forked from. It has imported everything and knows no label.

It is started by a command, not forked from it, so nothing of the command's memory is in it. It has
no address: only who holds its socket can ask for a child. It ends a child when the asker is gone,
and with it whatever the child has started. It ends when nobody holds its other socket any more.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import secrets
import select
import shutil
import signal
import socket
import struct
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from benchmarks.isolation import landlock, memory
from benchmarks.isolation.libc import libc
from botbench.core import light_imports

STATUS = struct.Struct("<i")
"""How the exit code of a child is sent."""
MOST_IN_FOLDER = 4 * 2**30
"""Bytes that a child's folder may hold, if they are at most a quarter of what is free."""
EVERY = 0.5
"""Seconds between two looks at what the folders hold."""
SMALLEST = 4096
"""Bytes that an entry of a folder counts at least."""
OVERFULL = 1 << 16
"""The exit code of a child that was ended because of its folder; no process has it."""
PRELOADED = (
    "benchmarks.isolation.work",
    "pandas",
    "pyarrow.ipc",
    "pyarrow.compute",
    "pyarrow.pandas_compat",
    "scipy.sparse.csgraph",
    "sklearn.calibration",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.tree",
)
"""What children and built-in detectors import when they are used: once here, not for each fold.

DuckDB is not among them, because it starts a thread, and a thread makes forks unsafe.
"""
WARMED = ("one-question-tree", "logistic-regression", "gradient-boosting")
"""Detectors that are fitted once before children are forked: one of each kind of library code."""
WARM_ROWS, WARM_COLUMNS = 60, 4
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


def main(control: int, alive: int, most: int) -> None:
    """Serve until every holder of the other end of `alive` is gone.

    `most` are the bytes that a child's folder may hold (`MOST_IN_FOLDER`).
    """
    from benchmarks.detectors import DETECTORS

    for name in PRELOADED:
        light_imports.whole(name)
    DETECTORS.own()
    _warm_up()
    landlock.abi()
    gc.collect()
    gc.freeze()
    memory.into_huge_pages()
    most = min(most, shutil.disk_usage(tempfile.gettempdir()).free // 4)
    _Nursery(socket.socket(fileno=control), socket.socket(fileno=alive), most).serve()


def _warm_up() -> None:
    """Fit and score on noise, so that libraries prepare here what each child would prepare anew."""
    import numpy as np

    from benchmarks.data.accounts import Accounts
    from benchmarks.detectors import learning, registry

    values = np.random.default_rng(0).random((WARM_ROWS, WARM_COLUMNS))
    y = (np.arange(WARM_ROWS) % 2).astype(np.int8)
    noise = Accounts(tuple(f"noise{i}" for i in range(WARM_COLUMNS)), values, {})
    for name in WARMED:
        # Not `get`: that would import other distributions' detectors here.
        spec = registry.one(name, {})
        _, fitted = learning.learn_with_threshold(
            spec, noise, y, group=np.arange(WARM_ROWS), rule=spec.threshold, own=0, inner=0
        )
        learning.scores(fitted, noise)


class _Nursery:
    def __init__(self, control: socket.socket, alive: socket.socket, most: int) -> None:
        self.control, self.alive, self.most = control, alive, most
        self.children: dict[int, tuple[socket.socket, Path]] = {}
        """The process, the socket to who asked for it, and its folder."""
        self.ending: set[int] = set()
        """Children that were told to end: nothing of their askers is waited for any more."""
        self.overfull: set[int] = set()
        self.looked = time.monotonic()
        """When the folders were last measured."""
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self.woken, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _adopt_orphans()

    def serve(self) -> None:
        """Fork, watch and reap children."""
        while True:
            waiting = select.poll()
            for one in (self.control, self.woken):
                waiting.register(one, select.POLLIN)
            waiting.register(self.alive, select.POLLIN)
            for process, (asker, _) in self.children.items():
                if process not in self.ending:
                    waiting.register(asker, select.POLLIN)
            ready = {h for h, _ in waiting.poll(EVERY * 1000 if self.children else None)}
            if self.alive.fileno() in ready:
                self._end()
            for process, (asker, _) in list(self.children.items()):
                # Who asked is gone, or wants it ended.
                if asker.fileno() in ready:
                    _kill(process)
                    self.ending.add(process)
            if self.woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.woken, 4096)
            self._reap()
            self._measure()
            if self.control.fileno() in ready:
                self._fork()

    def _fork(self) -> None:
        _, handles, _, _ = socket.recv_fds(self.control, 1, 2)
        if len(handles) != 2:
            return
        channel, asker = (socket.socket(fileno=handle) for handle in handles)
        folder = Path(tempfile.mkdtemp(prefix="botbench-fold-"))
        process = os.fork()
        if process == 0:
            _become_child(channel, folder, self.most)
        channel.close()
        self.children[process] = asker, folder

    def _measure(self) -> None:
        """End the children whose folder holds more than it may."""
        if time.monotonic() < self.looked + EVERY:
            return
        for process in self.children.keys() - self.ending:
            if holds_over(self.children[process][1], self.most):
                _kill(process)
                self.ending.add(process)
                self.overfull.add(process)
        self.looked = time.monotonic()

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            if process in self.children:
                asker, folder = self.children.pop(process)
                self.ending.discard(process)
                # What it has started must not live on beside the next fold.
                _kill(process)
                self._kill_orphans()
                remove(folder)
                code = OVERFULL if process in self.overfull else os.waitstatus_to_exitcode(status)
                self.overfull.discard(process)
                with contextlib.suppress(OSError):
                    asker.sendall(STATUS.pack(code))
                asker.close()

    def _kill_orphans(self) -> None:
        """End processes that a child left behind: they are this process's, but not its children."""
        for _ in range(100):
            strays = [p for p in _own_children() if p not in self.children]
            if not strays:
                return
            for process in strays:
                _kill(process)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process, 0)

    def _end(self) -> NoReturn:
        for process, (_, folder) in self.children.items():
            _kill(process)
            remove(folder)
        self.children.clear()
        self._kill_orphans()
        os._exit(0)


def holds_over(folder: Path, most: int) -> bool:
    """Whether the files in a folder take more than so many bytes of the disk.

    What is not there any more, or may not be read, does not count.
    """
    left, held = [os.fspath(folder)], 0
    while left and held <= most:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    held += max(entry.stat(follow_symlinks=False).st_blocks * 512, SMALLEST)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                if held > most:
                    break
    return held > most


def remove(folder: Path) -> None:
    """Remove a child's folder, however deep it is and whatever may not be read in it.

    What lies deeper is first moved up: recursion, and paths, have a greatest length. What the
    system refuses is left.
    """
    moved, number = secrets.token_hex(8), 0
    with contextlib.suppress(OSError):
        while entries := list(folder.iterdir()):
            for entry in entries:
                if not _opened(entry):
                    entry.unlink()
                    continue
                for inner in list(entry.iterdir()):
                    _opened(inner)
                    number += 1
                    inner.rename(folder / f"{moved}-{number}")
                entry.rmdir()
        folder.rmdir()


def _opened(place: Path) -> bool:
    """Whether it is a folder, which can then be read and emptied."""
    if place.is_symlink() or not place.is_dir():
        return False
    place.chmod(0o700)
    return True


def _adopt_orphans() -> None:
    """On Linux, processes whose parent has ended become this process's."""
    import sys

    if sys.platform == "linux":
        libc().prctl(SUBREAPER, 1, 0, 0, 0)


def _own_children() -> list[int]:
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(number) for number in listed.split()]


def _kill(process: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)


def _become_child(channel: socket.socket, folder: Path, most: int) -> NoReturn:
    """Run as a child: nothing but its channel is open, and its folder is the current one.

    No file that it writes becomes larger than `most` bytes, also where its folder shows none.
    """
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        channel = _only(channel)
        os.chdir(folder)
        from benchmarks.isolation import work

        work.serve(channel, folder)
        code = 0
    finally:
        os._exit(code)


def _only(channel: socket.socket) -> socket.socket:
    """Close everything but the channel, and send what is printed nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    kept = os.dup(channel.fileno())
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.dup2(kept, 3, inheritable=False)
    channel.detach()
    os.closerange(4, max(kept, null, _highest()) + 1)
    return socket.socket(fileno=3)


def _highest() -> int:
    """The highest open file descriptor."""
    try:
        return max(int(name) for name in os.listdir("/dev/fd"))  # noqa: PTH208, names only
    except (OSError, ValueError):
        return os.sysconf("SC_OPEN_MAX")
