"""A Label Studio server of our own on this machine: loopback only, telemetry off, its data in the
store's folder.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from botbench.core.errors import UserError
from botbench.core.files import write_json
from botbench.terminal import signals
from curation.annotation.assignment.roster import DOMAIN, SHARED, ServerAccess
from curation.annotation.label_studio.client import Client

if TYPE_CHECKING:
    import requests

PROGRAM = "label-studio"
DATABASE = "label_studio.sqlite3"
ADMINISTRATOR = f"desk@{DOMAIN}"
"""The server's administrator, whose token push, sync and status use; no annotator has this name."""
START_TIMEOUT_S = 600
"""A first start takes a minute, on a busy machine several minutes."""
SERVER_SETTINGS = {
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "COLLECT_ANALYTICS": "False",
    "LATEST_VERSION_CHECK": "False",
    "CONVERTER_DOWNLOAD_RESOURCES": "False",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "True",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "True",
}
"""No telemetry, no search for updates, no sign-up without an invitation."""


def program() -> str:
    """The label-studio program: BOTBENCH_LABEL_STUDIO, on the path, or where `make label-studio`
    puts it.

    Raises UserError that says how to install it.
    """
    named = os.environ.get("BOTBENCH_LABEL_STUDIO")
    if named and not Path(named).exists():
        raise UserError(
            f"BOTBENCH_LABEL_STUDIO names {named}, which is not there. Give the path of the"
            " label-studio program, or unset it and run: make label-studio"
        )
    places = [Path.cwd(), Path(sys.prefix).parent, Path(__file__).resolve().parents[3]]
    installed = [str(p / ".label-studio" / "bin" / PROGRAM) for p in places]
    path = named or shutil.which(PROGRAM) or next((p for p in installed if Path(p).exists()), None)
    if not path:
        raise UserError(
            "The Label Studio server is not installed. In the botbench folder: make label-studio"
            " (two or three minutes, an environment of its own), or set BOTBENCH_LABEL_STUDIO to"
            " the label-studio program."
        )
    return path


def free_port(wanted: int | None, start: int = 8080) -> int:
    """The port asked for, or the first free one from `start`. Raises UserError if the one asked
    for is taken.
    """
    if wanted is not None:
        if not _is_free(wanted):
            raise UserError(
                f"Port {wanted} is in use on this machine. Choose another with --port, or leave"
                " --port out: the next free one is taken then."
            )
        return wanted
    return next(port for port in range(start, 65_536) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class PortTaken(UserError):
    """Another server took the port between its choice and the start, which takes some seconds."""


@dataclass(frozen=True)
class Login:
    """How one person logs in on one server."""

    email: str
    password: str


class Server:
    """One server process with its data folder, which keeps data and logins between starts."""

    def __init__(self, folder: Path, name: str = SHARED) -> None:
        self.folder, self.name = folder, name
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def is_new(self) -> bool:
        """Whether this folder was never started (then the start takes a minute)."""
        return not (self.folder / DATABASE).exists()

    def start(self, port: int, tick: Callable[[float], object] = lambda _: None) -> ServerAccess:
        """Start the server and wait until it answers; `tick` gets the seconds waited. Raises
        UserError with the end of the log, and PortTaken where another server answers at the port;
        `stop` ends what was started, also after an interrupt.
        """
        command = program()
        self.folder.mkdir(parents=True, exist_ok=True)
        own = self._secrets()
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("LABEL_STUDIO", "DJANGO"))
        }
        self._log = (self.folder / "server.log").open("ab")
        with signals.held():
            self._process = subprocess.Popen(
                [
                    command,
                    "start",
                    "--no-browser",
                    "--internal-host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--enable-legacy-api-token",
                ],
                stdout=self._log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                # By the environment: the arguments of a process can be read by everybody on the
                # machine.
                env={
                    **inherited,
                    **SERVER_SETTINGS,
                    "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder.resolve()),
                    "LABEL_STUDIO_USERNAME": ADMINISTRATOR,
                    "LABEL_STUDIO_PASSWORD": own["password"],
                    "LABEL_STUDIO_USER_TOKEN": own["token"],
                },
            )
        self.url = f"http://127.0.0.1:{port}"
        self._wait(tick, own["token"])
        return ServerAccess(self.name, self.url, own["token"], str(self.folder))

    def _secrets(self) -> dict[str, str]:
        """The administrator's password and token, made before the first start. (The server reads
        them only then.)
        """
        file = self.folder / "desk.json"
        if not file.exists():
            made = {"password": secrets.token_urlsafe(12), "token": secrets.token_hex(20)}
            if not self.is_new:
                # Restored from a backup, which holds no token.
                self._renew(made["token"])
                self._set_password(ADMINISTRATOR, made["password"])
            write_json(file, made, mode=0o600)
        stored: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return stored

    def _renew(self, token: str) -> None:
        """Give a server without tokens the administrator's and a new one for invitations."""
        with contextlib.closing(sqlite3.connect(self.folder / DATABASE, timeout=60)) as database:
            desk = "SELECT id FROM htx_user WHERE email = ?"
            database.execute(
                f"DELETE FROM authtoken_token WHERE user_id IN ({desk})", [ADMINISTRATOR]
            )
            database.execute(
                f"INSERT INTO authtoken_token (key, created, user_id)"
                f" SELECT ?, datetime('now'), id FROM ({desk})",
                [token, ADMINISTRATOR],
            )
            database.execute(
                "UPDATE organization SET token = ? WHERE token IS NULL", [secrets.token_hex(16)]
            )
            database.commit()

    def _set_password(self, email: str, password: str) -> bool:
        """Set the password of a person who lost it by a restore; False for others."""
        salt, rounds = secrets.token_hex(11), 600_000
        digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
        # As Django writes it.
        stored = f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(digest).decode()}"
        with contextlib.closing(sqlite3.connect(self.folder / DATABASE, timeout=60)) as database:
            changed = database.execute(
                "UPDATE htx_user SET password = ? WHERE email = ? AND password = ''",
                [stored, email],
            ).rowcount
            database.commit()
        return changed > 0

    def _wait(self, tick: Callable[[float], object], token: str) -> None:
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < START_TIMEOUT_S:
            if self._process is None or self._process.poll() is not None:
                raise UserError(f"Label Studio ended while starting. {self._end_of_log()}")
            if (health := _health(self.url)) is not None and health.ok:
                break
            tick(waited)
            time.sleep(0.3)
        else:
            self.stop()
            raise UserError(
                f"Label Studio did not answer at {self.url} within {START_TIMEOUT_S} s."
                f" {self._end_of_log()}"
            )
        # If the port was taken meanwhile, Label Studio moves to the next one without a word: then
        # another server answers here.
        try:
            with Client(self.url, token) as client:
                client.check_token()
        except UserError:
            self.stop()
            raise PortTaken(
                f"Another Label Studio answers at {self.url}: it refuses our token. Choose another"
                " port with --port."
            ) from None

    def _end_of_log(self) -> str:
        lines = (self.folder / "server.log").read_text(errors="replace").strip().splitlines()
        return f"Its log ({self.folder / 'server.log'}) ends: {' / '.join(lines[-3:])[-400:]!r}"

    @staticmethod
    def answers(url: str) -> bool:
        """Whether a Label Studio answers there."""
        health = _health(url)
        try:
            return health is not None and health.json().get("status") == "UP"
        except (ValueError, AttributeError):
            return False

    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the process; its data stays."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._log is not None:
            self._log.close()

    def login(self, email: str, invitation: str) -> Login:
        """A person's login on this server; a new person is signed up by the invitation's path.

        Somebody whose password was here before a restore gets a new one: backups hold none.
        """
        file = self.folder / "logins.json"
        passwords: dict[str, str] = (
            json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        )
        if email not in passwords:
            password = secrets.token_urlsafe(9)
            if not self._set_password(email, password):
                sign_up(self.url, invitation, email, password)
            passwords[email] = password
            write_json(file, passwords, mode=0o600)
        return Login(email, passwords[email])


def _health(url: str) -> requests.Response | None:
    """The answer of the server's health page, or None if nothing answers. (An own HTTP call: the
    SDK has no method for it, and wants a token that is not known yet.)
    """
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{url}/health", timeout=5)
    except requests.RequestException:
        return None


def sign_up(url: str, invitation: str, email: str, password: str) -> None:
    """Fill in the invitation's form as a person would. Raises UserError if the server refuses."""
    import requests

    # Own HTTP calls: users that the SDK makes (`users.create`) cannot log in.
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(f"{url}{invitation}", timeout=60)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        if not token:
            raise UserError(
                f"The invitation page of {url} has no form to fill in; is this another version of"
                " Label Studio?"
            )
        fields = {
            "csrfmiddlewaretoken": token[1],
            "email": email,
            "password": password,
            "how_find_us": "",
            "elaborate": "",
        }
        done = browser.post(f"{url}{invitation}", data=fields, headers={"Referer": url}, timeout=60)
        if not done.ok or not browser.get(f"{url}/api/current-user/whoami", timeout=60).ok:
            raise UserError(
                f"{url} did not take {email} as a new person (HTTP {done.status_code}); perhaps the"
                " address is taken."
            )
