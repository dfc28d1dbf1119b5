"""Simulated posts: time, text and reposts, each a function of its author and number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.ingest.simulation import phrases
from curation.ingest.simulation.draws import Draws, Integers
from curation.ingest.simulation.people import People
from curation.ingest.simulation.tables import (
    account_ids,
    handles,
    has_digits,
    join,
    numbers,
    times,
    words,
)

if TYPE_CHECKING:
    from curation.ingest.sources.simulator import Options

DAY = 86_400
ROOTS = 3
"""The first posts of an account, which are originals. Only they are reposted.

A repost's text then needs no history.
"""

HOURS = np.repeat(
    np.arange(24),
    [2, 1, 1, 1, 1, 2, 4, 7, 10, 11, 11, 11, 13, 12, 10, 10, 11, 13, 16, 19, 21, 20, 14, 6],
)
"""The hour of day by which people post, each hour as often as it is weighted."""

CAMPAIGNS = 12
TEMPLATES = 6


@dataclass(frozen=True)
class World:
    """What posts need of all accounts: their habits and numbers of posts."""

    draws: Draws
    options: Options
    dataset: str
    people: People


def posts(world: World, first: int, last: int) -> pa.Table:
    """The posts of the accounts from position `first` to before `last`."""
    counts = world.people.posts[first:last]
    author = np.repeat(np.arange(first, last), counts)
    number = np.arange(len(author)) - np.repeat(np.cumsum(counts) - counts, counts)
    when = _when(world, author, number)
    source, source_number, reposted = _reposts(world, author, number)
    seen = (
        _when(world, source, source_number) + 20 + world.draws.pick("delay", 7200, author, number)
    )
    reposted &= seen < world.options.seconds[1]
    source, source_number = (
        np.where(reposted, source, author),
        np.where(reposted, source_number, number),
    )
    when = np.where(reposted, np.maximum(when, seen), when)
    text, tags, links = _texts(world, source, source_number)
    who = handles(
        world.draws, source, has_digits(world.draws, source, world.people.habits["digits"][source])
    )
    mark = pa.array(reposted)
    nobody = pa.scalar(None, pa.string())
    ids, of = account_ids(world.dataset, author), account_ids(world.dataset, source)
    return pa.table(
        {
            "post_id": join(ids, "-", numbers(number)),
            "account_id": ids,
            "created_at": times(when),
            "text": pc.if_else(mark, join("RT @", who, ": ", text), text),
            "lang": words(("en",), np.zeros(len(author), dtype=np.int64)),
            "kind": words(("original", "repost"), reposted.astype(np.int64)),
            "ref_post_id": pc.if_else(mark, join(of, "-", numbers(source_number)), nobody),
            "ref_account_id": pc.if_else(mark, of, nobody),
            "hashtags": tags,
            "urls": links,
            "mentions": _lists(
                pc.drop_null(pc.if_else(mark, who, nobody)), reposted.astype(np.int64)
            ),
            "_row": pa.array(number + 1),
        }
    )


def _when(world: World, author: Integers, number: Integers) -> Integers:
    """Seconds since 1970, within the simulated time and after the account was made."""
    draws, habits = world.draws, world.people.habits
    start, end = world.people.start[author], world.options.seconds[1]
    days = np.maximum((end - start) // DAY, 1)
    day = draws.pick("day", days, author, number)
    zone = draws.pick("zone", 3, author)
    awake = (HOURS[draws.pick("hour", len(HOURS), author, number)] + zone) % 24
    flat = draws.uniform("flat", author, number) < habits["flat hours"][author]
    hour = np.where(flat, draws.pick("any hour", 24, author, number), awake)
    second = draws.pick("second", 3600, author, number)
    on_time = draws.uniform("on the minute", author, number) < habits["on the minute"][author]
    second = np.where(on_time, second // 600 * 600, second)
    midnight = start - start % DAY
    when: Integers = np.clip(midnight + day * DAY + hour * 3600 + second, start, end - 1)
    return when


def _reposts(world: World, author: Integers, number: Integers) -> tuple[Integers, Integers, Any]:
    """Whose first posts are reposted: campaigns repost their stars, others the popular."""
    draws, people = world.draws, world.people
    total = len(people.posts)
    share = draws.uniform("fame", author, number)
    known = np.floor(total * share * share * share).astype(np.int64)
    star = draws.pick(
        "star", total, _campaign(world, author), draws.pick("which star", 3, author, number)
    )
    campaign = draws.uniform("for the campaign", author, number) < people.habits["campaign"][author]
    source = np.where(campaign, star, known)
    there = np.minimum(people.posts[source], ROOTS)
    source_number = draws.pick("which post", np.maximum(there, 1), author, number)
    wanted = draws.uniform("repost", author, number) < people.habits["reposts"][author]
    return source, source_number, wanted & (number >= ROOTS) & (there > 0) & (source != author)


def _campaign(world: World, author: Integers) -> Integers:
    return world.draws.pick("campaign", CAMPAIGNS, author)


def _texts(world: World, author: Integers, number: Integers) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The text of original posts with their hashtags and links."""
    draws, habits = world.draws, world.people.habits
    copied = draws.uniform("template", author, number) < habits["template"][author]
    key = np.where(copied, _campaign(world, author), author + CAMPAIGNS)
    copy = np.where(copied, draws.pick("which template", TEMPLATES, author, number), number)
    slots = (phrases.OPENERS, phrases.SUBJECTS, phrases.VERBS, phrases.OBJECTS, phrases.CLOSERS)
    spoken = [
        words(choice, draws.pick(f"slot {i}", len(choice), key, copy))
        for i, choice in enumerate(slots)
    ]
    longer = draws.uniform("longer", author, number) < habits["second sentence"][author]
    second = words(
        phrases.SECOND,
        np.where(longer, 1 + draws.pick("second sentence", len(phrases.SECOND) - 1, key, copy), 0),
    )
    tags, tagged = _hashtags(world, author, number)
    linked = draws.uniform("linked", author, number) < habits["links"][author]
    target = pc.if_else(
        pa.array(copied),
        numbers(draws.pick("page", 50, key)),
        numbers(draws.pick("page", 1_000_000, key, copy)),
    )
    link = join("https://simulated.example/", target)
    nothing = pa.scalar("", pa.string())
    text = join(
        spoken[0],
        " ",
        spoken[1],
        " ",
        spoken[2],
        " ",
        spoken[3],
        spoken[4],
        second,
        pc.if_else(pa.array(tagged), join(" #", tags), nothing),
        pc.if_else(pa.array(linked), join(" ", link), nothing),
    )
    return text, _some(tags, tagged), _some(link, linked)


def _hashtags(world: World, author: Integers, number: Integers) -> tuple[pa.Array, Any]:
    """A campaign's own hashtag, or any, the first of the list most often."""
    draws, habits, names = world.draws, world.people.habits, world.options.hashtags
    tagged = draws.uniform("tagged", author, number) < habits["hashtags"][author]
    own = draws.uniform("own hashtag", author, number) < habits["campaign"][author]
    share = draws.uniform("which hashtag", author, number)
    anything = np.floor(len(names) * share * share).astype(np.int64)
    return words(names, np.where(own, _campaign(world, author) % len(names), anything)), tagged


def _some(values: pa.Array, there: Any) -> pa.Array:
    """Lists of one value, or empty lists for missing values."""
    return _lists(values.filter(pa.array(there)), there.astype(np.int64))


def _lists(values: pa.Array, lengths: Integers) -> pa.Array:
    """Lists of the given lengths, filled in order."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
