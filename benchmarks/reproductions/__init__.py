"""Published scores beside ours: one file a publication, registered by :func:`reproduction`.

A reproduction follows the published recipe as far as it is known, on the data in the store, and
states which variant ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botbench.core.errors import UserError, unknown
from botbench.core.registry import Registry
from curation.ingest import cards

if TYPE_CHECKING:
    from curation.store.store import Store


@dataclass(frozen=True)
class Row:
    """One published figure and ours (fractions).

    `low` to `high` is the range of ours over seeds or over accounts; the notes state which.
    """

    metric: str
    published: float | None
    ours: float | None
    low: float | None = None
    high: float | None = None
    method: str | None = None

    def document(self) -> dict[str, Any]:
        """The contract's row."""
        difference = (
            None if self.published is None or self.ours is None else self.ours - self.published
        )
        return {
            "metric": self.metric,
            "published": self.published,
            "ours": self.ours,
            "low": self.low,
            "high": self.high,
            "difference": difference,
            **({"method": self.method} if self.method else {}),
        }


@dataclass(frozen=True)
class Outcome:
    """All rows of a reproduction, what exactly was run, and where and why ours differs."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reproduction:
    """A recipe: id, citation, description, data set (None for a table alone)."""

    name: str
    cites: str
    about: str
    dataset: str | None
    run: Callable[[Store | None, int, int], Outcome]


REPRODUCTIONS: Registry[Reproduction] = Registry(
    "reproduction", "benchmarks.reproductions", "botbench.reproductions"
)
F = TypeVar("F", bound=Callable[["Store | None", int, int], Outcome])


def reproduction(
    name: str, *, cites: str, about: str, dataset: str | None = None
) -> Callable[[F], F]:
    """Register a function (store, seeds, first seed) -> Outcome under an id."""

    def register(run: F) -> F:
        REPRODUCTIONS.add(name, Reproduction(name, cites, about, dataset, run))
        return run

    return register


def published_folders() -> Iterator[Path]:
    """Folders of published tables: `datasets/published` in a checkout and in the package."""
    yield from (root / "published" for root in cards.ROOTS if (root / "published").is_dir())


def published_table(name: str) -> Path:
    """The CSV of a published table. Raises UserError naming the closest one."""
    tables = {
        path.stem: path for folder in published_folders() for path in sorted(folder.glob("*.csv"))
    }
    if name not in tables:
        raise unknown("published table", name, tables)
    return tables[name]


def named_table(file: Path) -> Path:
    """A file, or else the published table of that name. Raises UserError if there is neither."""
    if file.is_file():
        return file
    if file.suffix or file.parent != Path():
        raise UserError(
            f"There is no file {file}. Expected a CSV table with the columns method, dataset and"
            " scores."
        )
    return published_table(str(file))
