"""The audit of a data set: does anything that is no evidence tell the label?

Each file in `checks/` registers with :func:`check`. A check gets an :class:`Audited` and returns
its figure, or the reason why it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import release_arrays
from botbench.core.registry import Registry
from curation.release import release

if TYPE_CHECKING:
    import pyarrow as pa

Outcome = Literal["passed", "issue", "not applicable"]
LEAST = 10
"""Accounts of each class below which nothing can be told by folds."""


class NotApplicable(Exception):
    """The check does not fit the data set; the message has the reason."""


@dataclass(frozen=True)
class Finding:
    """The finding of a check: figure, sentence, and whether it is an issue."""

    check: str
    outcome: Outcome
    value: float | None
    detail: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Result:
    """The result of a check: figure, whether it is an issue, sentence, interval if it has one."""

    value: float
    issue: bool
    detail: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Check:
    """One registered check: name, question, function, and the figure from which it is an issue."""

    name: str
    asks: str
    run: Callable[[Audited], Result]
    limit: float | None = None


@dataclass(frozen=True)
class Audited:
    """A release under audit: files, labels, features, and the other releases."""

    home: Path
    release: release.Release
    seed: int = 0
    others: tuple[str, ...] = field(default=())

    @cached_property
    def arrays(self) -> release_arrays.ReleaseArrays:
        """Labels, groups and features, sorted by account id."""
        return release_arrays.load(self.home, self.release.reference)

    @property
    def y(self) -> NDArray[np.int8]:
        """1 bot, 0 human. Raises NotApplicable if a class has hardly any accounts."""
        y = self.arrays.y
        if min(y.sum(), len(y) - y.sum()) < LEAST:
            raise NotApplicable(
                f"there are {int(y.sum())} bots and {int(len(y) - y.sum())} humans; {LEAST} of each"
                " are needed."
            )
        return y

    def ask(self, query: str, tables: list[str]) -> pa.Table:
        """A DuckDB query with one `?` for each named table of the release."""
        return release_arrays.ask(query, [str(self.release.file(t)) for t in tables])


@dataclass(frozen=True)
class Report:
    """All findings of one release."""

    release: str
    content_hash: str
    simulated: bool
    seed: int
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        """The contract of `botbench audit dataset --json`."""
        return {
            "release": self.release,
            "content_hash": self.content_hash,
            "simulated": self.simulated,
            "seed": self.seed,
            "checks": [vars(f) for f in self.findings],
        }


CHECKS: Registry[Check] = Registry(
    "check of a data set", "benchmarks.audits.checks", "botbench.audits"
)
F = TypeVar("F", bound=Callable[[Audited], Result])


def check(name: str, asks: str, limit: float | None = None) -> Callable[[F], F]:
    """Register a check under its name; `limit` is of its figure, where one number decides."""

    def register(run: F) -> F:
        CHECKS.add(name, Check(name, asks, run, limit))
        return run

    return register


def checks() -> dict[str, Check]:
    """Every registered check by name."""
    return CHECKS.all()


def audit(
    home: Path, reference: str, seed: int = 0, step: Callable[[], object] = lambda: None
) -> Report:
    """Run every check on a release. Raises UserError if it is not there or was changed."""
    chosen = release.load(home, reference, verify=True)
    newest = [f"{name}@{versions[-1]}" for name, versions in release.listed(home).items()]
    others = tuple(r for r in newest if release.load(home, r).dataset != chosen.dataset)
    audited = Audited(home, chosen, seed, others)
    findings = []
    for one in checks().values():
        findings.append(_found(one, audited))
        step()
    return Report(
        chosen.reference,
        chosen.content_hash,
        bool(chosen.info.get("simulated")),
        seed,
        tuple(findings),
    )


def _found(one: Check, audited: Audited) -> Finding:
    try:
        result = one.run(audited)
    except NotApplicable as reason:
        return Finding(one.name, "not applicable", None, str(reason))
    # Sentences and tables show three places of it, and round once.
    rounded = [
        None if v is None else round(float(v), 6) for v in (result.value, result.low, result.high)
    ]
    return Finding(
        one.name,
        "issue" if result.issue else "passed",
        rounded[0],
        result.detail,
        rounded[1],
        rounded[2],
    )
