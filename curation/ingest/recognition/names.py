"""What the columns of accounts are called elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "account_id": ("accountid", "userid", "useridstr", "idstr", "authorid", "uid", "id"),
    "handle": ("handle", "screenname", "userscreenname", "username", "login", "acct"),
    "display_name": ("displayname", "fullname", "realname", "name"),
    "bio": ("bio", "description", "userdescription", "about"),
    "location": ("location", "place"),
    "url": ("url", "website"),
    "created_at": ("createdat", "usercreatedat", "accountcreated", "created", "joined", "joindate"),
    "observed_at": ("observedat", "crawledat", "collectedat", "observed", "seen", "updated"),
    "followers": ("followers", "followerscount", "numberoffollowers", "numfollowers"),
    "following": (
        "following",
        "friendscount",
        "followingcount",
        "friends",
        "numberoffollowings",
        "followees",
    ),
    "likes_total": ("likestotal", "favouritescount", "favoritescount", "likescount", "likes"),
    "posts_total": (
        "poststotal",
        "statusescount",
        "tweetcount",
        "tweetscount",
        "numberoftweets",
        "statuses",
        "tweets",
        "posts",
    ),
    "listed": ("listed", "listedcount"),
    "verified": ("verified",),
    "protected": ("protected",),
    "default_profile": ("defaultprofile",),
    "default_avatar": ("defaultavatar", "defaultprofileimage"),
    "lang": ("lang", "language"),
}
"""Columns of accounts, and what people and tools call them: small letters and digits only; the
first that a table has is taken."""
LABELS = ("label", "answer", "class", "target", "isbot", "bot", "accounttype", "type", "category")
"""What a column of labels is called; the first that a table has is taken."""
VAGUE = {"class", "target", "accounttype", "type", "category"}
"""Of these, names that other things have too: every value must be known, bot and human."""


def mapped(names: Iterable[str]) -> dict[str, str]:
    """Which column of a table is which column of accounts; a column is taken once.

    >>> mapped(["User ID", "screen_name", "followers_count", "label"])
    {'account_id': 'User ID', 'handle': 'screen_name', 'followers': 'followers_count'}
    """
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(folded(name), name)
    found: dict[str, str] = {}
    for column, known in ACCOUNTS.items():
        own = next((by_name[k] for k in known if k in by_name), None)
        if own is not None and own not in found.values():
            found[column] = own
    return found


def folded(name: str) -> str:
    """A column's name in small letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
