"""Watch a network: one thread reads its stream into segments, another stores them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import ResourceFailure, UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from botbench.terminal import signals
from curation.ingest.ledger import COUNTS, PullResult
from curation.ingest.live import erase_queue
from curation.ingest.live.journal import held
from curation.ingest.live.segments import Segments
from curation.ingest.live.storing import card_of
from curation.ingest.live.streams import Lost
from curation.ingest.pull import pull
from curation.ingest.reading.json import lines

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Campaign
    from curation.ingest.live.networks import Network
    from curation.ingest.live.streams import Stream
    from curation.store.store import Store

Tell = Callable[[str], None]
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a lost connection is made again; doubled each time, up to the second."""
FIRST_TRIES = 4
"""How often a first connection is tried."""


@dataclass
class Watched:
    """What a watch brought: the sum of its pulls, and what the stream was like."""

    result: PullResult | None = None
    tables: dict[str, Counter[str]] = field(default_factory=dict)
    pulls: int = 0
    erase_requests: int = 0
    events: int = 0
    kept: int = 0
    gaps: list[dict[str, str]] = field(default_factory=list)
    cursor: str | None = None
    connections: int = 0

    def add(self, result: PullResult) -> None:
        """Add one pull."""
        self.pulls += 1
        self.result = result
        for table, counts in result.tables.items():
            self.tables.setdefault(table, Counter()).update(counts)

    def total(self) -> PullResult | None:
        """The latest pull, with the ledgers of all pulls of this watch added up."""
        if self.result is None:
            return None
        summed = {t: {n: c[n] for n in COUNTS} for t, c in self.tables.items()}
        return replace(self.result, tables=summed, unchanged=False)


class Reader(threading.Thread):
    """Reads a stream into segments until it is told to stop."""

    def __init__(self, stream: Stream, segments: Segments) -> None:
        super().__init__(daemon=True)
        self.stream, self.segments = stream, segments
        self.over = threading.Event()
        self.error: BaseException | None = None
        self.said = ""
        self.connections = 0

    def run(self) -> None:
        """Connect, and again when the connection is lost."""
        pause = PAUSE
        try:
            while not self.over.is_set():
                before = self.segments.state.events
                try:
                    self._read()
                except Lost as lost:
                    self.said = str(lost)
                pause = PAUSE if self.segments.state.events > before else pause
                if not self.over.is_set():
                    if not self.connections and pause > PAUSE * 2**FIRST_TRIES:
                        raise self.unreached()
                    self.over.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
        except BaseException as error:
            self.error = error

    def unreached(self) -> ResourceFailure:
        """The error of a stream that was never reached."""
        return ResourceFailure(
            f"The stream cannot be reached ({self.said}). Run the same command again later."
        )

    def _read(self) -> None:
        segments, stream = self.segments, self.stream
        after, is_first, is_connected = segments.state.position, True, False
        for line in stream.lines(after, self.over.is_set):
            if not is_connected:
                self.connections, self.said, is_connected = self.connections + 1, "", True
            if is_first:
                if after is not None:
                    self._look_for_gap(after, line)
                is_first = line is None and stream.resumes
            if line is None:
                segments.tick()
            else:
                segments.write(line, stream.position(line), stream.keeps(line))

    def _look_for_gap(self, after: int, line: bytes | None) -> None:
        """The event at the position comes again first; where it does not, events are missing."""
        if self.stream.resumes:
            if line is not None and (first := self.stream.position(line)) > after:
                self._gap(after, first, "the server no longer has what was before")
            return
        now = time.time_ns() // 1_000 if line is None else self.stream.position(line)
        self._gap(after, now, "not connected, and this stream cannot go back")

    def _gap(self, start: int, end: int, why: str) -> None:
        self.segments.gap({"task": "watch", "why": why, "from": _iso(start), "to": _iso(end)})


@contextmanager
def watched(
    store: Store,
    network: Network,
    campaign: Campaign,
    *,
    seconds: float | None,
    tell: Tell,
    memory: str = "2GB",
    segment: float = 30.0,
) -> Iterator[Watched]:
    """Watch until `seconds` are over (None: until interrupted), and yield what it brought.

    An interrupt stores what has come and is raised again after the block. Raises UserError for a
    network without a stream, ResourceFailure for one that cannot be reached.
    """
    if network.stream is None:
        raise UserError(
            f"botbench does not watch {network.name}. {network.unwatched}".strip()
            + " Run the same pull without --watch again and again instead."
        )
    folder = store.home / "live" / f"{campaign.name}.watch"
    with held(folder.with_suffix(".lock"), campaign.name):
        segments = Segments(folder, segment)
        _same(segments, campaign)
        stream = network.stream(campaign)
        found, is_interrupted = Watched(), False
        reader = Reader(stream, segments)
        _store_ready(store, network, campaign, stream, segments, found, memory)
        reader.start()
        try:
            end = None if seconds is None else time.monotonic() + seconds
            while reader.is_alive() and (end is None or time.monotonic() < end):
                _store_ready(store, network, campaign, stream, segments, found, memory)
                state = segments.state
                lost = f"; not connected: {reader.said}" if reader.said else ""
                tell(f"{state.events:,} events, {state.kept:,} kept, {found.pulls:,} pulls{lost}")
                time.sleep(0.2)
        except BaseException as error:
            # Libraries turn an interrupt into errors of their own.
            is_interrupted = isinstance(error, KeyboardInterrupt) or signals.caught() is not None
            if not is_interrupted:
                raise
            # It would be raised again while what came is stored, which takes longer than that.
            signals.rest()
        finally:
            reader.over.set()
            reader.join(3.0)
            segments.close()
        _store_ready(store, network, campaign, stream, segments, found, memory)
        state = segments.state
        found.events, found.kept, found.gaps = state.events, state.kept, list(state.gaps)
        found.cursor = None if state.position is None else str(state.position)
        found.connections = reader.connections
        if reader.error is not None:
            raise reader.error
        if reader.said and not reader.connections and not is_interrupted:
            raise reader.unreached()
        yield found
        if is_interrupted:
            raise KeyboardInterrupt


def _same(segments: Segments, campaign: Campaign) -> None:
    """Another campaign's position is not this one's."""
    asked = short_hash({**campaign.document(), "accounts": []}, 64)
    if segments.state.campaign not in ("", asked):
        raise UserError(
            f"{campaign.name} was watched with other options. Give another --as NAME, or the"
            " options that it was begun with."
        )
    segments.state.campaign = asked
    segments.close()


def _store_ready(  # noqa: PLR0917
    store: Store,
    network: Network,
    campaign: Campaign,
    stream: Stream,
    segments: Segments,
    found: Watched,
    memory: str,
) -> None:
    """Store every closed segment, each as one pull, and queue what was deleted."""
    for path in segments.ready():
        chosen = _narrowed(store, stream, campaign, path)
        card = card_of(network, campaign, chosen.name, stream.format)
        found.add(pull(store, card, chosen.parent, memory=memory, origin=campaign.server))
        posts, accounts = stream.deleted(f"{lines(path, zipped=False)}")
        requests = erase_queue.held(store, campaign.name, posts, accounts)
        found.erase_requests += erase_queue.add(store.home, requests)
        if chosen != path:
            chosen.unlink()
        path.unlink()


def _narrowed(store: Store, stream: Stream, campaign: Campaign, path: Path) -> Path:
    """The segment without events of accounts that the campaign does not have."""
    there = (
        f"SELECT account_id FROM lake.main.accounts WHERE dataset = {literal(campaign.name)} UNION"
        f" SELECT account_id FROM lake.main.posts WHERE dataset = {literal(campaign.name)}"
    )
    where = stream.of_campaign(f"{lines(path, zipped=False)}", there)
    if where is None:
        return path
    folder = path.parent / "chosen"
    folder.mkdir(exist_ok=True)
    chosen = folder / path.name
    store.connection.execute(
        f"COPY (SELECT raw FROM {lines(path, zipped=False)} WHERE {where} ORDER BY row) TO"
        f" {literal(chosen)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
    )
    return chosen


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds")
