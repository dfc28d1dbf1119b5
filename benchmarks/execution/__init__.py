"""Running a suite: which cells there are, their computation, and their results.

Detectors of other distributions are never imported by this room: a child process describes them,
and runs them (`benchmarks.isolation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.detectors.registry import describe_by


def _describe(names: Sequence[str] | None) -> Mapping[str, Any]:
    from benchmarks.isolation import children

    return children.describe(names)


describe_by(_describe)
