"""TwiBot-22's published tables (Feng et al. 2022): what their own numbers imply, and our detectors beside theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.audits import published, table
from benchmarks.reproductions import Outcome, Row, published_table, reproduction

if TYPE_CHECKING:
    from curation.store import Store

CITES = ("Feng et al. 2022, TwiBot-22: Towards Graph-Based Twitter Bot Detection, NeurIPS Datasets and Benchmarks; the tables of "
         "its repository")


@reproduction("twibot22-tables", cites=CITES,
              about="The F1 that each published precision and recall imply, where it is over a point off.")
def tables(store: Store | None, seeds: int, first: int) -> Outcome:  # noqa: ARG001 (every reproduction has the same arguments)
    """No data is needed: a row's own numbers are put together again."""
    read = published.read(published_table("twibot22-readme"), percent=True)
    issues = table.audit(read)
    rows = [Row("f1[bot]", i.published / 100, None if i.implied is None else i.implied / 100, method=f"{i.method}, {i.dataset}")
            for i in issues if i.check == "f1"]
    complete = int(np.isfinite([read.score(s) for s in ("precision", "recall", "f1")]).all(axis=0).sum())
    found = {check: sum(i.check == check for i in issues) for check in sorted({i.check for i in issues})}
    return Outcome(tuple(rows), (
        f"of {complete} cells with precision, recall and F1, {found.get('f1', 0)} have an F1 more than a point off what the other "
        f"two imply; {sum(i.check == 'f1' and not i.possible for i in issues)} of them no averaging over runs can explain",
        "published: the README's F1; ours: 2PR / (P + R) of the README's precision and recall",
        "all issues, accuracies and intervals too: botbench audit table twibot22-readme --percent"), {"cells": complete, **found})
