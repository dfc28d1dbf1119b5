"""A simulator: a campaign with people and bots from a seed, all marked as simulated."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pydantic import Field, field_validator, model_validator

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.sources import format_

if TYPE_CHECKING:
    from pathlib import Path

    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage
    from curation.ingest.simulation.timeline import World

KINDS = ("spam", "amplifier", "fake follower", "generated")
HASHTAGS = ("simulated", "river", "festival", "vote", "market", "harbour", "football", "winter")
ACCOUNTS_AT_ONCE = 200_000
POSTS_AT_ONCE = 250_000


class Options(StrictModel):
    """Options of `simulator`."""

    seed: int = Field(ge=0, description="the same seed and options give the same bytes")
    accounts: int = Field(gt=0, le=2**31 - 1)
    share_of_bots: float = Field(0.3, ge=0, le=1)
    posts_per_account: float = Field(15.0, ge=0, description="median; lognormal over accounts")
    spread: float = Field(
        1.0, ge=0, le=3, description="standard deviation of the logarithm of posts per account"
    )
    most_posts: int = Field(3200, ge=0, description="no account has more posts")
    kinds: dict[str, float] = Field(
        dict.fromkeys(KINDS, 1.0), description="how common each kind of bot is, by weight"
    )
    difficulty: float = Field(
        0.45, ge=0, le=1, description="0: bots as their kind is; 1: bots live like people"
    )
    drift: float = Field(
        0.5,
        ge=0,
        le=1,
        description="how far this world's people and kinds differ from those of other seeds",
    )
    start: date = date(2026, 1, 1)
    end: date = date(2026, 3, 1)
    hashtags: tuple[str, ...] = Field(
        HASHTAGS, min_length=1, description="the most used first; each campaign has one"
    )

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, value: dict[str, float]) -> dict[str, float]:
        if set(value) - set(KINDS) or not sum(value.values()) > 0 or min(value.values()) < 0:
            raise ValueError(f"weights, 0 or more and not all 0, of {', '.join(KINDS)}")
        return value

    @model_validator(mode="after")
    def _some_time(self) -> Options:
        if self.end <= self.start:
            raise ValueError("end after start")
        return self

    @property
    def seconds(self) -> tuple[int, int]:
        """Start and end in seconds since 1970, UTC."""
        first, last = (
            int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp())
            for d in (self.start, self.end)
        )
        return first, last


@format_("simulator", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:  # noqa: ARG001
    """A simulated campaign of people and bots from a seed: accounts, posts, and the truth as
    claims; needs no file.
    """
    from curation.ingest.simulation.draws import Draws
    from curation.ingest.simulation.people import people
    from curation.ingest.simulation.timeline import World

    folder = stage.scratch / stage.name("simulated")
    for table in ("accounts", "claims", "posts"):
        (folder / table).mkdir(parents=True)
    draws = Draws(options.seed)
    world = World(draws, options, stage.dataset, people(draws, options, 0, options.accounts))
    _write_accounts(world, folder)
    _write_posts(world, folder)
    for table in ("accounts", "claims", "posts"):
        if any((folder / table).iterdir()):
            stage.add(
                table,
                f"SELECT *, 'simulated {table}' AS _member FROM"
                f" read_parquet({literal(folder / table / '*.parquet')})",
            )


def _write_accounts(world: World, folder: Path) -> None:
    import dataclasses

    from curation.ingest.simulation import tables

    everybody, options = world.people, world.options
    for first in range(0, options.accounts, ACCOUNTS_AT_ONCE):
        at = slice(first, first + ACCOUNTS_AT_ONCE)
        run = dataclasses.replace(
            everybody,
            index=everybody.index[at],
            kind=everybody.kind[at],
            habits={n: v[at] for n, v in everybody.habits.items()},
            posts=everybody.posts[at],
            created=everybody.created[at],
            start=everybody.start[at],
        )
        _save(
            tables.accounts(world.draws, world.dataset, options.seconds[1], run),
            folder / "accounts",
            first,
        )
        _save(tables.truth(world.dataset, run), folder / "claims", first)


def _write_posts(world: World, folder: Path) -> None:
    """Runs of accounts that together have some hundred thousand posts, one file each."""
    import numpy as np

    from curation.ingest.simulation import timeline

    until = np.cumsum(world.people.posts)
    first = 0
    while first < len(until):
        done = until[first - 1] if first else 0
        last = max(int(np.searchsorted(until, done + POSTS_AT_ONCE, side="right")), first + 1)
        table = timeline.posts(world, first, last)
        if table.num_rows:
            _save(table, folder / "posts", first)
        first = last


def _save(table: object, folder: Path, number: int) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, folder / f"{number:010}.parquet", compression="lz4")
