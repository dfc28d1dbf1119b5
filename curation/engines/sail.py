"""Servers of Sail on this machine: in this process, or in one beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from botbench.core.errors import ResourceFailure

BESIDE = """\
import sys
from pysail.spark import SparkConnectServer

server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
print("%s:%d" % server.listening_address, flush=True)
sys.stdin.read()
"""
"""The program of the process beside: it ends with this one, when nobody holds its input."""
END_SECONDS = 10


@contextmanager
def inside() -> Iterator[str]:
    """The address of a server in this process."""
    from pysail.spark import SparkConnectServer

    _be_quiet()
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    host, port = server.listening_address
    try:
        yield f"{host}:{port}"
    finally:
        server.stop()


@contextmanager
def beside() -> Iterator[str]:
    """The address of a server in a process of its own, with which its memory is free again.

    A server keeps some MB of every query. Raises ResourceFailure where it does not start.
    """
    _be_quiet()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", BESIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for this process, which ends the other.
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise ResourceFailure("The server of Sail did not start; what it said is above.")
        yield address
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _be_quiet() -> None:
    # A server's log goes to stderr, where a command speaks to people.
    os.environ.setdefault("RUST_LOG", "error")
