"""TwiBot-22's layout: users and tweets as arrays of v2 objects, edges, labels and split as CSV."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities, text, users
from curation.ingest.reading.json import malformed, objects, parsed_once, rest, value
from curation.ingest.reading.tidy import Dialect
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

TIES = ("following", "followers")
"""The relations of edge.csv between two accounts that the store keeps, as edges of kind follows."""
PARTS = {"train": "train", "val": "validation", "valid": "validation", "test": "test"}
TWEET = (
    *("id", "author_id", "text", "created_at", "lang", "source", "public_metrics", "entities"),
    *("in_reply_to_user_id", "referenced_tweets"),
)
"""Members of a tweet that columns hold; the others go to `extra`."""
METRICS = {
    "reposts": "retweet_count",
    "likes": "like_count",
    "replies": "reply_count",
    "quotes": "quote_count",
}
"""Schema column to member of a tweet's public metrics."""


class Options(StrictModel):
    """Options of `twibot22`."""

    user_prefix: str = Field("u", description="letters before an account's id, no part of it")
    post_prefix: str = Field("t", description="letters before a post's id, no part of it")


@format_(
    "twibot22",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts", "edges", "claims"),
        unknown="when the users looked like this; relations of edge.csv other than following and"
        " followers (posts say the rest), lists and hashtags as things of their own",
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """TwiBot-22's files: user.json, tweet_*.json, edge.csv, label.csv, split.csv."""
    split = [file for file in files if file.name.endswith("split.csv")]
    for file in files:
        if file.name.endswith("user.json"):
            stage.add("accounts", _accounts(stage, file, options))
        elif fnmatchcase(file.name.rpartition("/")[2], "tweet*.json"):
            stage.add("posts", _posts(stage, file, options))
        elif file.name.endswith("edge.csv"):
            rows = text.delimited(stage, file, Dialect())
            rows.feed("edges", _edges(rows, options))
        elif file.name.endswith("label.csv"):
            rows = text.delimited(stage, file, Dialect())
            parts = text.delimited(stage, split[0], Dialect()) if split else None
            rows.feed("claims", _claims(rows, parts, options))
        elif file not in split:
            stage.fail(
                f"{file.path} is no file of TwiBot-22's layout: user.json, tweet_*.json, edge.csv,"
                " label.csv, split.csv. Take it off the card's files."
            )


def _accounts(stage: Stage, file: SourceFile, options: Options) -> str:
    identity = users.account_id("j", ("id",), options.user_prefix)
    columns = users.columns("j", users.V2, ("id",))
    bad = malformed("json_type(j) IS DISTINCT FROM 'OBJECT'")
    return parsed_once(
        f"{identity} AS account_id, {columns}, {literal(file.name)} AS _member, row AS _row,"
        f" raw AS _raw, {bad}",
        objects(stage, file),
    )


def _posts(stage: Stage, file: SourceFile, options: Options) -> str:
    reference = ", ".join(
        f"referred[list_position(kinds, '{kind}')]"
        for kind in ("retweeted", "quoted", "replied_to")
    )

    def listed(name: str, read_off: str, *members: str) -> str:
        """What the entities list, under the names of v2 or v1.1; else what the text holds."""
        told = [
            f"json_extract_string(entities, {literal(f'$.{name}[*].{member}')})"
            for member in members
        ]
        cases = " ".join(f"WHEN len({one}) > 0 THEN {one}" for one in told)
        return f"CASE {cases} ELSE {read_off} END"

    named = listed("mentions", entities.mentions("text"), "username")
    named = f"coalesce(nullif({listed('user_mentions', 'NULL', 'screen_name')}, []), {named})"
    # A repost is known by its text too: the set gives most of them no reference. Only an object has
    # an id, so that few types are looked at.
    return f"""SELECT post_id, account_id, created_at, text, lang,
        CASE WHEN list_contains(kinds, 'retweeted') THEN 'repost'
             WHEN list_contains(kinds, 'quoted') THEN 'quote'
             WHEN list_contains(kinds, 'replied_to') OR ref_account_id IS NOT NULL THEN 'reply'
             ELSE {entities.kind("text")} END AS kind,
        {users.without_prefix(f"coalesce({reference})", options.post_prefix)} AS ref_post_id,
        ref_account_id,
        {listed("hashtags", entities.hashtags("text"), "tag", "text")} AS hashtags,
        {listed("urls", entities.urls("text"), "expanded_url")} AS urls,
        {named} AS mentions,
        source_app, {", ".join(METRICS)}, {rest("j", list(TWEET))} AS extra,
        {literal(file.name)} AS _member, row AS _row, raw AS _raw,
        {malformed("post_id IS NULL AND json_type(j) IS DISTINCT FROM 'OBJECT'")}
        FROM (SELECT *, json_extract_string(referenced, '$[*].type') AS kinds,
            json_extract_string(referenced, '$[*].id') AS referred
            FROM ({_texts(objects(stage, file), options)}))"""


def _texts(found: str, options: Options) -> str:
    """The objects of `found` with their texts, and the lists of those that have some."""
    counts = ", ".join(f"{value('j', f'public_metrics.{m}')} AS {c}" for c, m in METRICS.items())
    author = users.without_prefix(value("j", "author_id"), options.user_prefix)
    replied = users.without_prefix(value("j", "in_reply_to_user_id"), options.user_prefix)
    lists = ", ".join(
        f"CASE WHEN {value('j', name)} IS NOT NULL THEN json_extract(j, '$.{name}') END AS {column}"
        for name, column in (("entities", "entities"), ("referenced_tweets", "referenced"))
    )
    return parsed_once(
        f"""j, raw, row, {users.without_prefix(value("j", "id"), options.post_prefix)} AS post_id,
        {author} AS account_id, {value("j", "created_at")} AS created_at,
        {value("j", "text")} AS text, {value("j", "lang")} AS lang, {replied} AS ref_account_id,
        {value("j", "source")} AS source_app, {counts}, {lists}""",
        found,
    )


def _edges(rows: text.Rows, options: Options) -> str:
    """`followers` says that the target follows the source: the edge goes the other way."""
    source, target = (
        users.without_prefix(rows.column(name), options.user_prefix)
        for name in ("source_id", "target_id")
    )
    relation = rows.column("relation")
    turned = f"{relation} = 'followers'"
    ties = ", ".join(literal(tie) for tie in TIES)
    return (
        f"SELECT CASE WHEN {turned} THEN {target} ELSE {source} END AS source_id, CASE WHEN"
        f" {turned} THEN {source} ELSE {target} END AS target_id, 'follows' AS kind, _member, _row,"
        f" _raw FROM {rows.relation} WHERE {relation} IN ({ties})"
    )


def _claims(rows: text.Rows, parts: text.Rows | None, options: Options) -> str:
    """Labels, each with the part of the official split as an attribute."""
    account = users.without_prefix(rows.column("id"), options.user_prefix)
    told = f"{account} AS account_id, {rows.column('label')} AS answer, _member, _row, _raw"
    if parts is None:
        return f"SELECT {told} FROM {rows.relation}"
    words = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in PARTS.items())
    part = (
        f"(SELECT {parts.column('id')} AS whose, CASE {parts.column('split')} {words} END AS part"
        f" FROM {parts.relation})"
    )
    return (
        f"SELECT {told}, CASE WHEN part IS NOT NULL THEN MAP {{'part': part}} END AS attributes"
        f" FROM {rows.relation} LEFT JOIN {part} ON whose = {rows.column('id')}"
    )
