"""Recall of each detector by kind of bot, for releases whose claims state kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.stats.proportions import FEW, wilson

if TYPE_CHECKING:
    from benchmarks.leaderboard.site.context import Site


def by_kind(site: Site, detector: str) -> list[dict[str, Any]]:
    """Recall for each test of the ranked kind and each kind of bot, with Wilson's interval.

    An account predicted in several repeats is one account, detected in a share of them.
    """
    recalls = []
    for (name, kind, test), m in sorted(site.layout.cells.items()):
        table = site.tables.get(str(m.info["cell_key"]))
        kinds = [site.facts.kinds[part] for part in test.split("+") if part in site.facts.kinds]
        if name == detector and kind == site.board["ranked_by"] and table is not None and kinds:
            recalls += [{"test": test, **row} for row in _rows(table, kinds)]
    return recalls


def _rows(table: Any, known: list[Any]) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    hit = pc.cast(pc.greater_equal(table["p_bot"], table["threshold"]), pa.float64())
    bots = table.append_column("found", hit).filter(pc.equal(table["y"], 1))
    each = bots.group_by(["dataset", "account_id"]).aggregate([("found", "mean")])
    labelled = each.join(pa.concat_tables(known), ["dataset", "account_id"], join_type="inner")
    counted = (
        labelled.group_by("kind")
        .aggregate([("found_mean", "mean"), ("found_mean", "count")])
        .sort_by("kind")
        .to_pylist()
    )
    return [
        {
            "kind": r["kind"],
            "bots": r["found_mean_count"],
            "few": r["found_mean_count"] < FEW,
            "value": r["found_mean_mean"],
            **_bounds(r["found_mean_mean"], r["found_mean_count"]),
        }
        for r in counted
    ]


def _bounds(share: float, n: int) -> dict[str, float]:
    low, high = wilson(share, n)
    return {"low": float(low), "high": float(high)}
