"""Networks that can be asked directly, one file each; a walk of this package finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from botbench.core.errors import UserError
from botbench.core.registry import Registry

if TYPE_CHECKING:
    from curation.ingest.live.budget import Budget, Prices
    from curation.ingest.live.campaign import Campaign, Step, Task
    from curation.ingest.live.http.client import Client
    from curation.ingest.live.streams import Opener


class Asker(Protocol):
    """One campaign's questions to one server."""

    def begin(self, known: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The first tasks; `known` are the ids of the data set's accounts, if it is there."""

    def ask(self, tasks: list[Task]) -> Step:
        """Make one request for these tasks (several only where the network takes them together)."""

    def price(self, tasks: list[Task]) -> Decimal:
        """The highest price of that request, in USD."""


@dataclass(frozen=True)
class Network:
    """A network: who it is, how its pages are read, and what it cannot say."""

    name: str
    about: str
    platform: str
    server: str
    """The service that is asked where the user names none; empty where one must be named."""
    format: str
    """The source format that reads its pages."""
    fills: tuple[str, ...]
    unknown: str
    ranks: Mapping[str, int]
    """The order of kinds of tasks: lower ones are asked first."""
    together: Mapping[str, int]
    """How many tasks of a kind one request takes, where it is more than one."""
    asker: Callable[[Campaign, Client, Prices | None], Asker]
    takes_labelers: bool = False
    """Whether labels of further services can be asked for."""
    stream: Opener | None = None
    """How its events are watched."""
    unwatched: str = ""
    """Why they are not, for people."""
    stream_server: str = ""
    """The server of its stream, where that is another one."""
    told_price: Callable[[Campaign, Budget, Prices], str] | None = None
    """What a campaign may cost, said before the first request, on a network that charges."""


NETWORKS: Registry[Network] = Registry("network", "curation.ingest.live.networks")


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list in an answer; empty where it is no list."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def missing_extra(network: str, package: str) -> UserError:
    """The error where the library of a network is not installed."""
    return UserError(
        f"pull {network} needs the package {package}. Install it: pip install 'botbench[live]'."
    )
