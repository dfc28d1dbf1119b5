"""One file a kind of page: a function of a Site that yields (path, title, HTML of the body)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.leaderboard.site.context import Site
from botbench.core.registry import Registry


@dataclass(frozen=True)
class Page:
    """One page: path in the site, title, template and its values; `nav` is its name in the
    navigation, if it stands there, `place` where.
    """

    path: str
    title: str
    template: str
    view: Mapping[str, object]
    nav: str = ""
    place: int = 9


Maker = Callable[[Site], Iterator[Page]]
MAKERS: Registry[Maker] = Registry("kind of page", "benchmarks.leaderboard.site.pages")


def makers() -> dict[str, Maker]:
    """Every kind of page by name."""
    return MAKERS.all()
