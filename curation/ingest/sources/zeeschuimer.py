"""Items that Zeeschuimer has seen in a browser, as it or 4CAT writes them: one object a line.

The items are what the sites' own pages get, and their form changes every few months: an item that
lacks what it needs is set aside with the member's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities
from curation.ingest.reading.json import first, objects, parsed_once, value
from curation.ingest.recognition.head import Guess, Head, at
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


def _items(path: str) -> str:
    return f"json_extract_string(d, {literal('$.' + path)})"


USER, TWEET = "core.user_results.result", "legacy"
ORIGINAL = "legacy.retweeted_status_result.result"
QUOTED = "quoted_status_result.result"


@dataclass(frozen=True)
class Site:
    """Where a site's items have what the tables need: SQL over `d`, the item."""

    name: str
    hosts: tuple[str, ...]
    needs: tuple[str, ...]
    """Paths that every item has; one that is missing has moved."""
    account: dict[str, str]
    post: dict[str, str]
    item: str = "d"
    """SQL of the item within what was seen."""
    extra: dict[str, str] = field(default_factory=dict)


def _x() -> Site:
    note = "note_tweet.note_tweet_results.result"
    text = first(
        "d",
        f"{ORIGINAL}.{note}.text",
        f"{ORIGINAL}.legacy.full_text",
        f"{note}.text",
        "legacy.full_text",
    )

    def listed(member: str) -> str:
        parts = (f"{ORIGINAL}.legacy.entities", f"{note}.entity_set", "legacy.entities")
        tests = (f"{ORIGINAL}.legacy", note, "legacy")
        cases = " ".join(
            f"WHEN json_exists(d, {literal('$.' + t)}) THEN {_items(f'{p}.{member}')}"
            for t, p in zip(tests, parts, strict=True)
        )
        return f"CASE {cases} END"

    return Site(
        "twitter",
        ("twitter.com", "x.com"),
        ("rest_id", f"{USER}.rest_id", "legacy.full_text", "legacy.created_at"),
        {
            "account_id": value("d", f"{USER}.rest_id"),
            "handle": first("d", f"{USER}.core.screen_name", f"{USER}.legacy.screen_name"),
            "display_name": first("d", f"{USER}.core.name", f"{USER}.legacy.name"),
            "bio": first("d", f"{USER}.legacy.description", f"{USER}.profile_bio.description"),
            "location": first("d", f"{USER}.legacy.location", f"{USER}.location.location"),
            "url": value("d", f"{USER}.legacy.url"),
            "created_at": first("d", f"{USER}.core.created_at", f"{USER}.legacy.created_at"),
            "followers": value("d", f"{USER}.legacy.followers_count"),
            "following": value("d", f"{USER}.legacy.friends_count"),
            "posts_total": value("d", f"{USER}.legacy.statuses_count"),
            "likes_total": value("d", f"{USER}.legacy.favourites_count"),
            "listed": value("d", f"{USER}.legacy.listed_count"),
            "verified": first("d", f"{USER}.is_blue_verified", f"{USER}.legacy.verified"),
            "default_profile": value("d", f"{USER}.legacy.default_profile"),
            "default_avatar": value("d", f"{USER}.legacy.default_profile_image"),
        },
        {
            "post_id": value("d", "rest_id"),
            "created_at": value("d", "legacy.created_at"),
            "text": text,
            "lang": value("d", "legacy.lang"),
            "kind": (
                f"CASE WHEN json_exists(d, '$.{ORIGINAL}') THEN 'repost'"
                f" WHEN {value('d', 'legacy.is_quote_status')} = 'true' THEN 'quote'"
                f" WHEN {value('d', 'legacy.in_reply_to_status_id_str')} IS NOT NULL THEN 'reply'"
                " ELSE 'original' END"
            ),
            "ref_post_id": first(
                "d",
                f"{ORIGINAL}.rest_id",
                f"{QUOTED}.rest_id",
                f"{QUOTED}.tweet.rest_id",
                "legacy.quoted_status_id_str",
                "legacy.in_reply_to_status_id_str",
            ),
            "ref_account_id": first(
                "d",
                f"{ORIGINAL}.{USER}.rest_id",
                f"{QUOTED}.{USER}.rest_id",
                f"{QUOTED}.tweet.{USER}.rest_id",
                "legacy.in_reply_to_user_id_str",
            ),
            "hashtags": listed("hashtags[*].text"),
            "urls": listed("urls[*].expanded_url"),
            "mentions": listed("user_mentions[*].screen_name"),
            "source_app": f"nullif(regexp_replace({value('d', 'source')}, '<[^>]*>', '', 'g'), '')",
            "reposts": value("d", "legacy.retweet_count"),
            "likes": value("d", "legacy.favorite_count"),
            "replies": value("d", "legacy.reply_count"),
            "quotes": value("d", "legacy.quote_count"),
        },
        # A post of limited visibility stands within a wrapper.
        item="CASE WHEN json_exists(d, '$.tweet.rest_id') THEN d->'tweet' ELSE d END",
        extra={
            "views": value("d", "views.count"),
            "conversation_id": value("d", "legacy.conversation_id_str"),
            "promoted": value("d", "promoted"),
        },
    )


def _tiktok() -> Site:
    text = value("d", "desc")
    handles = "list_filter(" + _items("textExtra[*].userUniqueId") + ", lambda h: h <> '')"
    return Site(
        "tiktok",
        ("tiktok.com", "tiktok-comments"),
        ("id", "author.id", "desc", "createTime"),
        {
            "account_id": value("d", "author.id"),
            "handle": value("d", "author.uniqueId"),
            "display_name": value("d", "author.nickname"),
            "bio": value("d", "author.signature"),
            "followers": first("d", "authorStats.followerCount", "authorStatsV2.followerCount"),
            "following": first("d", "authorStats.followingCount", "authorStatsV2.followingCount"),
            "posts_total": first("d", "authorStats.videoCount", "authorStatsV2.videoCount"),
            "likes_total": first("d", "authorStats.diggCount", "authorStatsV2.diggCount"),
            "verified": value("d", "author.verified"),
            "protected": value("d", "author.privateAccount"),
        },
        {
            "post_id": value("d", "id"),
            "created_at": value("d", "createTime"),
            "text": text,
            "lang": value("d", "textLanguage"),
            "kind": (
                f"CASE WHEN coalesce({value('d', 'duetInfo.duetFromId')}, '0') <> '0' THEN 'quote'"
                " ELSE 'original' END"
            ),
            "ref_post_id": f"nullif({value('d', 'duetInfo.duetFromId')}, '0')",
            "hashtags": (
                f"CASE WHEN json_exists(d, '$.challenges') THEN {_items('challenges[*].title')}"
                f" ELSE {entities.hashtags(text)} END"
            ),
            "urls": entities.urls(text),
            "mentions": handles,
            "reposts": value("d", "stats.shareCount"),
            "likes": value("d", "stats.diggCount"),
            "replies": value("d", "stats.commentCount"),
        },
        extra={
            "plays": value("d", "stats.playCount"),
            "music": value("d", "music.id"),
            "ad": value("d", "isAd"),
        },
    )


def _instagram(name: str, hosts: tuple[str, ...]) -> Site:
    """Instagram, and Threads, which has its form."""
    text = first("d", "caption.text", "edge_media_to_caption.edges[0].node.text")
    hidden = f"{value('d', 'like_and_view_counts_disabled')} = 'true'"
    info = "text_post_app_info"
    reply = value("d", f"{info}.reply_to_author.id")
    repost = f"{info}.share_info.reposted_post"
    quote = f"{info}.share_info.quoted_post"
    return Site(
        name,
        hosts,
        ("id", "user.username", "taken_at"),
        {
            "account_id": first("d", "user.pk", "user.id", "owner.id"),
            "handle": first("d", "user.username", "owner.username"),
            "display_name": first("d", "user.full_name", "owner.full_name"),
            "bio": value("d", "user.biography"),
            "followers": value("d", "user.follower_count"),
            "verified": first("d", "user.is_verified", "owner.is_verified"),
            "protected": first("d", "user.is_private", "owner.is_private"),
        },
        {
            "post_id": value("d", "id"),
            "created_at": value("d", "taken_at"),
            "text": text,
            "kind": (
                f"CASE WHEN json_type(d, '$.{repost}') = 'OBJECT' THEN 'repost'"
                f" WHEN json_type(d, '$.{quote}') = 'OBJECT' THEN 'quote'"
                f" WHEN {reply} IS NOT NULL THEN 'reply' ELSE 'original' END"
            ),
            "ref_post_id": first("d", f"{repost}.id", f"{quote}.id"),
            "ref_account_id": first("d", f"{repost}.user.pk", f"{quote}.user.pk"),
            "hashtags": entities.hashtags(text),
            "urls": entities.urls(text),
            "mentions": entities.mentions(text),
            "reposts": value("d", f"{info}.repost_count"),
            # Counts that the author hides are wrong where they are given.
            "likes": f"CASE WHEN {hidden} THEN NULL ELSE {value('d', 'like_count')} END",
            "replies": first("d", f"{info}.direct_reply_count", "comment_count"),
            "quotes": value("d", f"{info}.quote_count"),
        },
        extra={
            "media_type": value("d", "media_type"),
            "code": value("d", "code"),
            "counts_hidden": value("d", "like_and_view_counts_disabled"),
        },
    )


def _truth() -> Site:
    """Truth Social, which has Mastodon's form."""
    text = entities.plain(first("d", "reblog.content", "content"))
    return Site(
        "truthsocial",
        ("truthsocial.com",),
        ("id", "account.id", "content", "created_at"),
        {
            "account_id": value("d", "account.id"),
            "handle": value("d", "account.acct"),
            "display_name": value("d", "account.display_name"),
            "bio": entities.plain(value("d", "account.note")),
            "created_at": value("d", "account.created_at"),
            "followers": value("d", "account.followers_count"),
            "following": value("d", "account.following_count"),
            "posts_total": value("d", "account.statuses_count"),
            "verified": value("d", "account.verified"),
            "protected": value("d", "account.locked"),
        },
        {
            "post_id": value("d", "id"),
            "created_at": value("d", "created_at"),
            "text": text,
            "lang": value("d", "language"),
            "kind": (
                "CASE WHEN json_type(d, '$.reblog') = 'OBJECT' THEN 'repost'"
                " WHEN json_type(d, '$.quote') = 'OBJECT' THEN 'quote'"
                f" WHEN {value('d', 'in_reply_to_id')} IS NOT NULL THEN 'reply'"
                " ELSE 'original' END"
            ),
            "ref_post_id": first("d", "reblog.id", "quote.id", "in_reply_to_id"),
            "ref_account_id": first(
                "d", "reblog.account.id", "quote.account.id", "in_reply_to_account_id"
            ),
            "hashtags": _items("tags[*].name"),
            "urls": entities.urls(text),
            "mentions": _items("mentions[*].acct"),
            "reposts": value("d", "reblogs_count"),
            "likes": value("d", "favourites_count"),
            "replies": value("d", "replies_count"),
        },
    )


SITES = (
    _x(),
    _tiktok(),
    _instagram("instagram", ("instagram.com",)),
    _instagram("threads", ("threads.net", "threads.com")),
    _truth(),
)


class Options(StrictModel):
    """`zeeschuimer` has no options."""


def recognise(head: Head) -> Guess | None:
    """Lines with an item and where it was seen."""
    seen = head.share("source_platform", "item_id", "data")
    kept = head.share("__import_meta.source_platform")
    if seen + kept <= 0.5:
        return None
    said = [
        o.get("source_platform") or at(o, "__import_meta.source_platform") for o in head.objects
    ]
    found = next((s.name for s in SITES for p in said if p in s.hosts), "")
    return Guess(0.98 if found else 0.7, platform=found)


@format_(
    "zeeschuimer",
    options=Options,
    traits=Traits(
        fills=("accounts", "posts"),
        unknown="what the browser did not show; members that a site has moved since",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Items of X, TikTok, Instagram, Threads and Truth Social as Zeeschuimer and 4CAT write them.
    Items of other sites, and those that lack a member they need, are set aside.
    """
    for file in files:
        relation = stage.keep("seen", _seen(file, objects(stage, file)))
        known = [h for site in SITES for h in site.hosts]
        there = stage.connection.execute(f"SELECT DISTINCT host FROM {relation}").fetchall()
        for site in SITES:
            if any(host in site.hosts for (host,) in there):
                _read_site(stage, relation, site)
        _set_aside_others(stage, relation, known)


def _seen(file: SourceFile, found: str) -> str:
    meta = "json_extract(j, '$.__import_meta')"
    host = (
        f"coalesce(json_extract_string(j, '$.__import_meta.source_platform'),"
        f" {value('j', 'source_platform')})"
    )
    when = (
        f"coalesce(json_extract_string(j, '$.__import_meta.timestamp_collected'),"
        f" {value('j', 'timestamp_collected')})"
    )
    return (
        f"SELECT CASE WHEN {meta} IS NOT NULL THEN j ELSE j->'data' END AS d,"
        f" regexp_replace({host}, '^www[.]', '') AS host, {when} AS seen,"
        f" {literal(file.name)} AS _member, row AS _row, raw AS _raw FROM {found}"
    )


def _read_site(stage: Stage, relation: str, site: Site) -> None:
    missing = " ".join(
        f"WHEN NOT coalesce(json_exists(d, {literal('$.' + path)}), false) THEN {literal(path)}"
        for path in site.needs
    )
    items = (
        f"(SELECT * REPLACE ({site.item} AS d) FROM {relation} WHERE host IN"
        f" ({literals(site.hosts)}))"
    )
    moved = f"CASE {missing} END AS moved"
    told = (
        "CASE WHEN moved IS NOT NULL THEN 'moved_member' END AS _reason,"
        f" '{site.name} items had a member ' || moved || '; this one has not' AS _message"
    )
    account = ", ".join(f"{sql} AS {name}" for name, sql in site.account.items())
    post = ", ".join(f"{sql} AS {name}" for name, sql in site.post.items())
    entries = ", ".join(f"{{'k': {literal(n)}, 'v': {sql}}}" for n, sql in site.extra.items())
    extra = (
        f", map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL)) AS extra"
        if entries
        else ""
    )
    place = "_member, _row, _raw"
    people = parsed_once(
        f"{account}, '{site.name}' AS platform, seen AS observed_at, {place}, _row AS _order,"
        f" {moved}",
        items,
        "d",
    )
    posts = parsed_once(
        f"{post}, {site.account['account_id']} AS account_id{extra}, {place}, {moved}", items, "d"
    )
    stage.add_once(
        "accounts",
        f"SELECT * EXCLUDE (moved) FROM ({people}) WHERE moved IS NULL",
        "account_id, observed_at",
        "_order",
    )
    stage.add(
        "posts",
        f"SELECT * EXCLUDE (moved), {told} FROM ({posts})",
    )


def _set_aside_others(stage: Stage, relation: str, known: list[str]) -> None:
    message = (
        "'no reader knows items of ' || coalesce(host, 'a line without source_platform') ||"
        f" {literal('; known are ' + ', '.join(known))}"
    )
    stage.reject_rows(
        "posts",
        f"SELECT _member, _row, 'unknown_shape' AS _reason, {message} AS _message, _raw"
        f" FROM {relation} WHERE host IS NULL OR host NOT IN ({literals(known)})",
    )
