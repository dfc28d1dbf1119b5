"""A page for each metric and protocol: meaning, computation, source and pitfalls."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from benchmarks import protocols
from benchmarks.leaderboard.site.context import Site, slug
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.core.errors import UserError


@MAKERS.register("metrics")
def metrics(site: Site) -> Iterator[Page]:
    """One page each metric of the board."""
    for m in site.board["metrics"]:
        best = [
            e for e in site.board["summary"] if e["metric"] == m["name"] and e["scope"] == "mean"
        ]
        yield Page(
            f"metrics/{slug(m['name'])}.html", m["title"], "metric.html.j2", {"m": m, "best": best}
        )


@MAKERS.register("protocols")
def each_protocol(site: Site) -> Iterator[Page]:
    """One page each protocol of the board."""
    for p in site.board["protocols"]:
        rows = [
            r
            for r in site.board["rows"]
            if r["protocol"] == p["name"] and r["metric"] == site.metric["name"]
        ]
        cells = {
            status: sum(r["status"] == status for r in rows)
            for status in ("done", "not applicable", "failed")
        }
        reasons = sorted(
            {f"{r['test']}: {r['reason']}" for r in rows if r["status"] != "done" and r["reason"]}
        )
        yield Page(
            f"protocols/{slug(p['name'])}.html",
            p["name"],
            "protocol.html.j2",
            {"p": p, "says": _says(p["name"]), "cells": cells, "reasons": reasons},
        )


def _says(name: str) -> list[str]:
    """The paragraphs of the protocol's docstrings; one sentence for an unknown protocol."""
    try:
        kind = type(protocols.parse(name))
    except UserError:
        return ["The test part of the release, predicted by others."]
    paragraphs = (inspect.getdoc(kind) or "").split("\n\n")
    module = (inspect.getdoc(inspect.getmodule(kind)) or "").split("\n\n")[0]
    return [" ".join(text.split()) for text in (module, *paragraphs) if text.strip()]
