"""How the work stands: done and left, pace, agreement, gold, what waits. Read from the store as it
is after a sync.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.stats.proportions import wilson
from botbench.text import numbers
from curation.annotation.assignment import adjudication, gold, seats
from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import Batch, find
from curation.annotation.assignment.roster import Roster
from curation.annotation.scheme.scheme import Scheme
from curation.labels.annotator_figures import hurried
from curation.store.snapshot_queries import card

if TYPE_CHECKING:
    from curation.store.store import Store

LEAST, BELOW = 8, 0.7
"""On fewer accounts nobody is judged, nor is agreement; who lies below this share of gold, with the
whole interval, is to be reviewed.
"""
PACE = 200
"""From how many of the latest answers the expected end is reckoned."""

_COUNTS = (
    "count(DISTINCT project || account_key) AS done, count(*) FILTER (event = 'skipped') AS"
    " skipped, count(*) FILTER (event = 'rejected') AS rejected, median(lead_time_s) FILTER (event"
    " IN ('answered', 'edited')) AS median_seconds"
)


def status(store: Store, projects: list[dict[str, Any]], scheme: Scheme) -> dict[str, Any]:
    """The contract of `botbench annotate status --json`; `projects` are those of the servers, with
    their task counts.
    """
    marks = {p["botbench"]["mark"]: p for p in projects}
    batches = sorted({p["botbench"]["batch"] for p in projects})
    events = _events(store, list(marks))
    tasks = {mark: int(p.get("task_number") or 0) for mark, p in marks.items()}
    by_project = {
        r["project"]: r["done"]
        for r in store.arrow(
            f"SELECT project, count(DISTINCT account_key) AS done FROM {events} GROUP BY project"
        ).to_pylist()
    }
    total = {
        "assigned": sum(tasks.values()),
        **store.arrow(f"SELECT {_COUNTS} FROM {events}").to_pylist()[0],
    }
    people = _people(store, events, tasks, batches)
    _gold(store, [find(store, b) for b in batches], scheme, people, total)
    for person in people.values():
        person["hurried"] = hurried(
            person["done"], person["median_seconds"], total["median_seconds"]
        )
    votes = adjudication.votes(store, batches, scheme)
    waits = adjudication.waiting(store, votes, scheme)
    sets = {find(store, b).dataset for b in batches}
    return {
        "simulated": sorted(d for d in sets if card(store, d, store.head()).get("simulated")),
        "simulated_annotators": _simulated(store, votes),
        "projects": [
            {
                "id": p["id"],
                "batch": p["botbench"]["batch"],
                "part": p["botbench"]["part"],
                "assigned": tasks[mark],
                "done": by_project.get(mark, 0),
            }
            for mark, p in marks.items()
        ],
        "annotators": people,
        "all": {**total, "expected_end": _end(store, events, total)},
        "agreement": _agreement(store, votes),
        "waiting_for_adjudication": len(waits),
        "set_aside_for_review": [name for name, p in people.items() if p["review"]],
    }


def _events(store: Store, marks: list[str]) -> str:
    """The relation of the newest states of these projects' annotations that were not deleted."""
    log = latest_states(store.relation("annotation_log"))
    return materialise(
        store.connection,
        "status_events",
        f"FROM {log} WHERE event <> 'deleted' AND list_contains(?::VARCHAR[], project)",
        [marks],
    )


def _people(
    store: Store, events: str, tasks: dict[str, int], batches: list[str]
) -> dict[str, dict[str, Any]]:
    """By pseudonym: everybody who answered or has a seat. Assigned are their seats, else the tasks
    of the projects they answered in."""
    rows = store.arrow(
        f"SELECT claimant, list(DISTINCT project) AS projects, {_COUNTS} FROM {events}"
        " GROUP BY claimant ORDER BY claimant"
    ).to_pylist()
    found = {
        r.pop("claimant"): {"assigned": sum(tasks.get(m, 0) for m in r.pop("projects")), **r}
        for r in rows
    }
    nothing = {"done": 0, "skipped": 0, "rejected": 0, "median_seconds": None}
    for batch in (find(store, b) for b in batches):
        for row in store.arrow(
            f"SELECT annotator, count(*) AS n FROM {seats.current(store, batch)} WHERE annotator IS"
            " NOT NULL GROUP BY ALL"
        ).to_pylist():
            person = found.setdefault(row["annotator"], {"assigned": 0, **nothing})
            if "seats" not in person:
                person.update(seats=0)
            person["seats"] += row["n"]
    for person in found.values():
        if person.get("seats"):
            person["assigned"] = person["seats"]
        person.pop("seats", None)
    return dict(sorted(found.items()))


def _gold(
    store: Store,
    batches: list[Batch],
    scheme: Scheme,
    people: dict[str, dict[str, Any]],
    total: dict[str, Any],
) -> None:
    """Add gold_right, gold_seen, their interval and whether a person is to be reviewed."""
    counts: dict[str, tuple[int, int]] = {}
    for batch in batches:
        for row in store.arrow(f"""
            SELECT claimant, count(*) AS seen, count(*) FILTER (alike) AS good
            FROM {gold.compared(store, batch, scheme)} WHERE part = 'gold'
            GROUP BY claimant""").to_pylist():
            good, seen = counts.get(row["claimant"], (0, 0))
            counts[row["claimant"]] = (good + row["good"], seen + row["seen"])
    for name, person in people.items():
        good, seen = counts.get(name, (0, 0))
        low, high = (float(b) for b in wilson(good / seen, seen)) if seen else (None, None)
        person.update(
            gold_right=good,
            gold_seen=seen,
            gold_low=low,
            gold_high=high,
            review=seen >= LEAST and high is not None and high < BELOW,
        )
    total.update(
        gold_right=sum(g for g, _ in counts.values()), gold_seen=sum(s for _, s in counts.values())
    )


def _agreement(store: Store, votes: str) -> dict[str, Any]:
    """Krippendorff's alpha (nominal) over the sampled accounts with its interval, beside the plain
    percent of pairs.
    """
    from botbench.stats.agreement import measure
    from botbench.stats.votes import Votes

    answers = store.arrow(
        "SELECT batch_id || ' ' || account_id AS account, claimant AS annotator, answer"
        f" FROM {votes}"
    )
    accounts, pairs = (
        store.arrow(
            "SELECT count(*) FILTER (n > 1) AS accounts,"
            " coalesce(sum(n * (n - 1) / 2), 0)::BIGINT AS pairs FROM"
            f" (SELECT count(*) AS n FROM {votes} GROUP BY batch_id, account_id)"
        )
        .to_pylist()[0]
        .values()
    )
    if not pairs:
        nothing = dict.fromkeys(("alpha", "low", "high", "percent"))
        return {**nothing, "pairs": 0, "accounts": 0, "few": True}
    found = measure(Votes.of(answers).counts(), ("nominal", "percent"))
    alpha, percent = found["nominal"].document(), found["percent"].document()["value"]
    return {
        "alpha": alpha["value"],
        "low": alpha["low"],
        "high": alpha["high"],
        "percent": None if percent is None else 100 * percent,
        "pairs": pairs,
        "accounts": accounts,
        "few": accounts < LEAST,
    }


def _simulated(store: Store, votes: str) -> list[str]:
    """Who among those whose answers count is simulated: real people have pseudonyms of another
    form.
    """
    return [
        str(name)
        for name in store.arrow(
            f"SELECT DISTINCT claimant FROM {votes} WHERE claimant LIKE 'simulated-%' ORDER BY 1"
        )["claimant"].to_pylist()
    ]


def _end(store: Store, events: str, total: dict[str, Any]) -> str | None:
    """When all will be done at the pace of the latest answers, pauses included, from now on; None
    where there are too few.
    """
    latest = store.arrow(
        f"SELECT updated_at FROM {events} WHERE updated_at IS NOT NULL"
        " ORDER BY updated_at DESC LIMIT ?",
        [PACE],
    )["updated_at"].to_pylist()
    left = total["assigned"] - total["done"]
    if left <= 0 or len(latest) < 10 or latest[0] <= latest[-1]:
        return None
    each: timedelta = (latest[0] - latest[-1]) / (len(latest) - 1)
    end: datetime = max(latest[0], datetime.now(UTC)) + left * each
    return end.isoformat(timespec="seconds")


def names(store: Store, document: dict[str, Any]) -> dict[str, str]:
    """Pseudonym to name, from the store's roster: for the lead's screen, never for an export."""
    in_roster = Roster.load(store.home).names()
    return {code: in_roster[code] for code in document["annotators"] if code in in_roster}


def sentences(document: dict[str, Any]) -> list[str]:
    """The sentences beside the tables."""
    agreement, total = document["agreement"], document["all"]
    lines = list(document.get("found", []))
    if document["simulated_annotators"]:
        annotators = ", ".join(document["simulated_annotators"])
        lines.insert(0, f"Simulated: the answers of {annotators} are simulated; nobody gave them.")
    if document["simulated"]:
        datasets = ", ".join(document["simulated"])
        lines.insert(
            0,
            f"Simulated: the accounts of {datasets} are made up, and nobody in them exists.",
        )
    if agreement["pairs"] and agreement["few"]:
        lines.append(
            f"Agreement: {numbers.counted(agreement['accounts'], 'account')} with several answers,"
            f" under {LEAST}: too few to judge."
        )
    elif agreement["alpha"] is not None:
        alpha = numbers.score_interval(agreement["alpha"], agreement["low"], agreement["high"], 2)
        lines.append(
            f"Agreement: Krippendorff's alpha {alpha}; of {agreement['pairs']:,} pairs of answers"
            f" on one account {agreement['percent']:.0f} % are the same."
        )
    elif agreement["pairs"]:
        lines.append(
            f"Agreement: {agreement['pairs']:,} pairs of answers on one account,"
            f" {agreement['percent']:.0f} % of them the same; Krippendorff's alpha says nothing"
            " while all answers are one and the same."
        )
    if total["gold_seen"]:
        lines.append(
            f"Gold: {total['gold_right']} of {total['gold_seen']} answered as the adjudicators did."
        )
    for name in document["set_aside_for_review"]:
        person = document["annotators"][name]
        lines.append(
            f"{name} answered {person['gold_right']} of {person['gold_seen']} gold accounts as the"
            f" adjudicators did (at best {numbers.percent(person['gold_high'])}). Please look at"
            " some of them together before they go on; all answers stay. To hand on what is"
            " unanswered meanwhile: botbench annotate people BATCH --set-aside NAME."
        )
    for name, person in document["annotators"].items():
        if person["hurried"]:
            lines.append(f"{name}: {person['hurried']}")
    if waits := document["waiting_for_adjudication"]:
        lines.append(
            f"{waits:,} disputed account{'' if waits == 1 else 's'} wait{'s' if waits == 1 else ''}"
            " for adjudication: botbench annotate adjudicate BATCH --to NAME."
        )
    if total["expected_end"]:
        lines.append(
            "At the pace of the latest answers all is done by"
            f" {total['expected_end'][:16].replace('T', ' ')} UTC."
        )
    return lines
