"""Name this process so that a later one can tell whether it has ended."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from functools import cache
from pathlib import Path


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
        # The command's name may hold spaces and brackets; the 22nd field counts from its end.
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return "" if not fields or fields[0] == "Z" else fields[19]
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


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
