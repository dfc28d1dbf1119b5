"""The input of the pages: the board's document, measured cells and facts on the releases."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.leaderboard.compute.scores import MeasuredCell, Result
from benchmarks.leaderboard.compute.summary import BoardLayout
from benchmarks.leaderboard.render.drawn_cells import ordered_detectors, ranked_kinds
from benchmarks.leaderboard.render.script_data import KEY
from benchmarks.leaderboard.render.summary_text import primary
from benchmarks.leaderboard.site.release_facts import ReleaseFacts

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Site:
    """A board with everything its pages need; `before` is the board of an earlier edition."""

    board: Mapping[str, Any]
    results: Sequence[Result]
    layout: BoardLayout
    before: Mapping[str, Any] | None = None
    facts: ReleaseFacts = dataclasses.field(default_factory=ReleaseFacts)

    @cached_property
    def metric(self) -> dict[str, Any]:
        """The metric that the board opens with."""
        return primary(self.board)

    @cached_property
    def order(self) -> dict[str, dict[str, Any]]:
        """The detectors in the board's order, with entry and reasons for gaps, by name."""
        found = ordered_detectors(self.board, self.metric["name"], ranked_kinds(self.board))
        return {d["name"]: d for d in found}

    @cached_property
    def measured(self) -> dict[str, MeasuredCell]:
        """The measured cells by key."""
        return {str(m.info["cell_key"]): m for m in self.layout.measured}

    @cached_property
    def rows(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The board's rows of the opening metric that are drawn, by detector, kind and test."""
        protocols = set(self.layout.protocols.values())
        return {
            (r["detector"], r["kind"], r["test"]): r
            for r in self.board["rows"]
            if r["metric"] == self.metric["name"] and r["protocol"] in protocols
        }

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Predictions with labels of the drawn cells, by cell key, sorted by repeat and account."""
        wanted = {
            m.info["cell_key"] for m in self.layout.cells.values() if m.info["status"] == "done"
        }
        order = [("repeat", "ascending"), ("dataset", "ascending"), ("account_id", "ascending")]
        return {
            str(r.info["cell_key"]): r.predictions().sort_by(order)
            for r in self.results
            if r.predictions is not None and r.info["cell_key"] in wanted
        }

    @cached_property
    def right(self) -> dict[tuple[str, str], NDArray[np.bool_]]:
        """Whether each prediction of the kind that ranks is right, by detector and test."""
        right = {}
        for (detector, kind, test), m in self.layout.cells.items():
            table = self.tables.get(str(m.info["cell_key"]))
            if kind == self.board["ranked_by"] and table is not None:
                flagged = table["p_bot"].to_numpy() >= table["threshold"].to_numpy()
                right[detector, test] = np.asarray(
                    flagged == (table["y"].to_numpy() == 1), dtype=np.bool_
                )
        return right

    @cached_property
    def labels(self) -> dict[str, NDArray[np.bool_]]:
        """Whether each prediction of a test in `right` is of a bot."""
        return {
            test: np.asarray(self.tables[str(m.info["cell_key"])]["y"].to_numpy() == 1)
            for (_, kind, test), m in self.layout.cells.items()
            if kind == self.board["ranked_by"] and str(m.info["cell_key"]) in self.tables
        }

    def values(self, metric: str, **wanted: str) -> list[dict[str, Any]]:
        """The board's rows of a metric that have a value and these fields."""
        return [
            r
            for r in self.board["rows"]
            if r["metric"] == metric
            and r["value"] is not None
            and all(r[k] == v for k, v in wanted.items())
        ]

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of protocol drawn, the one that ranks first."""
        return sorted(
            self.layout.protocols, key=lambda kind: (kind != self.board["ranked_by"], kind)
        )


def slug(name: str) -> str:
    """A name as a file name: other characters than letters, digits, `.`, `-`, `_` become a code.

    >>> slug("gradient-boosting"), slug("submitted:a/b"), slug("precision[bot]@prevalence=0.05")
    ('gradient-boosting', 'submitted-58-a-47-b', 'precision-91-bot-93--64-prevalence-61-0.05')
    """
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"-{ord(found[0])}-", name)


def cell_page(key: str) -> str:
    """The path of a cell's page in a site.

    >>> cell_page("0123456789abcdef01234567")
    'cells/0123456789abcdef.html'
    """
    return f"cells/{slug(key[:KEY])}.html"


def sheet(reference: str) -> str:
    """The path of a release's datasheet in a site."""
    return f"datasets/{slug(reference)}-datasheet.html"
