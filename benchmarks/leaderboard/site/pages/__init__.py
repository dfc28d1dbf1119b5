"""One file a kind of page: a function of a Site that yields (path, title, HTML of the body)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.leaderboard.site.context import Site
from botbench.core.registry import Registry


@dataclass(frozen=True)
class Page:
    """One page: path in the site, title, template and its values."""

    path: str
    title: str
    template: str
    view: dict[str, object]


Maker = Callable[[Site], Iterator[Page]]
MAKERS: Registry[Maker] = Registry("kind of page", "benchmarks.leaderboard.site.pages")


def makers() -> dict[str, Maker]:
    """Every kind of page by name."""
    return MAKERS.all()
