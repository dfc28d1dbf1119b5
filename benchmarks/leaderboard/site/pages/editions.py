"""How the board was made, and what changed since the edition before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page


@MAKERS.register("made")
def made(site: Site) -> Iterator[Page]:  # noqa: ARG001 (every kind of page has the same argument)
    """Commands, versions and hashes."""
    yield Page("made.html", "How it was made", "made.html.j2", {}, "How it was made", place=6)


@MAKERS.register("changes")
def changes(site: Site) -> Iterator[Page]:
    """Detectors and data sets that came and went, and scores that moved; none without an earlier
    edition.
    """
    changes = since(site.before, site.board, site.metric["name"])
    if changes is not None:
        view = {"changes": changes}
        title = "Changes since the edition before"
        yield Page("changes.html", title, "changes.html.j2", view, "Changes", place=5)


def since(
    before: Mapping[str, Any] | None, now: Mapping[str, Any], metric: str
) -> dict[str, Any] | None:
    """The differences from an earlier board; None without one."""
    if before is None:
        return None
    edition: dict[str, Any] = {"run": before["run"]}
    for part, name in (("detectors", "name"), ("releases", "reference"), ("protocols", "name")):
        old, new = ({e[name] for e in board[part]} for board in (before, now))
        edition[part] = {"added": sorted(new - old), "removed": sorted(old - new)}
    edition["moved"] = _moved(*(_cells(board, metric) for board in (before, now)))
    return edition


def _cells(board: Mapping[str, Any], metric: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (r["detector"], r["protocol"], r["test"]): r for r in board["rows"] if r["metric"] == metric
    }


def _moved(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [
        {
            "detector": k[0],
            "protocol": k[1],
            "test": k[2],
            "before": old[k]["value"],
            "now": new[k]["value"],
            "kind": new[k]["kind"],
            "cell": new[k]["cell"],
            "why": "other predictions" if old[k]["cell"] != new[k]["cell"] else "other labels",
        }
        for k in sorted(set(old) & set(new), key=lambda k: (-_step(old[k], new[k]), k))
        if old[k]["value"] != new[k]["value"]
    ]


def _step(old: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """How far a score moved; one that came or went moved farthest."""
    values = old["value"], new["value"]
    return float("inf") if None in values else abs(values[1] - values[0])
