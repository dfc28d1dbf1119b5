"""One file per extension, discovered in a package's modules and in third-party entry points."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botbench.core.errors import UserError, brief, unknown

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")


def modules(package: str) -> Iterator[ModuleType]:
    """Import and yield every public module of a package, sorted by name."""
    root = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        if not module.name.startswith("_"):
            yield importlib.import_module(f"{package}.{module.name}")


class Registry(Generic[T]):
    """Names to things of one kind, filled by the modules of one package when it is first asked.

    `package` is walked once; `entry_points`, where given, is the group under which other
    distributions add theirs. A name used twice is an error at once, so that no extension hides
    another. A distribution that cannot be loaded is left out with a warning.
    """

    def __init__(self, what: str, package: str, entry_points: str | None = None) -> None:
        self.what, self.package, self.group = what, package, entry_points
        self._found: dict[str, T] = {}
        self._broken: dict[str, str] = {}
        self._walked = False
        self._walked_own = False

    def add(self, name: str, thing: T) -> T:
        """Register `thing` under `name`; raises ValueError if the name is taken by another."""
        if name in self._found and self._found[name] is not thing:
            raise ValueError(
                f"two {self.what}s are called {name!r}: {self._found[name]!r} and {thing!r}"
            )
        self._found[name] = thing
        return thing

    def register(self, name: str) -> Callable[[T], T]:
        """Register what follows under `name` (the decorator's form of `add`)."""
        return lambda thing: self.add(name, thing)

    def all(self) -> dict[str, T]:
        """Every registered thing by name, sorted."""
        if not self._walked:
            self._walk()
            self._load(self.points())
            self._walked = True
        return dict(sorted(self._found.items()))

    def own(self) -> dict[str, T]:
        """The things of our own package and those loaded so far, by name; imports nobody else's."""
        if not self._walked_own:
            self._walk()
        return dict(sorted(self._found.items()))

    def _walk(self) -> None:
        """Import the modules of our own package, which register what they hold."""
        for _ in modules(self.package):
            pass
        self._walked_own = True

    def load(self, name: str) -> T:
        """The thing called `name`, importing no more of other distributions than it takes."""
        if name not in self.own():
            self._load([point for point in self.points() if point.name == name])
        return self._found[name] if name in self._found else self.get(name)

    def points(self) -> list[EntryPoint]:
        """The entry points of other distributions, not loaded."""
        return [] if self.group is None else list(_points(self.group))

    def leave_out(self, name: str, sentence: str) -> None:
        """Note why a thing of another distribution is not there, and warn of it once."""
        self._broken[name] = sentence
        _warn(sentence)

    @property
    def left_out(self) -> dict[str, str]:
        """Why things of other distributions are not there, by name."""
        return dict(self._broken)

    def get(self, name: str) -> T:
        """The thing called `name`; raises UserError naming the closest one."""
        things = self.all()
        if name not in things:
            raise self.missing(name, things)
        return things[name]

    def missing(self, name: str, known: Iterable[str] | None = None) -> UserError:
        """The error for a name that is not there: why its package did not give it, or the closest.

        `known` are the valid names, by default all.
        """
        if name in self._broken:
            return UserError(self._broken[name])
        return unknown(self.what, name, self.all() if known is None else known)

    def _load(self, points: Iterable[EntryPoint]) -> None:
        """Load what other distributions add. A broken one is named in a warning and left out."""
        for point in points:
            before = dict(self._found)
            try:
                loaded = point.load()
                before = self._found
                self._take(point.name, loaded)
            # Any error of a stranger's module, and one that ends the program, concerns it alone.
            except (Exception, SystemExit) as error:
                self._found = before
                self.leave_out(
                    point.name,
                    f"The {self.what} {point.name!r} of the installed package {_owner(point)}"
                    f" cannot be loaded: {brief(error)}. Mend or uninstall that package.",
                )

    def _take(self, name: str, loaded: Any) -> None:
        """Keep what an entry point gave, unless its import has registered it already."""
        if name in self._found or isinstance(loaded, ModuleType):
            return
        if not any(type(loaded) is type(thing) for thing in self._found.values()):
            raise TypeError(f"it gives no {self.what}, but {type(loaded).__name__}")
        self.add(name, loaded)


def _points(group: str) -> Iterator[EntryPoint]:
    """The entry points of a group. A distribution whose list cannot be read has none."""
    from importlib.metadata import distributions, entry_points

    try:
        yield from entry_points(group=group)
        return
    except Exception:  # one distribution's list breaks the list of all
        found = list(distributions())
    seen = set()
    for distribution in found:
        try:
            points = [p for p in distribution.entry_points if p.group == group]
        except Exception as error:
            _warn(
                f"The entry points of the installed package {_called(distribution)} cannot be read:"
                f" {brief(error)}. Mend or uninstall that package."
            )
            continue
        if (name := _called(distribution)) not in seen:
            seen.add(name)
            yield from points


def _owner(point: EntryPoint) -> str:
    return _called(point.dist) if point.dist else "?"


def _called(distribution: Distribution) -> str:
    """A distribution's name, "?" where it has none."""
    try:
        return str(distribution.name or "?")
    except Exception:  # a distribution without its description
        return "?"


@cache
def _warn(sentence: str) -> None:
    """Say it once; workers leave it to the command that started them."""
    import logging
    import multiprocessing

    if multiprocessing.parent_process() is None:
        logging.getLogger("botbench").warning("botbench: %s The rest works.", sentence)
