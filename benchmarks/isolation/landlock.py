"""Linux's Landlock through ctypes: a process gives up files, TCP and signals for good.

It needs no root; see landlock(7). Rights that the kernel does not know are left out: `abi` is the
version that it knows.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.isolation.libc import libc

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls; the numbers are the same on every 64-bit architecture."""
VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""The rights on files that each version of the interface added to."""
TCP = 0b11
"""Bind and connect; from version 4."""
SCOPED = 0b11
"""Abstract UNIX sockets and signals of processes outside; from version 6."""

READ = EXECUTE | READ_FILE | READ_DIR
LIST = READ_DIR
CHANGE = WRITE_FILE | READ_FILE
ALL = (1 << 16) - 1


def abi() -> int:
    """The version of the kernel's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(CREATE_RULESET, None, 0, VERSION))


def restrict(rules: Iterable[tuple[Path, int]]) -> int:
    """Restrict this process and all that it starts to the rules; returns the version in force.

    A rule is a path and its rights; those of a folder hold for all below it. A path that does not
    exist is left out. Returns 0 where the kernel has no Landlock. Raises OSError if it refuses.
    """
    version = abi()
    if not version:
        return 0
    handled = FILES[max(v for v in FILES if v <= version)]
    fields = [handled, *([TCP] if version >= 4 else []), *([SCOPED] if version >= 6 else [])]
    ruleset = struct.pack(f"={len(fields)}Q", *fields)
    handle = _checked(CREATE_RULESET, ruleset, len(ruleset), 0)
    try:
        for path, rights in rules:
            _allow(handle, path, rights & handled)
        if libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _checked(RESTRICT_SELF, handle, 0)
    finally:
        os.close(handle)
    return version


def _allow(handle: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        if rights:
            rule = struct.pack("=Qi", rights, place)
            _checked(ADD_RULE, handle, PATH_BENEATH, rule, 0)
    finally:
        os.close(place)


def _checked(number: int, *arguments: object) -> int:
    result = _call(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refuses system call {number}")
    return result


def _call(number: int, *arguments: object) -> int:
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(libc().syscall(ctypes.c_long(number), *given))
