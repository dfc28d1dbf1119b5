"""User objects of Twitter's interfaces (v1.1 and v2) as rows of the table accounts, in SQL."""

from __future__ import annotations

from botbench.core.sql import literal
from curation.ingest.reading.json import rest, value

V1 = {
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
    "verified": "verified",
    "protected": "protected",
    "default_profile": "default_profile",
    "default_avatar": "default_profile_image",
    "lang": "lang",
}
"""Schema column to member of a v1.1 user object."""

UNSAID = "-1"
"""What Twitter writes for a count of v1.1 that it does not say."""
V1_COUNTS = tuple(path for path in V1.values() if path.endswith("_count"))

V2 = {
    "handle": "username",
    "display_name": "name",
    "bio": "description",
    "location": "location",
    "url": "url",
    "created_at": "created_at",
    "followers": "public_metrics.followers_count",
    "following": "public_metrics.following_count",
    "posts_total": "public_metrics.tweet_count",
    "likes_total": "public_metrics.like_count",
    "listed": "public_metrics.listed_count",
    "verified": "verified",
    "protected": "protected",
}
"""Schema column to member of a v2 user object."""


def said(text: str, trailing_blank: bool) -> str:
    """SQL of a value; with `trailing_blank`, one blank at its end goes, and `None` is NULL."""
    if not trailing_blank:
        return text
    bare = (
        f"CASE WHEN ends_with({text}, ' ') THEN substr({text}, 1, length({text}) - 1) ELSE"
        f" {text} END"
    )
    return f"nullif({bare}, 'None')"


def account_id(
    user: str, names: tuple[str, ...], prefix: str = "", trailing_blank: bool = False
) -> str:
    """SQL: the first id that is not NULL, without `prefix`."""
    found = f"coalesce({', '.join(said(value(user, n), trailing_blank) for n in names)})"
    return without_prefix(found, prefix)


def without_prefix(text: str, prefix: str) -> str:
    """SQL: `text` without the prefix that every id has."""
    if not prefix:
        return text
    return (
        f"CASE WHEN starts_with({text}, {literal(prefix)}) THEN substr({text}, {len(prefix) + 1})"
        f" ELSE {text} END"
    )


def columns(
    user: str, keys: dict[str, str], known: tuple[str, ...] = (), trailing_blank: bool = False
) -> str:
    """SQL: the columns of `keys` from a user object, and the rest as `extra`.

    The ids in `known` are left out of `extra`.
    """
    mapped = [
        f"{_told(user, column, path, trailing_blank)} AS {column}" for column, path in keys.items()
    ]
    nested = {path.split(".")[0] for path in keys.values() if "." in path}
    top = sorted({path.split(".")[0] for path in keys.values()} - nested | set(known))
    return ", ".join([*mapped, f"{rest(user, top, said('{}', trailing_blank))} AS extra"])


def _told(user: str, column: str, path: str, trailing_blank: bool) -> str:
    """SQL of one member; a null link is empty, as Twitter writes null for "no link", and a count
    that is not said is missing.
    """
    told = said(value(user, path), trailing_blank)
    if path in V1_COUNTS:
        return f"nullif({told}, '{UNSAID}')"
    return (
        f"CASE WHEN json_type({user}, '$.{path}') = 'NULL' THEN '' ELSE {told} END"
        if column == "url"
        else told
    )
