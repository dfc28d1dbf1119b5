"""The one client for all requests: one server, timeouts, retries, rate limits, a budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

from botbench.core.errors import ResourceFailure, UserError
from botbench.core.version import __version__
from curation.ingest.live.http import answers
from curation.ingest.live.http.robots import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.ingest.live.budget import Budget

Waiting = Callable[[str, float], None]
"""Told what is waited for, and for how many seconds still."""

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the next bytes."""
SLOWEST = 180.0
"""Seconds for one answer as a whole."""
TRIES = 6
PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""
LONGEST_WAIT = 3_700.0
"""Seconds that a server may ask to wait; a longer wait ends the run, which can go on later."""
REDIRECTS = 3
AGENT = f"botbench/{__version__} (research; reads public posts)"


class BudgetSpent(Exception):
    """The next request would go over the budget; says which."""


class Failing(Exception):
    """The server answered every try of one request with an error of its own (5xx), or no JSON."""


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
        self.rules = Rules("")
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
        if response.status_code >= 400:
            raise answers.refusal(response)
        document = answers.document(response)
        if document is None:
            raise Failing(answers.no_json(response))
        return document, response

    def heed_robots(self) -> None:
        """Read the server's robots.txt, whose rules for this program are kept from now on.

        It is not counted as a request. A server without one has no rules.
        """
        try:
            response = self._in_time(
                "GET", f"{self.origin}/robots.txt", timeout=TIMEOUT, allow_redirects=False
            )
        except (requests.RequestException, ResourceFailure, ValueError):
            return
        if response.status_code == 200:
            self.rules = Rules(response.content.decode("utf-8", "replace"))

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
                fault, answered = answers.fault(error), False
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
            elif answers.is_cut(response):
                fault = "the answer was cut off"
                # It was charged all the same.
                self.budget.usd_spent += self.price
            else:
                self.answer = response
                return response
        if not answered:
            raise _kept(f"{self.origin} cannot be reached ({fault})")
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
            if not self.rules.allow(urlsplit(url).path):
                raise UserError(
                    f"{self.origin} asks botbench in its robots.txt to stay away from"
                    f" {urlsplit(url).path}. Ask who runs the server."
                )
            if _origin(url) != self.origin:
                raise UserError(
                    f"{self.origin} sends on to {_origin(url)}, which was not asked for. Name the"
                    " right server with --server URL."
                )
            try:
                # requests itself reads the address that an answer sends on to.
                response = self._in_time(method, url, **options)
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

    def _in_time(self, method: str, url: str, **options: Any) -> requests.Response:
        """An answer with its body, within `SLOWEST` seconds.

        A server that sends a byte now and then never meets the time limit between two bytes, also
        in its headers; so the whole is done beside, and left alone when the time is over.
        """
        found: list[requests.Response | BaseException] = []

        def work() -> None:
            try:
                response = requests.Session.request(self, method, url, stream=True, **options)
                answers.read(response)
                found.append(response)
            except BaseException as error:
                found.append(error)

        beside = threading.Thread(target=work, daemon=True)
        beside.start()
        beside.join(SLOWEST)
        if not found:
            raise requests.Timeout
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]

    def _rest(self) -> None:
        """Wait where the server said that no request is left before a time."""
        left = self.not_before - time.time()
        if left > 0:
            self.wait(self._bearable(left), "the server's rate limit")
        self.not_before = 0.0

    def _note_limits(self, response: requests.Response) -> None:
        left = answers.header(response.headers, "remaining")
        until = answers.moment(answers.header(response.headers, "reset"))
        if left == "0" and until is not None and response.status_code < 400:
            self.not_before = until

    def _asked_wait(self, response: requests.Response, attempt: int) -> float:
        """Seconds to wait after a 429: as the server says, else longer each time."""
        said = answers.seconds(response.headers.get("Retry-After"))
        until = answers.moment(answers.header(response.headers, "reset"))
        if said is None and until is not None:
            said = until - time.time()
        return self._bearable(max(said if said is not None else PAUSE * 4 * 2**attempt, 0.0))

    def _bearable(self, seconds: float) -> float:
        """The seconds to wait; raises ResourceFailure, with when to come back, for too many."""
        if seconds <= LONGEST_WAIT:
            return seconds
        days = min(seconds / 86_400, 36_500.0)
        back = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d %H:%M UTC")
        raise _kept(f"{self.origin} asks to wait {seconds / 3600:.1f} hours", f" after {back}")


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _kept(why: str, after: str = "") -> ResourceFailure:
    return ResourceFailure(
        f"{why}. What was fetched is kept: run the same command again{after}, and it goes on."
    )
