"""Moves that cost an operator nothing, as changes of a release's frozen rows.

A move is computed from an account's own rows, without any label; the bench applies it to bots only,
because people have no reason to evade. Unknown values stay unknown: no account gets a bio in a data
set without bios. Features are computed again from the changed rows. Every inserted phrase and name
is invented here.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literal, literals

BIOS = (
    "Coffee, books and long walks.",
    "Father of two. Views are my own.",
    "Amateur photographer, always learning.",
    "Here for the news and the recipes.",
)
PLACES = ("London", "Chicago", "Manchester", "Austin")
FIRST = ("anna", "james", "maria", "peter", "laura", "david", "julia", "simon")
LAST = ("baker", "walsh", "meyer", "carter", "novak", "fields", "hughes", "porter")
JITTER_S = 1800
REVISION = 1
"""The declared version of the moves: raise it when a move changes other things."""


@dataclass(frozen=True)
class Move:
    """One evasion move: its description, and new column values as SQL over the row.

    `n` is a number of the account's own. `posts` are new values of posts' columns; `keep` is a
    condition under which a post stays; `extra` are new values of existing keys of accounts'
    `extra`.
    """

    about: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    posts: Mapping[str, str] = field(default_factory=dict)
    keep: str = "true"
    mutual: bool = False


def _one_of(words: tuple[str, ...], number: str = "n") -> str:
    return f"[{literals(words)}][1 + ({number} % {len(words)})::INTEGER]"


NAME = f"{_one_of(FIRST)} || '_' || {_one_of(LAST, '(n // 8)')}"
MOVES: dict[str, Move] = {
    "complete-profile": Move(
        "fills in an empty bio, place and link, and takes another picture than the default",
        {
            "bio": f"CASE WHEN bio = '' THEN {_one_of(BIOS)} ELSE bio END",
            "location": f"CASE WHEN location = '' THEN {_one_of(PLACES)} ELSE location END",
            "url": "CASE WHEN url = '' THEN 'https://example.org/me' ELSE url END",
            "default_profile": "CASE WHEN default_profile IS NOT NULL THEN false END",
            "default_avatar": "CASE WHEN default_avatar IS NOT NULL THEN false END",
        },
        {
            "bio_length": (
                f"CASE WHEN value = '0' THEN length({_one_of(BIOS)})::VARCHAR ELSE value END"
            )
        },
    ),
    "follow-back": Move(
        "follows everybody who follows it, and nobody else",
        {"following": "CASE WHEN following IS NOT NULL THEN coalesce(followers, following) END"},
        mutual=True,
    ),
    "jitter": Move(
        f"posts up to {JITTER_S // 60} minutes earlier or later than its clock says",
        posts={
            "created_at": (
                f"created_at + to_seconds((hash(post_id, $seed) % {2 * JITTER_S})::BIGINT -"
                f" {JITTER_S})"
            )
        },
    ),
    "delete-posts": Move(
        "deletes its reposts, all but one of equal texts, and half of what is left",
        {"posts_total": "posts_total // 2"},
        keep=(
            "coalesce(kind, 'unknown') <> 'repost' AND NOT coalesce(starts_with(text, 'RT @'),"
            " false) AND nth = 1 AND hash(post_id, $seed) % 2 = 0"
        ),
    ),
    "rename": Move(
        "takes a name and a handle like a person's",
        {
            "handle": f"CASE WHEN handle IS NOT NULL THEN {NAME} END",
            "display_name": (
                f"CASE WHEN display_name IS NOT NULL THEN replace({NAME}, '_', ' ') END"
            ),
        },
        {
            "handle_length": f"length({NAME})::VARCHAR",
            "display_name_length": f"length({NAME})::VARCHAR",
        },
    ),
}
"""Every move by name."""


@dataclass(frozen=True)
class MovedRelease:
    """A release after a move, as the feature cache and the bench read it."""

    path: Path
    content_hash: str


def after_move(release: Path, content_hash: str, move: str, seed: int, cache: Path) -> MovedRelease:
    """The release's folder with its bots after a move, cached in `cache` and written atomically.

    Raises UserError for an unknown move.
    """
    if move not in MOVES:
        raise UserError(f"There is no move {move!r}. Known: {', '.join(MOVES)}.")
    name = short_hash([content_hash, move, seed, f"revision {REVISION}"], 64)
    folder = cache / name[:24]
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".move-", dir=cache))
        _write(release, MOVES[move], seed, scratch)
        try:
            scratch.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(scratch)
    return MovedRelease(folder, name)


def _write(release: Path, move: Move, seed: int, into: Path) -> None:

    with scratch_database(threads=1) as connection:
        connection.execute(
            f"CREATE TABLE movers AS SELECT account_id FROM {_read(release, 'labels')} WHERE label"
            " = 'bot'"
        )
        queries = {
            "accounts": _accounts(release, move),
            "posts": _posts(release, move),
            "edges": _edges(release, move),
        }
        for table, query in queries.items():
            text = query.replace("$seed", str(int(seed)))
            connection.execute(
                f"COPY ({text}) TO {literal(into / f'{table}.parquet')} (FORMAT parquet)"
            )
    for table in ("labels", "splits", "claims"):
        # Unchanged: a second name of the same file where the disk allows it.
        source = (release / f"{table}.parquet").resolve()
        try:
            os.link(source, into / source.name)
        except OSError:
            shutil.copy(source, into / source.name)


def _accounts(release: Path, move: Move) -> str:
    values = dict(move.accounts)
    if move.extra:
        cases = " ".join(f"WHEN key = '{key}' THEN {value}" for key, value in move.extra.items())
        whole = cases.replace("key", "e.key").replace("value", "e.value")
        values["extra"] = (
            "map_from_entries(list_transform(map_entries(extra), "
            f"lambda e: {{'key': e.key, 'value': CASE {whole} ELSE e.value END}}))"
        )
    numbered = f"SELECT *, hash(account_id, $seed) AS n FROM {_read(release, 'accounts')}"
    return _changed(numbered, values, " EXCLUDE (n)")


def _posts(release: Path, move: Move) -> str:
    source = _read(release, "posts")
    if move.keep == "true":
        return _changed(f"SELECT * FROM {source}", move.posts)
    equal = "row_number() OVER (PARTITION BY account_id, coalesce(text, post_id) ORDER BY post_id)"
    counted = f"SELECT *, {equal} AS nth FROM {source}"
    return f"""
        SELECT * EXCLUDE (nth) FROM ({counted})
        WHERE account_id NOT IN (FROM movers) OR ({move.keep})
        ORDER BY account_id, post_id"""


def _edges(release: Path, move: Move) -> str:
    source = _read(release, "edges")
    if not move.mutual:
        return f"SELECT * FROM {source}"
    back = f"""SELECT * REPLACE (target_id AS source_id, source_id AS target_id) FROM {source}
               WHERE kind = 'follows' AND target_id IN (FROM movers)"""
    stay = f"SELECT * FROM {source} WHERE kind <> 'follows' OR source_id NOT IN (FROM movers)"
    return f"{stay} UNION ALL ({back})"


def _changed(source: str, values: Mapping[str, str], exclude: str = "") -> str:
    """The rows of a source, movers' with new values."""
    if not values:
        return f"SELECT *{exclude} FROM ({source})"
    new = ", ".join(
        f'CASE WHEN account_id IN (FROM movers) THEN {value} ELSE "{column}" END AS "{column}"'
        for column, value in values.items()
    )
    return f"SELECT *{exclude} REPLACE ({new}) FROM ({source})"


def _read(release: Path, table: str) -> str:
    return f"read_parquet({literal(release / f'{table}.parquet')})"
