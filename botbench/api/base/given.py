"""Labels, scores and groups as people have them: arrays, lists, Series; each fault a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from botbench.core.errors import UserError
from botbench.stats.account_groups import ALONE
from botbench.text.escaping import visible

if TYPE_CHECKING:
    import pandas as pd

LABELS = {"bot": 1, "human": 0}
"""The label as the board writes it, and as 1 or 0."""
LEAST, MOST = 200, 100_000
"""The fewest and the most draws of a bootstrap."""
ACCEPTED = "'bot' or 'human', 1 or 0, True or False"


def flat(values: Any, name: str) -> npt.NDArray[Any]:
    """One-dimensional values of any length over 0; UserError names `name` and what it got."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise UserError(
            f"{name} is {_shown(values)}; give an array, a list or a Series, one value an account."
        )
    if isinstance(values, np.ma.MaskedArray):
        values = values.tolist()  # None where a value is masked
    try:
        array = np.asarray(values, dtype=object if isinstance(values, list | tuple) else None)
    except ValueError:
        raise UserError(f"{name} holds values of several lengths; give one an account.") from None
    if array.dtype.kind in "cmM":
        raise UserError(
            f"{name} holds values of the type {array.dtype}; give one number or word an account."
        )
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        also = (
            f" Of predict_proba, give the column of bots: {name}[:, 1]."
            if array.ndim == 2 and array.shape[1] == 2
            else ""
        )
        raise UserError(f"{name} has the shape {array.shape}; give one value an account.{also}")
    if not len(array):
        raise UserError(f"{name} holds nothing; give one value an account.")
    return array


def labels(values: Any, name: str = "y") -> npt.NDArray[np.int8]:
    """Labels as int8[n], 1 for bots. UserError names the first that is no label, and its place.

    >>> labels(["bot", "human", "bot"]).tolist(), labels([True, False]).tolist()
    ([1, 0, 1], [1, 0])
    """
    array = flat(values, name)
    if array.dtype.kind in "biuf":
        numbers = array.astype(np.float64)
    else:
        distinct, place = _distinct(array)
        numbers = np.array([_label(one) for one in distinct], dtype=np.float64)[place]
    bad = np.flatnonzero((numbers != 0) & (numbers != 1))
    if len(bad):
        raise UserError(
            f"{name}[{bad[0]}] is {_shown(array[bad[0]])}; a label is {ACCEPTED}"
            f" ({_of(len(bad), len(array))})."
        )
    return numbers.astype(np.int8)


def _distinct(array: npt.NDArray[Any]) -> tuple[list[Any], npt.NDArray[np.intp]]:
    """The different values of an array of objects, and which of them each one is."""
    import pandas as pd

    try:
        place, distinct = pd.factorize(array.astype(object), use_na_sentinel=False)
    except TypeError:  # what cannot be compared, such as a list, is no label
        return list(array), np.arange(len(array))
    return list(distinct), np.asarray(place, dtype=np.intp)


def _label(value: Any) -> float:
    """One label as a number; NaN where it is none."""
    if isinstance(value, str):
        return LABELS.get(value, np.nan)
    return (
        _number(value) if isinstance(value, bool | int | float | np.number | np.bool_) else np.nan
    )


def numbers(values: Any, name: str) -> npt.NDArray[np.float64]:
    """Finite numbers as float64[n]. UserError names the first that is none, and its place."""
    array = flat(values, name)
    try:
        found = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.array([_number(value) for value in array.tolist()], dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise UserError(
            f"{name}[{bad[0]}] is {_shown(array[bad[0]])}; every account needs a number"
            f" ({_of(len(bad), len(array))})."
        )
    return found


def _number(value: Any) -> float:
    """One value as a number; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def threshold(value: Any) -> float:
    """The least score that means bot. UserError for what is no finite number."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not np.isfinite(value):
        raise UserError(f"threshold is {value!r}; give the least score that means bot, such as .5.")
    return float(value)


def seed(value: Any) -> int:
    """The seed of random draws. UserError for what is no whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise UserError(f"seed is {_shown(value)}; give a whole number, 0 or more.")
    return int(value)


def resamples(value: Any) -> int:
    """How often a bootstrap draws. UserError outside `LEAST` to `MOST` whole times."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not LEAST <= value <= MOST:
        raise UserError(
            f"resamples is {_shown(value)}; draw at least {LEAST} and at most {MOST:,} times for an"
            " interval."
        )
    return int(value)


def probabilities(values: Any, name: str = "p") -> npt.NDArray[np.float64]:
    """Scores from 0 to 1 as float64[n]. UserError names the first that is none, and its place.

    >>> probabilities([0.5, 1])
    array([0.5, 1. ])
    """
    found = numbers(values, name)
    bad = np.flatnonzero((found < 0) | (found > 1))
    if len(bad):
        raise UserError(
            f"{name}[{bad[0]}] is {found[bad[0]]:g}; a score is the probability of bot, from 0 to 1"
            f" ({_of(len(bad), len(found))})."
        )
    return found


def groups(values: Any, name: str = "groups") -> npt.NDArray[np.int64]:
    """Groups as numbers, int64[n]; who has none (None, NaN) is alone (`ALONE`).

    >>> groups(["a", None, "a"]).tolist()
    [0, -1, 0]
    """
    import pandas as pd

    array = flat(values, name)
    try:
        place, _ = pd.factorize(array.astype(object), use_na_sentinel=True)
    except TypeError as error:
        raise UserError(f"{name} holds values that cannot be compared: {error}.") from None
    return np.where(place < 0, ALONE, place).astype(np.int64)


def same_accounts(given: Sequence[tuple[str, Any]]) -> None:
    """Refuse Series that hold the same accounts in different orders: which one is meant?"""
    import pandas as pd

    series = [(name, values) for name, values in given if isinstance(values, pd.Series)]
    if len(series) < 2:
        return
    (first, one), *others = series
    for name, other in others:
        if len(one) == len(other) and not one.index.equals(other.index):
            same = one.index.is_unique and one.index.sort_values().equals(other.index.sort_values())
            if same:
                raise UserError(
                    f"{first} and {name} are Series of the same index in different orders. Put them"
                    f" in one order ({name}.loc[{first}.index]), or give arrays (.to_numpy())."
                )


def of_one_length(given: Sequence[tuple[str, npt.NDArray[Any]]]) -> None:
    """Refuse arrays of different lengths."""
    (first, one), *others = given
    for name, other in others:
        if len(other) != len(one):
            raise UserError(
                f"{first} has {len(one):,} values and {name} {len(other):,}; each needs one value"
                " an account, in the same order."
            )


def _of(bad: int, all_values: int) -> str:
    return f"{bad:,} such of {all_values:,}"


def _shown(value: Any) -> str:
    """A value as it stands in a sentence."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or plain != plain:  # noqa: PLR0124, NaN and NaT differ from themselves
        return "missing"
    return str(visible(repr(plain)[:60]))


def frame(values: Any, name: str) -> pd.DataFrame:
    """A data frame of pandas, Polars or Arrow, or a mapping of columns, as pandas.

    Raises UserError for anything else, and for one without rows.
    """
    import pandas as pd

    if isinstance(values, pd.DataFrame):
        found = values
    elif isinstance(values, dict):
        try:
            found = pd.DataFrame(values)
        except ValueError as error:
            raise UserError(f"{name} cannot be made a data frame: {error}.") from None
    elif hasattr(values, "__arrow_c_stream__") or hasattr(values, "to_pandas"):
        import pyarrow as pa

        found = pa.table(values).to_pandas()
    else:
        raise UserError(f"{name} is {type(values).__name__}; give a data frame.")
    if not len(found):
        raise UserError(f"{name} has no rows.")
    return found.reset_index(drop=True)


def columns(found: pd.DataFrame, needed: Sequence[str], name: str) -> None:
    """Refuse a frame that lacks a column; the sentence names what it has."""
    twice = sorted({str(c) for c in found.columns[found.columns.duplicated()]})
    if twice:
        raise UserError(
            f"{name} has several columns {visible(twice[0])}; give each column one name."
        )
    missing = [column for column in needed if column not in found]
    if missing:
        there = ", ".join(str(visible(str(c))) for c in list(found)[:12]) or "none"
        raise UserError(
            f"{name} has no column {' and no column '.join(missing)}; it has {there}. It needs"
            f" {', '.join(needed)}."
        )


def float_ids(name: str) -> UserError:
    """The error of a column of ids that was read as floats."""
    return UserError(
        f"{name} is a column of floats, which rounds ids of 16 and more digits. Read it as text:"
        f" dtype={{{name!r}: str}}."
    )


def ids(values: Any, name: str) -> npt.NDArray[np.object_]:
    """Ids as text, object[n]. UserError for floats, which round ids of 16 and more digits.

    >>> ids([7, 8], "account_id").tolist()
    ['7', '8']
    """
    import pandas as pd

    series = pd.Series(values).reset_index(drop=True)
    if series.dtype.kind == "f" or pd.api.types.infer_dtype(series, skipna=True) == "floating":
        raise float_ids(name)
    if (missing := series.isna().to_numpy()).any():
        raise UserError(
            f"{name} of row {int(missing.argmax())} is missing"
            f" ({_of(int(missing.sum()), len(series))})."
        )
    return words(series, name)


def words(values: Any, name: str) -> npt.NDArray[np.object_]:
    """Values as text, object[n]. UserError for half a character (a lone surrogate)."""
    try:
        text: npt.NDArray[np.object_] = values.astype(str).to_numpy(dtype=object)
    except UnicodeEncodeError as error:
        raise UserError(
            f"{name} holds half a character ({_shown(error.object)}); read the file again as UTF-8."
        ) from None
    return text
