"""Twitter v1.1 JSON: user objects, objects that hold a user, or whole tweets with their authors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities, users
from curation.ingest.reading.json import malformed, objects, rest, value
from curation.ingest.sources import format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

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


class Options(StrictModel):
    """Options of `twitter-v1-json`."""

    user: str | None = Field(
        None,
        description=(
            "member that holds the user; by default `user` where there is one, else the object"
        ),
    )
    observed_at: str | None = Field(
        None, description="member that says when the user looked like this, such as created_at"
    )
    posts: bool = Field(False, description="the objects are tweets: read them as posts too")
    answer: str | None = Field(
        None, description="member of the object that holds the label, where it stands here"
    )
    answers: dict[str, str] = Field(
        default_factory=dict, description="what the label's codes mean: code to answer"
    )


@format_("twitter-v1-json", options=Options, version=2)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """User objects of Twitter's interface v1.1, alone or inside tweets: an array, or one object a
    line.
    """
    for file in files:
        found = objects(stage, file)
        stage.add("accounts", _accounts(file, found, options))
        if options.posts:
            stage.add("posts", _posts(file, found))
            entities.tell_cut(stage, file)
        if options.answer:
            stage.add("claims", _claims(file, found, options))


def _user(options: Options) -> str:
    """SQL of the user object; NULL where there is none."""
    if options.user:
        return f"json_extract(j, {literal('$.' + options.user)})"
    return (
        "CASE WHEN json_type(j, '$.user') = 'OBJECT' THEN j->'user' WHEN json_type(j) = 'OBJECT'"
        " THEN j END"
    )


def _with_user(file: SourceFile, found: str, options: Options) -> str:
    return (
        f"(SELECT {literal(file.name)} AS _member, row AS _row, raw AS _raw, j, {_user(options)} AS"
        f" u FROM {found})"
    )


def _accounts(file: SourceFile, found: str, options: Options) -> str:
    observed = f"{value('j', options.observed_at)} AS observed_at, " if options.observed_at else ""
    columns = users.columns("u", users.V1, ("id", "id_str"))
    return (
        f"SELECT {users.account_id('u', ('id_str', 'id'))} AS account_id, {observed}{columns},"
        f" _member, _row, _raw, {malformed('u IS NULL')} FROM {_with_user(file, found, options)}"
    )


def _claims(file: SourceFile, found: str, options: Options) -> str:
    answer = value("j", options.answer or "")
    codes = " ".join(
        f"WHEN {literal(code)} THEN {literal(meaning)}" for code, meaning in options.answers.items()
    )
    mapped = f"CASE {answer} {codes} ELSE {answer} END" if codes else answer
    return (
        f"SELECT {users.account_id('u', ('id_str', 'id'))} AS account_id, {mapped} AS answer,"
        f" _member, _row, _raw, {malformed('u IS NULL')} FROM {_with_user(file, found, options)}"
    )


def _posts(file: SourceFile, found: str) -> str:
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
    author = first(
        "retweeted_status.user.id_str",
        "retweeted_status.user.id",
        "quoted_status.user.id_str",
        "quoted_status.user.id",
        "in_reply_to_user_id_str",
        "in_reply_to_user_id",
    )
    replied = first("in_reply_to_user_id_str", "in_reply_to_user_id", "in_reply_to_status_id_str")
    return f"""SELECT {first("id_str", "id")} AS post_id,
        {first("user.id_str", "user.id")} AS account_id,
        {value("j", "created_at")} AS created_at, text, {value("j", "lang")} AS lang,
        CASE WHEN json_type(j, '$.retweeted_status') = 'OBJECT' THEN 'repost'
             WHEN {first("quoted_status_id_str", "quoted_status_id", "quoted_status.id_str")}
                 IS NOT NULL THEN 'quote'
             WHEN {replied} IS NOT NULL THEN 'reply'
             WHEN {entities.kind("text")} = 'repost' THEN 'repost' ELSE 'original' END AS kind,
        {original} AS ref_post_id, {author} AS ref_account_id,
        {list_of("$.hashtags[*].text", entities.hashtags("text"))} AS hashtags,
        {list_of("$.urls[*].expanded_url", entities.urls("text"))} AS urls,
        {list_of("$.user_mentions[*].screen_name", entities.mentions("text"))}
            AS mentions,
        nullif(regexp_replace({value("j", "source")}, '<[^>]*>', '', 'g'), '') AS source_app,
        {value("j", "retweet_count")} AS reposts, {value("j", "favorite_count")} AS likes,
        {value("j", "reply_count")} AS replies, {value("j", "quote_count")} AS quotes,
        {entities.marked(rest("j", list(TWEET)), "cut")} AS extra,
        {literal(file.name)} AS _member, row AS _row, raw AS _raw,
        {malformed("json_type(j) IS DISTINCT FROM 'OBJECT'")}
        FROM ({_with_text(found)})"""


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
    texts = (
        f"SELECT *, {own} AS own, {other} AS other, coalesce({own_cut}, false) AS own_cut,"
        f" coalesce({other_cut}, false) AS other_cut FROM {found}"
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
