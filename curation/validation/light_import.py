"""Import Great Expectations in half the time: without telemetry and what is never used here.

Its import also loads Spark, Google's and Amazon's clients, a chart library and scipy.stats, which
costs between one and three seconds of processor time and prints Spark's warnings.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

OPTIONAL = ("pyspark", "google.oauth2", "boto3", "botocore", "rfc3987_syntax")
"""Modules that Great Expectations, or a library it imports, does without where they are missing."""

POSTPONED = ("altair", "jsonschema", "scipy.stats")
"""Modules that only its renderers and rules of distributions use: imported at their first use."""


def great_expectations() -> Any:
    """Great Expectations' module, with its expectations imported."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with _without(OPTIONAL), _postponed(POSTPONED):
        import great_expectations as gx
        import great_expectations.expectations
    return gx


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Make modules look missing for a while, also those that are imported already."""
    there = {
        name: module
        for name, module in sys.modules.items()
        if any(name == n or name.startswith(f"{n}.") for n in names)
    }
    for name in there:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(there)


@contextmanager
def _postponed(names: tuple[str, ...]) -> Iterator[None]:
    """Put a stand-in for modules that are not imported yet, which imports them when it is used."""
    stand_ins = {name: _stand_in(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)

    def imported(attribute: str) -> Any:
        # The import system asks a module for names like __path__; that is no use of it.
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    module.__dict__["__getattr__"] = imported
    return module
