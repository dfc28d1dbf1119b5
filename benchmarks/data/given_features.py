"""Given features of releases as columns: numbers that others computed, NaN where one lacks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.data.accounts import Floats
from benchmarks.data.release_arrays import ask
from botbench.core.sql import literal
from curation.features.given import FAMILY, FEATURE, PREFIX

if TYPE_CHECKING:
    from benchmarks.data.release_arrays import ReleaseArrays


def is_wanted(need: str) -> bool:
    """Whether a declared need is the family or one of its features.

    >>> is_wanted("given"), is_wanted("given_clustering"), is_wanted("profile")
    (True, True, False)
    """
    return need == FAMILY or need.startswith(FEATURE)


def joined(pool: Sequence[ReleaseArrays], wanted: set[str]) -> tuple[tuple[str, ...], Floats]:
    """The sorted names of the wanted given features in the pool, and their values, float64[n, k].

    A release that lacks a feature has NaN there. Values that are no finite numbers are NaN.
    """
    asked = {need for need in wanted if is_wanted(need)}
    if not asked:
        return (), np.empty((sum(len(m) for m in pool), 0))
    of = [{n for n in _names(m) if FAMILY in asked or FEATURE + n in asked} for m in pool]
    names = sorted(set().union(*of))
    values = [_values(m, names) for m in pool]
    return tuple(FEATURE + n for n in names), np.concatenate(values)


def _names(release: ReleaseArrays) -> list[str]:
    query = (
        "SELECT DISTINCT key FROM (SELECT unnest(map_keys(extra)) AS key FROM read_parquet(?))"
        f" WHERE starts_with(key, {literal(PREFIX)})"
    )
    keys = ask(query, [str(release.path / "accounts.parquet")])["key"].to_pylist()
    return [key.removeprefix(PREFIX) for key in keys]


def _values(release: ReleaseArrays, names: Sequence[str]) -> Floats:
    if not names:
        return np.empty((len(release), 0))
    chosen = ", ".join(
        f"try_cast(extra[{literal(PREFIX + name)}] AS DOUBLE) AS f{i}"
        for i, name in enumerate(names)
    )
    table = ask(
        f"SELECT {chosen} FROM read_parquet(?) ORDER BY account_id",
        [str(release.path / "accounts.parquet")],
    )
    columns = [c.to_numpy(zero_copy_only=False).astype(np.float64) for c in table.columns]
    values = np.column_stack(columns)
    return np.where(np.isfinite(values), values, np.nan)
