"""Posts and accounts of Twitter as snscrape and twscrape write them: one object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading.json import first, malformed, objects, parsed_once, rest, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

BROKEN = "coalesce(json_type(o), '') <> 'OBJECT'"
ACCOUNT = {
    "handle": ("username",),
    "display_name": ("displayname",),
    "bio": ("rawDescription", "description", "renderedDescription"),
    "location": ("location",),
    "url": ("link.url", "linkUrl"),
    "created_at": ("created",),
    "followers": ("followersCount",),
    "following": ("friendsCount",),
    "posts_total": ("statusesCount",),
    "likes_total": ("favouritesCount",),
    "listed": ("listedCount",),
    "verified": ("verified",),
    "protected": ("protected",),
}
"""Schema column to the members that hold it; their names changed between versions."""
ACCOUNT_KNOWN = ("_type", "id", "id_str", "link", "linkTcourl", "descriptionUrls", "url")
POST_KNOWN = (
    *("_type", "id", "id_str", "id_", "url", "date", "rawContent", "content", "renderedContent"),
    *("user", "username", "retweetedTweet", "quotedTweet", "inReplyToUser", "mentionedUsers"),
    *("replyCount", "retweetCount", "likeCount", "quoteCount", "lang", "source", "sourceLabel"),
    *("links", "outlinks", "outlinksss", "tcooutlinks", "tcooutlinksss", "hashtags", "card"),
    *("inReplyToTweetId", "inReplyToTweetIdStr", "sourceUrl"),
)
"""Members of a post that columns hold, or that repeat them; the others go to `extra`."""


class Options(StrictModel):
    """`snscrape` has no options."""


def recognise(head: Head) -> Guess | None:
    """Posts with their authors, or accounts."""
    posts = head.share("user.username", "date", "conversationId", "rawContent")
    posts += head.share("user.username", "date", "conversationId", "content")
    people = head.share("username", "displayname", "statusesCount")
    return Guess(0.95) if posts > 0.5 or people > 0.5 else None


@format_(
    "snscrape",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts"),
        unknown="when it was fetched; accounts that are only named",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Posts and accounts of Twitter as snscrape and twscrape write them; posts that are reposted or
    quoted are posts too (`extra` `referenced`).
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST, followers DESC NULLS LAST",
        posts="extra['referenced'] IS NOT NULL, likes DESC NULLS LAST",
    ):
        for file in files:
            relation = stage.keep("snscrape", _items(file, objects(stage, file)))
            stage.add_once("accounts", _accounts(relation), "account_id", "_order DESC, _row")
            stage.add_once("posts", _posts(relation), "post_id", "_order, _row")


def _items(file: SourceFile, found: str) -> str:
    """One row an object: the line's, and the posts within it, `place` from 1."""
    inner = "[j, j->'$.retweetedTweet', j->'$.quotedTweet']"
    listed = f"list_filter({inner}, lambda o, i: i = 1 OR json_exists(o, '$.user.username'))"
    placed = f"list_transform({listed}, lambda o, i: {{'o': o, 'place': i}})"
    return (
        f"SELECT item.o AS o, item.place AS place, {literal(file.name)} AS _member, row AS _row,"
        " coalesce(raw, item.o::VARCHAR) AS _raw FROM"
        f" (SELECT unnest({placed}) AS item, row, CASE WHEN j IS NULL THEN raw END AS raw"
        f" FROM {found})"
    )


def _accounts(relation: str) -> str:
    """Authors, and accounts by themselves."""
    columns = ", ".join(f"{first('u', *paths)} AS {name}" for name, paths in ACCOUNT.items())
    known = [*ACCOUNT_KNOWN, *(p for paths in ACCOUNT.values() for p in paths)]
    people = (
        f"(SELECT CASE WHEN json_exists(o, '$.user.username') THEN o->'user'"
        f" WHEN json_exists(o, '$.username') AND NOT json_exists(o, '$.date') THEN o END AS u,"
        f" _member, _row FROM {relation})"
    )
    return parsed_once(
        f"""{first("u", "id_str", "id")} AS account_id, {columns}, {rest("u", known)} AS extra,
        _member, _row, u::VARCHAR AS _raw,
        coalesce(try_cast({value("u", "statusesCount")} AS BIGINT), 0) AS _order""",
        f"(FROM {people} WHERE u IS NOT NULL)",
        "u",
    )


def _posts(relation: str) -> str:
    """The posts; a repost has the text, the tags and the links of what it repeats."""
    source = "CASE WHEN json_exists(o, '$.retweetedTweet.user') THEN o->'retweetedTweet' ELSE o END"
    replied = first("o", "inReplyToTweetIdStr", "inReplyToTweetId")
    repeated = first("o", "retweetedTweet.id_str", "retweetedTweet.id")
    quoted = first("o", "quotedTweet.id_str", "quotedTweet.id")
    other = first(
        "o",
        *(
            f"{m}.{i}"
            for m in ("retweetedTweet.user", "quotedTweet.user")
            for i in ("id_str", "id")
        ),
        "inReplyToUser.id_str",
        "inReplyToUser.id",
    )
    links = "json_extract_string(source, '$.links[*].url')"
    older = "coalesce(json_extract_string(source, '$.outlinks[*]'), [])"
    columns = f"""{first("o", "id_str", "id")} AS post_id,
        {first("o", "user.id_str", "user.id")} AS account_id, {value("o", "date")} AS created_at,
        {first("source", "rawContent", "content")} AS text, {value("o", "lang")} AS lang,
        CASE WHEN {repeated} IS NOT NULL THEN 'repost' WHEN {quoted} IS NOT NULL THEN 'quote'
             WHEN {replied} IS NOT NULL THEN 'reply' ELSE 'original' END AS kind,
        coalesce({repeated}, {quoted}, {replied}) AS ref_post_id, {other} AS ref_account_id,
        json_extract_string(source, '$.hashtags[*]') AS hashtags,
        CASE WHEN len({links}) > 0 THEN {links} ELSE {older} END AS urls,
        json_extract_string(source, '$.mentionedUsers[*].username') AS mentions,
        coalesce({value("o", "sourceLabel")},
            nullif(regexp_replace({value("o", "source")}, '<[^>]*>', '', 'g'), '')) AS source_app,
        {value("o", "retweetCount")} AS reposts, {value("o", "likeCount")} AS likes,
        {value("o", "replyCount")} AS replies, {value("o", "quoteCount")} AS quotes,
        CASE WHEN place > 1 THEN map_concat({rest("o", list(POST_KNOWN))},
            MAP {{'referenced': 'true'}}) ELSE {rest("o", list(POST_KNOWN))} END AS extra,
        _member, _row, _raw, place AS _order, {malformed(BROKEN)}"""
    is_post = f"{BROKEN} OR json_exists(o, '$.date') OR NOT json_exists(o, '$.username')"
    return parsed_once(
        columns,
        f"(SELECT *, {source} AS source FROM {relation} WHERE {is_post})",
        "o",
        "source",
    )
