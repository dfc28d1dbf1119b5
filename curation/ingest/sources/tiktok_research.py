"""TikTok's interface for research: videos, comments and profiles as JSON."""

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
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

LISTS = ("data.videos", "data.comments", "videos", "comments")
PROFILE = ("display_name", "follower_count", "following_count", "video_count")
KNOWN = (
    *("id", "video_description", "text", "create_time", "username", "hashtag_names", "like_count"),
    *("comment_count", "reply_count", "share_count", "parent_comment_id"),
)


class Options(StrictModel):
    """`tiktok-research` has no options."""


def recognise(head: Head) -> Guess | None:
    """Answers of the interface, or their videos and comments."""
    inner = head.at("data").within(("videos", "comments"))
    videos = inner.share("id", "video_description", "create_time")
    videos += inner.share("id", "video_id", "text", "create_time", "parent_comment_id")
    people = inner.share(*PROFILE)
    return Guess(0.95) if videos + people > 0.5 else None


@format_(
    "tiktok-research",
    options=Options,
    traits=Traits(
        platform="tiktok",
        fills=("accounts", "posts"),
        unknown="ids of accounts, which go by their names; who commented, unless it was asked for;"
        " when it was fetched",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Videos, comments and profiles of TikTok's interface for research. Accounts go by their names;
    a comment answers its video or another comment.
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST", posts="likes DESC NULLS LAST"
    ):
        for file in files:
            relation = stage.keep("tiktok", _items(file, objects(stage, file)))
            stage.add_once("accounts", _accounts(relation), "account_id", "_order DESC, _row")
            stage.add("posts", _posts(relation))
            entities.tell_alone(stage, file)


def _items(file: SourceFile, found: str) -> str:
    """One row a video, comment or profile: `o`."""
    is_profile = f"json_exists(j, '$.data.{PROFILE[1]}')"
    return (
        f"SELECT o, {literal(file.name)} AS _member, row AS _row, coalesce(raw, o::VARCHAR) AS _raw"
        f" FROM (SELECT unnest(CASE WHEN {is_profile} THEN [j->'data']"
        f" ELSE {each_listed(LISTS)} END) AS o, row,"
        f" CASE WHEN j IS NULL THEN raw END AS raw FROM {found})"
    )


def _accounts(relation: str) -> str:
    known = ["username", "id", "bio_description", "avatar_url", *PROFILE]
    named = first("o", "username", "display_name")
    profile = f"json_exists(o, '$.{PROFILE[1]}')"

    def of_profile(path: str) -> str:
        return f"CASE WHEN {profile} THEN {value('o', path)} END"

    return parsed_once(
        f"""{named} AS account_id, {value("o", "username")} AS handle,
        {of_profile("display_name")} AS display_name, {of_profile("bio_description")} AS bio,
        {of_profile("follower_count")} AS followers, {of_profile("following_count")} AS following,
        {of_profile("video_count")} AS posts_total, {of_profile("is_verified")} AS verified,
        CASE WHEN {profile} THEN {rest("o", [*known, "is_verified"])} END AS extra,
        _member, _row, _raw, ({profile})::INT AS _order""",
        f"(FROM {relation} WHERE json_exists(o, '$.username')"
        f" OR (json_exists(o, '$.{PROFILE[1]}') AND json_exists(o, '$.display_name')))",
        "o",
    )


def _posts(relation: str) -> str:
    video = value("o", "video_id")
    parent = f"nullif({value('o', 'parent_comment_id')}, '0')"
    named = "json_extract_string(o, '$.hashtag_names[*]')"
    tags = f"CASE WHEN json_exists(o, '$.hashtag_names') THEN {named} END"
    columns = f"""{value("o", "id")} AS post_id,
        {entities.alone(value("o", "username"), value("o", "id"))} AS account_id,
        {value("o", "create_time")} AS created_at, text,
        CASE WHEN {video} IS NULL THEN 'original' ELSE 'reply' END AS kind,
        coalesce({parent}, {video}) AS ref_post_id,
        coalesce({tags}, {entities.hashtags("text")}) AS hashtags,
        {entities.urls("text")} AS urls, {entities.mentions("text")} AS mentions,
        {value("o", "share_count")} AS reposts, {value("o", "like_count")} AS likes,
        {first("o", "comment_count", "reply_count")} AS replies,
        {rest("o", list(KNOWN))} AS extra, _member, _row, _raw,
        {malformed("coalesce(json_type(o), '') <> 'OBJECT' OR NOT json_exists(o, '$.id')")}"""
    found = (
        f"(SELECT *, {first('o', 'video_description', 'text')} AS text FROM {relation}"
        f" WHERE NOT coalesce(json_exists(o, '$.{PROFILE[1]}'), false))"
    )
    return parsed_once(columns, found, "o")
