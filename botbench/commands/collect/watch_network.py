"""`botbench pull NETWORK --watch`: a network's events into the store, as they happen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botbench.commands.collect.pull_network import campaign_of
from botbench.core.errors import UserError
from botbench.terminal import signals
from botbench.terminal.console import emit, progress, say
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from botbench.commands.collect.pull_network import Asked
    from curation.ingest.ledger import PullResult
    from curation.ingest.live.networks import Network
    from curation.ingest.live.watching import Watched

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def watch_network(
    network: Network,
    asked: Asked,
    *,
    memory: str,
    json_: bool,
    show: Callable[[PullResult], None],
    limit: Callable[[PullResult], None],
) -> None:
    """Watch until it is stopped, or for a while; what came is stored either way."""
    from curation.ingest.live.watching import watched
    from curation.store.store import Store

    if others := set(asked.given()) - {"--watch", "--for", "--hashtag", "--server"}:
        raise UserError(f"{', '.join(sorted(others))}: not with --watch.")
    campaign, seconds = campaign_of(network, asked), _seconds(asked.for_)
    say(f"Watching {campaign.server}. Stop with Ctrl-C; what came is stored then.")
    with Store() as store, progress(json_) as bar:
        task = bar.add_task("watching", total=None)
        with watched(
            store, network, campaign,
            seconds=seconds, memory=memory, tell=lambda text: bar.update(task, description=text),
        ) as found:  # fmt: skip
            signals.rest()
            total = found.total()
            if json_:
                emit(_document(found, total, campaign.name))
            elif total is not None:
                bar.stop()
                show(total)
            _tell(found)
    if total is not None:
        limit(total)


def _document(found: Watched, total: PullResult | None, dataset: str) -> dict[str, object]:
    pulled = total.document() if total else {"dataset": dataset, "tables": {}}
    return {
        **pulled,
        "requests": found.connections,
        "spent": 0.0,
        "gaps": found.gaps,
        "cursor": found.cursor,
        "events": found.events,
        "kept": found.kept,
        "pulls": found.pulls,
        "erase_requests": found.erase_requests,
    }


def _tell(found: Watched) -> None:
    say(
        f"{counted(found.events, 'event')}, {found.kept:,} of them kept, in"
        f" {counted(found.pulls, 'pull')}."
    )
    for gap in found.gaps[-10:]:
        say(f"Gap from {gap['from']} to {gap['to']}: {gap['why']}.")
    if found.erase_requests:
        say(
            f"{counted(found.erase_requests, 'erase request')} for what was deleted there: botbench"
            " erase --queue."
        )


def _seconds(text: str | None) -> float | None:
    """A length of time as people write it.

    >>> _seconds("90s"), _seconds("10m"), _seconds("2h")
    (90.0, 600.0, 7200.0)
    """
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])", text.strip().lower())
    if not found:
        raise UserError(f"--for {text!r} is no length of time; write 90s, 10m or 2h.")
    return float(found[1]) * UNITS[found[2]]
