"""Tweets of Twitter's interface v1.1 as rows of the table posts, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.ingest.reading import entities
from curation.ingest.reading.json import malformed, parsed_once, rest, value

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile

TWEET = (
    "id",
    "id_str",
    "text",
    "full_text",
    "created_at",
    "lang",
    "user",
    "source",
    "retweet_count",
    "favorite_count",
    "reply_count",
    "quote_count",
    "entities",
    "retweeted_status",
    "quoted_status",
    "quoted_status_id",
    "quoted_status_id_str",
    "in_reply_to_status_id",
    "in_reply_to_status_id_str",
    "in_reply_to_user_id",
    "in_reply_to_user_id_str",
    "in_reply_to_screen_name",
)
"""Members of a tweet that columns hold; the others go to `extra`."""


def posts(file: SourceFile, found: str, author: str | None = None) -> str:
    """SQL of the posts of tweets: `found` has each as `j`, with `raw` and `row`.

    `author` is SQL of the author's id, where the tweets hold none.
    """

    def first(*paths: str) -> str:
        return f"coalesce({', '.join(value('j', p) for p in paths)})"

    def list_of(path: str, read_off: str) -> str:
        # What a cut text lost is unknown, not empty.
        listed = f"json_extract_string(entities, {literal(path)})"
        return f"CASE WHEN NOT cut THEN coalesce({listed}, {read_off}) END"

    original = first(
        "retweeted_status.id_str",
        "retweeted_status.id",
        "quoted_status_id_str",
        "quoted_status_id",
        "in_reply_to_status_id_str",
        "in_reply_to_status_id",
    )
    other = first(
        "retweeted_status.user.id_str",
        "retweeted_status.user.id",
        "quoted_status.user.id_str",
        "quoted_status.user.id",
        "in_reply_to_user_id_str",
        "in_reply_to_user_id",
    )
    replied = first("in_reply_to_user_id_str", "in_reply_to_user_id", "in_reply_to_status_id_str")
    columns = f"""{first("id_str", "id")} AS post_id,
        {author or first("user.id_str", "user.id")} AS account_id,
        {value("j", "created_at")} AS created_at, text, {value("j", "lang")} AS lang,
        CASE WHEN json_type(j, '$.retweeted_status') = 'OBJECT' THEN 'repost'
             WHEN {first("quoted_status_id_str", "quoted_status_id", "quoted_status.id_str")}
                 IS NOT NULL THEN 'quote'
             WHEN {replied} IS NOT NULL THEN 'reply'
             WHEN {entities.kind("text")} = 'repost' THEN 'repost' ELSE 'original' END AS kind,
        {original} AS ref_post_id, {other} AS ref_account_id,
        {list_of("$.hashtags[*].text", entities.hashtags("text"))} AS hashtags,
        {list_of("$.urls[*].expanded_url", entities.urls("text"))} AS urls,
        {list_of("$.user_mentions[*].screen_name", entities.mentions("text"))}
            AS mentions,
        nullif(regexp_replace({value("j", "source")}, '<[^>]*>', '', 'g'), '') AS source_app,
        {value("j", "retweet_count")} AS reposts, {value("j", "favorite_count")} AS likes,
        {value("j", "reply_count")} AS replies, {value("j", "quote_count")} AS quotes,
        {entities.marked("kept", "cut")} AS extra,
        {literal(file.name)} AS _member, row AS _row, raw AS _raw,
        {malformed("json_type(j) IS DISTINCT FROM 'OBJECT'")}"""
    return parsed_once(
        columns, f"(SELECT *, {rest('j', list(TWEET))} AS kept FROM ({_with_text(found)}))"
    )


def _with_text(found: str) -> str:
    """The objects of `found` with their longest `text`, its own `entities`, and whether it is cut.

    Streams give a long text in `extended_tweet`, and that of a repost in `retweeted_status`.
    """

    def longest(prefix: str) -> tuple[str, str, str]:
        """SQL of the text of a tweet, of its entities, and of whether only a cut text is there."""
        extended = f"{prefix}extended_tweet."
        long = value("j", f"{extended}full_text")
        text = (
            f"coalesce({long}, {value('j', prefix + 'full_text')}, {value('j', prefix + 'text')})"
        )
        there = f"CASE WHEN {long} IS NOT NULL THEN json_extract(j, '$.{extended}entities') END"
        cut = f"{long} IS NULL AND {value('j', prefix + 'truncated')} = 'true'"
        return text, f"coalesce({there}, json_extract(j, '$.{prefix}entities'))", cut

    own, own_entities, own_cut = longest("")
    other, other_entities, other_cut = longest("retweeted_status.")
    texts = parsed_once(
        f"*, {own} AS own, {other} AS other, coalesce({own_cut}, false) AS own_cut,"
        f" coalesce({other_cut}, false) AS other_cut",
        found,
        name="longest",
    )
    better = (
        "other IS NOT NULL AND (own IS NULL OR length(other) > length(own)"
        " OR (ends_with(own, '…') AND NOT contains(own, other)))"
    )
    chosen = f"SELECT *, coalesce({better}, false) AS better FROM ({texts})"
    return (
        "SELECT *, CASE WHEN better THEN other ELSE own END AS text,"
        f" CASE WHEN better THEN {other_entities} ELSE {own_entities} END AS entities,"
        f" CASE WHEN better THEN other_cut ELSE own_cut OR {entities.cut_repost('own', 'other')}"
        f" END AS cut FROM ({chosen})"
    )
