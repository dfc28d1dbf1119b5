"""What a child may read and write, and which environment it has."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from benchmarks.isolation import landlock, system_calls
from benchmarks.isolation.libc import libc

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
PREFIXES = ("BOTBENCH_", "PG", "MLFLOW_", "AWS_", "AZURE_", "GOOGLE_", "DATABASE", "LABEL_STUDIO")
"""How names of variables begin that say where a store or a server is."""
SECRET = re.compile(r"TOKEN|SECRET|PASS|CREDENTIAL|AUTH|API_?KEY|ACCESS_?KEY|PRIVATE", re.I)
"""What the names of variables with a secret hold; wider than what is masked in messages, for to
leave out too much costs nothing here.
"""
ADDRESS = re.compile(r"://[^/\s]*@")
"""An address with a user or a password in it."""
SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    # Where it may not be read, importing DuckDB ends the process.
    "/sys/fs/cgroup",
)
"""What libraries read of the system."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")
CODE = {".py", ".pyc", ".so", ".zip", ".egg", ".dist-info", ".egg-info", ".pth", ".egg-link"}
"""Endings of what may be read in a folder of modules that is not only code."""
DUMPABLE = 4
"""PR_SET_DUMPABLE of prctl(2)."""


def environment(of: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names a store or a server, and without secrets.

    >>> environment({"LANG": "C", "PGPASSWORD": "x", "MY_TOKEN": "x", "DB": "mysql://me:x@host/"})
    {'LANG': 'C'}
    """
    return {
        name: value
        for name, value in of.items()
        if not name.upper().startswith(PREFIXES)
        and not SECRET.search(name)
        and not ADDRESS.search(value)
    }


def module_path() -> tuple[str, ...]:
    """The folders that modules are looked for in, as absolute paths."""
    return tuple(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100, '' is the current folder


@cache
def code_places(path: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """What holds code: places that may be read whole, and folders that may be listed only.

    The interpreter and its packages are read whole. Any other folder of modules may hold much else
    (the folder that a command runs in often holds the store), so of it the packages, the modules
    and the descriptions of distributions.
    """
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    whole = {
        sys.base_prefix,
        sys.prefix,
        *(sysconfig.get_path(kind) for kind in kinds),
        *site.getsitepackages(),
        site.getusersitepackages(),
    }
    others = [Path(entry) for entry in path if not _is_below(Path(entry), whole)]
    files = [str(place) for folder in others for place in _code(folder)]
    return sorted({*whole, *files}), [str(folder) for folder in others]


def placed(names: Iterable[str]) -> list[str]:
    """Where the top-level packages of these modules lie, sorted; nothing is imported.

    An editable installation may give a package by a finder of its own, so that the folder which the
    package lies in is on no path. A name that cannot be found has no place.
    """
    places: set[str] = set()
    for name in names:
        try:
            spec = find_spec(name.partition(".")[0])
        except (ImportError, AttributeError, ValueError):
            # It cannot be imported; the child says so.
            continue
        if spec is None:
            continue
        if spec.submodule_search_locations is not None:
            places.update(map(str, spec.submodule_search_locations))
        elif spec.has_location and spec.origin:
            places.add(spec.origin)
    return sorted(places)


def _is_below(path: Path, places: Iterable[str]) -> bool:
    return any(path.resolve().is_relative_to(Path(place).resolve()) for place in places)


def _code(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix in CODE or (entry / "__init__.py").is_file():
            yield entry


def enter(work: Path, readable: Iterable[str], listed: Iterable[str]) -> int:
    """Fence this process in: it reads code and `readable`, and changes its folder `work` only.

    Returns Landlock's version; 0 where the kernel has none, so that nothing is kept from it.
    """
    own = Path("/proc/self")
    rules = [
        *((Path(p), landlock.READ) for p in (*SYSTEM, *readable)),
        *((Path(p), landlock.LIST) for p in listed),
        *((Path(p), landlock.CHANGE) for p in DEVICES),
        (own, landlock.READ),
        (own / "clear_refs", landlock.CHANGE),
        (work, landlock.ALL & ~landlock.IOCTL_DEV),
    ]
    version = landlock.restrict(rules)
    system_calls.give_up()
    return version


def hide_memory() -> None:
    """Without Landlock: keep other processes of the same user out of this one's memory."""
    if sys.platform == "linux":
        libc().prctl(DUMPABLE, 0, 0, 0, 0)
