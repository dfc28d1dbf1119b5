"""The overlap ledger of a run: tested accounts that a detector's training data hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.data import release_arrays
from benchmarks.execution import results
from curation.release import release


def audit(run: results.Run) -> dict[str, Any]:
    """The document of `botbench audit run --json`: a row for each detector, training data and test.

    The protocols leave accounts shared with other releases out of training (`left_out`): passed.
    Data on which a detector *declares* it was pretrained (`trained_on`: release references) cannot
    be left out: every shared account is an issue.
    """
    rows = [row for cell in results.cells(run) if cell.status == "done" for row in _rows(run, cell)]
    unique = {(r["detector"], r["train"], r["test"], r["declared"]): r for r in rows}
    return {
        "run": run.run_id,
        "suite": run.suite.get("name"),
        "overlaps": [unique[key] for key in sorted(unique)],
    }


def _rows(run: results.Run, cell: results.Cell) -> Iterable[dict[str, Any]]:
    tested = cell.test.split("+")
    others = tuple(r for r in cell.train if r not in tested)
    if others:
        yield _row(run, cell, others, tested, declared=False)
    declared = tuple(cell.info.get("trained_on") or ())
    if declared:
        yield _row(run, cell, declared, tested, declared=True)


def _row(
    run: results.Run, cell: results.Cell, train: tuple[str, ...], tested: list[str], declared: bool
) -> dict[str, Any]:
    present = [r for r in train if _there(run, r)]
    n = shared(run, present, tested)
    unknown = [r for r in train if r not in present]
    outcome = (
        "not applicable" if unknown and not present else "issue" if declared and n else "passed"
    )
    return {
        "detector": cell.detector,
        "train": " + ".join(train),
        "test": cell.test,
        "declared": declared,
        "shared": n,
        "left_out": 0 if declared else n,
        "unknown": unknown,
        "outcome": outcome,
    }


def _there(run: results.Run, reference: str) -> bool:
    name, _, version = reference.partition("@")
    return (
        int(version) in release.listed(run.home).get(name, [])
        if version.isdecimal()
        else name in release.listed(run.home)
    )


def shared(run: results.Run, train: Iterable[str], tested: Iterable[str]) -> int:
    """The number of tested accounts (platform and id) in the training releases."""
    left, right = (
        [str(release.load(run.home, r).file("accounts")) for r in some] for some in (tested, train)
    )
    if not right:
        return 0
    counts = release_arrays.ask(
        """SELECT count(*) AS n FROM (SELECT DISTINCT platform, account_id FROM read_parquet(?)
           INTERSECT SELECT DISTINCT platform, account_id FROM read_parquet(?))""",
        [left, right],
    )
    return int(counts["n"][0].as_py())
