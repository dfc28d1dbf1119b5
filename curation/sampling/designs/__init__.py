"""Designs: which accounts a batch draws, and with what probability. One file each, known by a
canonical string.

`parse(str(design)) == design`; an option at its default is not written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, TypeVar

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
    match = re.fullmatch(r"\s*([a-z-]+)\s*(?:\((.*)\))?\s*", text)
    if not match:
        raise UserError(f"The design {text!r} cannot be read; write it like uniform(n=100).")
    kind = DESIGNS.get(match[1])
    given = dict(_pairs(text, match[2] or ""))
    if n is not None and given.setdefault("n", str(n)) != str(n):
        raise UserError(
            f"The design {text!r} says n={given['n']} and --n says {n}; give one of them."
        )
    return kind(**_values(kind, given))


def _pairs(text: str, inside: str) -> list[tuple[str, str]]:
    pairs = []
    for part in filter(None, (p.strip() for p in inside.split(","))):
        name, _, value = (p.strip() for p in part.partition("="))
        if not name or not value:
            raise UserError(
                f"The design {text!r} cannot be read at {part!r}: expected OPTION=VALUE, such as"
                " n=100."
            )
        pairs.append((name, value.strip("'\"")))
    return pairs


def _values(kind: type[Design], given: dict[str, str]) -> dict[str, Any]:
    declared = options(kind)
    for name in given:
        if name not in {o.name for o in declared}:
            raise unknown(f"option of {kind.name}", name, [o.name for o in declared])
    for option in declared:
        if option.name not in given and (option.name == "n" or not option.default):
            raise UserError(
                f"The design {kind.name} needs {option.name}; write it like {kind.example}."
            )
    if not given["n"].isdecimal() or int(given["n"]) < 1:
        raise UserError(
            f"{kind.name}: n must be a whole number of at least 1, got {given['n']!r}; write it"
            f" like {kind.example}."
        )
    return {
        option.name: _typed(kind, option, given[option.name])
        for option in declared
        if option.name in given
    }


def _typed(kind: type[Design], option: Field[Any], text: str) -> Any:
    """An option's value in its type (annotations are text here)."""
    if option.type not in ("int", "float"):
        return text
    try:
        return int(text) if option.type == "int" else float(text)
    except ValueError:
        raise UserError(
            f"{kind.name}: {option.name} must be a number, got {text!r}; write it like"
            f" {kind.example}."
        ) from None
