"""The answer at the top of the board in words, written by rules from the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.data.floor_rows import CONSTANT, ONE_QUESTION
from benchmarks.leaderboard.compute.scores import NOT_RANKED, SCORED
from benchmarks.leaderboard.compute.summary import MEAN
from benchmarks.leaderboard.render import lead, standing
from benchmarks.leaderboard.render.lead import INSIDE, TRANSFER, in_text
from benchmarks.leaderboard.render.text import listed, span
from botbench.text.numbers import score

OF_PYTHON = "evaluate"
"""The suite of what `botbench.evaluate` ran, which nobody wrote."""
NO_TRANSFER = "No transfer scores: in-distribution scores alone mislead"
PRIMARY = "balanced-accuracy"


@dataclass
class Answer:
    """The summary at the top of the page, `lead` and `caution` in large type.

    Notes are (title, text).
    """

    lead: list[tuple[str, bool]] = field(default_factory=list)
    caution: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Lead and caution as plain text."""
        return " ".join(
            part for part in ("".join(text for text, _ in self.lead), self.caution) if part
        )


def primary(board: Mapping[str, Any]) -> dict[str, Any]:
    """The metric the board opens with: balanced accuracy, or the first it has."""
    metrics: list[dict[str, Any]] = board["metrics"]
    return next((m for m in metrics if m["name"] == PRIMARY), metrics[0])


def core(board: Mapping[str, Any]) -> list[str]:
    """The tests of the mean."""
    return [t["name"] for t in board["tests"] if t["in_mean"]]


def entries(board: Mapping[str, Any], metric: str, scope: str = MEAN) -> list[dict[str, Any]]:
    """The summary of one metric and scope, best first."""
    return [e for e in board["summary"] if e["metric"] == metric and e["scope"] == scope]


def title(board: Mapping[str, Any]) -> str:
    """The question that the board answers."""
    if board["ranked_by"] == INSIDE:
        return "Which detector knows again the bots of the data it learned from?"
    return "Which detector finds bots it was not trained on?"


def answer(board: Mapping[str, Any]) -> Answer:
    """The board in words."""
    result = Answer()
    ranked = [e for e in entries(board, primary(board)["name"]) if e["rank"] is not None]
    if ranked:
        _lead(result, board, ranked)
        result.notes += [
            n
            for n in (_ties(board, ranked), _above(board, ranked), _other_leaders(board, ranked[0]))
            if n
        ]
    else:
        result.lead = [(_unranked(board), False)]
        result.caution = "" if board["ranked_by"] == TRANSFER else _no_transfer(board)
    result.notes += filter(None, (standing.one_fit(board), _worse_than_guessing(board)))
    result.notes += _missing(board)
    return result


def _lead(said: Answer, board: Mapping[str, Any], ranked: Sequence[Mapping[str, Any]]) -> None:
    top, sets, inside = ranked[0], core(board), board["ranked_by"] == INSIDE
    said.lead = lead.sentence(top, primary(board), sets, inside=inside)
    said.caution = (
        _no_transfer(board)
        if inside
        else lead.caution(top, sets, floor=top["detector"] in _floors(board))
    )


def _no_transfer(board: Mapping[str, Any]) -> str:
    """The caution of a board without transfer scores: what the suite lacks, or why it has none."""
    why = _why_none(board, TRANSFER)
    if why:
        return f"{NO_TRANSFER}. {why}."
    if board["suite"] == OF_PYTHON:
        several = len(board["tests"]) > 1
        return (
            f"{NO_TRANSFER}; give botbench.evaluate"
            + (" protocol='leave-one-data-set-out()'" if several else " several releases")
            + ", so that each is judged by training on the others."
        )
    if sum(1 for test in board["tests"] if test["bots"] and test["humans"]) < 2:
        # The protocol alone would not be applicable.
        return (
            f"{NO_TRANSFER}; add another release of both classes to the suite, and"
            " leave-one-data-set-out to its protocols."
        )
    return f"{NO_TRANSFER}; add leave-one-data-set-out to the suite's protocols."


def _why_none(board: Mapping[str, Any], kind: str) -> str:
    """Why the suite's protocols of a kind gave no score; empty if it has no such protocol.

    The reason of a test with both classes comes first: a test of one class says its own.
    """
    both = {t["name"] for t in board["tests"] if t["bots"] and t["humans"]}
    reasons: dict[str, dict[str, None]] = {}
    for row in sorted(board["rows"], key=lambda r: r["test"] not in both):
        if row["kind"] == kind and row["status"] != "done" and row["reason"]:
            name = str(row["protocol"]).partition("(")[0]
            state = "failed" if row["status"] == "failed" else "was not applicable"
            reasons.setdefault(f"{name} {state}", {})[str(row["reason"]).rstrip(".")] = None
    return "; ".join(
        f"{state}: {next(iter(own))}"
        + (f" (and {len(own) - 1} more in leaderboard.csv)" if len(own) > 1 else "")
        for state, own in reasons.items()
    )


def _floors(board: Mapping[str, Any]) -> set[str]:
    return {d["name"] for d in board["detectors"] if d["floor"]}


def _ties(board: Mapping[str, Any], ranked: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    top = ranked[0]
    tied = [e["detector"] for e in ranked[1:] if standing.tied(e, top)]
    sets = len(core(board))
    where = "If other data sets were drawn, " if standing.elsewhere(top) else ""
    first = (
        f"{where}{top['detector']} is not separated from {listed(tied)}."
        if tied
        else (
            f"{where}{top['detector']} is separated from all others."
            if where
            else f"On {'these ' + str(sets) + ' data sets' if sets > 1 else 'this data set'} nobody"
            f" ties with {top['detector']}."
        )
    )
    first = " ".join(filter(None, (first, standing.here_alone(ranked, top))))
    question = next((e for e in ranked if e["detector"] == ONE_QUESTION), None)
    if question is None or question is top:
        return "Who cannot be told apart", first
    others = [e for e in ranked if e["detector"] not in (ONE_QUESTION, CONSTANT) and e is not top]
    like = [e["detector"] for e in others if standing.tied(e, question)]
    below = [
        e["detector"] for e in others if e["detector"] not in like and e["rank"] > question["rank"]
    ]
    what = (
        (like, "not separated from the one-question tree"),
        (below, "below it" if like else "below the one-question tree"),
    )
    clauses = [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} {where}"
        for names, where in what
        if names
    ]
    return (
        "Who cannot be told apart",
        f"{first} {'; '.join(clauses)}{'.' if clauses else ''}".strip(),
    )


def _above(board: Mapping[str, Any], ranked: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    top, sets = ranked[0], len(core(board))
    if not top["above"]:
        return None
    text = (
        f"{score(top['above'][0], sign=True)} ({span(top['above'], sign=True)}) on these accounts."
    )
    wide = top["above_wide"]
    if wide:
        settled = "" if wide[0] * wide[1] > 0 else f", so these {sets} do not settle it"
        text += (
            " With other data sets of this kind the difference could lie anywhere from"
            f" {score(wide[0], sign=True)} to {score(wide[1], sign=True)}{settled}."
        )
    elif sets < 3:
        text += (
            f" {sets} data set{'s say' if sets > 1 else ' says'} nothing of what it would be on"
            " another one."
        )
    return "How far above one question", text


def _other_leaders(board: Mapping[str, Any], top: Mapping[str, Any]) -> tuple[str, str] | None:
    chosen = primary(board)["name"]
    by: dict[str, list[str]] = {}
    for metric in board["metrics"]:
        first = next(
            (e["detector"] for e in entries(board, metric["name"]) if e["rank"] == 1), None
        )
        # Metrics of groups and cost do not rank detectors.
        if (
            metric["name"] != chosen
            and not set(metric["needs"]) & {"groups", "cost"}
            and first
            and first != top["detector"]
        ):
            by.setdefault(first, []).append(in_text(metric))
    if not by:
        return None
    texts = [
        f"by {listed(names)}, {detector}"
        f" leads{', which answers the same for everybody' if detector == CONSTANT else ''}"
        for detector, names in by.items()
    ]
    text = "; ".join(texts)
    return "Another metric, another leader", text[0].upper() + text[1:] + "."


def _worse_than_guessing(board: Mapping[str, Any]) -> tuple[str, str] | None:
    """Detectors whose whole interval is below guessing on a data set they were not trained on."""
    metric, protocols = (
        primary(board),
        {p["name"] for p in board["protocols"] if p["shown"] and p["kind"] == TRANSFER},
    )
    if metric["guessing"] is None or metric["direction"] == "lower":
        return None
    below = sorted(
        (r["value"], f"{r['detector']} on {r['test']} ({score(r['value'])})")
        for r in board["rows"]
        if r["metric"] == metric["name"]
        and r["protocol"] in protocols
        and r["value"] is not None
        and not r["few"]
        and r["high"] is not None
        and r["high"] < metric["guessing"]
        and r["detector"] != CONSTANT
    )
    if not below:
        return None
    names = [name for _, name in below[:3]] + ([f"{len(below) - 3} more"] if len(below) > 3 else [])
    return (
        "Worse than guessing",
        f"{listed(names)}: what marks a bot elsewhere marks a person there.",
    )


def _unranked(board: Mapping[str, Any]) -> str:
    if board["ranked_by"] is None:
        return "No detector was scored: every cell failed or is not applicable."
    if not core(board):
        return (
            "Nothing can be ranked: no data set has 30 accounts of each class and scores of the"
            " shortcuts and of half of the detectors."
        )
    return "Nothing can be ranked: no detector was scored on every data set of the mean."


def _missing(board: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Notes on tests outside the mean and on failed cells."""
    notes = []
    mixed = len({t["simulated"] for t in board["tests"]}) > 1
    out = [
        f"{t['name']} ({'simulated' if mixed and t['simulated'] else _why_out(t)})"
        for t in board["tests"]
        if not t["in_mean"]
    ]
    if out:
        notes.append(("Not in the mean", f"{listed(out)}."))
    filled = dict.fromkeys(
        f"{r['detector']} on {r['test']} ({r['unscored']:,} filled in)"
        for r in board["rows"]
        if str(r["reason"]).startswith(NOT_RANKED)
    )
    if filled:
        notes.append(
            (
                "Filled-in scores",
                f"{listed(list(filled))}: under {100 * SCORED:.0f} % of the accounts have a score"
                " of their own, so these detectors are not ranked there.",
            )
        )
    failed: dict[str, set[str]] = {}
    for row in board["rows"]:
        if row["status"] == "failed":
            failed.setdefault(row["detector"], set()).add(row["cell"])
    if failed:
        texts = [
            f"{name} ({len(cells)} cell{'s' if len(cells) > 1 else ''})"
            for name, cells in failed.items()
        ]
        notes.append(("Failed", f"{listed(texts)}. The reasons stand in leaderboard.csv."))
    if unfenced := board.get("unfenced"):
        notes.append(
            (
                "Without a fence",
                f"{unfenced:,} cells were computed where the system has no Landlock: only that they"
                " ran in processes of their own kept their detectors from the labels.",
            )
        )
    if board["ranked_by"] == TRANSFER and not any(
        p["kind"] == INSIDE and p["shown"] for p in board["protocols"]
    ):
        notes.append(
            (
                "No in-distribution scores",
                "What is lost on the way from known to unknown data sets cannot be said"
                + (
                    f". {why}."
                    if (why := _why_none(board, INSIDE))
                    else "; add cross-validation to the suite's protocols."
                ),
            )
        )
    return notes


def _why_out(test: Mapping[str, Any]) -> str:
    if min(test["bots"], test["humans"]) == 0:
        return "only bots" if test["bots"] else "only people"
    if test["few"]:
        return f"few: {test['bots']:,} bots, {test['humans']:,} people"
    return "no in-distribution scores, or too few detectors scored"
