"""Import a library without what it imports and hardly uses: hidden, or postponed to its first use.

Both last for a `with` block only, so that other imports are as ever; a package that is imported
`in_parts` stays so until somebody asks for more of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.abc import Loader
from threading import RLock
from types import MappingProxyType, ModuleType
from typing import Any

OF_SCIKIT_LEARN = {"scipy.stats": ("chi2", "gmean", "rankdata", "spearmanr")}
"""What scikit-learn imports and hardly uses: a quarter of its time. It also tries to import pandas,
and uses what it finds nowhere (`sklearn.utils.fixes`): a data frame brings pandas along.
"""


PARTS_OF_SCIKIT_LEARN: Mapping[str, Mapping[str, str]] = {
    "sklearn.ensemble": {"RandomForestClassifier": "_forest"},
    "sklearn.metrics": {"accuracy_score": "_classification", "r2_score": "_regression"},
    "sklearn.model_selection": {"StratifiedGroupKFold": "_split"},
    "sklearn.neighbors": {},
    "sklearn.preprocessing": {
        "LabelBinarizer": "_label",
        "LabelEncoder": "_label",
        "OneHotEncoder": "_encoders",
    },
}
"""Packages of which a tree or a forest needs these names alone, and the modules that have them."""


@contextmanager
def of_scikit_learn() -> Iterator[None]:
    """Import scikit-learn within it for a third of the processor time."""
    hidden = () if "pandas" in sys.modules else ("pandas",)
    with postponed(OF_SCIKIT_LEARN), without(hidden):
        for name, parts in PARTS_OF_SCIKIT_LEARN.items():
            in_parts(name, parts, OF_SCIKIT_LEARN)
        yield


def in_parts(
    name: str,
    parts: Mapping[str, str] = MappingProxyType({}),
    later: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> None:
    """Import a package without what its `__init__` does, so that its modules can be imported alone.

    Names of `parts` are taken from the package's module that has them. The `__init__` runs when the
    package is asked for another name that it lacks (or by `whole`), with modules of `later`
    postponed. A package that is imported already stays as it is.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = importlib.util.module_from_spec(spec)
    missing = _Missing(package, spec.loader, parts, later)
    package.__dict__.update(__getattr__=missing, __dir__=missing.names)
    sys.modules[name] = package
    above, _, own = name.rpartition(".")
    setattr(sys.modules[above], own, package)


def whole(name: str) -> ModuleType:
    """Import a module, and what it imports by itself where it was imported `in_parts`."""
    module = importlib.import_module(name)
    missing = module.__dict__.get("__getattr__")
    if isinstance(missing, _Missing):
        missing.load()
    return module


class _Missing:
    """What a package that is imported in parts does when it is asked for a name that it lacks."""

    def __init__(
        self,
        package: ModuleType,
        loader: Loader,
        parts: Mapping[str, str],
        later: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._package, self._loader, self._parts, self._later = package, loader, parts, later
        self._begun = False
        # One thread loads, and others wait for it, as they do for an import.
        self._lock = RLock()

    def __call__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        there = self._package.__dict__
        with self._lock:
            if name in self._parts and name not in there and not self._begun:
                module = importlib.import_module(f"{self._package.__name__}.{self._parts[name]}")
                there.setdefault(name, getattr(module, name))
            if name not in there:
                self.load()
        if name in there:
            return there[name]
        own = there.get("__getattr__", self)
        if own is not self:
            return own(name)
        raise AttributeError(f"module {self._package.__name__!r} has no attribute {name!r}")

    def names(self) -> list[str]:
        """What `dir` of the package gives: of the whole, as whoever looks for its classes asks."""
        self.load()
        there = self._package.__dict__
        own = there.get("__dir__", self.names)
        return sorted(there) if own == self.names else list(own())

    def load(self) -> None:
        """Run the package's `__init__`, once."""
        with self._lock:
            if not self._begun:
                self._begun = True
                try:
                    with postponed(self._later):
                        self._loader.exec_module(self._package)
                except BaseException:
                    self._begun = False
                    raise


@contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Make modules look missing for a while, also those that are imported already."""
    there = {
        name: module
        for name, module in sys.modules.items()
        if any(name == n or name.startswith(f"{n}.") for n in names)
    }
    for name in there:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(there)


@contextmanager
def postponed(names: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """Put a stand-in for modules that are not imported yet, which imports them when it is used.

    With each stands what is imported from it by name (`from MODULE import NAME`), called or asked
    for attributes later; to import anything else by name is a use.
    """
    stand_ins = {
        name: _stand_in(name, members) for name, members in names.items() if name not in sys.modules
    }
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


class _Member:
    """A stand-in of what is imported by name from a module that is postponed."""

    def __init__(self, real: Callable[[], Any]) -> None:
        self._real = real

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._real()(*given, **named)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._real(), attribute)


def _stand_in(name: str, members: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name)

    def real(attribute: str) -> Any:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    def imported(attribute: str) -> Any:
        # The import system asks a module for names like __path__; that is no use of it.
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return real(attribute)

    module.__dict__.update({member: _Member(partial(real, member)) for member in members})
    module.__dict__["__getattr__"] = imported
    return module
