"""Whether the installed packages fit together: those botbench asks for, and DuckDB's extensions."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Literal

import duckdb

from botbench.core.errors import UserError
from curation.store.upkeep import extensions

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs")
Outcome = Literal["fits", "does not fit", "not installed"]


@dataclass(frozen=True)
class Part:
    """One package or extension: what is wanted, what is there, and for which extra it is.

    `says` is what is wrong and what to do, None where nothing is.
    """

    name: str
    wanted: str
    installed: str | None
    extra: str | None
    outcome: Outcome
    says: str | None = None

    @property
    def ill(self) -> bool:
        """Whether something is wrong: what is needed is missing, or what is there does not fit."""
        missing = self.outcome == "not installed" and self.extra is None
        return self.outcome == "does not fit" or missing


def parts() -> list[Part]:
    """Every package that botbench asks for on this machine, then DuckDB's extensions."""
    from packaging.requirements import Requirement

    asked = [Requirement(line) for line in metadata.requires("botbench") or ()]
    return [
        *(_package(r) for r in asked if _is_meant(r)),
        *(_extension(name) for name in EXTENSIONS),
    ]


def _is_meant(requirement: Any) -> bool:
    """Whether it is for this Python and machine, in the core or in an extra for users."""
    if requirement.name == "botbench":
        return False
    extra = _extra_of(requirement)
    marker = requirement.marker
    return extra not in {"dev", "docs"} and (
        marker is None or bool(marker.evaluate({"extra": extra or ""}))
    )


def _extra_of(requirement: Any) -> str | None:
    found = re.search(r"extra == ['\"]([^'\"]+)['\"]", str(requirement.marker or ""))
    return found[1] if found else None


def _package(requirement: Any) -> Part:
    wanted, extra = str(requirement.specifier) or "any", _extra_of(requirement)
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        says = None if extra else f"pip install '{requirement.name}{requirement.specifier}'"
        return Part(requirement.name, wanted, None, extra, "not installed", says)
    if requirement.specifier.contains(installed, prereleases=True):
        return Part(requirement.name, wanted, installed, extra, "fits")
    says = f"pip install '{requirement.name}{requirement.specifier}'"
    return Part(requirement.name, wanted, installed, extra, "does not fit", says)


def _extension(name: str) -> Part:
    """An extension; its file must be for exactly this DuckDB, because it is signed for it."""
    wanted = f"for DuckDB {duckdb.__version__}"
    extra = extensions.EXTRAS.get(name)
    try:
        found = extensions.find(name)
    except UserError as error:
        if "is not installed" in str(error):
            says = None if extra else str(error)
            return Part(f"extension {name}", wanted, None, extra, "not installed", says)
        return Part(f"extension {name}", wanted, None, extra, "does not fit", str(error))
    return Part(f"extension {name}", wanted, f"from {found.origin}", extra, "fits")


def document(found: list[Part]) -> dict[str, Any]:
    """The stack as plain data."""
    return {"fits": not any(p.ill for p in found), "parts": [asdict(p) for p in found]}
