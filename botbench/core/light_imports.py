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
from types import ModuleType
from typing import Any

OF_SCIKIT_LEARN = {"scipy.stats": ("chi2", "gmean", "rankdata", "spearmanr")}
"""What scikit-learn imports and hardly uses: a quarter of its time. It also tries to import pandas,
and uses what it finds nowhere (`sklearn.utils.fixes`): a data frame brings pandas along.
"""


@contextmanager
def of_scikit_learn() -> Iterator[None]:
    """Import scikit-learn within it for two thirds of the processor time."""
    hidden = () if "pandas" in sys.modules else ("pandas",)
    with postponed(OF_SCIKIT_LEARN), without(hidden):
        yield


def in_parts(name: str) -> None:
    """Import a package without what its `__init__` does, so that its modules can be imported alone.

    The `__init__` runs when the package is asked for a name that it lacks. A package that is
    imported already stays as it is.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    loader, package = spec.loader, importlib.util.module_from_spec(spec)

    def whole(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if package.__dict__.pop("__getattr__", None) is not None:
            loader.exec_module(package)
        return getattr(package, attribute)

    package.__dict__["__getattr__"] = whole
    sys.modules[name] = package
    above, _, own = name.rpartition(".")
    setattr(sys.modules[above], own, package)


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
