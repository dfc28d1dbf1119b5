"""Ask a network for a campaign, task by task, until all is asked or the budget is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from botbench.core.errors import ResourceFailure
from curation.ingest.live.campaign import Step
from curation.ingest.live.http.answers import Refused
from curation.ingest.live.http.client import BudgetSpent, Failing

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Task
    from curation.ingest.live.http.client import Client
    from curation.ingest.live.journal import Journal
    from curation.ingest.live.networks import Asker, Network

AGAIN = 4
"""How often one answer is asked for whose cursor goes back, before the task ends with a gap."""
BARREN = 3
"""After so many pages in a row without a new item, a list ends, whatever its cursor."""
FAILING = 3
"""After so many tasks in a row that the server fails on, the run ends; it can go on later."""

Tell = Callable[[str, int, int], None]


def ask_all(network: Network, asker: Asker, client: Client, journal: Journal, tell: Tell) -> str:
    """Ask every open task; why it stopped before the end, or empty.

    Raises ResourceFailure where the server fails again and again, with everything kept.
    """
    again = failing = barren = 0
    while tasks := journal.tasks(dict(network.together)):
        done, total = journal.count()
        tell(f"{tasks[0].kind} {client.budget.requests_made:,} requests", done, total)
        try:
            client.price = asker.price(tasks)
            journal.reserve(client.price)
            step = asker.ask(tasks)
        except BudgetSpent as spent:
            journal.note(client.budget)
            return str(spent)
        except (Failing, Refused) as error:
            if isinstance(error, Failing) and not tasks[0].failed:
                failing += 1
                if failing >= FAILING or total == 1:
                    journal.note(client.budget)
                    raise ResourceFailure(
                        f"{client.origin} fails: {error}. What was fetched is kept: run the same"
                        " command again, and it goes on."
                    ) from None
                journal.put_off(tasks)
                continue
            step = Step(gap=f"{_of(tasks)}: {error}")
        if step.cursor is not None and journal.is_used(tasks[0], step.cursor):
            again += 1
            if again < AGAIN:
                client.budget.usd_spent += step.spent
                continue
            step = replace(step, cursor=None, gap=f"{_of(tasks)}: the server's cursor goes back")
        again = failing = 0
        barren = barren + 1 if journal.is_barren(tasks[0], step) else 0
        if barren >= BARREN:
            gap = f"{_of(tasks)}: {BARREN} pages in a row brought nothing new" if step.ids else None
            step, barren = replace(step, cursor=None, gap=gap), 0
        client.budget.usd_spent += step.spent
        journal.advance(tasks, step, client.budget, dict(network.ranks))
    return ""


def _of(tasks: list[Task]) -> str:
    """Which task, without naming an account."""
    task = tasks[0]
    what = f"{task.kind} #{task.subject}" if task.kind == "search" else task.kind
    return f"{what}, after {task.taken:,} items" if task.taken else what
