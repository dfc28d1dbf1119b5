"""One post's spread where reposts are known by their words only, with the doubt that this brings.

Many sources do not say which post a repost passes on. Then equal words stand for it. That can be
too few (a text was cut, a link was written otherwise) or too many (two people wrote the same
words), so the spread is counted from the narrowest to the widest sense of "the same".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    from benchmarks.study.data.frame import Frame

NAMED = r"^\s*(?:RT|MT)\s+@?(\w{1,30})\s*:\s*"
"""How a text says that it is somebody else's: `RT name: ...`, its sign or its case being open."""
SHORTEST, CUT = 20, 40
"""Letters below which words are anybody's, and below which a text that is cut is not told."""
WITHOUT = f"regexp_replace(text, {literal(NAMED)}, '', 'i')"
MARKED = f"(kind = 'repost' OR regexp_matches(text, {literal(NAMED)}, 'i'))"
WORDS = words_sql(WITHOUT)
SAME = f"md5(coalesce(nullif({WORDS}, ''), lower(trim(text))))"
"""Equal for the same text: by its words, or by its letters where it has no word."""
PASSED_ON = f"coalesce(ref_post_id, lower(ref_account_id) || '|' || {SAME})"
"""What a repost passes on: the post where the source names it, else whose words they were and the
words; NULL where neither is known.
"""
CREDITED = f"lower(regexp_extract(text, {literal(NAMED)}, 1, 'i'))"


@dataclass(frozen=True)
class Sense:
    """One sense of "the same post": its posts and accounts."""

    name: str
    posts: int
    accounts: int


@dataclass(frozen=True)
class Spread:
    """A text that was passed on: from the narrowest sense to the widest, SQL of its posts.

    `credited` is the number of names that the texts call its author; `earlier` is whether the words
    stand in a post that is no repost from before the first.
    """

    words: str
    text: str
    senses: tuple[Sense, ...]
    posts_sql: str
    credited: int
    earlier: bool

    @property
    def counted(self) -> Sense:
        """The sense that is counted: the same words in a repost, or after `RT name:`."""
        return self.senses[2]


def messages(posts: str) -> str:
    """SQL in brackets: the posts with `words` (without who is credited) and `marked`."""
    return f"(SELECT *, {WORDS} AS words, {MARKED} AS marked FROM {posts} WHERE text IS NOT NULL)"


def spread(
    frame: Frame, text: str | None = None, least: int = 2, among: str | None = None
) -> Spread | None:
    """The text that most accounts passed on, or the one given; None where nobody did.

    `least` is how many posts a text needs that was not asked for. `among` is SQL of the posts to
    look at, all posts of the campaign in the window without it.
    """
    posts = messages(among or frame.all_posts_sql)
    words = _most(frame, posts, least) if text is None else _words(frame, text)
    if words is None or not (found := _senses(frame, posts, words))[2].posts:
        return None
    same = f"words = {literal(words)}"
    shown, credited, first = frame.query(f"""
        SELECT any_value({WITHOUT} ORDER BY created_at NULLS LAST, post_id) FILTER (marked),
               count(DISTINCT {CREDITED}) FILTER ({CREDITED} <> ''),
               min(created_at) FILTER (marked)
        FROM {posts} WHERE {same}""")[0]
    earlier = first is not None and frame.one(
        f"SELECT count(*) > 0 FROM {posts} WHERE {same} AND NOT marked AND created_at <="
        f" TIMESTAMPTZ {literal(first.isoformat())}"
    )
    return Spread(
        words,
        str(shown),
        found,
        f"(SELECT * EXCLUDE (words, marked) FROM {posts} WHERE marked AND {same})",
        int(credited),
        bool(earlier),
    )


def _most(frame: Frame, posts: str, least: int) -> str | None:
    rows = frame.query(f"""
        SELECT words FROM {posts} WHERE marked AND length(words) >= {SHORTEST}
        GROUP BY words HAVING count(*) >= {least}
        ORDER BY count(DISTINCT account_id) DESC, count(*) DESC, words LIMIT 1""")
    return str(rows[0][0]) if rows else None


def _words(frame: Frame, text: str) -> str | None:
    """The words of a text that was asked for."""
    return frame.one(f"SELECT {WORDS} FROM (SELECT {literal(text)} AS text)") or None


def _senses(frame: Frame, posts: str, words: str) -> tuple[Sense, ...]:
    same = f"words = {literal(words)}"
    reposted = f"{same} AND kind = 'repost'"
    letters = f"""(
        SELECT md5(trim({WITHOUT})) FROM {posts} WHERE {reposted}
        GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 1)"""
    cut = (
        f"(length(words) >= {CUT} AND (starts_with({literal(words)}, words)"
        f" OR starts_with(words, {literal(words)})))"
    )
    senses = (
        ("reposts, letter for letter", f"{reposted} AND md5(trim({WITHOUT})) = {letters}"),
        ("reposts with the same words", reposted),
        ("and posts that say so: RT NAME", f"{same} AND marked"),
        ("and every post with these words", same),
        ("and texts that are cut", f"{same} OR {cut}"),
    )
    counted: list[tuple[Any, ...]] = frame.query(
        "SELECT "
        + ", ".join(
            f"count(*) FILTER ({where}), count(DISTINCT account_id) FILTER ({where})"
            for _, where in senses
        )
        + f" FROM {posts}"
    )
    row = [int(n) for n in counted[0]]
    return tuple(Sense(name, row[2 * i], row[2 * i + 1]) for i, (name, _) in enumerate(senses))
