"""Real servers for the end-to-end tests, on loopback, each with a folder of its own, ended by process id."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
ADMIN, TOKEN = "admin@example.org", "0123456789abcdef0123456789abcdef01234567"
PATIENCE = 300


def _program():
    """The label-studio program: named by BOTBENCH_LABEL_STUDIO, on the path, or installed by `make label-studio`."""
    named = os.environ.get("BOTBENCH_LABEL_STUDIO")
    found = named or shutil.which("label-studio") or shutil.which(ROOT / ".label-studio" / "bin" / "label-studio")
    if not found or not Path(found).exists():
        pytest.skip("the Label Studio server is not installed: run `make label-studio`, or set BOTBENCH_LABEL_STUDIO")
    return found


class LabelStudio:
    """A running server; `call` asks its API as the administrator or as another token."""

    def __init__(self, url):
        self.url, self.token = url, TOKEN
        self._http = requests.Session()

    def call(self, method, path, token=TOKEN, **options):
        headers = {"Authorization": f"Token {token}"}
        answer = self._http.request(method, f"{self.url}/api/{path}", headers=headers, timeout=120, **options)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def person(self, email):
        """Sign somebody up by the invitation, as a real annotator would; returns their token."""
        invitation = self.call("GET", "invite")["invite_url"]
        with requests.Session() as browser:
            page = browser.get(f"{self.url}{invitation}", timeout=60)
            form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
            fields = {"csrfmiddlewaretoken": form, "email": email, "password": "a-Password-9", "how_find_us": "", "elaborate": ""}
            done = browser.post(f"{self.url}{invitation}", data=fields, headers={"Referer": self.url}, timeout=60)
            assert done.status_code == 200, done.text[:500]
            return browser.get(f"{self.url}/api/current-user/token", timeout=60).json()["token"]


def _environment(folder):
    quiet = {"SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False",
             "CONVERTER_DOWNLOAD_RESOURCES": "False", "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "True"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LABEL_STUDIO", "DJANGO"))}
    return {**inherited, **quiet, "LABEL_STUDIO_BASE_DATA_DIR": str(folder)}


def _wait(url, process, log):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, f"Label Studio ended: {log.read_text(errors='replace')[-2000:]}"
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(f"Label Studio was not ready in {PATIENCE} s: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory):
    """A fresh Label Studio server of this test session."""
    program, folder = _program(), tmp_path_factory.mktemp("label-studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), "--username", ADMIN,
             "--password", "a-Password-9", "--user-token", TOKEN, "--enable-legacy-api-token"],
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=_environment(folder), cwd=folder)
    try:
        _wait(f"http://127.0.0.1:{port}", process, log)
        yield LabelStudio(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
