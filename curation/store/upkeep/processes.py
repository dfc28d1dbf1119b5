"""Whether a process has ended, by its number and a time, or by the name that it gave itself."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from functools import cache
from pathlib import Path

START = 19
"""The place of the start, in clock ticks since the system's, after the command's name."""


@cache
def this_process() -> str:
    """The host, its start, the process and the process's start, as JSON."""
    return json.dumps({**_host(), "pid": os.getpid(), "start": _start(os.getpid())})


def is_dead(name: str) -> bool:
    """Whether the process with that name ran on this host and has ended.

    A process of another host, of another container or from before the host's last start counts as
    alive: nothing here shows that it has ended.
    """
    try:
        process = json.loads(name)
        pid, start = int(process.pop("pid")), process.pop("start")
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return process == _host() and bool(start) and _start(pid) != start


def ran_at(process: int, since: float) -> bool:
    """Whether a process of this machine has the number, and ran at a time (epoch seconds).

    Numbers are used again: a process that began after `since` is another one.
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    fields = _fields(process)
    booted = re.search(r"^btime (\d+)", _read("/proc/stat"), re.MULTILINE)
    if len(fields) <= START or not booted:
        return True
    # Both clocks are only known to a second.
    return int(booted[1]) + int(fields[START]) / os.sysconf("SC_CLK_TCK") <= since + 2


@cache
def _host() -> dict[str, str]:
    """The machine's name, its start and, on Linux, the namespace that numbers its processes."""
    return {
        "host": platform.node(),
        "boot": _read("/proc/sys/kernel/random/boot_id"),
        "numbers": _link("/proc/self/ns/pid"),
    }


def _start(pid: int) -> str:
    """When a process started, in the system's own form; empty where there is none."""
    if Path("/proc/self/stat").exists():
        fields = _fields(pid)
        return "" if not fields or fields[0] == "Z" else fields[START]
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _fields(pid: int) -> list[str]:
    """What Linux says of a process from its state on; empty where there is none."""
    # The command's name may hold spaces and brackets, so fields are counted from its end.
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
