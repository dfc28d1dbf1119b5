"""The one client for all requests: one server, timeouts, retries, rate limits, a budget."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

from botbench.core.errors import ResourceFailure, UserError, first_line
from botbench.core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.ingest.live.budget import Budget

Waiting = Callable[[str, float], None]
"""Told what is waited for, and for how many seconds still."""

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the next bytes."""
TRIES = 6
PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""
LONGEST_WAIT = 3_700.0
"""Seconds that a server may ask to wait; a longer wait ends the run, which can go on later."""
LARGEST = 64 << 20
"""Bytes of the largest answer."""
REDIRECTS = 3
AGENT = f"botbench/{__version__} (research; reads public posts)"


class BudgetSpent(Exception):
    """The next request would go over the budget; says which."""


class Refused(Exception):
    """The server answered with an error that another try will not change.

    `status` is the HTTP status, `code` and `message` what the answer says.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}".strip(": "))
        self.status, self.code, self.message = status, code, message


class Failing(Exception):
    """The server answered every try of one request with an error of its own (5xx)."""


class Client(requests.Session):
    """A session for one server. Libraries that take a session make their requests by it too.

    `price` is the highest price of the next request. Raises BudgetSpent, Failing, and
    ResourceFailure where the server cannot be reached.
    """

    def __init__(self, server: str, budget: Budget, waiting: Waiting) -> None:
        super().__init__()
        self.server, self.budget, self.waiting = server, budget, waiting
        self.origin = _origin(server)
        self.price = Decimal(0)
        self.headers["User-Agent"] = AGENT
        # Proxies of the environment are used; logins of a .netrc are not.
        self.auth = _no_login
        self.not_before = 0.0
        self.answer: requests.Response | None = None
        """The latest answer."""

    def fetch(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, requests.Response]:
        """The JSON document at a path of the server; raises Refused for an answer from 400 on."""
        response = self.request(
            "GET", self.server.rstrip("/") + path, params=parameters, headers=dict(headers or {})
        )
        document = _json(response)
        if response.status_code >= 400:
            raise refusal(response)
        if document is None:
            raise Refused(response.status_code, "", "the answer is no JSON")
        return document, response

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Make a request, again where a fault may pass; the answer's body is read."""
        options["timeout"] = TIMEOUT
        fault, answered = "", False
        for attempt in range(TRIES):
            if attempt:
                self.wait(PAUSE * 2 ** (attempt - 1), f"trying again ({fault})")
            self._rest()
            if spent := self.budget.exhausted(self.price):
                raise BudgetSpent(spent)
            self.budget.requests_made += 1
            try:
                response = self._once(method, url, **options)
            except requests.RequestException as error:
                fault, answered = _fault(error), False
                continue
            answered = True
            self._note_limits(response)
            if response.status_code == 429 or (
                response.status_code == 503 and "Retry-After" in response.headers
            ):
                fault = "the server's rate limit"
                self.wait(self._asked_wait(response, attempt), fault)
            elif response.status_code >= 500:
                fault = f"the server answered {response.status_code}"
            elif _is_cut(response):
                fault = "the answer was cut off"
                # It was charged all the same.
                self.budget.usd_spent += self.price
            else:
                self.answer = response
                return response
        if not answered:
            raise ResourceFailure(
                f"{self.origin} cannot be reached ({fault}). What was fetched is kept: run the same"
                " command again, and it goes on."
            )
        raise Failing(f"{fault}, {TRIES} times")

    def wait(self, seconds: float, why: str) -> None:
        """Wait, telling the remaining time each second."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.waiting(why, left)
            time.sleep(min(1.0, left))

    def _once(self, method: str, url: str, **options: Any) -> requests.Response:
        """One request, with redirects on the same server followed."""
        options["allow_redirects"] = False
        for _ in range(REDIRECTS + 1):
            if _origin(url) != self.origin:
                raise UserError(
                    f"{self.origin} sends on to {_origin(url)}, which was not asked for. Name the"
                    " right server with --server URL."
                )
            try:
                # requests itself reads the address that an answer sends on to.
                response = super().request(method, url, stream=True, **options)
                _read(response)
                if not response.is_redirect:
                    return response
                url = urljoin(url, response.headers["Location"])
            except requests.RequestException:
                raise
            except ValueError:
                raise UserError(
                    f"{self.origin} sends on to what is no address. Name the right server with"
                    " --server URL."
                ) from None
            options.pop("params", None)
        raise UserError(
            f"{self.origin} sends on more than {REDIRECTS} times, as in a circle. Name the right"
            " server with --server URL."
        )

    def _rest(self) -> None:
        """Wait where the server said that no request is left before a time."""
        left = self.not_before - time.time()
        if left > 0:
            self.wait(min(left, LONGEST_WAIT), "the server's rate limit")
        self.not_before = 0.0

    def _note_limits(self, response: requests.Response) -> None:
        left = _header(response, "remaining")
        until = _moment(_header(response, "reset"))
        if left == "0" and until is not None and response.status_code < 400:
            self.not_before = until

    def _asked_wait(self, response: requests.Response, attempt: int) -> float:
        """Seconds to wait after a 429: as the server says, else longer each time."""
        said = _seconds(response.headers.get("Retry-After"))
        if said is None and (until := _moment(_header(response, "reset"))) is not None:
            said = until - time.time()
        seconds = max(said if said is not None else PAUSE * 4 * 2**attempt, 0.0)
        if seconds > LONGEST_WAIT:
            raise ResourceFailure(
                f"{self.origin} asks to wait {seconds / 3600:.1f} hours. What was fetched is kept:"
                " run the same command again after that, and it goes on."
            )
        return seconds


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def refusal(response: requests.Response) -> Refused:
    """An answer from 400 on as an error, with the code and message that it holds."""
    said = _json(response)
    said = said if isinstance(said, dict) else {}
    code = said.get("error") or said.get("title") or response.reason or ""
    message = said.get("message") or said.get("error_description") or said.get("detail") or ""
    return Refused(response.status_code, str(code)[:200], str(message)[:300])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _read(response: requests.Response) -> None:
    """Read the body of an answer, up to the limit."""
    held = bytearray()
    for chunk in response.iter_content(1 << 16):
        held += chunk
        if len(held) > LARGEST:
            response.close()
            raise UserError(f"An answer of the server is over {LARGEST:,} bytes; nothing is kept.")
    response._content = bytes(held)
    response._content_consumed = True  # type: ignore[attr-defined]


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _is_cut(response: requests.Response) -> bool:
    """Whether an answer says that it is JSON and is not, as one that was cut off."""
    kind = response.headers.get("Content-Type", "")
    return response.status_code < 400 and "json" in kind and _json(response) is None


def _header(response: requests.Response, what: str) -> str | None:
    names = (f"RateLimit-{what}", f"X-RateLimit-{what}", f"X-Rate-Limit-{what}")
    return next((response.headers[n] for n in names if n in response.headers), None)


def _seconds(said: str | None) -> float | None:
    """`Retry-After` in seconds: a number, or a date."""
    if said is None:
        return None
    try:
        return float(said)
    except ValueError:
        moment = _moment(said)
        return None if moment is None else moment - time.time()


def _moment(said: str | None) -> float | None:
    """A time as servers write it (seconds since 1970, ISO, or an HTTP date), in seconds."""
    if said is None:
        return None
    try:
        return float(said)
    except ValueError:
        pass
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(said)
        except (ValueError, TypeError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _fault(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.exceptions.SSLError):
        return f"no secure connection: {first_line(error)[:120]}"
    return "no connection"
