"""The watch of Bluesky beside a simulated Jetstream: 2,000 events a second, and three kills.

The stream is simulated, on loopback: every event is a post, nobody in it exists. The watch has one
core. It is killed (SIGKILL) and begun again; then every post must be in the store, once. It writes
the table of docs/live.md, and ends with an error where something is not as it must be.

    python experiments/bluesky/watch.py [--minutes 10] [--rate 2000] [--kills 3]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign import must
from pages import markdown, write

NAME, MEMORY, AUTHORS = "watched", "300MB", 5_000
BEHIND = 120.0
"""Seconds that the watch may take for what is left at the end."""


def event(n: int, begun: int, rate: int) -> str:
    """The event of a number: a post with a text of usual length."""
    who = f"did:plc:{n % AUTHORS:024d}"
    text = f"made post {n}: nobody wrote it, and it is as long as posts on that network often are"
    record = {
        "$type": "app.bsky.feed.post", "text": text, "langs": ["en"],
        "createdAt": "2026-03-01T00:00:00.000Z",
    }  # fmt: skip
    commit = {
        "rev": "made", "operation": "create", "collection": "app.bsky.feed.post",
        "rkey": f"{n:013d}", "record": record, "cid": "made",
    }  # fmt: skip
    at = begun + n * 1_000_000 // rate
    return json.dumps({"did": who, "time_us": at, "kind": "commit", "commit": commit})


def stream(total: int, rate: int, told: Connection) -> None:
    """Serve the events, each from its time on, to any cursor; tell the port and the beginning."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import ServerConnection, serve

    begun = time.time_ns() // 1_000

    def send(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked = parse_qs(urlsplit(socket.request.path).query)
        cursor = int(asked.get("cursor", ["0"])[0])
        n = max(-(-(cursor - begun) * rate // 1_000_000), 0)
        with suppress(ConnectionClosed):
            while True:
                there = min(total, (time.time_ns() // 1_000 - begun) * rate // 1_000_000)
                for k in range(n, there):
                    socket.send(event(k, begun, rate))
                n = max(n, there)
                time.sleep(0.005)

    with serve(send, "127.0.0.1", 0) as server:
        told.send((server.socket.getsockname()[1], begun))
        server.serve_forever()


class Watch:
    """The runs of one watch: how much memory and processor time each took."""

    def __init__(self, folder: Path, port: int, core: int) -> None:
        self.folder, self.core = folder, core
        program = [sys.executable, "-m", "botbench.commands.main", "--store", str(folder / "store")]
        watch = ["pull", "bluesky", "--watch", "--as", NAME, "--memory", MEMORY]
        self.words = [*program, *watch, "--server", f"ws://127.0.0.1:{port}"]
        self.memory: list[int] = []
        self.seconds: list[float] = []
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Begin the watch, or go on with it."""
        self.process = subprocess.Popen(
            ["taskset", "-c", str(self.core), *self.words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def end(self, how: signal.Signals) -> int:
        """Send a signal, and wait for the end; its return code."""
        assert self.process is not None
        self.process.send_signal(how)
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.memory.append(used.ru_maxrss // 1024)
        self.seconds.append(used.ru_utime + used.ru_stime)
        return self.process.returncode

    def position(self) -> int:
        """The position of the last event that is on disk."""
        state = self.folder / "store" / "live" / f"{NAME}.watch" / "state.json"
        try:
            return int(json.loads(state.read_text(encoding="utf-8"))["position"] or 0)
        except (OSError, ValueError):
            return 0

    def must_run(self) -> None:
        """Raise AssertionError where it ended by itself."""
        assert self.process is not None
        must("the watch ended by itself", self.process.poll(), None)


def play(folder: Path, total: int, rate: int, kills: int) -> dict[str, str]:
    """Watch all events, with kills; the figures."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=stream, args=(total, rate, theirs), daemon=True
    )
    server.start()
    port, begun = ours.recv()
    watch = Watch(folder, port, max(os.sched_getaffinity(0)))
    watch.begin()
    length = total / rate
    for kill in range(1, kills + 1):
        while time.time() - begun / 1e6 < length * kill / (kills + 1):
            watch.must_run()
            time.sleep(0.2)
        watch.end(signal.SIGKILL)
        watch.begin()
    last = begun + (total - 1) * 1_000_000 // rate
    while watch.position() < last:
        watch.must_run()
        must("seconds behind at the end", time.time() - last / 1e6 < BEHIND, True)
        time.sleep(0.05)
    behind = time.time() - last / 1e6
    # Not SIGINT: who runs this in the background ignores it, and so would the watch.
    must("exit code of the watch", watch.end(signal.SIGTERM), 143)
    server.kill()
    return _figures(watch, total, rate, behind)


def _figures(watch: Watch, total: int, rate: int, behind: float) -> dict[str, str]:
    from curation.store.store import Store

    def one(query: str) -> Any:
        with Store(watch.folder / "store") as store:
            return store.connection.execute(query).fetchone()

    stored, different = one("SELECT count(*), count(DISTINCT post_id) FROM lake.main.posts")
    state = json.loads(
        (watch.folder / "store" / "live" / f"{NAME}.watch" / "state.json").read_text("utf-8")
    )
    (twice,) = one("SELECT sum(duplicate) FROM lake.main.ledger WHERE table_name = 'posts'")
    must("posts stored", (stored, different), (total, total))
    must("gaps", state["gaps"], [])
    kills = len(watch.memory) - 1
    return {
        "events, each a post": f"{total:,}, {rate:,} a second for {total / rate / 60:g} minutes",
        "kills (SIGKILL)": str(kills),
        "posts stored, lost, gaps": f"{stored:,}, 0, 0",
        "came twice, kept once (duplicates)": f"{twice:,}",
        "the last event on disk, after it was sent": f"{behind:.1f} s",
        f"most memory of each of the {kills + 1} runs (`--memory {MEMORY}`)": ", ".join(
            f"{m} MB" for m in watch.memory
        ),
        "processor time of the watch": f"{sum(watch.seconds):.0f} s, on one core",
    }


def main() -> int:
    """Play the stream and write the table."""
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("--minutes", type=float, default=10)
    given.add_argument("--rate", type=int, default=2_000, help="events a second")
    given.add_argument("--kills", type=int, default=3)
    asked = given.parse_args()
    total = int(asked.minutes * 60 * asked.rate)
    with tempfile.TemporaryDirectory(prefix="botbench-watch-") as folder:
        figures = play(Path(folder), total, asked.rate, asked.kills)
    write("live.md", "watch", markdown(("what", "figure"), figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
