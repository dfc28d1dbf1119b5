"""Read the answers of servers that may be broken or hostile: limits, text, JSON, and times."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import requests

from botbench.core.errors import ResourceFailure, first_line
from botbench.terminal.redaction import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 8 << 20
"""Bytes of the largest answer, unpacked; a page with 100 posts has some hundred thousand."""
CHUNK = 1 << 16
_BAD = re.compile(rb"\\u0000|\\ud[89a-f]", re.IGNORECASE)
"""Escapes that may stand for what no text can hold."""
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,200})", re.IGNORECASE)


class Refused(Exception):
    """The server answered with an error that another try will not change.

    `status` is the HTTP status, `code` and `message` what the answer says.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}".strip(": "))
        self.status, self.code, self.message = status, code, message


def read(response: requests.Response) -> None:
    """Read the body of an answer, up to the limit; raises ResourceFailure for a larger one."""
    if "," in response.headers.get("Content-Encoding", ""):
        response.close()
        raise ResourceFailure(
            "An answer of the server is packed more than once; it is not unpacked. What was fetched"
            " before is kept."
        )
    held = bytearray()
    for chunk in response.iter_content(CHUNK):
        held += chunk
        if len(held) > LARGEST:
            response.close()
            raise ResourceFailure(
                f"An answer of the server is over {LARGEST:,} bytes, more than any page of posts;"
                " nothing of it is kept, and what was fetched before is. Check --server."
            )
    response._content = bytes(held)
    response._content_consumed = True  # type: ignore[attr-defined]


def document(response: requests.Response) -> Any:
    """The JSON document of an answer, without what no text can hold; None where it is none."""
    content = response.content
    try:
        try:
            found = json.loads(content, parse_constant=_nothing)
        except UnicodeDecodeError:
            found = json.loads(_decoded(response), parse_constant=_nothing)
        return _sound(found) if _BAD.search(content) else found
    except (ValueError, RecursionError):
        return None


def _nothing(_: str) -> None:
    """NaN and Infinity, which are no JSON."""


def _decoded(response: requests.Response) -> str:
    """Text that is no UTF-8, as the answer says that it is, else with its bad bytes replaced."""
    said = re.search(r"charset=[\"']?([\w.:-]+)", response.headers.get("Content-Type", ""))
    try:
        return response.content.decode(said[1] if said else "utf-8")
    except (LookupError, ValueError):
        return response.content.decode("utf-8", "replace")


def _sound(value: Any) -> Any:
    """A document without NUL and without halves of surrogate pairs in its texts."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_sound(v) for v in value]
    if isinstance(value, dict):
        return {_sound(k): _sound(v) for k, v in value.items()}
    return value


def is_cut(response: requests.Response) -> bool:
    """Whether an answer says that it is JSON and is not, as one that was cut off."""
    kind = response.headers.get("Content-Type", "")
    return response.status_code < 400 and "json" in kind and document(response) is None


def no_json(response: requests.Response) -> str:
    """What an answer is instead of JSON, for people."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    title = _TITLE.search(response.content[:CHUNK])
    called = f", {title[1].decode('utf-8', 'replace').strip()!r}" if title else ""
    if "html" in kind or title:
        return f"the answer is a web page{called}, and no JSON"
    return f"the answer is no JSON{f', but {kind}' if kind and 'json' not in kind else ''}"


def refusal(response: requests.Response) -> Refused:
    """An answer from 400 on as an error, with the code and message that it holds.

    A token that the server repeats in it is taken out, for gaps are kept.
    """
    said = document(response)
    said = said if isinstance(said, dict) else {}
    code = said.get("error") or said.get("title") or response.reason or ""
    message = said.get("message") or said.get("error_description") or said.get("detail") or ""
    return Refused(response.status_code, scrub(str(code))[:200], scrub(str(message))[:300])


def header(headers: Mapping[str, str], what: str) -> str | None:
    """A rate limit's `remaining` or `reset`, by the names that servers give it."""
    names = (f"RateLimit-{what}", f"X-RateLimit-{what}", f"X-Rate-Limit-{what}")
    return next((headers[n] for n in names if n in headers), None)


def seconds(said: str | None) -> float | None:
    """`Retry-After` in seconds: a number, or a date; None where it is neither."""
    if said is None:
        return None
    try:
        found = float(said)
    except ValueError:
        at = moment(said)
        return None if at is None else at - time.time()
    return found if isfinite(found) else None


def moment(said: str | None) -> float | None:
    """A time as servers write it (seconds since 1970, ISO, or an HTTP date), in seconds."""
    if said is None:
        return None
    try:
        found = float(said)
        return found if isfinite(found) else None
    except ValueError:
        pass
    for read_as in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read_as(said)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def fault(error: requests.RequestException) -> str:
    """Why a request brought no answer, for people."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the answer cannot be unpacked"
    if isinstance(error, requests.exceptions.SSLError):
        return f"no secure connection: {first_line(error)[:120]}"
    return "no connection"
