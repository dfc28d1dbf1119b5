"""One file per extension, discovered in a package's modules and in third-party entry points."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Generic, TypeVar

from botbench.core.errors import UserError, unknown

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
    another.
    """

    def __init__(self, what: str, package: str, entry_points: str | None = None) -> None:
        self.what, self.package, self.group = what, package, entry_points
        self._found: dict[str, T] = {}
        self._walked = False

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
            for _ in modules(self.package):
                pass
            self._load_entry_points()
            self._walked = True
        return dict(sorted(self._found.items()))

    def get(self, name: str) -> T:
        """The thing called `name`; raises UserError naming the closest one."""
        things = self.all()
        if name not in things:
            raise unknown(self.what, name, things)
        return things[name]

    def _load_entry_points(self) -> None:
        if self.group is None:
            return
        from importlib.metadata import entry_points

        for point in entry_points(group=self.group):
            try:
                loaded = point.load()
            except Exception as error:
                whose = point.dist.name if point.dist else "?"
                raise UserError(
                    f"The {self.what} {point.name!r} of the installed package {whose} cannot be"
                    f" loaded: {error!r}. Mend or uninstall that package."
                ) from error
            if point.name not in self._found and not isinstance(loaded, ModuleType):
                self.add(point.name, loaded)
