"""A published table of scores as arrays: what was printed, how finely, and on how many accounts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import UserError, first_line, unknown
from botbench.text.folding import fold
from botbench.untrusted import csv_tables

Floats = NDArray[np.float64]

RANGES: dict[str, tuple[float, float]] = {
    "accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "precision": (0, 1),
    "recall": (0, 1),
    "f1": (0, 1),
    "mcc": (-1, 1),
    "auc": (0, 1),
}
"""The scores that are read, and the range of each."""

COUNTS = ("n", "bots")
MISSING = frozenset({"", "-", "–", "—", "na", "n/a", "nan", "none", "null"})
BETWEEN = re.compile(r"[\s_-]+")
"""What stands between the words of a name: Midterm-2018, midterm 2018."""
NUMBER = re.compile(r"[+-]?(\d+(\.(\d*))?|\.(\d+))([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Published:
    """k rows of scores, float64[k] in fractions: `value[score]`, `low` and `high`, NaN if missing.

    `half[score]` is half a unit of the last printed place (fractions): the possible rounding.
    Tables drop trailing zeros, so it is that of the most finely printed score of the whole table.
    `n` and `bots` count accounts, NaN if not stated; `scale` is 100 if the table is in percent.
    """

    method: tuple[str, ...]
    dataset: tuple[str, ...]
    value: Mapping[str, Floats]
    half: Mapping[str, float]
    low: Mapping[str, Floats]
    high: Mapping[str, Floats]
    n: Floats
    bots: Floats
    scale: float = 1.0
    ignored: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """How many rows."""
        return len(self.method)

    def score(self, name: str) -> Floats:
        """One score, all NaN if the table does not have it."""
        return self.value.get(name, np.full(len(self), np.nan))

    def rounding(self, name: str) -> float:
        """Half a unit of the last printed place of one score."""
        return self.half.get(name, 0.0)

    @property
    def dataset_key(self) -> tuple[str, ...]:
        """The data set of each row, the same for other cases, blanks, hyphens and underscores."""
        return tuple(_key(name) for name in self.dataset)

    @property
    def method_key(self) -> tuple[str, ...]:
        """The method of each row, folded like its data set."""
        return tuple(_key(name) for name in self.method)

    @property
    def figures(self) -> Floats:
        """Every printed score and bound, float64[k, columns], NaN if missing."""
        columns = [c for part in (self.value, self.low, self.high) for c in part.values()]
        return np.column_stack(columns)

    @property
    def values(self) -> int:
        """How many scores were printed, bounds of intervals included."""
        return int(
            sum(
                np.isfinite(column).sum()
                for part in (self.value, self.low, self.high)
                for column in part.values()
            )
        )


def read(path: Path, percent: bool = False) -> Published:
    """Read a CSV with method, dataset, and any of n, bots and the scores of `RANGES`.

    Scores can have `_low` and `_high`. Raises UserError for a file that cannot be read or lacks
    these columns, or for cells that are no numbers (all are named).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is not UTF-8 text; expected a CSV table with the columns method, dataset and"
            " scores."
        ) from None
    if not text.strip():
        raise UserError(
            f"{path} is empty; expected a CSV table with the columns method, dataset and scores."
        )
    rows = list(_rows(text, csv_tables.head(path).separator, path))
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in rows[0]]
    return of([dict(zip(names, row, strict=False)) for row in rows[1:]], names, str(path), percent)


def _rows(text: str, separator: str, path: Path) -> Iterator[list[str]]:
    """The rows that are not blank. Raises UserError where a quote or a row's width is wrong."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    width = line = 0
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"{path}, line {line}: {first_line(error)}; is a quotation mark not closed? Correct"
                " the file."
            ) from None
        if not any(cell.strip() for cell in row):
            continue
        width = width or len(row)
        if any(cell.strip() for cell in row[width:]):
            raise UserError(
                f"{path}, line {line}: the row has {len(row)} fields, the header {width}. Correct"
                " the file."
            )
        yield row


def of(
    rows: Sequence[Mapping[str, object]],
    names: Sequence[str],
    where: str = "the table",
    percent: bool = False,
) -> Published:
    """The table from rows by column name; cells are printed text or numbers.

    Raises UserError like `read`.
    """
    _check_names(names, where)
    scale = 100.0 if percent else 1.0
    mistakes: list[str] = []
    columns = {
        name: _numbers(rows, name, mistakes) for name in names if _score(name) or name in COUNTS
    }
    if mistakes:
        more = f" (and {len(mistakes) - 5} more)" if len(mistakes) > 5 else ""
        raise UserError(
            f"{where}: {'; '.join(mistakes[:5])}{more}. Expected numbers as printed, or nothing."
        )
    numbers = {name: column[0] for name, column in columns.items()}
    half = (
        0.5
        * 10.0
        ** -max((places for name, (_, places) in columns.items() if name not in COUNTS), default=0)
        / scale
    )
    nothing = np.full(len(rows), np.nan)
    return Published(
        tuple(str(r.get("method") or "") for r in rows),
        tuple(str(r.get("dataset") or "") for r in rows),
        {s: numbers[s] / scale for s in RANGES if s in numbers},
        dict.fromkeys((s for s in RANGES if s in numbers), half),
        {s: numbers[f"{s}_low"] / scale for s in RANGES if f"{s}_low" in numbers},
        {s: numbers[f"{s}_high"] / scale for s in RANGES if f"{s}_high" in numbers},
        numbers.get("n", nothing),
        numbers.get("bots", nothing),
        scale,
        tuple(n for n in names if not _score(n) and n not in (*COUNTS, "method", "dataset")),
    )


def _key(name: str) -> str:
    return BETWEEN.sub("-", fold(name.strip()))


def _score(name: str) -> bool:
    return name.removesuffix("_low").removesuffix("_high") in RANGES


def _check_names(names: Sequence[str], where: str) -> None:
    for needed in ("method", "dataset"):
        if needed not in names:
            raise UserError(
                f"{where} has no column {needed!r}; it has {', '.join(names)}. Expected method,"
                f" dataset and any of {', '.join((*COUNTS, *RANGES))}, each score with _low and"
                " _high where an interval was published."
            )
    if twice := sorted({n for n in names if n and list(names).count(n) > 1}):
        raise UserError(f"{where} has the column {', '.join(twice)} twice; which of them holds?")
    if not any(name in RANGES for name in names):
        raise unknown(
            f"score in the columns of {where}",
            ", ".join(n for n in names if n not in {"method", "dataset"}),
            RANGES,
        )


def _numbers(
    rows: Sequence[Mapping[str, object]], name: str, mistakes: list[str]
) -> tuple[Floats, int]:
    """A column as float64, and the decimal places of its most finely printed cell."""
    numbers, places = np.full(len(rows), np.nan), 0
    for i, row in enumerate(rows):
        cell = row.get(name)
        text = "" if cell is None else str(cell).strip()
        if text.lower() in MISSING:
            continue
        if (match := NUMBER.fullmatch(text)) is None:
            mistakes.append(f"row {i + 1}, {name}: {text[:40]!r} is not a number")
            continue
        numbers[i] = float(text)
        places = max(places, 17 if match[5] else len(match[3] or match[4] or ""))
    return numbers, places
