"""YouTube's interface: threads of comments, comments, videos, searches and channels as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities
from curation.ingest.reading.json import (
    each_listed,
    first,
    malformed,
    objects,
    parsed_once,
    rest,
    value,
)
from curation.ingest.recognition.head import Guess, Head, at
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

LISTS = ("items",)
KINDS = ("commentThread", "comment", "video", "searchResult", "channel", "playlistItem")
COMMENT, CHANNEL, THREAD = "youtube#comment", "youtube#channel", "youtube#commentThread"
SAID = (
    *("authorDisplayName", "authorChannelId", "authorChannelUrl", "authorProfileImageUrl"),
    *("textOriginal", "textDisplay", "publishedAt", "likeCount", "parentId", "title"),
    *("description", "thumbnails", "localized", "channelId", "channelTitle", "defaultLanguage"),
    *("viewerRating", "canRate", "liveBroadcastContent", "customUrl", "resourceId"),
)
"""Members of a snippet that columns hold, or that say nothing of a post; others go to `extra`."""


class Options(StrictModel):
    """`youtube-api` has no options."""


def recognise(head: Head) -> Guess | None:
    """Answers of the interface, or the items of them."""
    known = [f"youtube#{kind}" for kind in KINDS]
    items = [o for o in head.within(LISTS).objects if at(o, "snippet") is not None]
    mine = [o for o in items if o.get("kind") in known]
    return Guess(0.97) if mine and len(mine) > len(items) / 2 else None


@format_(
    "youtube-api",
    options=Options,
    traits=Traits(
        platform="youtube",
        fills=("accounts", "posts"),
        unknown="profiles of who only comments; when it was fetched",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Comments, threads, videos, searches and channels of YouTube's interface. A video is a post of
    its channel; an answer to a comment refers to it.
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST, followers DESC NULLS LAST",
        posts="likes DESC NULLS LAST",
    ):
        for file in files:
            relation = stage.keep("youtube", _items(file, objects(stage, file)))
            stage.add_once("accounts", _accounts(relation), "account_id", "_order DESC, _row")
            stage.add_once("posts", _posts(relation), "post_id", "_order DESC, _row")
            entities.tell_alone(stage, file)


def _items(file: SourceFile, found: str) -> str:
    """One row an item; a thread is its comments."""
    within = (
        "list_filter([n->'$.snippet.topLevelComment']"
        " || coalesce(json_extract(n, '$.replies.comments[*]'), []), lambda o: o IS NOT NULL)"
    )
    each = f"CASE WHEN {value('n', 'kind')} = '{THREAD}' THEN {within} ELSE [n] END"
    return (
        f"SELECT o, {literal(file.name)} AS _member, row AS _row, coalesce(raw, o::VARCHAR) AS _raw"
        f" FROM (SELECT unnest({each}) AS o, row, raw FROM"
        f" (SELECT unnest({each_listed(LISTS)}) AS n, row,"
        f" CASE WHEN j IS NULL THEN raw END AS raw FROM {found}))"
    )


def _author(kind: str) -> str:
    """SQL of an item's account: who commented, whose video or channel it is."""
    return (
        f"CASE {kind} WHEN '{COMMENT}' THEN"
        f" {first('o', 'snippet.authorChannelId.value', 'snippet.authorChannelId')}"
        f" WHEN '{CHANNEL}' THEN {value('o', 'id')}"
        f" ELSE {first('o', 'snippet.videoOwnerChannelId', 'snippet.channelId')} END"
    )


def _accounts(relation: str) -> str:
    kind = value("o", "kind")
    own = f"{kind} = '{CHANNEL}'"

    def of_channel(path: str) -> str:
        return f"CASE WHEN {own} THEN {value('o', path)} END"

    hidden = f"{value('o', 'statistics.hiddenSubscriberCount')} = 'true'"
    owner = first("o", "snippet.videoOwnerChannelTitle", "snippet.channelTitle")
    known = ["title", "description", "customUrl", "publishedAt", "thumbnails", "localized"]
    found = parsed_once(
        f"""{_author(kind)} AS account_id, {of_channel("snippet.customUrl")} AS handle,
        CASE {kind} WHEN '{COMMENT}' THEN {value("o", "snippet.authorDisplayName")}
            WHEN '{CHANNEL}' THEN {value("o", "snippet.title")} ELSE {owner} END AS display_name,
        {of_channel("snippet.description")} AS bio,
        {of_channel("snippet.publishedAt")} AS created_at,
        CASE WHEN NOT coalesce({hidden}, false)
            THEN {of_channel("statistics.subscriberCount")} END AS followers,
        {of_channel("statistics.videoCount")} AS posts_total,
        CASE WHEN {own} THEN {rest("snippet", known)} END AS extra, _member, _row, _raw,
        ({own})::INT AS _order""",
        f"(SELECT *, o->'snippet' AS snippet FROM {relation})",
        "o",
    )
    return f"SELECT * FROM ({found}) WHERE account_id IS NOT NULL"


def _posts(relation: str) -> str:
    kind = value("o", "kind")
    said = first("snippet", "textOriginal")
    shown = entities.plain(value("snippet", "textDisplay"))
    own = value("snippet", "description")
    video = f"concat_ws(chr(10) || chr(10), {value('snippet', 'title')}, nullif({own}, ''))"
    text = f"CASE WHEN {kind} = '{COMMENT}' THEN coalesce({said}, {shown}) ELSE {video} END"
    name = first("o", "id.videoId", "snippet.resourceId.videoId", "id")
    parent = value("snippet", "parentId")
    said_by = entities.alone(_author(kind), value("o", "id"))
    owner = f"CASE WHEN {kind} = '{COMMENT}' THEN {said_by} ELSE {_author(kind)} END"
    broken = (
        "coalesce(json_type(o), '') <> 'OBJECT' OR coalesce(json_type(o, '$.snippet'), '')"
        " <> 'OBJECT'"
    )
    columns = f"""{name} AS post_id, {owner} AS account_id,
        {value("snippet", "publishedAt")} AS created_at, text,
        {first("snippet", "defaultLanguage", "defaultAudioLanguage")} AS lang,
        CASE WHEN {parent} IS NOT NULL THEN 'reply' ELSE 'original' END AS kind,
        {parent} AS ref_post_id, {entities.hashtags("text")} AS hashtags,
        {entities.urls("text")} AS urls,
        coalesce({value("snippet", "likeCount")}, {value("o", "statistics.likeCount")}) AS likes,
        {value("o", "statistics.commentCount")} AS replies,
        {rest("snippet", list(SAID))} AS extra, _member, _row, _raw,
        coalesce({kind} = 'youtube#video', false)::INT AS _order, {malformed(broken)}"""
    no_post = (
        f"{kind} = '{CHANNEL}' OR"
        f" ({kind} = 'youtube#searchResult' AND {value('o', 'id.videoId')} IS NULL)"
    )
    found = (
        f"(SELECT *, {text} AS text FROM (SELECT *, o->'snippet' AS snippet FROM {relation})"
        f" WHERE NOT coalesce({no_post}, false))"
    )
    return parsed_once(columns, found, "o", "snippet")
