"""The memory that this process and those it started have taken at most."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Bytes of memory at the peak: of this process, and on Linux of its living children too.

    Peaks of several processes are added, so the sum is at least the peak of all together.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return own + sum(_peak(child) for child in children(os.getpid()))


def children(process: int) -> list[int]:
    """The processes that a process started, and those that these started; none beyond Linux."""
    found = []
    for thread in Path(f"/proc/{process}/task").glob("*"):
        try:
            direct = [int(n) for n in (thread / "children").read_text().split()]
        except OSError:  # it has ended, or this is no Linux
            continue
        found += [child for one in direct for child in (one, *children(one))]
    return found


def _peak(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 if lines else 0
