"""A seeded fuzzer of the readers of strangers' files: `python tests/fuzz/run.py 1000 --seed 1`.

Each file is a valid seed with some bytes, marks or structure changed. A child reads it, within a
limit of memory and of seconds of processor time. A failure is a traceback, a ledger that does not
add up, too much memory, or too much time; its file is kept. The same seed makes the same files.
"""

import argparse
import collections
import gzip
import io
import json
import os
import random
import resource
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMORY = 3 << 30
"""Bytes that the child may take beyond what its libraries take."""
SECONDS = 20
"""Seconds of processor time for one file."""
PATIENCE = 600
"""Seconds on the clock after which a child that says nothing is ended."""

MARKS = (
    b'"', b'""', b"'", b",", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xed\xa0\xbd", b"\xef\xbb\xbf",
    b"\xff\xfe", b"[", b"]", b"{", b"}", b"[" * 2000, b'{"a":' * 1500, b"- " * 200, b"&a [*a]", b"*a", b"<<: *a", b"!!python/name:os",
    b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"-0", b"\\ud83d", b"\\u0000", b"\\", b"\x1b[31m", b"\xe2\x80\xae",
    b"../../x", b"/etc/passwd", b"\x1d\x1e0", b"\x01no such text\x01", b"file_row_number", b"2026-02-30", b"0x", b"1:1:1",
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07", b"PAR1", b"\x1f\x8b",
)  # fmt: skip
ODD_NAMES = (
    "file_row_number",
    "_row",
    "_raw",
    "_member",
    "filename",
    "",
    "ID",
    "r",
    "a\0b",
    'q"',
    "x" * 300,
    "file_index",
)


def varied(rng, name, content):
    """A changed file of a kind: inside its wrapping, or as it stands."""
    if name.endswith(".gz") and rng.random() < 0.5:
        return gzip.compress(varied(rng, name[:-3], gzip.decompress(content)), mtime=0)
    if name.endswith(".tar") and rng.random() < 0.6:
        return _tar(rng, content)
    if name.endswith((".zip", ".skops")) and rng.random() < 0.6:
        return _zip(rng, content)
    if name.endswith(".parquet") and rng.random() < 0.4:
        return _parquet(rng, content)
    if rng.random() < 0.08:
        return _encoded(rng, content)
    return _bytes(rng, content)


def _bytes(rng, content):
    made = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(made) + 1)
        end = min(len(made), at + rng.choice((1, 2, 7, 40, 300)))
        change = rng.randrange(9)
        if change == 0 and at < len(made):
            made[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            made[at:at] = rng.choice(MARKS)
        elif change == 2:
            made[at:end] = rng.choice(MARKS)
        elif change == 3:
            del made[at:end]
        elif change == 4:
            made[at:at] = made[at:end] * rng.choice((1, 2, 50))
        elif change == 5 and rng.random() < 0.4:
            del made[at:]
        elif change == 6:
            made[at:end] = rng.randbytes(end - at)
        elif change == 7:
            other = rng.randrange(len(made) + 1)
            made[at:at] = made[other : other + 60]
        else:
            made[at:end] = bytes(rng.choice(b"0123456789-.eE") for _ in range(end - at))
    return bytes(made)


def _encoded(rng, content):
    encoding = rng.choice(
        ("utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-7", "utf-8-sig", "latin-1")
    )
    made = content.decode("utf-8", "replace").encode(encoding, "replace")
    return _bytes(rng, made) if rng.random() < 0.3 else made


def _tar(rng, content):
    """Members renamed, of another type or size, with the checksum of their header made right."""
    made = bytearray(content)
    starts = [i for i in range(0, len(made) - 512, 512) if made[i + 257 : i + 262] == b"ustar"]
    for at in rng.sample(starts, min(len(starts), rng.choice((1, 2)))):
        field, size = rng.choice(
            ((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155))
        )
        new = rng.choice(
            (
                b"L",
                b"K",
                b"x",
                b"g",
                b"S",
                b"1",
                b"2",
                b"5",
                b"7" * 11,
                b"\x80" + b"\xff" * 11,
                b"../a.csv",
                b"\xff\xfe.csv",
                b"z",
            )
        )
        made[at + field : at + field + min(size, len(new))] = new[:size]
        head = bytes(made[at : at + 148]) + b" " * 8 + bytes(made[at + 156 : at + 512])
        made[at + 148 : at + 156] = b"%06o\0 " % sum(head)
    if starts and rng.random() < 0.2:
        at = rng.choice(starts)
        made[at:at] = made[at : at + 1024] * rng.choice((3, 40, 600))
    return bytes(made)


def _zip(rng, content):
    """An entry with other contents, name or packing, or another number in the directory."""
    if rng.random() < 0.4:
        made = bytearray(content)
        places = [
            i
            for i in range(len(made) - 46)
            if made[i : i + 4] in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06")
        ]
        at = rng.choice(places) + rng.randrange(4, 40)
        made[at : at + 2] = struct.pack(
            "<H", rng.choice((0, 1, 8, 14, 97, 0xFFFF, rng.randrange(1 << 16)))
        )
        return bytes(made)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        entries = old.infolist()
        chosen = rng.choice(entries)
        for entry in entries:
            body, name = old.read(entry), entry.filename
            if entry is chosen and rng.random() < 0.7:
                body = _bytes(rng, body)
            elif entry is chosen:
                name = rng.choice(
                    (
                        ".",
                        "..",
                        "/x.csv",
                        "a/b/c.csv",
                        "x" * 300 + ".csv",
                        "A" + name,
                        "\x1b.csv",
                        "manifest.yaml",
                    )
                )
            new.writestr(
                zipfile.ZipInfo(name),
                body,
                rng.choice(
                    (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
                ),
            )
    return out.getvalue()


def _parquet(rng, content):
    """Columns with odd names or types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    n = table.num_rows
    odd = (
        pa.array([rng.randbytes(3) for _ in range(n)]),
        pa.array([None] * n, pa.null()),
        pa.array([2**62] * n, pa.timestamp("us")),
        pa.array([2**64 - 1] * n, pa.uint64()),
        pa.array([float("nan")] * n),
        pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int64())),
        pa.array([{"a": [{"b": None}]}] * n),
        pa.array(["x"] * n).dictionary_encode(),
        pa.array([1] * n, pa.time32("s")),
        pa.array([1.5] * n, pa.float16()),
        pa.array(["\x00"] * n),
    )
    for _ in range(rng.choice((1, 2, 3))):
        column = rng.choice(odd)
        if rng.random() < 0.4 and table.num_columns:
            at = rng.randrange(table.num_columns)
            table = table.set_column(at, table.column_names[at], column)
        else:
            table = table.append_column(rng.choice(ODD_NAMES), column)
    out = io.BytesIO()
    pq.write_table(table, out, compression=rng.choice(("snappy", "gzip", "zstd", "none")))
    return _bytes(rng, out.getvalue()) if rng.random() < 0.2 else out.getvalue()


def case(seed, number, targets):
    """The kind, contents and encoding of the file of a number."""
    rng = random.Random(f"{seed}:{number}")
    kinds = sorted(targets.SEEDS)
    name = kinds[number % len(kinds)]
    content = varied(rng, name, targets.SEEDS[name]())
    if rng.random() < 0.15:
        content = (
            varied(rng, name, content)
            if not name.endswith((".gz", ".zip", ".skops", ".parquet"))
            else _bytes(rng, content)
        )
    return name, content, rng.choice(targets.ENCODINGS)


# -- the child


class SlowError(Exception):
    """A file took too much processor time."""


def child(seed):
    """Read numbers from stdin, try each file, and write one line of JSON for each."""
    sys.path.insert(0, str(HERE))
    import targets

    from botbench.core.errors import Findings, UserError

    for name in ("people.csv", "card.yaml", "people.parquet"):  # loads the libraries
        _try(targets, name, targets.SEEDS[name](), "utf-8", UserError)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))

    def slow(*_):
        raise SlowError(f"over {SECONDS} seconds of processor time")

    signal.signal(signal.SIGPROF, slow)
    print("ready", flush=True)
    for line in sys.stdin:
        name, content, encoding = case(seed, int(line), targets)
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            said = _try(targets, name, content, encoding, (UserError, Findings))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(
            json.dumps(
                {
                    "number": int(line),
                    "kind": name,
                    **said,
                    "seconds": round(time.process_time() - started, 2),
                }
            ),
            flush=True,
        )


def _try(targets, name, content, encoding, allowed):
    folder = Path(tempfile.mkdtemp(prefix="botbench-fuzz-"))
    try:
        (folder / name).write_bytes(content)
        try:
            return {"outcome": targets.run(name, folder, encoding)}
        except allowed as error:
            text = str(error)
            if len(text) > 20_000:
                return {
                    "outcome": "failed",
                    "why": f"a message of {len(text):,} characters: {text[:80]}",
                }
            return {"outcome": "refused"}
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)
            ours = [
                f"{Path(f.filename).name}:{f.lineno}"
                for f in place
                if "site-packages" not in f.filename
            ][-3:]
            return {
                "outcome": "failed",
                "why": f"{type(error).__name__} at {' '.join(ours)}: {str(error)[:160]}",
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -- the parent


class Child:
    """A process that tries files; started again where a file ends it."""

    def __init__(self, seed):
        self.command = [
            sys.executable,
            str(Path(__file__).resolve()),
            "1",
            "--child",
            "--seed",
            str(seed),
        ]
        self.start()

    def start(self):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
        }
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        assert self.line() == "ready", "the child did not start"

    def line(self):
        """The next line of the child; empty where it has ended or says nothing for too long."""
        ready = self.selector.select(PATIENCE)
        return self.process.stdout.readline().strip() if ready else ""

    def ask(self, number):
        try:
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()
            line = self.line()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.kill()
        code = self.process.wait()
        self.start()
        return {
            "number": number,
            "outcome": "failed",
            "why": f"the process ended ({code})",
            "seconds": 0,
        }

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--keep", type=Path, help="a folder for the files that fail")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.seed)
        return 0
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    import targets

    worker, outcomes, failures, slowest = Child(asked.seed), collections.Counter(), [], 0.0
    for number in range(asked.first, asked.first + asked.files):
        found = worker.ask(number)
        outcomes[found["outcome"]] += 1
        slowest = max(slowest, found["seconds"])
        if found["outcome"] == "failed":
            name, content, encoding = case(asked.seed, number, targets)
            failures.append(
                {"number": number, "kind": name, "encoding": encoding, "why": found["why"]}
            )
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"{number}-{name}").write_bytes(content)
            print(
                f"failed: file {number} ({name}, {encoding}): {found['why']}",
                file=sys.stderr,
                flush=True,
            )
    worker.end()
    print(
        json.dumps(
            {
                "tried": asked.files,
                "failed": len(failures),
                "outcomes": dict(outcomes),
                "slowest_seconds": slowest,
                "seed": asked.seed,
                "first": asked.first,
            }
        )
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
