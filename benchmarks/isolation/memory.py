"""How much memory a piece of work adds at its peak."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")


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


def _give_back() -> None:
    import ctypes

    # Only glibc has it.
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _read(name: str) -> float:
    """A line of the process's status in megabytes; the kernel counts in units of 1,024 bytes."""
    return int(STATUS.read_text(encoding="ascii").split(f"{name}:")[1].split()[0]) * 1024 / 1e6
