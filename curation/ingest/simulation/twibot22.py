"""Simulated files in TwiBot-22's layout, of its size or a part of it. Nobody in them exists."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import ResourceFailure, UserError
from botbench.core.files import UNFINISHED, write_text
from botbench.core.progress import NoProgress, Progress
from botbench.core.sql import literal

ACCOUNTS, POSTS, EDGES, TIES = 1_000_000, 88_217_457, 170_185_937, 3_743_634
"""The size of TwiBot-22: accounts, posts, edges, and those between accounts."""
POST_FILES = 9
BYTES_AT_FULL_SIZE = 8 * 10**9
"""What the packed files take at factor 1, with a reserve; 5.5 GB by what .001 and .01 took."""
NOTICE = "SIMULATED.txt"


@dataclass(frozen=True)
class Size:
    """How much of it is simulated; `bots` are about 14 % of the accounts."""

    accounts: int
    posts: int
    edges: int
    bots: int


def size(factor: float) -> Size:
    """The size at a factor of TwiBot-22's; raises UserError for a factor outside 0.0001 to 1.

    >>> size(0.01)
    Size(accounts=10000, posts=882174, edges=1701859, bots=1404)
    """
    if not 0.0001 <= factor <= 1:
        raise UserError(f"--factor {factor:g}: a number from 0.0001 to 1, the whole size.")
    accounts = round(ACCOUNTS * factor)
    with scratch_database() as connection:
        row = connection.execute(
            f"SELECT count(*) FROM range({accounts}) r(a) WHERE {_is_bot('a')}"
        ).fetchone()
    return Size(accounts, int(POSTS * factor), round(EDGES * factor), int(row[0]) if row else 0)


def write(folder: Path, factor: float, progress: Progress | None = None) -> Size:
    """Write user.json, tweet_0.json to tweet_8.json, edge.csv, label.csv and split.csv, gzipped.

    The same factor gives the same rows on every machine with this DuckDB. A file that is there is
    not written again, so a run that was cut off goes on. Raises ResourceFailure where the disk has
    too little room, UserError for a folder that holds other files.
    """
    how = size(factor)
    shown = progress or NoProgress()
    folder.mkdir(parents=True, exist_ok=True)
    strange = [p.name for p in folder.iterdir() if not p.name.startswith((".", *OURS))]
    if strange:
        raise UserError(
            f"{folder} holds other files ({', '.join(sorted(strange)[:3])}). Name an empty folder."
        )
    other = folder / NOTICE
    if other.exists() and other.read_text("utf-8") != _notice(how, factor):
        raise UserError(f"{folder} holds a simulation of another size. Name an empty folder.")
    _room(folder, factor)
    write_text(other, _notice(how, factor))
    jobs = [job for job in _files(how) if not (folder / job[0]).exists()]
    shown.stage("Simulated files", len(jobs))
    with scratch_database() as connection:
        connection.execute(f"SET temp_directory = {literal(folder / '.tmp')}")
        connection.execute("SET preserve_insertion_order = true")
        for name, query, form in jobs:
            draft = folder / f".{name}{UNFINISHED}"
            connection.execute(f"COPY ({query}) TO {literal(draft)} ({form}, COMPRESSION gzip)")
            draft.replace(folder / name)
            shown.step(name)
    shutil.rmtree(folder / ".tmp", ignore_errors=True)
    return how


OURS = ("user.json", "tweet_", "edge.csv", "label.csv", "split.csv", NOTICE)


def _notice(how: Size, factor: float) -> str:
    return (
        "SIMULATED by botbench, in the layout of TwiBot-22. Nobody in these files exists.\n"
        + json.dumps({"factor": factor, **how.__dict__})
        + "\n"
    )


def _room(folder: Path, factor: float) -> None:
    there = sum(p.stat().st_size for p in folder.iterdir() if p.is_file())
    needed = int(BYTES_AT_FULL_SIZE * factor) - there
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResourceFailure(
            f"The files need about {needed / 1e9:.1f} GB in {folder}, and {free / 1e9:.1f} GB are"
            " free. Make room, or take a smaller --factor."
        )


FULL = "18446744073709551616.0"
"""All 64-bit hashes."""
REACTIONS = {
    "retweet_count": (-1.5, 3),
    "like_count": (-1.5, 3.5),
    "reply_count": (-2, 3),
    "quote_count": (-2.5, 3),
}
"""The logarithm (base 10) of a post's smallest count, and how far the largest is above it."""
COUNTS = {
    "followers_count": (1, 0.3),
    "following_count": (1, 1.5),
    "tweet_count": (1.5, 1.8),
    "listed_count": (-1.5, -2),
}
"""The same of an account's counts: of a person's, and of a bot's."""
JSON, CSV = "FORMAT json, ARRAY true", "FORMAT csv, HEADER true"


def _files(how: Size) -> Iterator[tuple[str, str, str]]:
    """Name, query and format of each file."""
    yield "user.json.gz", _users(how), JSON
    step = -(-how.posts // POST_FILES)
    for n in range(POST_FILES):
        yield f"tweet_{n}.json.gz", _posts(how, n * step, min((n + 1) * step, how.posts)), JSON
    yield "edge.csv.gz", _edges(how), CSV
    labelled = f"FROM range({how.accounts}) r(a)"
    yield "label.csv.gz", f"SELECT {_user('a')} AS id, {_label('a')} AS label {labelled}", CSV
    tenth = "hash(a, 'part') % 10"
    part = f"CASE WHEN {tenth} < 7 THEN 'train' WHEN {tenth} < 9 THEN 'valid' ELSE 'test' END"
    yield "split.csv.gz", f"SELECT {_user('a')} AS id, {part} AS split {labelled}", CSV


def _user(number: str) -> str:
    return f"'u' || (1000000000 + {number})"


def _is_bot(number: str) -> str:
    """Whether an account is a bot: the same for each of its rows, 14 of 100."""
    return f"(hash({number}, 'bot') % 100 < 14)"


def _label(number: str) -> str:
    return f"CASE WHEN {_is_bot(number)} THEN 'bot' ELSE 'human' END"


def _whole(name: str, number: str, low: float, spread: float) -> str:
    """A whole number about 10^low, its logarithm uniform over `spread`."""
    return f"floor(pow(10, {low} + {spread} * (hash({number}, '{name}') / {FULL})))::BIGINT"


def _written(moment: str, seconds: str) -> str:
    """A moment so many seconds later, as the set writes times."""
    return f"strftime({moment} + to_seconds(({seconds})::BIGINT), '%Y-%m-%d %H:%M:%S+00:00')"


def _users(how: Size) -> str:
    bot = _is_bot("a")

    def count(name: str, person: float, machine: float) -> str:
        """As many as a person has, or a bot: the logarithm (base 10) of the fewest."""
        theirs, its = (_whole(name, "a", low, 3) for low in (person, machine))
        return f"'{name}': CASE WHEN {bot} THEN {its} ELSE {theirs} END"

    counts = ", ".join(count(name, *fewest) for name, fewest in COUNTS.items())
    seconds = f"hash(a, 'made') % (CASE WHEN {bot} THEN 440000000 ELSE 380000000 END)"
    return f"""SELECT {_user("a")} AS id, 'sim_' || a || '_' || hash(a, 'h') % 1000 AS username,
        'Simulated ' || {_word("hash(a, 'n')")} AS name,
        'simulated: ' || {_text("a", "'bio'", 8)} AS description,
        CASE WHEN hash(a, 'l') % 2 = 0 THEN {_word("hash(a, 'place')")} END AS location,
        CASE WHEN hash(a, 'u') % 3 = 0 THEN 'https://sim.invalid/' || a ELSE '' END AS url,
        {_written("TIMESTAMP '2008-01-01'", seconds)} AS created_at,
        hash(a, 'v') % 50 = 0 AND NOT {bot} AS verified, hash(a, 'p') % 20 = 0 AS protected,
        {{{counts}}} AS public_metrics
        FROM range({how.accounts}) r(a)"""


def _word(bits: str) -> str:
    """A made-up word of two to four syllables; small numbers are common, as in language."""
    syllables = "['ba','do','ke','li','mo','nu','ra','se','ti','vo','wa','zi','po','ga','he','fu']"
    return (
        f"({syllables}[1 + ({bits} % 16)::INT] || {syllables}[1 + (({bits} // 16) % 16)::INT] ||"
        f" {syllables}[1 + (({bits} // 256) % 16)::INT])"
    )


def _text(number: str, name: str, words: int) -> str:
    word = _word(f"hash({number}, {name}, w)")
    return f"array_to_string(list_transform(range({words}), lambda w: {word}), ' ')"


def _author(how: Size) -> str:
    """The number of post i's author: few accounts write much."""
    place = f"floor({how.accounts} * pow(hash(i, 'who') / {FULL}, 1.3))::BIGINT"
    return f"(({place} * 7919 + 13) % {how.accounts})"


def _posts(how: Size, first: int, end: int) -> str:
    bot = _is_bot("a")
    # Bots repeat some of their texts.
    seed = (
        f"CASE WHEN {bot} AND hash(i, 'again') % 3 = 0 THEN hash(a, i % 5) ELSE hash(i, 'text') END"
    )
    day = "TIMESTAMP '2020-01-01' + to_days((hash(i, 'day') % 800)::INT)"
    hour = "CASE WHEN bot THEN hash(i, 't') % 86400 ELSE 25200 + (hash(i, 't') % 64800) END"
    return f"""SELECT 't' || (1000000000000 + i) AS id, 1000000000 + a AS author_id,
        {_written(day, hour)} AS created_at,
        CASE WHEN s % 4 = 0 THEN 'RT @sim_' || s % 5000 || ': '
             WHEN s % 7 = 0 THEN '@sim_' || s % 9000 || ' ' ELSE '' END || {_text("s", "'w'", 9)}
            || CASE WHEN s % 5 = 0 THEN ' #' || {_word("s % 64")} ELSE '' END
            || CASE WHEN s % (CASE WHEN bot THEN 2 ELSE 6 END) = 0
                THEN ' https://site' || s % 400 || '.invalid/' || s % 90000 ELSE '' END AS text,
        CASE WHEN hash(a, 'lang') % 5 = 0 THEN 'es' ELSE 'en' END AS lang,
        'Simulated App ' || hash(a, 'app') % (CASE WHEN bot THEN 9 ELSE 3 END) AS source,
        {{{", ".join(f"'{n}': {_whole(n, 'i', *how)}" for n, how in REACTIONS.items())}}}
            AS public_metrics
        FROM (SELECT i, a, {bot} AS bot, {seed} AS s FROM
            (SELECT i, {_author(how)} AS a FROM range({first}, {end}) r(i)))"""


def _edges(how: Size) -> str:
    """Ties of accounts, the author of each post, and what posts refer to, in TwiBot-22's shares."""
    ties = round(how.edges * TIES / EDGES)
    other = max(0, how.edges - ties - how.posts)
    return f"""SELECT {_user(f"hash(i, 's') % {how.accounts}")} AS source_id,
            CASE WHEN i % 10 < 7 THEN 'following' ELSE 'followers' END AS relation,
            {_user(f"hash(i, 'd') % {how.accounts}")} AS target_id FROM range({ties}) r(i)
        UNION ALL SELECT {_user(_author(how))}, 'post', 't' || (1000000000000 + i)
            FROM range({how.posts}) r(i)
        UNION ALL SELECT 't' || (1000000000000 + hash(i, 'm') % {max(how.posts, 1)}), 'mentioned',
            {_user(f"hash(i, 'n') % {how.accounts}")} FROM range({other}) r(i)"""
