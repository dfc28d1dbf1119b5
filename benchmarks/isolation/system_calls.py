"""Linux's seccomp through ctypes: a process gives up system calls for good.

Landlock fences files, TCP and signals, but not what one fold could leave to the next one outside of
files (segments and queues of System V and POSIX, keyrings), nor sockets of other kinds. A child
needs none of these. It needs no root; see seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from typing import NamedTuple

from benchmarks.isolation.libc import libc

NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
"""PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP and SECCOMP_MODE_FILTER of prctl(2)."""
LOAD, EQUAL, ABOVE, RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the filter: load a word, jump if equal, jump if at least, return."""
NUMBER, ARCHITECTURE = 0, 4
"""Where struct seccomp_data has the number of the call and the architecture."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
OTHER_NUMBERING = 0x40000000
"""x32 calls on x86-64 begin here: the same calls by other numbers."""


class Machine(NamedTuple):
    """An architecture as the kernel names it, and the numbers of the calls that are given up."""

    audit: int
    calls: tuple[int, ...]


MACHINES = {
    # socket; shmget, shmat, shmctl, semget, semop, semctl, shmdt, msgget, msgsnd, msgrcv, msgctl,
    # semtimedop; mq_open to mq_timedreceive; add_key, request_key, keyctl; io_uring_setup, by which
    # others could be made.
    "x86_64": Machine(
        0xC000003E,
        (
            41,
            29,
            30,
            31,
            64,
            65,
            66,
            67,
            68,
            69,
            70,
            71,
            220,
            *range(240, 244),
            *range(248, 251),
            425,
        ),
    ),
    "aarch64": Machine(
        0xC00000B7, (198, *range(180, 184), *range(186, 198), *range(217, 220), 425)
    ),
}


def give_up() -> bool:
    """Give up the calls; whether the system has such a filter. They then fail with EPERM."""
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    )
    if libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(
        libc().prctl(SET_SECCOMP, FILTER, ctypes.c_void_p(ctypes.addressof(described)), 0, 0) == 0
    )


def _program(machine: Machine) -> bytes:
    """The filter: refuse other architectures and the calls, allow the rest."""
    n = len(machine.calls)
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 0, n + 3, machine.audit),
        (LOAD, 0, 0, NUMBER),
        (ABOVE, n + 1, 0, OTHER_NUMBERING),
        *((EQUAL, n - i, 0, call) for i, call in enumerate(machine.calls)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
