"""Designs: which accounts a batch draws, and with what probability. One file each, known by a
canonical string.

`parse(str(design)) == design`; an option at its default is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, TypeVar

from botbench.core import canonical_names
from botbench.core.errors import UserError, unknown
from botbench.core.registry import Registry
from curation.store.schema import Joint

D = TypeVar("D", bound="type[Design]")


@dataclass(frozen=True)
class Stratum:
    """A part of the population: its name, how many accounts can be drawn, and how many are."""

    name: str
    population: int
    size: int
    chance: float | None = None
    """The mean probability, where accounts of the stratum differ in it."""

    @property
    def probability(self) -> float:
        """Every account's probability of being drawn (the mean of them where they differ)."""
        return self.size / self.population if self.chance is None else self.chance


@dataclass(frozen=True)
class Design:
    """A frozen dataclass of options, of which `n` is the number of accounts to draw."""

    name: ClassVar[str]
    example: ClassVar[str]
    joint: ClassVar[Joint] = "simple within stratum"
    """How joint inclusion probabilities follow."""
    n: int

    def column(self) -> str | None:
        """The accounts column whose values are the strata; None for one stratum of all."""
        return None

    def allocate(self, strata: Sequence[tuple[str, int]]) -> list[Stratum]:
        """How many to draw from each stratum (name, accounts), summing to n. Raises UserError where
        that cannot be.
        """
        raise NotImplementedError

    def __str__(self) -> str:
        """The canonical string."""
        parts = [
            f"{f.name}={getattr(self, f.name)}"
            for f in options(type(self))
            if getattr(self, f.name) != f.default
        ]
        return f"{self.name}({', '.join(parts)})"


DESIGNS: Registry[type[Design]] = Registry(
    "design", "curation.sampling.designs", "botbench.designs"
)


def design(name: str, example: str) -> Callable[[D], D]:
    """Register a design class under the name its canonical string begins with; `example` is shown
    in messages.
    """

    def register(kind: D) -> D:
        kind.name, kind.example = name, example
        DESIGNS.add(name, kind)
        return kind

    return register


def options(kind: type[Design]) -> list[Field[Any]]:
    """The options of a design in the order of its canonical string: those it must have, `n`, those
    it may have.
    """
    return sorted(
        fields(kind),
        key=lambda f: 2 if f.name != "n" and f.default else 1 if f.name == "n" else 0,
    )


def parse(text: str, n: int | None = None) -> Design:
    """The design a string names, such as `stratified(by=lang, n=100)`; `n` stands in where the
    string has none.

    Raises UserError for a string that cannot be read, an unknown name or option, or a missing or
    wrong value.

    >>> str(parse("stratified( n = 20,by='lang', allocation=proportional )"))
    'stratified(by=lang, n=20)'
    """
    name, given = canonical_names.parse(text, "design", "uniform(n=100)")
    kind = DESIGNS.get(name)
    if n is not None and given.setdefault("n", n) != n:
        raise UserError(
            f"The design {text!r} says n={given['n']} and --n says {n}; give one of them."
        )
    return kind(**_values(kind, given))


def _values(kind: type[Design], given: dict[str, object]) -> dict[str, Any]:
    declared = options(kind)
    for name in given:
        if name not in {o.name for o in declared}:
            raise unknown(f"option of {kind.name}", name, [o.name for o in declared])
    for option in declared:
        if option.name not in given and (option.name == "n" or not option.default):
            raise UserError(
                f"The design {kind.name} needs {option.name}; write it like {kind.example}."
            )
    if type(given["n"]) is not int or given["n"] < 1:
        raise UserError(
            f"{kind.name}: n must be a whole number of at least 1, got {given['n']!r}; write it"
            f" like {kind.example}."
        )
    return {
        option.name: _typed(kind, option, given[option.name])
        for option in declared
        if option.name in given
    }


def _typed(kind: type[Design], option: Field[Any], value: object) -> Any:
    """An option's value in its type (annotations are text here)."""
    if option.type not in ("int", "float"):
        return str(value)
    if type(value) is int or (option.type == "float" and type(value) is float):
        return float(value) if option.type == "float" else value
    raise UserError(
        f"{kind.name}: {option.name} must be a number, got {value!r}; write it like {kind.example}."
    )
