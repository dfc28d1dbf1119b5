"""Protocols: the training and test accounts of cells; one file each, with a canonical name.

A protocol sees releases as `Facts` when it plans cells, and accounts as integers (`Pool`) when it
makes folds; every random draw comes from its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.folds import few
from botbench.core import canonical_names
from botbench.core.errors import UserError, unknown
from botbench.core.registry import Registry

P = TypeVar("P", bound="type[Protocol]")
Kind: TypeAlias = Literal[
    "transfer",
    "in distribution",
    "worst evasion",
    "prevalence",
    "later",
    "unknown kind of bot",
    "other claimant",
    "few labels",
]

QUIET = {"quiet": True}
"""Metadata of a dataclass field that the canonical string leaves out where it has its default."""


@dataclass(frozen=True)
class Facts:
    """A release's reference (`name@version`) and counts, all that a protocol plans with."""

    reference: str
    dataset: str
    accounts: int
    bots: int
    humans: int
    splits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The release's name without its version."""
        return self.reference.rpartition("@")[0]

    @property
    def one_class(self) -> str | None:
        """`bots` or `humans` where the release holds nothing else."""
        if self.bots and self.humans:
            return None
        return "bots" if self.bots else "humans"


@dataclass(frozen=True)
class Plan:
    """One task for every detector: releases to train on and to test on (several only as a pair).

    With a `reason` it is not applicable.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    reason: str | None = None


def kind_between(train: Iterable[str], test: Iterable[str]) -> Kind:
    """In distribution where the releases of both parts are the same, else transfer."""
    return "in distribution" if set(train) == set(test) else "transfer"


@dataclass(frozen=True)
class Pool:
    """The accounts of a plan's releases as integers, all of length n.

    `tested`: in a tested release; `y`: 1 bot, 0 human; `group`: equal for accounts that must stay
    together (duplicates, and the same account in several releases); `identity`: equal for the same
    (platform, account id); `part`: 0 train, 1 validation, 2 test of the official split, -1 in none;
    `seen`: time of observation in seconds since 1970, NaN unknown; `sort`: equal for bots of one
    kind, -1 unknown; `claimed`: answer of each kind of claimant (1 bot, 0 human, -1 nothing or
    both); `source`: equal for accounts of one release.
    """

    tested: NDArray[np.bool_]
    y: NDArray[np.int8]
    group: NDArray[np.int64]
    identity: NDArray[np.int64]
    part: NDArray[np.int8]
    seen: NDArray[np.float64] | None = None
    sort: NDArray[np.int64] | None = None
    claimed: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)
    source: NDArray[np.int64] | None = None

    def drawn(self, most: int, seed: int) -> NDArray[np.bool_]:
        """At most `most` accounts of each release and class, drawn with the seed; 0 means all."""
        source = np.zeros(len(self.y), dtype=np.int64) if self.source is None else self.source
        kept = np.full(len(self.y), not most, dtype=np.bool_)
        if most:
            kept[few(source, self.y, most, seed)] = True
        return kept


@dataclass(frozen=True)
class Fold:
    """Rows of the pool to train on and to score (int64), for one fold of one repeat.

    Consecutive folds with an equal `fit` share their training rows and are fitted once. `move`
    names an evasion move of the tested bots (`benchmarks.data.moves`); `labels` [n] replace the
    pool's labels in training. A row that is in `train` several times has that weight.
    """

    repeat: int
    fold: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    fit: int | None = None
    move: str = ""
    labels: NDArray[np.int8] | None = None


class NotApplicable(Exception):
    """A protocol or a detector does not fit the data; the message has the reason."""


class Protocol:
    """A frozen dataclass of parameters with a `seed`; `str()` is its identity.

    The canonical string contains fields whose metadata is `QUIET` only if they differ from their
    default.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind | None] = None
    """What its scores tell; None: in distribution where a plan is trained on what it is tested on,
    else transfer.
    """
    revision: ClassVar[int] = 1
    """The declared version of how it splits: raise it, in the class that changed, whenever the same
    seed gives other folds. A class that declares none in its own body is known by the syntax of its
    module."""
    worst: ClassVar[bool] = False
    """Whether repeats are different trials of which the worst counts, and not the mean."""
    refitted: ClassVar[bool] = False
    """Whether a suite's `fits` apply: each of its repeats is one fold with one fit, so that other
    fits can be tested on the same accounts."""
    seed: int

    @property
    def moves(self) -> tuple[str, ...]:
        """The moves that its folds may name."""
        return ()

    def kind_of(self, plan: Plan) -> Kind:
        """The kind of a plan's scores."""
        return self.kind or kind_between(plan.train, plan.test)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """The plans for these releases."""
        raise NotImplementedError

    def split(self, pool: Pool) -> Iterator[Fold]:
        """The folds of one plan. Raises NotApplicable if the accounts do not allow it."""
        raise NotImplementedError

    def __str__(self) -> str:
        return canonical_names.write(self.name, self._shown())

    def _shown(self) -> Iterator[tuple[str, object]]:
        for option in options(type(self)).values():
            value = getattr(self, option.name)
            if value != option.default or not option.metadata.get("quiet"):
                yield option.name, value


PROTOCOLS: Registry[type[Protocol]] = Registry(
    "protocol", "benchmarks.protocols", "botbench.protocols"
)


def protocol(name: str) -> Callable[[P], P]:
    """Register a protocol class under the name its canonical string begins with."""

    def register(kind: P) -> P:
        kind.name = name
        PROTOCOLS.add(name, kind)
        return kind

    return register


def options(kind: type[Protocol]) -> dict[str, Field[Any]]:
    """The options of a protocol, in the order of its canonical string."""
    return {f.name: f for f in fields(kind)}  # type: ignore[arg-type]


def parse(text: str) -> Protocol:
    """The protocol of a string; `parse(str(p)) == p`. Raises UserError if anything is unknown.

    >>> str(parse("cross-validation(folds=3)"))
    'cross-validation(folds=3, repeats=2, seed=0)'
    """
    name = canonical_names.parse(text.partition("(")[0], "protocol")[0]
    kind = PROTOCOLS.get(name)
    _, given = canonical_names.parse(text, "protocol", str(kind()))
    declared = options(kind)
    for option, value in given.items():
        if option not in declared:
            raise unknown(f"option of {name}", option, declared)
        if type(value) is not type(declared[option].default):
            wanted = type(declared[option].default).__name__
            raise UserError(
                f"{name}: {option} must be {wanted}, got {value!r}; write it like {kind()}."
            )
    return kind(**given)


def alone(releases: Sequence[Facts], why: str) -> list[Plan]:
    """A plan for each release; one with a single class is not applicable."""
    reason = "{0.reference} holds {0.one_class} only; {1} needs both classes."
    return [
        Plan((r.reference,), (r.reference,), reason.format(r, why) if r.one_class else None)
        for r in releases
    ]


def apart(pool: Pool, train: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.int64]:
    """The training rows without those whose group has a tested account."""
    return train[~np.isin(pool.group[train], pool.group[test])]


def positive(protocol: Protocol, **least: int) -> None:
    """Check whole-number options against their least value; raises UserError naming the option."""
    for name, minimum in least.items():
        if getattr(protocol, name) < minimum:
            got = getattr(protocol, name)
            raise UserError(f"{protocol.name}: {name} must be at least {minimum}, got {got}.")
