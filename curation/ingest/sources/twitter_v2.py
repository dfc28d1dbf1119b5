"""Twitter's and X's interface v2: pages of posts or accounts, streams, and posts that twarc2 has
flattened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.ingest.reading import entities, users
from curation.ingest.reading.json import few_at_once, malformed, objects, parsed_once, rest, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

BROKEN = "coalesce(json_type(o), '') <> 'OBJECT'"
IS_POST = "place <> 'users'"
"""SQL of what is a post among the objects of pages."""
NESTED = ("author", "in_reply_to_user", "__twarc", "referenced_tweets", "matching_rules")
"""Members that twarc2 puts into a flattened post."""
TWEET = (
    "id",
    "text",
    "note_tweet",
    "author_id",
    "created_at",
    "lang",
    "source",
    "public_metrics",
    "entities",
    "in_reply_to_user_id",
    *NESTED,
)
"""Members of a post that columns hold; the others go to `extra`."""


class Options(StrictModel):
    """`twitter-v2` has no options."""


def recognise(head: Head) -> Guess | None:
    """Pages with `data`, or flattened posts."""
    if head.share("data.id") > 0.5 or (head.share("data") > 0.5 and _is_page(head)):
        return Guess(0.97)
    if head.share("author_id", "id", "text") > 0.5:
        both = head.share("public_metrics") > 0.5 or head.share("conversation_id") > 0.5
        return Guess(0.95 if both else 0.6)
    return None


def _is_page(head: Head) -> bool:
    """Whether the objects are pages of the interface, of posts or of accounts."""
    first = head.objects[0].get("data")
    if not isinstance(first, list) or not first or not isinstance(first[0], dict):
        return "__twarc" in head.members()
    return "id" in first[0] and bool({"text", "username"} & set(first[0]))


@format_(
    "twitter-v2",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts"),
        unknown="accounts that are only named; the cut end of a repost whose original is not"
        " included",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Pages, streams and flattened posts of Twitter's interface v2, as twarc2 writes them:
    accounts, posts, and the posts they refer to (`extra` `referenced`).
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST, followers DESC NULLS LAST",
        posts="extra['referenced'] IS NOT NULL, likes DESC NULLS LAST",
    ):
        for file in files:
            stage_pages(stage, file)


def stage_pages(stage: Stage, file: SourceFile) -> None:
    """Stage the accounts and posts of one file."""
    relation = stage.keep("v2", _items(file, objects(stage, file)))
    stage.add_once("accounts", _accounts(relation), "account_id, observed_at", "_order DESC, _row")
    counted = f"FROM {relation} WHERE {IS_POST}"
    stage.add_once("posts", _posts(relation), "post_id", "_order, _row", counted)
    entities.tell_cut(stage, file)
    _tell(stage, file)


def _tell(stage: Stage, file: SourceFile) -> None:
    """Note how many posts are there only because others refer to them."""
    row = stage.connection.execute(
        "SELECT count(*) FROM pull_posts WHERE extra['referenced'] = 'true' AND _member ="
        f" {literal(file.name)}"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"referenced {file.name}"] = (
            f"{file.name} has {counted(row[0], 'post')} only because others refer there (extra:"
            " referenced)."
        )


def _items(file: SourceFile, found: str) -> str:
    """One row an object of the pages: `o`, `place` (data, users, tweets), and when it was seen.

    A line that is no JSON is one row of the place `data`.
    """
    data = (
        "CASE json_type(j, '$.data') WHEN 'ARRAY' THEN json_extract(j, '$.data[*]')"
        " WHEN 'OBJECT' THEN [j->'data'] ELSE [j] END"
    )
    # A page without results has no data, and is no post.
    empty = "json_type(j, '$.meta') = 'OBJECT' AND json_type(j, '$.data') IS NULL"
    seen = (
        "coalesce(json_extract_string(j, '$.__twarc.retrieved_at'),"
        " json_extract_string(j, '$.data.created_at'))"
    )
    user = "json_exists(o, '$.username') AND NOT json_exists(o, '$.author_id')"
    listed = ", ".join(f"json_extract(j, '$.includes.{n}[*]') AS {n}" for n in ("users", "tweets"))
    nested = "[o->'author', o->'in_reply_to_user'] || json_extract(o, '$.entities.mentions[*]')"
    references = "json_extract(o, '$.referenced_tweets[*]')"
    member = f"{literal(file.name)} AS _member"
    # Each step is made once, for several others read it. A reference without text, and a mention
    # without a profile, only name what they refer to.
    return f"""
        WITH pages AS MATERIALIZED (
            SELECT CASE WHEN NOT coalesce({empty}, false) THEN {data} END AS top, {listed},
              {seen} AS seen, row, CASE WHEN j IS NULL THEN raw END AS raw FROM {found}),
        data_rows AS MATERIALIZED (
            SELECT o, CASE WHEN {user} THEN 'users' ELSE 'data' END AS place, seen, row, raw
            FROM (SELECT unnest(top) AS o, seen, row, raw FROM pages)),
        refs AS MATERIALIZED (
            SELECT unnest({references}) AS o, seen, row FROM {few_at_once("data_rows", 8)}
            WHERE place = 'data'),
        both_of AS (
            SELECT o, seen, row FROM data_rows WHERE place = 'data'
            UNION ALL SELECT o, seen, row FROM refs),
        nested AS (SELECT unnest({nested}) AS o, seen, row FROM {few_at_once("both_of", 8)})
        SELECT *, {member}, row AS _row FROM (
            FROM data_rows
            UNION ALL SELECT unnest(users), 'users', seen, row, NULL FROM pages
            UNION ALL SELECT unnest(tweets), 'tweets', seen, row, NULL FROM pages
            UNION ALL SELECT o, 'tweets', seen, row, NULL FROM refs WHERE json_exists(o, '$.text')
            UNION ALL SELECT o, 'users', seen, row, NULL FROM nested
              WHERE json_exists(o, '$.public_metrics'))"""


def _accounts(relation: str) -> str:
    columns = users.columns("o", users.V2, ("id", "start", "end"))
    bad = malformed(BROKEN)
    return parsed_once(
        f"{value('o', 'id')} AS account_id, seen AS observed_at, {columns}, _member, _row,"
        f" o::VARCHAR AS _raw, {bad}, len(o::VARCHAR) AS _order",
        f"(FROM {relation} WHERE place = 'users')",
        "o",
    )


def _posts(relation: str) -> str:
    lists = ", ".join(
        f"json_extract_string(o, '$.referenced_tweets[*].{member}') AS {name}"
        for name, member in (("kinds", "type"), ("ids", "id"))
    )

    def referred(kind: str) -> str:
        return f"ids[list_position(kinds, '{kind}')]"

    reference = f"coalesce({', '.join(referred(k) for k in ('retweeted', 'quoted', 'replied_to'))})"
    # The full text of a repost and its entities are those of the included original.
    texts = parsed_once(
        f"{value('o', 'id')} AS id, {value('o', 'author_id')} AS author, o->'entities' AS entities,"
        f" coalesce({value('o', 'note_tweet.text')}, {value('o', 'text')}) AS text",
        f"(FROM {relation} WHERE place IN ('tweets', 'data'))",
        "o",
    )
    originals = (
        "(SELECT id, any_value(text) AS text, any_value(entities) AS entities,"
        f" any_value(author) AS author FROM ({texts}) GROUP BY 1)"
    )
    own = f"coalesce({value('o', 'note_tweet.text')}, {value('o', 'text')})"
    posts = parsed_once(
        f"* EXCLUDE (texts), {own} AS own, {referred('retweeted')} AS retweeted,"
        f" {reference} AS reference",
        f"(SELECT *, {lists} FROM {relation} WHERE {IS_POST})",
        "o",
    )
    better = (
        "retweeted IS NOT NULL AND t.text IS NOT NULL AND (length(t.text) > length(own)"
        " OR (ends_with(own, '…') AND NOT contains(own, t.text)))"
    )
    joined = f"""SELECT p.*, author AS other,
        CASE WHEN {better} THEN t.text ELSE own END AS text,
        CASE WHEN {better} THEN t.entities ELSE p.o->'entities' END AS marks,
        {entities.cut_repost("own", "CASE WHEN retweeted IS NOT NULL THEN t.text END")} AS cut
        FROM ({posts}) p
        LEFT JOIN {originals} t ON t.id = reference"""

    def listed(path: str, read_off: str) -> str:
        found = f"json_extract_string(marks, {literal(path)})"
        return f"CASE WHEN NOT cut THEN coalesce({found}, {read_off}) END"

    metrics = {
        "reposts": "retweet_count",
        "likes": "like_count",
        "replies": "reply_count",
        "quotes": "quote_count",
    }
    counts = ", ".join(f"{value('o', f'public_metrics.{m}')} AS {c}" for c, m in metrics.items())
    more = (
        "CASE WHEN place = 'tweets' THEN map_concat(kept, MAP {'referenced': 'true'}) ELSE kept END"
    )
    columns = f"""{value("o", "id")} AS post_id, {value("o", "author_id")} AS account_id,
        {value("o", "created_at")} AS created_at, text, {value("o", "lang")} AS lang,
        CASE WHEN list_contains(kinds, 'retweeted') THEN 'repost'
             WHEN list_contains(kinds, 'quoted') THEN 'quote'
             WHEN list_contains(kinds, 'replied_to')
                 OR {value("o", "in_reply_to_user_id")} IS NOT NULL THEN 'reply'
             ELSE 'original' END AS kind,
        reference AS ref_post_id,
        coalesce(other, {value("o", "in_reply_to_user_id")}) AS ref_account_id,
        {listed("$.hashtags[*].tag", entities.hashtags("text"))} AS hashtags,
        {listed("$.urls[*].expanded_url", entities.urls("text"))} AS urls,
        {listed("$.mentions[*].username", entities.mentions("text"))} AS mentions,
        {value("o", "source")} AS source_app, {counts},
        {entities.marked(more, "cut")} AS extra,
        _member, _row, coalesce(raw, o::VARCHAR) AS _raw, {malformed(BROKEN)},
        (place = 'tweets')::INTEGER AS _order"""
    found = f"(SELECT *, {rest('o', list(TWEET))} AS kept FROM ({joined}))"
    return parsed_once(columns, found, "o")
