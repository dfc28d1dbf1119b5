"""A process that has botbench's modules imported and runs each command in a fork of itself.

Importing takes longer than most commands on a small store, so the tests of commands and hundreds
of kills would spend their time there. Each fork is a session of its own: a kill ends the command
and all that it started.

Requests and answers are JSON documents, one a line, on stdin and stdout.
"""

import atexit
import contextlib
import ctypes
import faulthandler
import functools
import gc
import importlib
import json
import mmap
import os
import pkgutil
import random
import resource
import select
import signal
import struct
import sys
import threading
import time
from importlib import util
from pathlib import Path

import duckdb
import typer.main

from curation.store.upkeep.extensions import extension

HEAVY = (
    "botbench.commands.main",
    "curation.store.store",
    "curation.ingest.pull",
    "curation.ingest.cards",
    "curation.annotation.label_studio.sync_run",
    "curation.annotation.label_studio.push",
    "curation.labels.consensus",
    "curation.validation.run",
    "curation.validation.report",
    "curation.release.release",
    "curation.release.publish.folder",
    "curation.maintenance.backup",
    "curation.maintenance.doctor",
    "curation.maintenance.erasure.run",
    "curation.sampling.draw",
    "benchmarks.execution.runner",
    "benchmarks.leaderboard.site",
    "benchmarks.study.study",
    "crowdkit.aggregation",
    "great_expectations",
    "ibis.backends.duckdb",
    "igraph",
    "mlcroissant",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.compute",
    "rich.progress",
    "rich.table",
    "scipy.stats",
    "skops.io",
    "sklearn.linear_model",
)
OURS = ("botbench", "curation", "benchmarks")
NURSED = ("bench", "predict", "submit", "audit", "demo", "reproduce")
"""Commands that run detectors; theirs are forked from one nursery, which imports them once."""
CALLS = {
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.link",
    "os.truncate",
    "os.chmod",
    "fcntl.flock",
    "sqlite3.connect",
    "subprocess.Popen",
    "http.client.send",
}
"""Audit events before which a command can be killed, besides opening a file to write to it."""
CHANGED = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
"""inotify: modified, closed after writing, moved from and to, created, deleted."""
FOLDER, ENDED = 0x40000000, 0x8000


class Watch:
    """Counts what changes below a folder, as the kernel reports it, folders made later included."""

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.handle = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.paths, self.count = {}, 0
        self._add(folder)

    def _add(self, folder):
        number = self.libc.inotify_add_watch(self.handle, os.fsencode(folder), CHANGED)
        if number < 0:
            return
        self.paths[number] = folder
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    self._add(entry.path)

    def read(self):
        """Take in what has happened."""
        try:
            data = os.read(self.handle, 1 << 16)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, mask, _, length = struct.unpack_from("iIII", data, at)
            name = data[at + 16 : at + 16 + length].rstrip(b"\0").decode(errors="replace")
            at += 16 + length
            if mask & ENDED:
                continue
            self.count += 1
            if mask & FOLDER and mask & 0x180 and number in self.paths:
                self._add(f"{self.paths[number]}/{name}")

    def close(self):
        os.close(self.handle)


class Counter:
    """A number that parent and child share."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 8)

    @property
    def value(self):
        return struct.unpack_from("q", self.memory)[0]

    def step(self):
        """Count one more; the new number."""
        struct.pack_into("q", self.memory, 0, self.value + 1)
        return self.value


def end():
    """Kill the command and all that it started."""
    os.killpg(0, signal.SIGKILL)
    time.sleep(60)


def count_calls(counter, at):
    """Count what changes files or asks a server; kill before the call number `at`."""

    def hook(event, arguments):
        if event == "open":
            _, mode, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes and not (isinstance(mode, str) and set(mode) & set("wax+")):
                return
        elif event not in CALLS:
            return
        if counter.step() == at:
            end()

    sys.addaudithook(hook)


def end_server(process):
    """End a PostgreSQL server like `pg_ctl stop -m immediate`, and wait until it is gone."""
    handle = os.pidfd_open(process)
    os.kill(process, signal.SIGQUIT)
    select.select([handle], [], [], 60)
    os.close(handle)


def count_statements(counter, at, act=end):
    """Count the statements given to DuckDB, each twice: kill before or after number `at`."""

    def profile(frame, event, function):
        if (
            event in ("c_call", "c_return")
            and function.__name__ == "execute"
            and counter.step() == at
        ):
            act()

    threading.setprofile(profile)
    sys.setprofile(profile)


def clock(seconds):
    """Set the clock that Python reads by so many seconds; the file system's clock stays."""
    import datetime

    real_time, real_ns = time.time, time.time_ns
    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: real_ns() + int(seconds * 1e9)
    shift, real = datetime.timedelta(seconds=seconds), datetime.datetime

    class Instance(type):
        def __instancecheck__(cls, other):
            return isinstance(other, real)

    class Shifted(real, metaclass=Instance):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + shift

    # The modules have the class under a name of their own.
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.partition(".")[0] in OURS:
            for key, value in list(vars(module).items()):
                if value is real:
                    setattr(module, key, Shifted)


def begin(request, begun_with):
    """Be the process that the command line would be: folder, variables, streams, open files."""
    from benchmarks.isolation import children

    os.setsid()
    os.chdir(request["cwd"])
    kept = set()
    if (asked := request.get("environment")) is not None:
        for name in begun_with.keys() - asked.keys():
            os.environ.pop(name, None)
        os.environ.update(asked)
        sys.path[:1] = [request["cwd"]]  # as `python -m` does, for the folder of chaos_looks
        kept = {s.fileno() for n in children._CURRENT for s in (n.control, n.alive)}
    else:
        for nursery in children._CURRENT:
            nursery.control.detach(), nursery.alive.detach()
        children._CURRENT.clear()
    os.environ.update(request["env"])
    for place, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), place)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in {*range(3, 256)} - kept:
        with contextlib.suppress(OSError):
            os.close(number)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    faulthandler.enable()
    random.seed()
    sys.modules["numpy"].random.seed()


def child(request, calls, statements, begun_with):
    """Run one command; never returns."""
    code = 70
    try:
        begin(request, begun_with)
        if seconds := request.get("clock"):
            clock(seconds)
        for name, limit in request.get("limits", {}).items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        if "RLIMIT_FSIZE" in request.get("limits", {}):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        kind, at = request.get("kill", ("none", 0))
        if kind in ("call", "measure"):
            count_calls(calls, at)
        if kind in ("statement", "measure"):
            count_statements(statements, at)
        if kind == "server":
            at, process = at
            count_statements(statements, at, lambda: end_server(process))
        try:
            if function := request.get("function"):
                module, _, name = function.partition(":")
                result = getattr(importlib.import_module(module), name)(*request["arguments"])
                print(json.dumps(result))
            else:
                sys.argv = ["botbench", *request["arguments"]]
                from botbench.commands.main import main

                main()
            code = 0
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else int(bool(done.code))
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        sys.setprofile(None)
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code or 0)


def run(request, begun_with):
    """One command in a fork, killed as asked; what became of it."""
    calls, statements = Counter(), Counter()
    kind, at = request.get("kill", ("none", 0))
    watch = Watch(request["watch"]) if kind in ("file", "measure") else None
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        child(request, calls, statements, begun_with)
    handle = os.pidfd_open(pid)
    until = began + (at if kind == "time" else request.get("patience", 600))
    killed = False
    while True:
        left = until - time.monotonic()
        reads = [handle, watch.handle] if watch else [handle]
        ready = select.select(reads, [], [], max(0, left))[0]
        if watch and watch.handle in ready:
            watch.read()
        if handle in ready:
            break
        if left <= 0 or (kind == "file" and watch.count >= at):
            # The fork makes its session first of all, but perhaps not yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed = True
            break
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    # What it started may outlive it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.close(handle)
    changes = 0
    if watch:
        watch.read()
        changes = watch.count
        watch.close()
    code = os.waitstatus_to_exitcode(status)
    return {
        "code": code,
        "killed": code == -signal.SIGKILL,
        "late": killed and kind != "time" and kind != "file",
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * 1024,
        "changes": changes,
        "calls": calls.value,
        "statements": statements.value,
    }


def beside(name):
    """The module tests/NAME.py; its folder also holds folders that are named like our packages."""
    spec = util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def import_ours():
    """Import every module of ours, and make the application of all commands.

    Each fork does both otherwise: 0.15 of the 0.16 seconds of `tables`.
    """
    for top in OURS:
        for found in pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}."):
            with contextlib.suppress(ImportError):
                importlib.import_module(found.name)
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.main.get_command(importlib.import_module("botbench.commands.main").build())


def map_extensions():
    """Load DuckDB's extensions once, on a connection that is closed: the forks have them mapped."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for name in ("sqlite_scanner", "postgres_scanner", "ducklake"):
            if util.find_spec(f"duckdb_extension_{name}"):
                connection.execute(f"LOAD '{extension(name)}'")


def main():
    # The tests' own functions, for the checks that run in a fork too.
    begun_with = dict(os.environ)
    sys.path.insert(0, str(Path(__file__).with_name("chaos")))
    for name in HEAVY:
        importlib.import_module(name)
    import_ours()
    importlib.import_module("chaos_looks")
    from benchmarks.isolation import children

    # Once by the process that has started this one.
    beside("processes").check_signatures_once(are_checked=True)
    map_extensions()
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threads = len(list(Path("/proc/self/task").iterdir()))
    print(json.dumps({"ready": True, "threads": threads}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if (
            request.get("environment")
            and request["arguments"][:1]
            and request["arguments"][0] in NURSED
        ):
            children.current()
        print(json.dumps(run(request, begun_with)), file=answers, flush=True)


if __name__ == "__main__":
    main()
