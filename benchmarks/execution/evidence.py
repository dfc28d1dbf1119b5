"""Check that the data have what a detector needs, and build a view of only that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import external_scores, given_features
from benchmarks.data.accounts import Accounts, Floats, Rows
from benchmarks.data.masking import Mask
from benchmarks.data.release_arrays import ReleaseArrays, ask
from benchmarks.detectors import Spec
from benchmarks.protocols import NotApplicable
from botbench.core.errors import unknown
from curation.features import given
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

HIDDEN = {"dataset", "account_id", "platform", "extra", "pull_id", "status", "observed_at"}
"""No evidence: ids, and the platform's later verdict and the time of collection, which can tell the
label.
"""
COLUMNS = tuple(name for name in TABLES["accounts"].names if name not in HIDDEN)
"""Profile columns that a detector may ask for."""
TABLE_NEEDS = ("posts", "edges", "post_id")
DOMAINS = "domains"
"""While it learns, a number for each training data set."""


@dataclass(frozen=True)
class Side:
    """The tested or the training accounts of a cell: a title, and their rows in the pool."""

    title: str
    rows: Rows


@dataclass(frozen=True)
class Evidence:
    """The declared evidence of the pool: feature matrix with families, columns, and tables."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    values: Floats
    columns: dict[str, pa.ChunkedArray]
    tables: dict[str, NDArray[np.bool_]]

    def has(self, need: str) -> NDArray[np.bool_]:
        """Whether each account of the pool has anything of `need`, bool[n]."""
        if need in self.tables:
            return self.tables[need]
        if need in self.columns:
            return np.asarray(self.columns[need].is_valid().to_numpy(), dtype=np.bool_)
        chosen = [i for i, name in enumerate(self.names) if need in {name, self.families[i]}]
        return _present(self.values[:, chosen])

    def anything(self) -> NDArray[np.bool_]:
        """Whether each account has any evidence, bool[n]; all True if nothing is declared."""
        if external_scores.FAMILY in self.families:
            return np.ones(len(self.values), dtype=np.bool_)
        parts = [np.asarray(c.is_valid().to_numpy(), dtype=np.bool_) for c in self.columns.values()]
        parts += [*self.tables.values(), *([_present(self.values)] if self.names else [])]
        return np.logical_or.reduce(parts) if parts else np.ones(len(self.values), dtype=np.bool_)

    def scorable(self) -> NDArray[np.bool_]:
        """Whether each account has evidence to score it by, bool[n]; others get a filled-in score.

        Scores of a file are asked for of the tested side only, so `anything` lets all learn.
        """
        if external_scores.FAMILY in self.families:
            return self.has(external_scores.FAMILY)
        return self.anything()

    def only(self, features: Sequence[int]) -> Evidence:
        """The same with some of its features."""
        chosen = [tuple(of[i] for i in features) for of in (self.names, self.families)]
        return Evidence(
            chosen[0], chosen[1], self.values[:, list(features)], self.columns, self.tables
        )

    def named(self, names: Sequence[str]) -> Evidence:
        """The same with the features of these names."""
        return self.only([self.names.index(name) for name in names])


def _present(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(values).all(axis=1), dtype=np.bool_)


def check(spec: Spec, available: Evidence, sides: Sequence[Side], y: NDArray[np.int8]) -> Evidence:
    """The evidence with only those features that every side has (not missing everywhere).

    Raises NotApplicable with the reason if a side lacks a need, in one class or in both, or if the
    sides have no common evidence.
    """
    for need in spec.needs:
        for side in sides:
            _check(need, side, available.has(need), y)
    shared = available.only(
        [
            i
            for i, family in enumerate(available.families)
            if all((~np.isnan(available.values[s.rows, i])).any() for s in _asked(family, sides))
        ]
    )
    wanted: list[tuple[str, ...]] = [(need,) for need in spec.needs] or [
        tuple(u for u in spec.uses if u != DOMAINS)
    ]
    for choice in filter(None, wanted):
        if not any(
            all(bool(shared.has(need)[s.rows].any()) for s in _asked(need, sides))
            for need in choice
        ):
            raise NotApplicable(
                f"{' and '.join(s.title for s in sides)} {'share' if len(sides) > 1 else 'has'}"
                f" none of {', '.join(choice)}."
            )
    return shared


def _asked(need: str, sides: Sequence[Side]) -> Sequence[Side]:
    """The sides that must have a need: external predictions concern the tested side only."""
    return sides[:1] if need == external_scores.FAMILY else sides


@contextmanager
def view(
    spec: Spec, pool: Sequence[ReleaseArrays], available: Evidence, mask: Mask
) -> Iterator[Accounts]:
    """The view of all accounts of the pool; its temporary files are deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="botbench-") as scratch:
        yield _masked(spec, pool, available, mask, Path(scratch))


def gather(spec: Spec, pool: Sequence[ReleaseArrays]) -> Evidence:
    """The declared evidence of all accounts. Raises UserError for an unknown need."""
    wanted = (set(spec.needs) | set(spec.uses)) - {DOMAINS}
    first = pool[0]
    for need in wanted - {external_scores.FAMILY}:
        if not given_features.is_wanted(need) and need not in {
            *first.names,
            *first.families,
            *COLUMNS,
            *TABLE_NEEDS,
        }:
            raise unknown(
                "thing to need", need, {*first.names, *first.families, *COLUMNS, *TABLE_NEEDS}
            )
    chosen = [i for i, name in enumerate(first.names) if wanted & {name, first.families[i]}]
    raw = wanted & set(COLUMNS) - set(first.names)
    external = external_scores.joined(
        spec.scores_file if external_scores.FAMILY in wanted else None, pool
    )
    extra = (external_scores.FEATURE,) * external.shape[1]
    given_names, given_values = given_features.joined(pool, wanted)
    return Evidence(
        (*(first.names[i] for i in chosen), *given_names, *extra),
        (
            *(first.families[i] for i in chosen),
            *(given.FAMILY for _ in given_names),
            *(external_scores.FAMILY for _ in extra),
        ),
        np.hstack([np.concatenate([m.values[:, chosen] for m in pool]), given_values, external]),
        {name: _column(name, pool) for name in sorted(raw)},
        {name: _has(name, pool) for name in wanted & set(TABLE_NEEDS)},
    )


def _column(name: str, pool: Sequence[ReleaseArrays]) -> pa.ChunkedArray:
    import pyarrow as pa

    query = f'SELECT "{name}" FROM read_parquet(?) ORDER BY account_id'
    return pa.concat_tables([ask(query, [str(m.path / "accounts.parquet")]) for m in pool])[name]


def _has(table: str, pool: Sequence[ReleaseArrays]) -> NDArray[np.bool_]:
    """Which accounts have a row in posts or edges."""
    if table == "edges":
        name, query = (
            "edges",
            "SELECT DISTINCT unnest([source_id, target_id]) AS owner FROM read_parquet(?)",
        )
    else:
        name, query = "posts", "SELECT DISTINCT account_id AS owner FROM read_parquet(?)"
    owners = [
        ask(query, [str(m.path / f"{name}.parquet")])["owner"].to_numpy(zero_copy_only=False)
        for m in pool
    ]
    return np.concatenate(
        [
            np.isin(m.account_id.astype(str), o.astype(str))
            for m, o in zip(pool, owners, strict=True)
        ]
    )


def _check(need: str, side: Side, has_need: NDArray[np.bool_], y: NDArray[np.int8]) -> None:
    there = {
        name: bool(has_need[side.rows][y[side.rows] == label].any())
        for label, name in ((1, "bots"), (0, "humans"))
    }
    present = {
        name for label, name in ((1, "bots"), (0, "humans")) if (y[side.rows] == label).any()
    }
    having = [name for name in present if there[name]]
    if not having:
        have = "have" if side.title.endswith("accounts") else "has"
        what = f"{need} features" if need == given.FAMILY else need
        raise NotApplicable(f"{side.title} {have} no {what}.")
    if len(having) < len(present):
        raise NotApplicable(
            f"{side.title} has {need} of {having[0]} only: whether it is there would be the label."
        )


def _masked(
    spec: Spec, pool: Sequence[ReleaseArrays], available: Evidence, mask: Mask, scratch: Path
) -> Accounts:
    wanted = set(spec.needs) | set(spec.uses)
    nodes = mask.nodes(pool) if wanted & set(TABLE_NEEDS) else None
    posts = edges = None
    if nodes is not None and wanted & {"posts", "post_id"}:
        posts = mask.posts(
            pool, nodes, scratch, true_ids="post_id" in wanted, true_handles="handle" in wanted
        )
    if nodes is not None and "edges" in wanted:
        edges = mask.edges(pool, nodes, scratch)
    domains = mask.domains([len(m) for m in pool]) if DOMAINS in wanted else None
    return Accounts(available.names, available.values, available.columns, posts, edges, domains)
