"""Reddit's submissions and comments as dumps have them (one object a line, often in zstd), and as
the site lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.ingest.reading import entities
from curation.ingest.reading.json import malformed, objects
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

GONE = ("[deleted]", "[removed]")
LISTED = ("t1", "t3")
"""The kinds of what a listing holds: comments and submissions."""
MENTION = r"(?:^|[^\\w/])/?u/([A-Za-z0-9_-]{3,20})"
READ = (
    "id",
    "author",
    "author_created_utc",
    "body",
    "created_utc",
    "parent_id",
    "crosspost_parent",
    "num_comments",
)
KEPT = (
    "subreddit",
    "title",
    "selftext",
    "url",
    "permalink",
    "link_id",
    "score",
    "edited",
    "author_fullname",
    "author_flair_text",
    "distinguished",
    "stickied",
    "over_18",
    "is_self",
    "removed_by_category",
    "retrieved_on",
    "retrieved_utc",
)
"""Members that go to `extra`; the other eighty are the site's own."""
NAMES = (*READ, *KEPT)


class Options(StrictModel):
    """`reddit` has no options."""


def recognise(head: Head) -> Guess | None:
    """Comments or submissions, or listings of them."""
    if head.share("kind", "data.children") > 0.5:
        return Guess(0.95) if _of_posts(head) else None
    if head.share("created_utc") <= 0.5:
        return None
    whole = head.share("subreddit", "body", "link_id") + head.share(
        "subreddit", "title", "permalink"
    )
    # Copies with fewer members are common.
    least = head.share("subreddit", "body", "id") + head.share("subreddit", "title", "id")
    return Guess(0.97) if whole > 0.5 else Guess(0.9) if least > 0.5 else None


def _of_posts(head: Head) -> bool:
    """Whether the listings hold submissions or comments; others hold communities or people."""
    items = head.at("data").within(("children",)).objects
    return any(item.get("kind") in LISTED for item in items)


@format_(
    "reddit",
    options=Options,
    traits=Traits(
        platform="reddit",
        fills=("accounts", "posts"),
        unknown="who wrote what a deleted author left; profile counts; who liked",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Submissions and comments of Reddit's dumps, and of its listings with the answers within.
    Accounts go by their names. Each post of a deleted author stands alone (`[deleted]:<post>`), for
    these authors are not one account.
    """
    with stage.newest_of_each(accounts="created_at NULLS LAST", posts="replies DESC NULLS LAST"):
        for file in files:
            paths = ", ".join(literal(f"$.{n}") for n in NAMES)
            broken = "json_type(j) IS DISTINCT FROM 'OBJECT'"
            relation = stage.keep(
                "reddit",
                f"SELECT {literal(file.name)} AS _member, row AS _row,"
                f" coalesce(raw, j::VARCHAR) AS _raw, {broken} AS broken,"
                f" json_extract_string(j, [{paths}]) AS v"
                f" FROM {_each(objects(stage, file))}",
            )
            stage.add_once("accounts", _accounts(relation), "account_id", "_order NULLS LAST, _row")
            stage.add("posts", _posts(relation))
            _tell(stage, file, relation)


def _each(found: str) -> str:
    """SQL in brackets of the posts: the objects, or what listings hold, answers to answers too."""
    listed = (
        "list_transform(list_filter(json_extract(j, '$..children[*]'),"
        f" lambda c: c->>'$.kind' IN ({literals(LISTED)})), lambda c: c->'$.data')"
    )
    is_listing = "json_type(j, '$.data.children') = 'ARRAY'"
    return (
        f"(SELECT unnest(CASE WHEN {is_listing} THEN {listed} ELSE [j] END) AS j, row,"
        f" CASE WHEN {is_listing} THEN NULL ELSE raw END AS raw FROM {found})"
    )


def _v(name: str) -> str:
    return f"v[{NAMES.index(name) + 1}]"


def _accounts(relation: str) -> str:
    author, made = _v("author"), _v("author_created_utc")
    return (
        f"SELECT {author} AS account_id, {author} AS handle, {made} AS created_at, _member, _row,"
        f" {made} AS _order FROM {relation}"
        f" WHERE {author} IS NOT NULL AND {author} NOT IN ({literals(GONE)})"
    )


def _posts(relation: str) -> str:
    name = f"CASE WHEN {_v('body')} IS NOT NULL THEN 't1_' ELSE 't3_' END || {_v('id')}"
    own = f"CASE WHEN trim({_v('selftext')}) <> '' THEN chr(10) || chr(10) || {_v('selftext')} END"
    text = f"coalesce({_v('body')}, {_v('title')} || coalesce({own}, ''))"
    entries = ", ".join(f"{{'k': {literal(n)}, 'v': {_v(n)}}}" for n in KEPT)
    link = f"CASE WHEN {_v('is_self')} = 'false' THEN [{_v('url')}] ELSE [] END"
    return f"""SELECT name AS post_id,
        CASE WHEN {_v("author")} IN ({literals(GONE)}) THEN '[deleted]:' || name
             ELSE {_v("author")} END AS account_id,
        {_v("created_utc")} AS created_at, text,
        CASE WHEN {_v("crosspost_parent")} IS NOT NULL THEN 'repost'
             WHEN {_v("body")} IS NOT NULL THEN 'reply' ELSE 'original' END AS kind,
        coalesce({_v("crosspost_parent")}, {_v("parent_id")}) AS ref_post_id,
        {entities.hashtags("text")} AS hashtags,
        list_concat({link}, {entities.urls("text")}) AS urls,
        regexp_extract_all(text, '{MENTION}', 1) AS mentions,
        {_v("num_comments")} AS replies,
        map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL)) AS extra,
        _member, _row, _raw, {malformed("broken")}
        FROM (SELECT *, {name} AS name, {text} AS text FROM {relation})"""


def _tell(stage: Stage, file: SourceFile, relation: str) -> None:
    row = stage.connection.execute(
        f"SELECT count(*) FROM {relation} WHERE {_v('author')} IN ({literals(GONE)})"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"deleted_authors {file.name}"] = (
            f"{file.name} has {counted(row[0], 'post')} by authors who deleted their accounts: each"
            " is under an id of its own, and none is an account here."
        )
