"""Fetch profile pictures once, from public addresses only, with limits of size and type."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from curation.ingest.live.http.client import AGENT
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from curation.store.store import Store

LARGEST = 5 << 20
"""Bytes of the largest picture."""
TIMEOUT = 15.0
REDIRECTS = 3
TYPES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}
PORTS = {"http": 80, "https": 443}
NAMES = ("avatar", "profile_image_url")
"""Where `extra` holds the address of an account's picture."""


class NoPicture(Exception):
    """The address gives no picture that is taken; says why."""


@dataclass(frozen=True)
class Wanted:
    """An account whose picture is not there yet, and its address."""

    account_id: str
    url: str


def wanted(store: Store, dataset: str) -> Iterator[Wanted]:
    """Accounts of a data set with the address of a picture, that have no picture in the store."""
    accounts = "(FROM lake.main.accounts WHERE dataset = $d)"
    url = "coalesce(" + ", ".join(f"extra['{name}']" for name in NAMES) + ")"
    rows = store.connection.execute(
        f"SELECT account_id, {url} AS url FROM {latest(accounts)} a WHERE {url} LIKE 'http%'"
        " AND NOT coalesce(default_avatar, false) AND account_id NOT IN"
        " (SELECT account_id FROM lake.main.avatars WHERE dataset = $d) ORDER BY account_id",
        {"d": dataset},
    ).fetchall()
    yield from (Wanted(str(account), str(url)) for account, url in rows)


def fetch(url: str, allowed: str = "") -> tuple[bytes, str]:
    """The bytes of a picture and the ending of its type; raises NoPicture.

    The address that a name stands for is looked up once, checked, and connected to, so that it
    cannot change between. `allowed` is a host with its port that the user named, which may be
    private.
    """
    for _ in range(REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise NoPicture("its address is neither http nor https")
        try:
            port = parts.port or PORTS[parts.scheme]
        except ValueError:
            raise NoPicture("its address has no valid port") from None
        address = _address(parts.hostname, port, is_named=bool(allowed) and parts.netloc == allowed)
        connection = _connection(parts.scheme, parts.hostname, port, address)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(
                "GET", path, headers={"User-Agent": AGENT, "Accept": ", ".join(TYPES)}
            )
            response = connection.getresponse()
            if response.status in (301, 302, 303, 307, 308) and response.headers.get("Location"):
                url = urljoin(url, response.headers["Location"])
                continue
            return _picture(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoPicture(f"it cannot be fetched ({type(error).__name__})") from None
        finally:
            connection.close()
    raise NoPicture("its address redirects too often")


def _picture(response: http.client.HTTPResponse) -> tuple[bytes, str]:
    if response.status != 200:
        raise NoPicture(f"the server answered {response.status}")
    kind = response.headers.get_content_type()
    if kind not in TYPES:
        raise NoPicture(f"it is {kind}, and no picture that is taken")
    content = response.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NoPicture(f"it is over {LARGEST:,} bytes")
    return content, TYPES[kind]


def _address(host: str, port: int, *, is_named: bool) -> str:
    """The address of a host; raises NoPicture where one that it stands for is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoPicture("its host is not known") from None
    addresses = [str(a[4][0]) for a in found]
    if not is_named and not all(map(_is_public, addresses)):
        raise NoPicture("its host is a private address")
    return addresses[0]


def _is_public(address: str) -> bool:
    """Whether everybody can reach an address.

    >>> [_is_public(a) for a in ("9.9.9.9", "127.0.0.1", "10.1.2.3", "169.254.169.254", "::1")]
    [True, False, False, False, False]
    >>> [_is_public(a) for a in ("::ffff:10.0.0.1", "fe80::1%eth0", "224.0.0.1", "64:ff9b::a00:1")]
    [False, False, False, False]
    """
    plain = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(plain, "ipv4_mapped", None) or getattr(plain, "sixtofour", None)
    if inner is not None:
        plain = inner
    is_nat64 = plain.version == 6 and plain in ipaddress.ip_network("64:ff9b::/96")
    return plain.is_global and not plain.is_multicast and not is_nat64


def _connection(scheme: str, host: str, port: int, address: str) -> http.client.HTTPConnection:
    """A connection to an address, by the name of its host."""
    kind: Callable[..., http.client.HTTPConnection] = _Plain if scheme == "http" else _Secure
    connection = kind(host, port, timeout=TIMEOUT)
    connection.address = address  # type: ignore[attr-defined]
    return connection


class _Plain(http.client.HTTPConnection):
    """Connects to the address that was checked."""

    address = ""

    def connect(self) -> None:
        """Connect without another look-up."""
        self.sock = socket.create_connection((self.address, self.port), self.timeout)


class _Secure(http.client.HTTPSConnection):
    """Connects to the address that was checked, and checks the certificate of its name."""

    address = ""

    def connect(self) -> None:
        """Connect without another look-up."""
        plain = socket.create_connection((self.address, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
