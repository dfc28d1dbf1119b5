"""`botbench pull NETWORK`: a campaign from a live network; called by `botbench pull`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.files import no_file
from botbench.terminal.console import emit, progress, say
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.ingest.ledger import PullResult
    from curation.ingest.live.campaign import Campaign
    from curation.ingest.live.collect import Collected
    from curation.ingest.live.networks import Network

LISTED = 1_000_000
"""Lines of a list of accounts."""


@dataclass(frozen=True)
class Asked:
    """The options of `botbench pull NETWORK` as they were given."""

    name: str | None
    hashtags: list[str]
    handles: Path | None
    since: str | None
    until: str | None
    timelines: int
    server: str | None
    labelers: str | None
    budget: str | None
    price: str | None
    start_over: bool
    watch: bool = False
    for_: str | None = None

    def given(self) -> list[str]:
        """The options that only networks have, of those that were given."""
        options = {
            "--hashtag": self.hashtags,
            "--handles": self.handles,
            "--since": self.since,
            "--until": self.until,
            "--timelines": self.timelines,
            "--server": self.server,
            "--labelers": self.labelers,
            "--budget": self.budget,
            "--price": self.price,
            "--start-over": self.start_over,
            "--watch": self.watch,
            "--for": self.for_,
        }
        return [name for name, value in options.items() if value]


def pull_network(
    network: Network,
    asked: Asked,
    *,
    memory: str,
    json_: bool,
    show: Callable[[PullResult], None],
    limit: Callable[[PullResult], None],
) -> None:
    """Collect a campaign, or go on with it; `show` prints the tables, `limit` checks the rows."""
    from curation.ingest.live import budget as budgets
    from curation.ingest.live.collect import collected
    from curation.store.store import Store

    campaign = campaign_of(network, asked)
    budget = budgets.parsed(asked.budget)
    prices = budgets.prices(network.name, budgets.own_prices(asked.price))
    if prices is not None and network.told_price is not None:
        say(network.told_price(campaign, budget, prices))
    with Store() as store, progress(json_) as bar:
        task = bar.add_task(f"pull {network.name}", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        told: set[str] = set()

        def waiting(why: str, left: float) -> None:
            bar.update(task, description=f"{why}: {left:.0f} s to wait")
            if bar.disable and left > 2 and why not in told:
                told.add(why)
                say(f"Waiting {left:.0f} s: {why}.")

        with collected(
            store, network, campaign,
            budget=budget, prices=prices, tell=tell, waiting=waiting, memory=memory,
            start_over=asked.start_over,
        ) as found:  # fmt: skip
            if json_:
                emit(found.document())
            else:
                bar.stop()
                show(found.result)
            _tell(found, network)
    limit(found.result)


def _tell(found: Collected, network: Network) -> None:
    money = f", {found.spent:.2f} USD" if network.told_price else ""
    say(f"{counted(found.requests, 'request')}{money}.")
    for gap in found.gaps[:10]:
        say(f"Gap: {gap['why']}.")
    if len(found.gaps) > 10:
        say(f"And {len(found.gaps) - 10:,} more gaps.")
    _tell_attrition(found.attrition)
    if found.stopped:
        say(
            f"Not finished: {found.stopped}. What was fetched is in the store. To go on, run the"
            " same command with a larger --budget."
        )


def _tell_attrition(attrition: dict[str, Any]) -> None:
    from botbench.text.numbers import share

    for label, fates in attrition.items():
        lost = [
            f"{status} {fate['accounts']:,} ({share(fate['share'])}, {share(fate['low'])} to"
            f" {share(fate['high'])})"
            for status, fate in fates.items()
            if status not in ("accounts", "there")
        ]
        if lost:
            say(f"Of {fates['accounts']:,} accounts ({label}): {'; '.join(lost)}.")


def campaign_of(network: Network, asked: Asked) -> Campaign:
    """The campaign that was asked for; raises UserError for options that do not fit."""
    from botbench.text.folding import SIGNS
    from curation.ingest.live.campaign import Campaign
    from curation.ingest.live.storing import moment

    accounts = _listed(asked.handles) if asked.handles else ()
    if not asked.hashtags and not accounts and not asked.watch:
        raise UserError(
            f"pull {network.name} wants --hashtag TAG or --handles FILE, and --as NAME. Example:"
            f" botbench pull {network.name} --hashtag WalkAway --since 2026-03-01 --as walkaway."
        )
    since, until = moment(asked.since, "--since"), moment(asked.until, "--until")
    if since and until and since >= until:
        raise UserError("--since is not before --until.")
    tags = tuple(dict.fromkeys(t.lstrip(SIGNS).strip() for t in asked.hashtags))
    if not all(tags) or any(any(c.isspace() for c in t) for t in tags):
        raise UserError("A --hashtag is one word, such as WalkAway.")
    if asked.labelers and not network.takes_labelers:
        raise UserError(f"{network.name} has no labelers: leave --labelers out.")
    return Campaign(
        network=network.name,
        name=_name(network, asked, tags),
        server=_server(network, asked),
        hashtags=tags,
        accounts=accounts,
        since=since,
        until=until,
        timelines=asked.timelines,
        more={"labelers": asked.labelers} if asked.labelers else {},
    )


def _name(network: Network, asked: Asked, tags: tuple[str, ...]) -> str:
    """The data set's id; raises UserError for one that cannot be an id."""
    import re

    from curation.ingest.recognition.recognise import slug

    # An id that drops letters would be that of another hashtag too.
    if tags and not asked.name and not tags[0].isascii():
        raise UserError(
            f"#{tags[0]} has characters that no data set's id can have. Name the data set:"
            " --as NAME."
        )
    usual = Path(tags[0]) if tags else asked.handles or Path(network.name)
    name = asked.name or slug(usual)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise UserError(
            f"--as {name!r} is no data set's id: small letters, digits, and . _ - between them."
        )
    return name


def _server(network: Network, asked: Asked) -> str:
    from urllib.parse import urlsplit

    usual = (network.stream_server if asked.watch else "") or network.server
    server = (asked.server or usual).rstrip("/")
    if not server:
        raise UserError(
            f"pull {network.name} wants --server URL: the server to ask, such as"
            " https://mastodon.social."
        )
    server = server if "://" in server else f"https://{server}"
    parts = urlsplit(server)
    schemes = ("http", "https", "ws", "wss") if asked.watch else ("http", "https")
    if parts.scheme not in schemes or not parts.hostname or parts.query:
        raise UserError(f"--server {server!r} is no address of a server, such as https://HOST.")
    if parts.username or parts.password:
        raise UserError("--server must not hold a login: give it by the environment.")
    return server


def _listed(path: Path) -> tuple[str, ...]:
    """The handles or ids of a file, one a line; # begins a comment."""
    if not path.is_file():
        raise UserError(f"{no_file('list of handles', path)}: --handles FILE, one handle a line.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UserError(
            f"--handles {path} cannot be read as UTF-8 text: one handle a line."
        ) from None
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    names = dict.fromkeys(line.lstrip("@") for line in lines if line and line[0] != "#")
    if not names or len(names) > LISTED:
        raise UserError(
            f"--handles {path} holds {counted(len(names), 'account')}; give at least one and at"
            f" most {LISTED:,}."
        )
    if strange := next((n for n in names if any(c.isspace() or c == "," for c in n)), None):
        raise UserError(f"--handles {path}: {strange!r} is no handle; write one a line.")
    return tuple(names)
