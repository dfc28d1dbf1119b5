"""The SQL of features, kept for the user: to render it takes longer than a small store needs."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from botbench.untrusted import user_cache
from curation.features._registry import Feature
from curation.features._render import Plan, Query, plan
from curation.features._views import KEPT, VIEWS
from curation.store import schema

MADE_WITH = ("ibis-framework", "sqlglot")
"""Packages that the SQL depends on."""


@cache
def kept_plan(features: tuple[Feature, ...], dialect: str) -> Plan:
    """`plan` of the features with the views that are kept, from the user's cache if it is there."""
    made: list[Plan] = []

    def make() -> str:
        made.append(plan(features, dialect, keep=True))
        return _written(made[0])

    key = _key(features, dialect)
    if key is None:
        return plan(features, dialect, keep=True)
    text = user_cache.kept(f"features-{key[:32]}.json", make)
    return made[0] if made else _read(text)


def _key(features: tuple[Feature, ...], dialect: str) -> str | None:
    """sha256 of all that the SQL is made from; None where a function has no file."""
    functions = (*(f.function for f in features), *VIEWS.values())
    modules = {function.__module__ for function in functions} | {schema.__name__}
    named = [getattr(sys.modules.get(module), "__file__", None) for module in modules]
    if None in named:
        return None
    files = {*Path(__file__).parent.glob("*.py"), *(Path(str(file)) for file in named)}
    own = [[f.name, f.function.__module__, f.view] for f in features]
    views = [[name, view.__module__] for name, view in VIEWS.items()]
    versions = [metadata.version(package) for package in MADE_WITH]
    total = hashlib.sha256(json.dumps([dialect, own, views, KEPT, versions]).encode())
    for file in sorted(files):
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _written(made: Plan) -> str:
    kept, queries = ([[q.view, q.sql] for q in some] for some in (made.kept, made.queries))
    return json.dumps({"kept": kept, "queries": queries, "types": made.types})


def _read(text: str) -> Plan:
    said = json.loads(text)
    kept, queries = (tuple(Query(*q) for q in said[part]) for part in ("kept", "queries"))
    return Plan(kept, queries, said["types"])
