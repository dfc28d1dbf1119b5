"""Real servers for the end-to-end tests, on loopback, each with a folder of its own, ended by
process id.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1_300
"""Seconds: two starts of servers one after the other, each as long as the product waits, on a
machine with more to do.
"""


def _program():
    """The label-studio program: named by BOTBENCH_LABEL_STUDIO, on the path, or installed by `make
    label-studio`.
    """
    named = os.environ.get("BOTBENCH_LABEL_STUDIO")
    found = (
        named
        or shutil.which("label-studio")
        or shutil.which(ROOT / ".label-studio" / "bin" / "label-studio")
    )
    if not found or not Path(found).exists():
        pytest.skip(
            "the Label Studio server is not installed: run `make label-studio`, or set"
            " BOTBENCH_LABEL_STUDIO"
        )
    return found


class LabelStudio:
    """A running server; `call` asks its API as the administrator or as another token."""

    def __init__(self, home, told):
        place = json.loads((home / "annotate" / "roster.json").read_text("utf-8"))["places"][0]
        self.home, self.told, self.url, self.token = home, told, place["url"], place["token"]
        self.data = self.fresh = home / "annotate" / "servers" / "shared"
        self._known = {}

    def call(self, method, path, token=None, **options):
        headers = {"Authorization": f"Token {token or self.token}"}
        # A connection for each: on one that stays, an answer waits 40 ms for the acknowledgement of
        # its headers.
        answer = requests.request(
            method, f"{self.url}/api/{path}", headers=headers, timeout=120, **options
        )
        assert answer.status_code < 400, (
            f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        )
        return answer.json() if answer.content else None

    def kill(self):
        """End the server's own processes by SIGKILL, as where the machine has no memory left."""
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if self.port in words and any(w.endswith("/label-studio") for w in words):
                    os.kill(int(place.name), signal.SIGKILL)

    def known(self, name):
        """The address and the token of somebody who is signed up once for all tests: it takes more
        than a second.
        """
        if name not in self._known:
            email = f"{name}-{secrets.token_hex(4)}@example.org"
            self._known[name] = (email, self.person(email))
        return self._known[name]

    def person(self, email):
        """Sign somebody up by the invitation, as a real annotator would; returns their token."""
        invitation = self.call("GET", "invite")["invite_url"]
        with requests.Session() as browser:
            page = browser.get(f"{self.url}{invitation}", timeout=60)
            form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
            fields = {
                "csrfmiddlewaretoken": form,
                "email": email,
                "password": "a-Password-9",
                "how_find_us": "",
                "elaborate": "",
            }
            done = browser.post(
                f"{self.url}{invitation}", data=fields, headers={"Referer": self.url}, timeout=60
            )
            assert done.status_code == 200, done.text[:500]
            return browser.get(f"{self.url}/api/current-user/token", timeout=60).json()["token"]


@contextlib.contextmanager
def served(folder, *arguments):
    """`botbench annotate serve` as a user runs it, with its store in the folder; gives what it
    said. Ended by SIGTERM.
    """
    environment = {
        **os.environ,
        "BOTBENCH_LABEL_STUDIO": _program(),
        "BOTBENCH_STORE": str(folder / "store"),
    }
    with (folder / "said").open("w") as said, (folder / "log").open("w") as log:
        command = [
            sys.executable,
            "-m",
            "botbench.commands.main",
            "annotate",
            "serve",
            *arguments,
            "--json",
        ]
        process = subprocess.Popen(
            command, stdout=said, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=folder
        )
    try:
        yield _told(folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory):
    """The server of this test session, started as a new user does: `botbench annotate serve` in an
    empty folder.

    `told` is what the command said: who logs in where, with which password.
    """
    if running := os.environ.get(
        "BOTBENCH_TEST_SERVED"
    ):  # a folder where `annotate serve --json > said` runs already
        yield LabelStudio(Path(running) / "store", json.loads((Path(running) / "said").read_text()))
        return
    folder = tmp_path_factory.mktemp("label-studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with contextlib.ExitStack() as processes:

        def start():
            return processes.enter_context(served(folder, "--for", "me", "--port", port))

        server = LabelStudio(folder / "store", start())
        server.start, server.port = start, port
        server.fresh = tmp_path_factory.mktemp("fresh-label-studio")
        _copy(server.data, server.fresh)
        yield server


@pytest.fixture
def server_data(label_studio):
    """server_data(folder) makes the data folder of another server: a copy of the session's as it
    was before the first test, so that no migration is run again (more than 20 s of processor time)
    and no project of another test is there; or `as_it_is`.
    """

    def make(folder, *, as_it_is=False):
        folder.mkdir(parents=True)
        _copy(label_studio.data if as_it_is else label_studio.fresh, folder)

    return make


@pytest.fixture
def isolated(server_data, tmp_path):
    """isolated("ana", "ben"): `annotate serve --isolate` on the store of this test, a real server
    for each; what it said.
    """
    with contextlib.ExitStack() as running:

        def start(*names):
            for name in names:
                server_data(tmp_path / "store" / "annotate" / "servers" / name)
            return running.enter_context(served(tmp_path, "--isolate", "--for", ",".join(names)))

        yield start


def _copy(server, folder):
    """The data of a running server, as it is at one moment, with our own token for it."""
    shutil.copy(server / "desk.json", folder)
    with (
        contextlib.closing(sqlite3.connect(server / "label_studio.sqlite3", timeout=60)) as source,
        contextlib.closing(sqlite3.connect(folder / "label_studio.sqlite3")) as target,
    ):
        source.backup(target)


def _told(folder, process):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, (folder / "log").read_text(errors="replace")[-2000:]
        try:
            return json.loads((folder / "said").read_text())
        except ValueError:
            time.sleep(0.3)
    raise AssertionError(
        f"annotate serve was not ready in {PATIENCE} s:"
        f" {(folder / 'log').read_text(errors='replace')[-2000:]}"
    )
