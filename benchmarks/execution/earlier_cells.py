"""Reuse cells of botbench 0.1, whose keys hashed source bytes.

They are identified by what they computed. Their detectors, protocols and features equal revision 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.detectors import Spec
from benchmarks.execution import cells
from benchmarks.protocols import parse
from botbench.core.hashing import short_hash

KEY_FORM = 2
"""The form of keys in use: made of declared revisions. Cells of 0.1 name none."""


def comparable(spec: Spec, protocol: str) -> bool:
    """Whether detector, protocol and bench still are what computed the cells of 0.1."""
    return spec.revision == cells.REVISION == type(parse(protocol)).revision == 1


def index(home: Path) -> dict[str, str]:
    """Keys of the finished cells of 0.1 by `identity`; empty in a store that has none."""
    documents = (
        json.loads(p.read_text(encoding="utf-8"))
        for p in (home / "bench" / "cells").glob("*/cell.json")
    )
    return {
        _identity_of(d): d["cell_key"]
        for d in documents
        if "key_form" not in d and d["status"] == "done"
    }


def _identity_of(document: dict[str, Any]) -> str:
    versions = {
        name: number for name, number in document.get("versions", {}).items() if name != "botbench"
    }
    tested = document["test"].split("+")
    return identity(
        document["detector"],
        document["protocol"],
        train=document["train"],
        test=tested,
        hashes=document.get("hashes", {}),
        versions=versions,
    )


def identity(
    detector: str,
    protocol: str,
    *,
    train: Iterable[str],
    test: Iterable[str],
    hashes: dict[str, str],
    versions: dict[str, str],
) -> str:
    """Hash of a cell's detector, protocol, release contents and package versions."""

    def contents(references: Iterable[str]) -> list[tuple[str, str]]:
        return [(r.rpartition("@")[0], hashes.get(r, "")) for r in references]

    return short_hash([detector, protocol, contents(train), contents(test), versions], 24)
