"""The board as JSON, CSV and Markdown. Text by others is escaped in each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.render.drawn_cells import (
    decided,
    drawn_cells,
    ranked_kinds,
    somebody_abstains,
)
from benchmarks.leaderboard.render.lead import INSIDE, TRANSFER
from benchmarks.leaderboard.render.standing import elsewhere, tie_group
from benchmarks.leaderboard.render.summary_text import (
    answer,
    core,
    entries,
    primary,
    title,
)
from benchmarks.leaderboard.render.text import markdown, span
from benchmarks.leaderboard.render.timings import NAME as TIMINGS
from benchmarks.leaderboard.render.timings import timings, without_seconds
from botbench.core.files import write_text
from botbench.text.numbers import milliseconds, score, seconds
from botbench.text.spreadsheet import csv_text

COLUMNS = (
    "detector",
    "protocol",
    "kind",
    "train",
    "test",
    "metric",
    "value",
    "low",
    "high",
    "n",
    "unscored",
    "bots",
    "humans",
    "few",
    "interval",
    "rank",
    "rank_low",
    "rank_high",
    "tie_group",
    "rank_elsewhere",
    "tie_group_elsewhere",
    "fits",
    "refits",
    "move",
    "status",
    "reason",
    "coverage",
    "value_decided",
    "simulated",
    "seed",
    "cell",
    "fit_seconds",
    "score_seconds",
)


def to_json(board: Mapping[str, Any]) -> str:
    """The whole board without measured seconds, keys in their order."""
    return _dumped(without_seconds(board))


def _dumped(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def to_csv(board: Mapping[str, Any]) -> str:
    """Every row of the board; training sets are joined by spaces."""
    return csv_text(
        COLUMNS,
        ([_field(row, column) for column in COLUMNS] for row in board["rows"]),
    )


def _field(row: Mapping[str, Any], column: str) -> Any:
    if column == "rank_elsewhere":
        return " to ".join(map(str, row[column])) if row[column] else None
    return " ".join(row[column]) if column == "train" else row[column]


def to_markdown(board: Mapping[str, Any]) -> str:
    """The answer and the ranking by the first metric, as a table that GitHub shows."""
    metric = primary(board)
    summary = answer(board)
    lines = [
        f"# {title(board)}",
        "",
        f"Suite {markdown(board['suite'])}, run `{board['run']}`.",
        "",
    ]
    if board["simulated"]:
        lines += [
            (
                f"**Simulated:** {markdown(_simulated(board))} These scores say nothing about real"
                " accounts."
            ),
            "",
        ]
    lines += [
        markdown(summary.sentence),
        "",
        f"{markdown(metric['title'])}: {_scope(board)}",
        "",
        *_table(board, metric["name"]),
        "",
    ]
    lines += [f"- **{markdown(name)}:** {markdown(text)}" for name, text in summary.notes]
    lines += ["", "| release | accounts | bots | content hash |", "| --- | ---: | ---: | --- |"]
    lines += [
        f"| {markdown(r['reference'])}{' (simulated)' if r['simulated'] else ''} |"
        f" {r['accounts']:,} | {r['bots']:,} | `{str(r['content_hash'])[:16]}` |"
        for r in board["releases"]
    ]
    return "\n".join(lines) + "\n"


def _simulated(board: Mapping[str, Any]) -> str:
    names = [r["reference"] for r in board["releases"] if r["simulated"]]
    return f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} made by a program."


def _scope(board: Mapping[str, Any]) -> str:
    plan = board["intervals"]
    return (
        f"mean of {len(core(board))} data sets with 95 % intervals over accounts"
        f" ({plan['resamples']:,} resamples, seed {plan['seed']})."
    )


def _table(board: Mapping[str, Any], metric: str) -> list[str]:
    by_detector = {e["detector"]: e for e in entries(board, metric)}
    order = [*by_detector, *(d["name"] for d in board["detectors"] if d["name"] not in by_detector)]
    about = {d["name"]: d for d in board["detectors"]}
    abstains = somebody_abstains(board)
    cells = drawn_cells(board)
    kind = next(iter(ranked_kinds(board)), TRANSFER)
    more = " decided |" if abstains else ""
    lines = [
        f"| rank | tie group {_where(by_detector)} | detector | transfer | in distribution |"
        " above one question | fit | per 1,000 |" + more,
        "| ---: | ---: | --- | --- | --- | --- | ---: | ---: |" + (" --- |" if abstains else ""),
    ]
    for name in order:
        entry, detector = by_detector.get(name, {}), about[name]
        scores = entry.get("scores", {})
        columns = [
            str(entry["rank"]) if entry.get("rank") else "–",
            str(tie_group(entry) or "–"),
            markdown(name) + (" *(floor)*" if detector["floor"] else ""),
            *(_value(scores.get(kind)) for kind in (TRANSFER, INSIDE)),
            _value(entry.get("above"), sign=True),
            seconds(detector["fit_seconds"]),
            milliseconds(detector["score_ms_per_1000"]),
        ]
        if abstains:
            columns.append(_share(decided(cells, name, kind, core(board), metric)))
        lines.append(f"| {' | '.join(columns)} |")
    return lines


def _share(found: tuple[float, float | None] | None) -> str:
    if found is None:
        return "–"
    share, value = found
    return score(share) + ("" if share == 1 or value is None else f" ({score(value)} on these)")


def _where(entries_: Mapping[str, Mapping[str, Any]]) -> str:
    return "elsewhere" if any(map(elsewhere, entries_.values())) else "here"


def _value(values: list[float] | None, sign: bool = False) -> str:
    return f"{score(values[0], sign=sign)} ({span(values, sign)})" if values else "–"


def write(board: Mapping[str, Any], folder: Path, page: bool = True) -> dict[str, Path]:
    """Write leaderboard.{json,csv,md,html} and timings.json atomically into the folder.

    The page is left out where `page` is not set. Returns the board's paths by ending.
    """
    from benchmarks.leaderboard.render.page import to_html

    folder.mkdir(parents=True, exist_ok=True)
    texts = {"json": to_json(board), "csv": to_csv(board), "md": to_markdown(board)}
    if page:
        texts["html"] = to_html(board)
    paths = {ending: folder / f"leaderboard.{ending}" for ending in texts}
    for ending, text in texts.items():
        write_text(paths[ending], text)
    write_text(folder / TIMINGS, _dumped(timings(board)))
    return paths
