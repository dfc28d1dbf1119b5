"""Processor time and memory of each reader on files of several sizes, beside DuckDB's own read.

A small real file of each format is repeated with other ids until it has the size. What DuckDB
cannot read is beside a loop of orjson. Each pull, and each peer, is a process of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBER = re.compile(rb"(?<![0-9.])[0-9]{9,19}(?![0-9])")
"""An id or a Unix time in microseconds."""
PEER = """
import sys
try:
    import duckdb
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    options = ", maximum_object_size = 100000000" if sys.argv[2] == "read_json" else ""
    con.execute(f"CREATE TABLE t AS FROM {sys.argv[2]}('{sys.argv[1]}'{options})")
except duckdb.Error:
    import orjson
    content = open(sys.argv[1], "rb").read()
    one = content.startswith(b"window.YTD.")
    parts = [content[content.index(b"[") :]] if one else content.splitlines()
    rows = [orjson.loads(part) for part in parts]
    sys.exit(9)
"""


@dataclass(frozen=True)
class Sample:
    """A small file of a format: whether it is an array, what more is an id in it, what stands
    before all of it, and whether all of it is one item.
    """

    file: str
    array: bool = False
    ids: bytes = b""
    before: bytes = b""
    whole: bool = False


SAMPLES = {
    "twitter-v1-json": Sample("twitter_v11/lines.json"),
    "twitter-v2": Sample("twitter_v2/flat.jsonl"),
    "twitter-archive": Sample(
        "twitter_archive/tweets_2026.js", array=True, before=b"window.YTD.tweets.part0 = "
    ),
    "bluesky-events": Sample("bluesky/jetstream_expected_v1.jsonl", ids=rb'(?<="rkey":")[^"]+'),
    "bluesky-api": Sample(
        "bluesky/getAuthorFeed.json", ids=rb"(?<=app\.bsky\.feed\.post/)[a-z0-9]+", whole=True
    ),
    "mastodon": Sample("mastodon/account_statuses.json", array=True),
    "activitypub": Sample("mastodon/outbox_activities_list.json", array=True),
    "zeeschuimer": Sample("zeeschuimer/twitter-test.ndjson"),
    "reddit": Sample("reddit/test_comments.json", ids=rb'(?<="id":")[^"]+'),
    "telegram": Sample(
        "telegram/result_public_channel_2026.json", ids=rb'(?<="id":)[0-9]+', whole=True
    ),
    "crowdtangle": Sample("crowdtangle/crowdtangle_data_20231123.csv"),
}


def main() -> None:
    """Make the files, pull each, and print one line of a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=float, nargs="+", default=[10, 100])
    parser.add_argument("--only", nargs="*", default=sorted(SAMPLES))
    parser.add_argument("--data", default=os.environ.get("BOTBENCH_SHARED_DATA", "."))
    asked = parser.parse_args()
    print("| reader | MB | processor s | peer, processor s | ratio | peak MB | peer's peak MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in asked.only:
        sample = SAMPLES[name]
        for size in asked.mb:
            with tempfile.TemporaryDirectory(prefix="botbench-readers-") as folder:
                ending = ".json" if sample.array else ".jsonl"
                ending = ".csv" if sample.file.endswith(".csv") else ending
                path = Path(folder) / f"{name}{ending}"
                repeat(Path(asked.data) / "formats" / sample.file, sample, path, size * 1e6)
                print(line(name, path, Path(folder) / "store"), flush=True)


def repeat(source: Path, sample: Sample, path: Path, size: float) -> None:
    """Write the items of a file again and again, each copy with ids of its own."""
    head, items = _items(source, sample)
    start, end = (b"[", b"]") if sample.array else (b"", b"\n")
    between = b",\n" if sample.array else b"" if source.suffix == ".csv" else b"\n"
    with path.open("wb") as out:
        out.write(sample.before + head + start)
        copy = written = 0
        while out.tell() < size:
            for item in items:
                out.write(between * bool(written) + _renamed(item, copy, sample.ids))
                written += 1
            copy += 1
        out.write(end)


def _items(source: Path, sample: Sample) -> tuple[bytes, list[bytes]]:
    """What stands once, and what is repeated: rows of a table, items of an array, or lines."""
    import orjson

    content = source.read_bytes()
    if source.suffix == ".csv":
        head, _, rows = content.partition(b"\n")
        return head + b"\n", [rows.rstrip(b"\n") + b"\n"]
    if sample.whole:
        return b"", [orjson.dumps(orjson.loads(content))]
    if sample.array:
        listed = orjson.loads(content[content.index(b"[") :])
        return b"", [orjson.dumps(item) for item in listed]
    return b"", [line for line in content.splitlines() if line.strip()]


def _renamed(item: bytes, copy: int, ids: bytes) -> bytes:
    """An item whose ids are those of a copy; the number of digits stays."""

    def moved(found: re.Match[bytes]) -> bytes:
        length = len(found[0])
        return b"%0*d" % (length, (int(found[0]) + copy * 1009) % 10**length)

    item = NUMBER.sub(moved, item)
    return re.sub(ids, lambda found: b"%s%d" % (found[0], copy), item) if ids else item


def line(name: str, path: Path, store: Path) -> str:
    """One line of the table."""
    pull = [sys.executable, "-m", "botbench.commands.main", "--store", str(store), "pull"]
    pull += [str(path), "--as", "measured", "--quarantine-limit", "1"]
    cpu, peak, _ = measured(pull)
    reader = "read_csv" if path.suffix == ".csv" else "read_json"
    other, its_peak, code = measured([sys.executable, "-c", PEER, str(path), reader])
    peer = "orjson" if code else "DuckDB"
    size = path.stat().st_size / 1e6
    return (
        f"| {name} | {size:.0f} | {cpu:.1f} | {peer} {other:.1f} | {cpu / other:.1f} | {peak:.0f} |"
        f" {its_peak:.0f} |"
    )


def measured(command: list[str]) -> tuple[float, float, int]:
    """Processor seconds, peak memory in MB and exit code of a process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 1, 9}:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, code


if __name__ == "__main__":
    main()
