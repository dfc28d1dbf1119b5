"""Servers of Spark Connect that are not there, are none, say nothing, or go while they work."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Timer

import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation import engines
from curation.engines import sail, sessions

if importlib.util.find_spec("pysail") is None:
    pytest.skip("Spark's own environment has no Sail", allow_module_level=True)


@contextmanager
def server():
    """A server of Sail in a process of its own: its address, and the process."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", sail.BESIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield f"sc://{process.stdout.readline().strip()}", process
    finally:
        process.kill()
        process.communicate()


def opened(engine):
    with engines.session(engine) as spark:
        return spark.sql("SELECT 1 AS one").toArrow().to_pylist()


@pytest.mark.parametrize("engine", ["sc://h:0", "sc://h:99999/;token=x", "spark://a:1,b:70000"])
def test_a_port_that_cannot_be_is_refused(engine):
    """The system takes 99999 for 34463, where something else may listen."""
    with pytest.raises(
        UserError, match=r"no port (0|99999|70000), as in s.*: ports are 1 to 65535"
    ):
        engines.check(engine)


def test_a_server_answers_and_odd_options_are_refused():
    with server() as (address, _):
        assert opened(f"{address}/;user_id=x") == [{"one": 1}]
        for options in ("/path", "/;nonsense", "/;session_id=none"):
            with pytest.raises(UserError, match="is no address of Spark Connect: ") as caught:
                opened(f"{address}{options}")
            assert caught.value.exit_code == 2


def test_what_listens_and_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(sessions, "CONNECT_SECONDS", 1)
    begin = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"sc://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ResourceFailure, match="did not speak gRPC without TLS within 1 sec"):
            opened(address)
    assert time.monotonic() - begin < 30


TLS = """
import sys
from botbench.core.errors import ResourceFailure
from curation import engines
from curation.engines import sessions

with engines.session(sys.argv[1]) as spark:
    spark.sql("SELECT 1").toArrow()
sessions.CONNECT_SECONDS = 1
for options in ("token=abcdef", "use_ssl=true"):
    try:
        with engines.session(f"{sys.argv[1]}/;{options}"):
            print("it answers")
    except ResourceFailure as error:
        print("did not speak gRPC with TLS" in str(error))
"""


def test_tls_asked_of_a_server_without_it_is_not_tried_for_minutes():
    """And gRPC says nothing on stderr, also where it has spoken to a server before."""
    with server() as (address, _):
        done = subprocess.run(
            [sys.executable, "-c", TLS, address], capture_output=True, text=True, timeout=120
        )
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")


def test_a_server_that_goes_while_it_works_is_told(monkeypatch):
    monkeypatch.setattr(sessions, "RETRIES", {"max_retries": 2, "max_backoff": 100})
    begin = time.monotonic()

    def work(address, process):
        with engines.failures(address, "it counted"), engines.session(address) as spark:
            process.kill()
            process.wait()
            spark.sql("SELECT 1 AS one").toArrow()

    told = pytest.raises(ResourceFailure, match=r"failed while it counted: .*refused")
    with server() as (address, process), told:
        work(address, process)
    assert time.monotonic() - begin < 60


def test_a_session_of_a_server_that_hangs_is_left(monkeypatch):
    begin = time.monotonic()
    with server() as (address, process), engines.session(address):
        monkeypatch.setattr(sessions, "CONNECT_SECONDS", 1)
        os.kill(process.pid, signal.SIGSTOP)
    assert time.monotonic() - begin < 30


def test_ctrl_c_does_not_wait_for_a_server_that_hangs(monkeypatch):
    """The client asks it to interrupt what it computes, and would wait for the answer."""
    begin = time.monotonic()

    def work(address, process):
        with engines.session(address) as spark:
            monkeypatch.setattr(sessions, "CONNECT_SECONDS", 1)
            frame = spark.sql("SELECT 1 AS one")
            os.kill(process.pid, signal.SIGSTOP)
            Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            frame.toArrow()

    with server() as (address, process), pytest.raises(KeyboardInterrupt):
        work(address, process)
    assert time.monotonic() - begin < 30
