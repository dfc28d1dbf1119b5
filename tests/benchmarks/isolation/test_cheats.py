"""Detectors that cheat. Each of the first three reached balanced accuracy 1.000 before there was a
fence: by the frames of the bench, by its objects, and by the labels in the store.
"""

import errno
import json
import os
import platform
import socket
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data import release_arrays
from benchmarks.execution import cells
from benchmarks.isolation import landlock
from benchmarks.protocols import Plan

CV = "cross-validation(folds=3, repeats=1, seed=0)"
fenced = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")

THIEVES = """
import gc, sys
import numpy as np
from benchmarks.detectors import Detector, detector

HOME = {home!r}
STATES = dict(needs=("profile",), cites="x", about="x", threshold="fixed(0.5)")

class Thief(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        try:
            y = self.steal(accounts)
        except (Exception, StopIteration) as error:
            self.said = type(error).__name__
            y = np.arange(len(accounts)) % 2
        else:
            self.said = "stolen"
        p = np.where(y == 1, 0.9, 0.1)
        return np.column_stack([1 - p, p])
    def explain(self):
        return self.said

@detector("by-frames", **STATES)
class ByFrames(Thief):
    def steal(self, accounts):
        frame, found = sys._getframe(), {{}}
        while frame:
            found = {{**frame.f_locals, **found}}
            frame = frame.f_back
        return found["pool"].y[found["test"]]

def matched(rows, whole, y):
    place = {{row.tobytes(): i for i, row in enumerate(whole)}}
    return np.array([y[place[row.tobytes()]] for row in rows])

@detector("by-objects", **STATES)
class ByObjects(Thief):
    def steal(self, accounts):
        objects = gc.get_objects()
        pool = next(o for o in objects if type(o).__name__ == "Pool")
        whole = next(o for o in objects if type(o).__name__ == "Accounts"
                     and len(o.values) == len(pool.y))
        return matched(accounts.values, whole.values, pool.y)

@detector("by-store", **STATES)
class ByStore(Thief):
    def steal(self, accounts):
        import pyarrow.parquet as pq
        labels = pq.read_table(HOME + "/releases/a/1/labels.parquet").to_pandas()
        people = pq.read_table(HOME + "/releases/a/1/accounts.parquet").to_pandas()
        both = labels.merge(people, on="account_id")
        known = dict(zip(both["followers"].astype(float), both["label"] == "bot"))
        return np.array([known[f] for f in accounts.feature("followers")])
"""
NAMES = {"by-frames": "ByFrames", "by-objects": "ByObjects", "by-store": "ByStore"}


def run(home, detector):
    return cells.compute(cells.Task(home, "k", detector, CV, Plan(("a@1",), ("a@1",))))


@fenced
@pytest.mark.parametrize("name", NAMES)
def test_a_thief_does_no_better_than_chance(plugin, make, home, name):
    plugin(THIEVES.format(home=str(home)), **{n.replace("-", "_"): c for n, c in NAMES.items()})
    make("a", 30, 30, seed=1)
    outcome = run(home, name)
    assert outcome.status == "done", outcome.reason
    told = outcome.predictions.to_pandas()
    arrays = release_arrays.load(home, "a@1")
    y = dict(zip(arrays.account_id, arrays.y, strict=True))
    right = (told["p_bot"] >= 0.5) == (told["account_id"].map(y) == 1)
    assert 0.3 <= right.mean() <= 0.7, "as many bots as people, so this is the balanced accuracy"
    failed = {"by-frames": "KeyError", "by-objects": "StopIteration", "by-store": "PermissionError"}
    assert outcome.learnt == f"{failed[name]} (in 3 of 3 folds)"


ATTEMPTS = """
import ctypes, json, os, socket, subprocess, sys
import numpy as np
from benchmarks.detectors import Detector, detector

GIVEN = json.loads({given!r})
LEFT = []

def attempt(work):
    try:
        return work()
    except BaseException as error:
        return type(error).__name__

def read(path):
    with open(path, "rb") as file:
        return "read" + str(len(file.read(1)))

def write(path):
    with open(path, "w") as file:
        file.write("x")
    return "written"

def connect():
    socket.create_connection(("127.0.0.1", GIVEN["port"]), 2)
    return "connected"

def listen():
    socket.socket().bind(("127.0.0.1", 0))
    return "bound"

def memory():
    libc = ctypes.CDLL(None, use_errno=True)
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    own = ctypes.create_string_buffer(8)
    here, there = Part(ctypes.addressof(own), 8), Part(GIVEN["address"], 8)
    got = libc.process_vm_readv(GIVEN["bench"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return "read" if got == 8 else os.strerror(ctypes.get_errno())

def trace():
    libc = ctypes.CDLL(None, use_errno=True)
    attached = libc.ptrace(16, GIVEN["bench"], 0, 0) == 0
    return "traced" if attached else os.strerror(ctypes.get_errno())

def call(number, *given):
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.syscall(ctypes.c_long(number), *given) >= 0
    return "made" if made else os.strerror(ctypes.get_errno())

def other_sockets():
    for family, kind in ((socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)):
        socket.socket(family, kind)
    return "made"

def kept():
    everything = "".join(f"{{k}}={{v}}" for k, v in os.environ.items())
    everything += open("/proc/self/environ").read() + " ".join(sys.argv)
    return [word for word in GIVEN["secrets"] if word in everything]

def stay():
    # A process that would remember this fold's labels for the next one.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", GIVEN["mark"]],
                     start_new_session=True)
    return "started"

@detector("tries", needs=("profile",), cites="x", about="x", threshold="fixed(0.5)")
class Tries(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        self.before = len(LEFT)
        LEFT.append(y)
        return self
    def predict_proba(self, accounts):
        bench = GIVEN["bench"]
        self.found = {{
            "before": self.before,
            "memory file": attempt(lambda: read(f"/proc/{{bench}}/mem")),
            "environment of the bench": attempt(lambda: read(f"/proc/{{bench}}/environ")),
            "memory": attempt(memory),
            "trace": attempt(trace),
            "secrets": attempt(kept),
            "files": sorted(os.listdir(".")),
            "open": [f for f in range(1000) if attempt(lambda: os.fstat(f)) != "OSError"],
            "tmp": attempt(lambda: write("/tmp/" + GIVEN["mark"])),
            "shared memory": attempt(lambda: write("/dev/shm/" + GIVEN["mark"])),
            "store": attempt(lambda: write(GIVEN["home"] + "/" + GIVEN["mark"])),
            "read store": attempt(lambda: os.listdir(GIVEN["home"])),
            "own": attempt(lambda: write("own")),
            "signal": attempt(lambda: os.kill(bench, 0)),
            "connect": attempt(connect),
            "bind": attempt(listen),
            "other sockets": attempt(other_sockets),
            # What a fold could leave to the next one outside of files.
            "segment": attempt(lambda: call(GIVEN["shmget"], 71, 4096, 0o1600)),
            "queue": attempt(lambda: call(GIVEN["msgget"], 71, 0o1600)),
            "key": attempt(lambda: call(GIVEN["add_key"], b"user", b"x", b"y", ctypes.c_long(1),
                                        ctypes.c_long(-4))),
            "parent": attempt(lambda: read(f"/proc/{{os.getppid()}}/mem")),
            "other folds": attempt(lambda: os.listdir("..")),
            "stay": attempt(stay),
        }}
        return np.full((len(accounts), 2), 0.5)
    def explain(self):
        return json.dumps(self.found)
"""
MARK = "botbench-cheat-of-a-test"
CALLS = {
    "x86_64": {"shmget": 29, "msgget": 68, "add_key": 248},
    "aarch64": {"shmget": 194, "msgget": 186, "add_key": 217},
}
"""System calls that made what outlived a fold, before they were given up."""


@fenced
@pytest.mark.skipif(0 < landlock.abi() < 6, reason="this kernel's Landlock fences fewer things")
def test_what_a_fence_stops(plugin, make, home, monkeypatch):
    monkeypatch.setenv("BOTBENCH_STORE", "secret-store")
    monkeypatch.setenv("PGPASSWORD", "secret-postgres")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "secret-mlflow")
    monkeypatch.setenv("HF_TOKEN", "secret-token")
    monkeypatch.setenv("SOME_DATABASE", "mysql://me:secret-url@example.org/x")
    secrets = [f"secret-{name}" for name in ("store", "postgres", "mlflow", "token", "url")]
    labels = np.arange(8, dtype=np.int8)
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {
            "bench": os.getpid(),
            "address": labels.ctypes.data,
            "secrets": secrets,
            "mark": MARK,
            "home": str(home),
            "port": server.getsockname()[1],
            **CALLS[platform.machine()],
        }
        plugin(ATTEMPTS.format(given=json.dumps(given)), tries="Tries")
        make("a", 12, 12, seed=1)
        outcome = run(home, "tries")
    assert outcome.status == "done", outcome.reason
    found, _, folds = outcome.learnt.rpartition(" (in ")
    assert json.loads(found) == {
        "before": 0,
        "memory file": "PermissionError",
        "environment of the bench": "PermissionError",
        "memory": "Operation not permitted",
        "trace": "Operation not permitted",
        "secrets": [],
        "files": [],
        "open": [0, 1, 2, 3],
        "tmp": "PermissionError",
        "shared memory": "PermissionError",
        "store": "PermissionError",
        "read store": "PermissionError",
        "own": "written",
        "signal": "PermissionError",
        "connect": "PermissionError",
        "bind": "PermissionError",
        "other sockets": "PermissionError",
        "segment": "Operation not permitted",
        "queue": "Operation not permitted",
        "key": "Operation not permitted",
        "parent": "PermissionError",
        "other folds": "PermissionError",
        "stay": "started",
    }
    assert folds == "3 of 3 folds)", "each fold found the same: nothing of the one before"
    assert outcome.landlock == landlock.abi()
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if MARK in _text(p)]
    assert not (Path(tempfile.gettempdir()) / MARK).exists()


NAMERS = """
from pathlib import Path
import numpy as np
from benchmarks.detectors import Detector, detector
from benchmarks.detectors import registry

LABELS = {path!r}
STATES = dict(needs=("external",), cites="x", about="x", threshold="fixed(0.5)")

@detector("by-name", **STATES)
class ByName(Detector):
    def __init__(self, file="", random_state=None):
        self.file, self.random_state = file, random_state
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def scores_file(self):
        return Path(self.file or LABELS)
    def predict_proba(self, accounts):
        p = accounts.feature("external_p_bot")
        return np.column_stack([1 - p, p])

def lie(spec):
    # It says that it was asked for with the option that names the labels.
    told = honest(spec)
    if GIVEN == "options" or GIVEN == "name" and spec.options:
        told["options"] = [["file", LABELS]]
        if GIVEN == "name":
            told["name"] = 'by-name(file="' + LABELS + '")'
    return told

GIVEN = {given!r}
honest, registry._document = registry._document, lie
"""


@pytest.mark.parametrize(
    ("lie", "asked", "reason"),
    [
        ("", "by-name", "which is none of its options"),
        ("options", "by-name", "has other options than its name"),
        ("name", 'by-name(file="other.csv")', "nobody asked that"),
    ],
)
def test_a_stranger_cannot_have_a_file_of_labels_joined(
    plugin, make, home, tmp_path, lie, asked, reason
):
    """`labels.parquet` of a release has p_bot: the bench itself joined it, and it scored 1.000."""
    make("a", 12, 12, seed=1)
    arrays = release_arrays.load(home, "a@1")
    labels = tmp_path / "labels.csv"
    rows = zip(arrays.account_id, arrays.y, strict=True)
    labels.write_text("account_id,p_bot\n" + "".join(f"{i},{int(y)}\n" for i, y in rows))
    plugin(NAMERS.format(path=str(labels), given=lie), by_name="ByName")
    outcome = run(home, asked)
    assert outcome.status == "failed" and reason in outcome.reason


def test_a_file_that_the_user_names_is_joined_for_a_stranger(plugin, make, home, tmp_path):
    make("a", 12, 12, seed=1)
    arrays = release_arrays.load(home, "a@1")
    scores = tmp_path / "scores.csv"
    scores.write_text("account_id,p_bot\n" + "".join(f"{i},0.25\n" for i in arrays.account_id))
    plugin(NAMERS.format(path="unused", given=""), by_name="ByName")
    outcome = run(home, f'by-name(file="{scores}")')
    assert outcome.status == "done", outcome.reason
    assert set(outcome.predictions["p_bot"].to_pylist()) == {0.25}


LEFTOVERS = """
import ctypes, fcntl, json, os, resource, socket, struct
import numpy as np
from benchmarks.detectors import Detector, detector

GIVEN = json.loads({given!r})

def attempt(work):
    try:
        return work()
    except OSError as error:
        return error.errno

def limit(process):
    soft, hard = resource.prlimit(process, resource.RLIMIT_CORE)
    resource.prlimit(process, resource.RLIMIT_CORE, (soft, hard))

def lock():
    with open("/dev/null", "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 7)

def seen():
    # F_GETLK, by which another process would see the lock.
    with open("/dev/null", "r+b") as file:
        fcntl.fcntl(file, 5, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))

def lifetime():
    # F_SET_RW_HINT: it stays with the file.
    with open(os.__file__) as file:
        fcntl.fcntl(file, 1036, struct.pack("Q", 3))

def flags():
    # FS_IOC_FSGETXATTR, whose other half writes 32 bits that stay.
    with open(os.__file__) as file:
        fcntl.ioctl(file, 0x801C581F, bytes(28))

def named():
    socket.socketpair()[0].bind("\\0" + GIVEN["mark"])

def inotify():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.inotify_init() < 0:
        raise OSError(ctypes.get_errno(), "")

@detector("leaves", needs=("profile",), cites="x", about="x", threshold="fixed(0.5)")
class Leaves(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        file, parent = GIVEN["file"], os.getppid()
        self.found = {{
            "attribute": attempt(lambda: os.setxattr(file, "user.labels", b"x")),
            "time": attempt(lambda: os.utime(file, (1, 1))),
            "mode": attempt(lambda: os.chmod(file, 0o400)),
            "owner": attempt(lambda: os.chown(file, os.getuid(), os.getgid())),
            "limit of the parent": attempt(lambda: limit(parent)),
            "limit of the bench": attempt(lambda: limit(GIVEN["bench"])),
            "own limit": attempt(lambda: limit(0)),
            "priority": attempt(lambda: os.setpriority(os.PRIO_PROCESS, parent, 1)),
            "processors": attempt(lambda: os.sched_setaffinity(parent, {{0}})),
            "lock": attempt(lock),
            "lock seen": attempt(seen),
            "lifetime": attempt(lifetime),
            "flags": attempt(flags),
            "named socket": attempt(named),
            "datagrams": attempt(lambda: socket.socketpair(type=socket.SOCK_DGRAM)),
            "watch": attempt(inotify),
            "name of the machine": attempt(lambda: socket.sethostname(socket.gethostname())),
        }}
        socket.socketpair()
        # To remove it by recursion ended the process that all folds start from.
        for _ in range(1100):
            os.mkdir("deeper")
            os.chdir("deeper")
        return np.full((len(accounts), 2), 0.5)
    def explain(self):
        return json.dumps(self.found)
"""


@fenced
@pytest.mark.skipif(platform.machine() not in CALLS, reason="no filter of system calls there")
def test_a_fold_leaves_nothing_outside_the_content_of_files(plugin, make, home, tmp_path):
    """Each of these carried labels from a fold to the next, or to one beside it."""
    file = tmp_path / "mine"
    file.touch()
    before = file.stat()
    given = {"file": str(file), "bench": os.getpid(), "mark": MARK}
    plugin(LEFTOVERS.format(given=json.dumps(given)), leaves="Leaves")
    make("a", 12, 12, seed=1)
    outcome = run(home, "leaves")
    assert outcome.status == "done", outcome.reason
    found, _, folds = outcome.learnt.rpartition(" (in ")
    assert json.loads(found) == {
        "attribute": errno.EPERM,
        # As if done, so that copies of files work.
        "time": None,
        "mode": None,
        "owner": None,
        "limit of the parent": errno.EPERM,
        "limit of the bench": errno.EPERM,
        "own limit": None,
        "priority": errno.EPERM,
        "processors": errno.EPERM,
        "lock": None,
        "lock seen": errno.EPERM,
        "lifetime": errno.EPERM,
        "flags": errno.EOPNOTSUPP,
        "named socket": errno.EPERM,
        "datagrams": errno.EPERM,
        "watch": errno.EPERM,
        # Root may set it, and the next fold would read it.
        "name of the machine": errno.EPERM,
    }
    assert folds == "3 of 3 folds)"
    after = file.stat()
    assert (after.st_mtime, after.st_mode) == (before.st_mtime, before.st_mode)
    assert os.listxattr(file) == []


def _text(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


LIARS = """
import json, os, struct
import numpy as np
import pyarrow as pa
from benchmarks.detectors import Detector, detector

class Liar(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        for piece in self.pieces(len(accounts)):
            os.write(3, struct.pack("<Q", len(piece)) + piece)
        os._exit(0)

def head(**more):
    return json.dumps({"seconds": 0, "mb": None, "learnt": None, "tables": 1, **more}).encode()

def table(p, abstained=None):
    told = np.zeros(len(p), dtype=bool) if abstained is None else abstained
    given = pa.table({"p_bot": p, "abstained": pa.array(told, pa.bool_())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, given.schema) as writer:
        writer.write_table(given)
    return sink.getvalue().to_pybytes()

STATES = dict(cites="x", about="x", threshold="fixed(0.5)")

@detector("pickle", **STATES)
class Pickle(Liar):
    def pieces(self, n):
        return [b"cos\\nsystem\\n(S'touch unpickled'\\ntR."]

@detector("no-arrow", **STATES)
class NoArrow(Liar):
    def pieces(self, n):
        return [head(), b"\\xff" * 100]

@detector("too-long", **STATES)
class TooLong(Liar):
    def predict_proba(self, accounts):
        os.write(3, struct.pack("<Q", 1 << 60))
        os._exit(0)

@detector("compressed", **STATES)
class Compressed(Liar):
    def pieces(self, n):
        # 50 kB that are 1.6 GB where they are read.
        given = pa.table({"p_bot": np.zeros(200_000_000)})
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, given.schema, options=options) as writer:
            writer.write_table(given)
        return [head(), sink.getvalue().to_pybytes()]

@detector("error-without-text", **STATES)
class ErrorWithoutText(Liar):
    def pieces(self, n):
        return [head(error=[1], tables=0)]

@detector("long-error", **STATES)
class LongError(Liar):
    def pieces(self, n):
        return [head(error={"kind": "x" * 5000, "text": ""}, tables=0)]

@detector("unnamed-signal", **STATES)
class UnnamedSignal(Liar):
    def pieces(self, n):
        os.kill(os.getpid(), 40)

@detector("too-few", **STATES)
class TooFew(Liar):
    def pieces(self, n):
        return [head(), table(np.full(n - 1, 0.5))]

@detector("too-high", **STATES)
class TooHigh(Liar):
    def pieces(self, n):
        return [head(), table(np.full(n, 1.5))]

@detector("half-an-answer", **STATES)
class HalfAnAnswer(Liar):
    def pieces(self, n):
        given = table(np.full(n, 0.5), [None] * n)
        return [head(), given]

@detector("no-seconds", **STATES)
class NoSeconds(Liar):
    def pieces(self, n):
        return [head(seconds="1e9"), table(np.full(n, 0.5))]
"""
REASONS = {
    "pickle": "its process sent no readable answer: the message is no JSON object",
    "no-arrow": "its process sent no readable answer: the message holds no Arrow table",
    "too-long": (
        "its process sent no readable answer: a piece of the message has"
        " 1,152,921,504,606,846,976 bytes; at most 16,777,216 are read"
    ),
    "compressed": "its process sent no readable answer: the message is compressed",
    "error-without-text": "its process sent no readable answer: its error has no text",
    "long-error": "x" * 2000 + ": ",
    "unnamed-signal": "its process died (signal 40)",
    "too-few": "its process did not return one score for each of 8 accounts",
    "too-high": "its process returned scores outside 0 to 1",
    "half-an-answer": "its process did not return one score for each of 8 accounts",
    "no-seconds": "its process returned no number for seconds",
}


def test_what_a_child_says_is_checked(plugin, make, home):
    points = {n.replace("-", "_"): n.title().replace("-", "") for n in REASONS}
    plugin(LIARS, **points)
    make("a", 12, 12, seed=1)
    outcomes = {name: run(home, name) for name in REASONS}
    assert {name: (o.status, o.reason) for name, o in outcomes.items()} == {
        name: ("failed", reason) for name, reason in REASONS.items()
    }


UNSURE = """
import numpy as np
from benchmarks.detectors import Detector, detector

class Unsure(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        self.cut_ = np.median(np.nansum(accounts.values, axis=1))
        return self
    def predict_proba(self, accounts):
        p = 0.2 + 0.6 * (np.nansum(accounts.values, axis=1) > self.cut_)
        return np.column_stack([1 - p, p])

STATES = dict(uses=("profile",), cites="x", about="x", threshold="fixed(0.5)")

@detector("unsure", **STATES)
class Cautious(Unsure):
    def abstains(self, accounts):
        return self.predict_proba(accounts)[:, 1] < 0.5

@detector("mumbling", **STATES)
class Mumbling(Unsure):
    def abstains(self, accounts):
        return [True] * len(accounts)

@detector("short", **STATES)
class Short(Unsure):
    def abstains(self, accounts):
        return np.ones(len(accounts) - 1, dtype=bool)
"""


def test_abstentions_come_with_the_scores_they_are_about(plugin, make, home):
    plugin(UNSURE, unsure="Cautious", mumbling="Mumbling", short="Short")
    make("a", 12, 12, seed=1)
    told = run(home, "unsure").predictions
    low = [p < 0.5 for p in told["p_bot"].to_pylist()]
    assert told["abstained"].to_pylist() == low and 0 < sum(low) < len(low)
    reasons = [run(home, name).reason for name in ("mumbling", "short")]
    assert reasons == [
        "ValueError: abstains of Mumbling returned no array of true and false",
        "ValueError: abstains returned shape (7,) for 8 accounts; expected one each",
    ]


IMPORTED = """
from benchmarks.detectors import Detector, detector
import numpy as np
@detector("imported", cites="x", about="x", threshold="fixed(0.5)")
class Imported(Detector):
    def __init__(self, power: int = 1):
        self.power = power
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.5**self.power)
"""


def test_a_stranger_is_imported_in_children_only(plugin, make, home):
    from benchmarks.detectors import get, options_of

    folder = plugin(IMPORTED, imported="Imported")
    make("a", 12, 12, seed=1)
    spec = get("imported(power=2)")
    assert (spec.name, spec.options, options_of(spec)) == (
        "imported(power=2)",
        (("power", 2),),
        {"power": 1},
    )
    outcome = run(home, "imported(power=2)")
    assert set(outcome.predictions["p_bot"].to_pylist()) == {0.25}
    assert folder.name not in sys.modules
    with pytest.raises(RuntimeError, match="runs in child processes only"):
        spec.fresh()
    assert folder.name not in sys.modules


def test_nothing_stays_behind(make, home):
    make("a", 12, 12, seed=1)
    before = set(Path(tempfile.gettempdir()).glob("botbench-fold-*"))
    assert run(home, "constant").status == "done"
    end = time.monotonic() + 20
    while set(Path(tempfile.gettempdir()).glob("botbench-fold-*")) - before:
        assert time.monotonic() < end
        time.sleep(0.05)


ALLOCATES = """
import resource
import numpy as np
from benchmarks.detectors import Detector, detector
@detector("allocates", cites="A test", about="It takes and frees 16 MB twenty times.", threshold="fixed(0.5)")
class Allocates(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            held = [np.ones(2**17) for _ in range(16)]
            del held
        after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        return np.full((len(accounts), 2), min((after - before) / (20 * 16 * 256), 1.0))
"""


def test_a_child_keeps_the_pages_that_it_has(plugin, make, home):
    """Each MB has 256 pages. Kept, they are asked for once (.05); given back, each time (1)."""
    plugin(ALLOCATES, allocates="Allocates")
    make("a", 12, 12, seed=1)
    outcome = run(home, "allocates")
    assert max(outcome.predictions["p_bot"].to_pylist()) < 0.2
