"""`botbench annotate serve` with a made program in place of Label Studio: what it starts, it ends.

With the real server: tests/e2e.
"""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from botbench.commands.annotate import annotate_serve
from botbench.terminal import signals
from curation.annotation.assignment.roster import Roster, ServerAccess
from curation.annotation.label_studio import server
from curation.store.schema import rows
from curation.store.store import Store

STOPPED = "botbench: stopped by SIGTERM; run the same command again, nothing is lost.\n"
# It writes down its process; where the folder's name is that of HANGS, it never answers. As Label
# Studio does, it moves to the next port where its own is taken, and refuses another one's token.
MADE = """
import http.server, os, sys, time
from pathlib import Path

Path("new").write_text(str(os.getpid()))
os.rename("new", "process")
if Path.cwd().name == os.environ.get("HANGS"):
    time.sleep(600)

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = f"Token {os.environ['LABEL_STUDIO_USER_TOKEN']}"
        allowed = self.path == "/health" or self.headers.get("Authorization") == known
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"status": "UP", "id": 1}')

class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True

port = int(sys.argv[sys.argv.index("--port") + 1])
while True:
    try:
        Server(("127.0.0.1", port), Answers).serve_forever()
    except OSError:
        port += 1
"""
# Signing up and pushing need the real one.
SERVE = """
from types import SimpleNamespace
from botbench.commands import main
from botbench.commands.annotate import annotate_serve

annotate_serve._people = lambda store, server, place, names: {
    name: SimpleNamespace(email=f"{name}@annotators.invalid", password="made-up") for name in names
}
annotate_serve._push = lambda *_: SimpleNamespace(project_ids=[1])
main.main()
"""


class Serve:
    """Runs the command on the test's store, and knows the processes of its servers."""

    def __init__(self, folder, program):
        self.folder, self.servers = folder, folder / "store" / "annotate" / "servers"
        self.environment = {
            **os.environ,
            "BOTBENCH_STORE": str(folder / "store"),
            "BOTBENCH_LABEL_STUDIO": str(program),
        }

    def __call__(self, *options, before=(), **environment):
        return subprocess.Popen(
            [*before, sys.executable, "-c", SERVE, "annotate", "serve", *options],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process_of(self, name):
        """The number of a server's process, once it has started."""
        until = time.monotonic() + 120
        while not (file := self.servers / name / "process").exists():
            assert time.monotonic() < until, f"the server {name} was never started"
            time.sleep(0.02)
        return int(file.read_text())

    def lives(self, name):
        try:
            os.kill(self.process_of(name), 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def program(tmp_path):
    (tmp_path / "made.py").write_text(MADE)
    program = tmp_path / "label-studio"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/made.py" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def serve(make, program, tmp_path):
    make.accounts({"account_id": "a"})
    make.draw(["a"])
    make.store.close()
    run = Serve(tmp_path, program)
    yield run
    for file in run.servers.glob("*/process"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_a_signal_while_a_server_starts_ends_it(serve):
    command = serve(HANGS="shared")
    assert serve.lives("shared")
    command.send_signal(signal.SIGTERM)
    said = command.communicate(timeout=60)[1]
    assert not serve.lives("shared")
    assert command.returncode == 143 and said.endswith(STOPPED)


def test_a_signal_while_the_second_server_starts_ends_both(serve):
    command = serve("--isolate", "--for", "ana,ben", HANGS="ben")
    assert serve.lives("ben") and serve.lives("ana")
    command.send_signal(signal.SIGTERM)
    said = command.communicate(timeout=60)[1]
    assert (serve.lives("ana"), serve.lives("ben")) == (False, False)
    assert command.returncode == 143 and said.endswith(STOPPED)


def test_a_server_that_started_and_may_not_stay_is_ended(serve):
    """An error between its start and what follows."""
    with Store(serve.folder / "store") as store, Roster.change(store.home) as roster:
        roster.servers["ana"] = ServerAccess("ana", "http://127.0.0.1:9", "made-up")
    command = serve()
    said = command.communicate(timeout=120)[1]
    assert not serve.lives("shared")
    assert command.returncode == 2 and "have servers of their own (--isolate)" in said


def test_a_server_is_known_before_a_signal_is_answered(program, tmp_path, monkeypatch):
    """One that arrives while the process is made, too."""
    monkeypatch.setenv("BOTBENCH_LABEL_STUDIO", str(program))
    monkeypatch.setenv("HANGS", "data")
    make_process, processes = subprocess.Popen, []

    def interrupted(*arguments, **options):
        processes.append(make_process(*arguments, **options))
        os.kill(os.getpid(), signal.SIGINT)
        return processes[0]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    started = server.Server(tmp_path / "data")
    try:
        with pytest.raises(KeyboardInterrupt):
            started.start(server.free_port(None, 18_000))
        assert started.running()
        started.stop()
        assert not started.running() and processes[0].poll() is not None
    finally:
        processes[0].kill()
        processes[0].wait()


def test_a_port_that_another_server_took_meanwhile_is_left(
    make, program, tmp_path, monkeypatch, other_server
):
    """Two that start in the same seconds choose the same port."""
    monkeypatch.setenv("BOTBENCH_LABEL_STUDIO", str(program))
    choose = server.free_port
    chosen = iter([other_server, choose(None, other_server + 1)])
    monkeypatch.setattr(server, "free_port", lambda port, start: port or next(chosen))
    with contextlib.ExitStack() as running:
        started, place = annotate_serve._start(make.store, "", None, True, running)
        assert started.running() and server.Server.answers(place.url)
        assert place.url != f"http://127.0.0.1:{other_server}"
        assert Roster.load(make.store.home).servers[""].url == place.url
        with pytest.raises(server.PortTaken, match="Choose another port with --port"):
            annotate_serve._start(make.store, "ana", other_server, True, running)
    assert not started.running()


@pytest.fixture
def other_server():
    """The port of another Label Studio, which refuses our token."""

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 401)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other.server_address[1]
        other.shutdown()


def test_held_signals_are_answered_at_the_end_by_whoever_answered_them():
    before = {name: signal.getsignal(getattr(signal, name)) for name in signals.NAMES}
    went_on = False
    with pytest.raises(KeyboardInterrupt), signals.held():
        os.kill(os.getpid(), signal.SIGINT)
        went_on = True
    assert went_on
    assert {name: signal.getsignal(getattr(signal, name)) for name in signals.NAMES} == before


def test_a_hangup_that_nohup_ignores_ends_nothing(serve):
    command = serve("--json", before=["nohup"])
    told = "".join(iter(command.stdout.readline, "}\n"))
    assert '"people"' in told
    time.sleep(0.5)
    command.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert command.poll() is None and serve.lives("shared")
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=60)
    assert command.returncode == 0 and not serve.lives("shared")


@pytest.mark.parametrize(
    ("card", "simulated", "said"),
    [
        (
            {"id": "made-up-7", "simulated": True},
            True,
            "Ready: a batch of the simulated data set made-up-7 (nobody in it exists).",
        ),
        ({"id": "made-up-7"}, False, "Ready: a batch of made-up-7."),
    ],
)
def test_the_card_says_whether_a_batch_is_simulated(serve, card, simulated, said):
    """Not the data set's name."""
    pull = {
        "pull_id": "p",
        "dataset": "made-up-7",
        "card": json.dumps(card),
        "files": {},
        "reader_version": "1",
    }
    with Store(serve.folder / "store") as store:
        store.append({"pulls": rows("pulls", [pull])}, "test", "a card")
    document = json.loads(serve("--stop", "--json").communicate(timeout=120)[0])
    assert document["simulated"] is simulated
    assert said in serve("--stop").communicate(timeout=120)[1].splitlines()


def test_while_the_first_server_starts_the_other_commands_say_so(serve, cli):
    assert "There is no Label Studio token" in cli("annotate", "status", code=2).stderr
    command = serve(HANGS="shared")
    assert serve.lives("shared")
    for words in (["status"], ["sync"], ["push", "b0123456789abcde"]):
        told = cli("annotate", *words, code=2).stderr
        assert "is still starting: wait until its window says Ready" in told
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=60)
