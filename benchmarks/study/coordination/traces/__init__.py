"""Traces of coordination, one file each: what two accounts can do alike.

    @trace("my-trace", about="do the same odd thing", source="Me 2026")
    def my_trace(connection, posts) -> str: ...

A trace gives SQL of its actions in `posts` (a relation with the columns of the posts table), a row
each: `account_id`, `what` (the thing that can be shared, as text), `t` (its time, float64 seconds
since 1970) and `within` (text). Chance moves actions between accounts only among actions of equal
`within`, so it holds what an account cannot help sharing: when it is awake, or whom it writes of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botbench.core.registry import Registry

if TYPE_CHECKING:
    import duckdb

Actions = Callable[["duckdb.DuckDBPyConnection", str], str]

PACHECO = "Pacheco et al. 2021, doi:10.1609/icwsm.v15i1.18075"
LUCERI = "Luceri et al. 2024, doi:10.1145/3589334.3645529"
NIZZOLI = "Nizzoli et al. 2021, doi:10.1609/icwsm.v15i1.18074"

CROWD = 200
"""Accounts doing the same in one moment above which it is a trend, and s squared pairs."""
SPAN = 21_600
"""Seconds of a stretch of time within which chance may move an action to another account."""
TIME = "epoch(created_at)"
STRETCH = f"(floor({TIME} / {SPAN})::BIGINT)::VARCHAR"
"""The stretch of time that a post falls in."""


@dataclass(frozen=True)
class Trace:
    """A registered trace.

    `timed`: two accounts act together only within the study's window. `repeats`: the same thing at
    another time counts again. `sketched`: so many pairs meet by chance that pairs are not listed;
    candidates come from minhashes of the accounts' moments and from the other traces. `crowd`: a
    moment in which more accounts do the same is left out, as a trend.
    """

    name: str
    about: str
    source: str
    actions: Actions
    timed: bool = True
    repeats: bool = False
    sketched: bool = False
    crowd: int = CROWD


TRACES: Registry[Trace] = Registry(
    "trace of coordination", "benchmarks.study.coordination.traces", "botbench.traces"
)


def trace(
    name: str,
    *,
    about: str,
    source: str,
    timed: bool = True,
    repeats: bool = False,
    sketched: bool = False,
    crowd: int = CROWD,
) -> Callable[[Actions], Actions]:
    """Register a function that gives the SQL of a trace's actions."""

    def register(actions: Actions) -> Actions:
        TRACES.add(name, Trace(name, about, source, actions, timed, repeats, sketched, crowd))
        return actions

    return register
