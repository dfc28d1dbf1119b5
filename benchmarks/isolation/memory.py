"""How much memory a piece of work adds at its peak, and pages that make forks cheap."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.isolation.libc import libc

STATUS = Path("/proc/self/status")
COLLAPSE = 25
"""MADV_COLLAPSE of madvise(2), from Linux 6.1 on."""
HUGE = 2 * 2**20
"""Bytes of a huge page."""


@dataclass
class Peak:
    """Megabytes (10⁶ bytes) that the process grew by at its peak; None outside Linux."""

    megabytes: float | None = None


@contextlib.contextmanager
def grown() -> Iterator[Peak]:
    """Measure the block that follows; resets the system's high-water mark first (microseconds)."""
    peak = Peak()
    before = _reset()
    yield peak
    if before is not None:
        peak.megabytes = max(0.0, _read("VmHWM") - before)


def _reset() -> float | None:
    """The megabytes in use, with the high-water mark set back to them.

    What the allocator holds and nobody uses goes back to the system first: it would hide growth.
    """
    try:
        _give_back()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _read("VmRSS")
    except OSError:
        return None


def into_huge_pages() -> None:
    """Move this process's own memory into huge pages; nothing happens where the kernel has none.

    A fork copies an entry for each page that is in use, and the child's end gives each back. With
    pages of 2 MB instead of 4 kB this takes half of the time for a process of 120 MB.
    """
    _give_back()
    try:
        maps = Path("/proc/self/maps").read_text(encoding="ascii", errors="replace")
    except OSError:
        return
    for line in maps.splitlines():
        place, rights, _, _, inode, *name = line.split()
        start, end = (int(bound, 16) for bound in place.split("-"))
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]) and end - start >= HUGE:
            # A refusal (no memory, an older kernel) leaves small pages.
            libc().madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)


def _give_back() -> None:
    # Only glibc has it.
    with contextlib.suppress(AttributeError):
        libc().malloc_trim(0)


def _read(name: str) -> float:
    """A line of the process's status in megabytes; the kernel counts in units of 1,024 bytes."""
    return int(STATUS.read_text(encoding="ascii").split(f"{name}:")[1].split()[0]) * 1024 / 1e6
