"""The class of a feature, and the mapping of all features."""

from __future__ import annotations

import inspect
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botbench.core.errors import unknown
from botbench.core.registry import Registry
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Feature:
    """One feature: data that points to a function.

    `needs` are the columns it reads (`accounts.followers`): where all of them are NULL, so is the
    feature. `source` is the paper that used or defined it, or `botbench`. `revision` is the
    declared version of its values: raise it when they change. The default is a hash of the syntax
    of the function's module.
    """

    name: str
    family: str
    unit: str
    needs: tuple[str, ...]
    source: str
    doc: str
    function: Callable[[Table], Value]
    revision: int | None = None

    @property
    def view(self) -> str:
        """The view it reads, which is the name of the function's one parameter."""
        return next(iter(inspect.signature(self.function).parameters))

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables it needs: accounts, posts."""
        return tuple(sorted({need.split(".")[0] for need in self.needs}))


_REGISTRY: Registry[Feature] = Registry("feature", "curation.features", "botbench.features")


def feature(
    *, unit: str, needs: str, source: str, family: str = "", revision: int | None = None
) -> Callable[[F], F]:
    """Register the decorated function as a feature of the same name.

    `needs` are columns separated by blanks; `family` is the module's name unless given. The
    docstring is the definition. Raises ValueError for a column the schema does not have, a missing
    docstring, several parameters.
    """

    def register(function: F) -> F:
        columns = tuple(needs.split())
        _check(function, columns)
        home = family or function.__module__.rsplit(".", 1)[-1]
        doc = inspect.cleandoc(function.__doc__ or "")
        name = function.__name__
        _REGISTRY.add(name, Feature(name, home, unit, columns, source, doc, function, revision))
        return function

    return register


def _check(function: Callable[..., object], needs: tuple[str, ...]) -> None:
    name = function.__name__
    if not function.__doc__:
        raise ValueError(f"feature {name} has no docstring, which is its definition")
    if len(inspect.signature(function).parameters) != 1:
        raise ValueError(f"feature {name} must have one parameter, named as the view it reads")
    for need in needs:
        table, _, column = need.partition(".")
        if table not in TABLES or column not in TABLES[table].names:
            raise ValueError(f"feature {name} needs {need}, which is not a column of the schema")


class Features(Mapping[str, Feature]):
    """Every feature by name, sorted by family and name; the first access imports the families."""

    def _all(self) -> dict[str, Feature]:
        found = _REGISTRY.all().values()
        return {f.name: f for f in sorted(found, key=lambda f: (f.family, f.name))}

    def __getitem__(self, name: str) -> Feature:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    # Mapping's own ask for one name after the other, and each sorts all features.
    def values(self) -> ValuesView[Feature]:
        return self._all().values()

    def items(self) -> ItemsView[str, Feature]:
        return self._all().items()


FEATURES: Mapping[str, Feature] = Features()
"""Every feature by name."""


def families() -> list[str]:
    """The families that have features, sorted."""
    return sorted({f.family for f in FEATURES.values()})


def chosen(wanted: Iterable[str] | None = None) -> list[Feature]:
    """The features of some families (of all where `wanted` is None), by family and name.

    Raises UserError naming the closest family where there is none of that name.
    """
    names = families() if wanted is None else list(wanted)
    for name in names:
        if name not in families():
            raise unknown("feature family", name, families())
    return [f for f in FEATURES.values() if f.family in names]
