"""Linux's seccomp through ctypes: a process gives up system calls for good.

Landlock fences the content of files, TCP and signals. It does not fence what one fold could leave
to another outside of content (segments and queues of System V and POSIX, keyrings; times, modes and
attributes of files, locks on them; limits and priorities of other processes), nor sockets of other
kinds. A child needs none of these. It needs no root; see seccomp(2).
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
LOAD, EQUAL, ABOVE, RETURN, AND = 0x20, 0x15, 0x35, 0x06, 0x54
"""Instructions of the filter: load a word, jump if equal, jump if at least, return, mask."""
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where struct seccomp_data has the number of the call, the architecture and the arguments."""
ALLOW, FAILS = 0x7FFF0000, 0x00050000
REFUSE, UNSUPPORTED = FAILS | errno.EPERM, FAILS | errno.EOPNOTSUPP
AS_IF = FAILS
"""The call is not made, and seems to have succeeded: copies of files set times and modes, and
SQLite locks its own file.
"""
OTHER_NUMBERING = 0x40000000
"""x32 calls on x86-64 begin here: the same calls by other numbers."""


class Only(NamedTuple):
    """Of a call, what is allowed: the values of an argument, masked; and what becomes of others."""

    argument: int
    values: tuple[int, ...]
    others: int = REFUSE
    mask: int = 0xFFFFFFFF
    as_if: tuple[int, ...] = ()


FOR_ITSELF = Only(0, (0,))
"""0 is the process itself."""
STREAMS = Only(1, (1,), mask=0xF)
"""SOCK_STREAM: the two are connected to each other for good; a datagram socket can be sent on."""
OF_DESCRIPTORS = Only(
    1,
    # F_DUPFD to F_SETFL, F_DUPFD_QUERY, F_DUPFD_CLOEXEC, sizes of pipes, seals of memory files.
    (0, 1, 2, 3, 4, 1027, *range(1030, 1035)),
    # F_SETLK, F_SETLKW, and those of open file descriptions.
    as_if=(6, 7, 37, 38),
)
OF_TERMINALS = Only(
    1,
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS2.
    (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C542A),
    UNSUPPORTED,
)


class Machine(NamedTuple):
    """An architecture as the kernel names it, and by numbers the calls that are given up."""

    audit: int
    refused: tuple[int, ...]
    as_if: tuple[int, ...]
    parts: dict[int, Only]


NEWER = (
    # io_uring_setup, by which others could be made; pidfd_getfd, process_madvise, quotactl_fd,
    # setxattrat, removexattrat, file_setattr: the same numbers on all architectures.
    *(425, 438, 440, 443, 463, 466, 469),
)
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        (
            # socket, connect, accept, bind, listen, accept4
            *(41, 42, 43, 49, 50, 288),
            # shmget, shmat, shmctl, semget, semop, semctl, shmdt, msgget, msgsnd, msgrcv, msgctl,
            # semtimedop; mq_open to mq_timedreceive; add_key, request_key, keyctl
            *(29, 30, 31, *range(64, 72), 220, *range(240, 244), *range(248, 251)),
            # setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
            *(188, 189, 190, 197, 198, 199),
            # setpriority, sched_setparam, sched_setscheduler, ioprio_set, sched_setattr
            *(141, 142, 144, 251, 314),
            # inotify_init, inotify_init1, fanotify_init
            *(253, 294, 300),
            # ptrace, quotactl, migrate_pages, move_pages, perf_event_open, name_to_handle_at,
            # open_by_handle_at, process_vm_readv, process_vm_writev, kcmp, bpf, userfaultfd
            *(101, 179, 256, 279, 298, 303, 304, 310, 311, 312, 321, 323),
            # What root could change for all: sethostname, setdomainname, settimeofday, adjtimex,
            # clock_settime, clock_adjtime, reboot, init_module, delete_module, finit_module,
            # swapon, swapoff, acct, syslog, vhangup, iopl, ioperm
            *(170, 171, 164, 159, 227, 305, 169, 175, 176, 313, 167, 168, 163, 103, 153, 172, 173),
            *NEWER,
        ),
        # flock; chmod, fchmod, chown, fchown, lchown, fchownat, fchmodat, fchmodat2; utime, utimes,
        # futimesat, utimensat
        (73, *range(90, 95), 260, 268, 452, 132, 235, 261, 280),
        # ioctl, socketpair, fcntl, sched_setaffinity, prlimit64
        {16: OF_TERMINALS, 53: STREAMS, 72: OF_DESCRIPTORS, 203: FOR_ITSELF, 302: FOR_ITSELF},
    ),
    "aarch64": Machine(
        0xC00000B7,
        (
            *(198, 200, 201, 202, 203, 242),
            *(*range(180, 184), *range(186, 198), *range(217, 220)),
            *(5, 6, 7, 14, 15, 16),
            *(140, 118, 119, 30, 274),
            *(26, 262),
            *(117, 60, 238, 239, 241, 264, 265, 270, 271, 272, 280, 282),
            *(161, 162, 170, 171, 112, 266, 142, 105, 106, 273, 224, 225, 89, 116, 58),
            *NEWER,
        ),
        (32, *range(52, 56), 452, 88),
        {29: OF_TERMINALS, 199: STREAMS, 25: OF_DESCRIPTORS, 122: FOR_ITSELF, 261: FOR_ITSELF},
    ),
}
"""aarch64 has the calls in the same order, those that it has."""


def give_up() -> bool:
    """Give up the calls; whether the system has such a filter. Most then fail with EPERM."""
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
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, machine.audit),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        (ABOVE, 0, 1, OTHER_NUMBERING),
        (RETURN, 0, 0, REFUSE),
        *_one_of(machine.refused, REFUSE),
        *_one_of(machine.as_if, AS_IF),
    ]
    for call, part in machine.parts.items():
        inside = [
            (LOAD, 0, 0, ARGUMENTS + 8 * part.argument),
            (AND, 0, 0, part.mask),
            *_one_of(part.values, ALLOW),
            *_one_of(part.as_if, AS_IF),
            (RETURN, 0, 0, part.others),
        ]
        steps += [(EQUAL, 0, len(inside), call), *inside]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _one_of(values: tuple[int, ...], result: int) -> list[tuple[int, int, int, int]]:
    """Return the result if what was loaded is one of the values."""
    n = len(values)
    tests = [(EQUAL, n - 1 - i, 0 if i < n - 1 else 1, value) for i, value in enumerate(values)]
    return [*tests, (RETURN, 0, 0, result)] if tests else []
