"""`twitter-v1-csv`: profiles or posts of Twitter's API v1.1 as CSV (the Cresci data sets)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from botbench.core.strict_model import StrictModel
from curation.ingest.reading.files import SourceFile
from curation.ingest.reading.stage import Stage
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_
from curation.ingest.sources.tabular import Options as TableOptions
from curation.ingest.sources.tabular import read as read_table

PROFILE = {
    "handle": "screen_name",
    "display_name": "name",
    "bio": "description",
    "location": "location",
    "url": "url",
    "created_at": "created_at",
    "followers": "followers_count",
    "following": "friends_count",
    "posts_total": "statuses_count",
    "likes_total": "favourites_count",
    "listed": "listed_count",
    "lang": "lang",
}
FLAG = {
    "verified": "verified",
    "protected": "protected",
    "default_profile": "default_profile",
    "default_avatar": "default_profile_image",
}
POST = {
    "created_at": "created_at",
    "text": "text",
    "lang": "lang",
    "reposts": "retweet_count",
    "likes": "favorite_count",
    "replies": "reply_count",
}
WORDS = ("handle", "display_name", "bio", "location", "text")
"""Columns that people write themselves, in which NULL is a word."""

REFERS = {"retweeted_status_id": "repost", "in_reply_to_status_id": "reply"}
NOTHING = ("NULL", "\\N")


class Options(StrictModel):
    """Options of `twitter-v1-csv`."""

    what: Literal["profiles", "posts"] = "profiles"
    """Whether a row is a profile or a post."""
    observed_at: Any = None
    """For profiles: the time of observation, as a column or a mapping as in `tabular`."""
    empty_flag: Literal["false", "unknown"] = "false"
    """What an empty flag means; these files write 1 or nothing."""
    claims: Any = None
    """The label: a mapping as in `tabular` (`answer`, `attributes`, ...)."""
    nulls: tuple[str, ...] = NOTHING
    """Words for a missing value."""
    separator: str = ","
    escape: str | None = None
    encoding: str = "utf-8"
    nul: Literal["reject", "symbol"] = "reject"
    """NUL bytes: quarantine the row (`reject`), or write them as U+2400 (`symbol`)."""
    ignore: tuple[str, ...] = Field(default=())
    """Columns to leave out."""


def recognise(head: Head) -> Guess | None:
    """A header with the attributes of profiles, or of posts."""
    columns = set(head.columns)
    told = {"separator": head.separator} if head.separator != "," else {}
    if {"id", "screen_name", "followers_count", "friends_count", "statuses_count"} <= columns:
        return Guess(0.9, told)
    if {"id", "user_id", "text", "retweet_count", "in_reply_to_status_id"} <= columns:
        return Guess(0.9, {"what": "posts", **told})
    return None


@format_(
    "twitter-v1-csv",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts"),
        unknown="labels, unless the card says where they are",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Profiles or posts of Twitter's interface v1.1 as CSV, one column an attribute; columns may be
    absent.
    """
    mapping = _profiles(options) if options.what == "profiles" else _posts()
    table = TableOptions.model_validate(
        {
            "type": "csv",
            "separator": options.separator,
            "escape": options.escape,
            "encoding": options.encoding,
            "nulls": options.nulls,
            "ignore": options.ignore,
            "nul": options.nul,
            **mapping,
            **({"claims": options.claims} if options.claims is not None else {}),
        }
    )
    read_table(stage, files, table)


def _profiles(options: Options) -> dict[str, Any]:
    """The columns of a profile; a bio or a name that reads NULL is kept as text."""
    named = {
        ours: {"column": theirs, "optional": True, "literal": ours in WORDS}
        for ours, theirs in PROFILE.items()
    }
    empty = "false" if options.empty_flag == "false" else None
    flags = {
        ours: {"column": theirs, "optional": True, "empty": empty} for ours, theirs in FLAG.items()
    }
    seen = {"observed_at": options.observed_at} if options.observed_at is not None else {}
    return {"accounts": {"account_id": "id", **named, **flags, **seen}}


def _posts() -> dict[str, Any]:
    """The columns of a post; the ids of replied-to and reposted posts are 0 where absent."""
    named = {
        ours: {"column": theirs, "optional": True, "literal": ours in WORDS}
        for ours, theirs in POST.items()
    }
    return {
        "posts": {
            "post_id": "id",
            "account_id": "user_id",
            **named,
            "kind": {"when": REFERS, "nulls": "0", "otherwise": "original", "optional": True},
            "ref_post_id": {"first": list(REFERS), "nulls": "0", "optional": True},
            "ref_account_id": {"column": "in_reply_to_user_id", "nulls": "0", "optional": True},
            "source_app": {"column": "source", "optional": True},
        }
    }
