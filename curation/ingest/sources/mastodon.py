"""Mastodon's interface: accounts, statuses, contexts, searches and notifications as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
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

LISTS = ("ancestors", "descendants", "statuses", "accounts")
BROKEN = "coalesce(json_type(o), '') <> 'OBJECT'"
ACCOUNT = {
    "handle": "acct",
    "display_name": "display_name",
    "url": "url",
    "created_at": "created_at",
    "followers": "followers_count",
    "following": "following_count",
    "posts_total": "statuses_count",
    "protected": "locked",
}
REFERRED = ("reblog.account.id", "quote.quoted_status.account.id", "in_reply_to_account_id")
STATUS = (
    "id",
    "account",
    "reblog",
    "created_at",
    "language",
    "in_reply_to_id",
    "in_reply_to_account_id",
    "reblogs_count",
    "favourites_count",
    "replies_count",
    "tags",
    "mentions",
    "application",
)


class Options(StrictModel):
    """`mastodon` has no options."""


def recognise(head: Head) -> Guess | None:
    """Statuses with their accounts, accounts, or notifications."""
    inner = head.within(LISTS)
    if head.share("type", "account.acct", "created_at") > 0.5:
        return Guess(0.9)
    posts, people = inner.share("account.acct", "content"), inner.share("acct", "statuses_count")
    if posts > 0.5:
        return Guess(0.97)
    return Guess(0.95) if posts + people > 0.5 else None


@format_(
    "mastodon",
    options=Options,
    traits=Traits(
        platform="mastodon",
        fills=("accounts", "posts", "claims"),
        unknown="when it was fetched; the hour at which an account was made; ids are those of the"
        " server that was asked",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Accounts and statuses of Mastodon's interface, also contexts, searches and notifications.
    That an account says of itself that it is a bot is a claim of the account.
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST, followers DESC NULLS LAST",
        posts="likes DESC NULLS LAST",
    ):
        for file in files:
            relation = stage.keep("mastodon", items(file, objects(stage, file)))
            people = stage.keep("people", f"FROM {people_of(relation)}")
            stage.add_once("accounts", accounts(people), "account_id", "_order DESC, _row")
            stage.add("posts", posts(relation))
            stage.add_once("claims", _claims(people), "account_id", "_row")


def items(file: SourceFile, found: str) -> str:
    """One row an object of the answers: `o`, with its place. A notification is the status and the
    account that it is about.
    """
    inner = "[n->'$.status', n->'$.account']"
    each = (
        f"CASE WHEN json_exists(n, '$.type') AND json_type(n, '$.account') = 'OBJECT'"
        f" THEN list_filter({inner}, lambda o: json_type(o) = 'OBJECT') ELSE [n] END"
    )
    return (
        f"SELECT o, {literal(file.name)} AS _member, row AS _row, coalesce(raw, o::VARCHAR) AS _raw"
        f" FROM (SELECT unnest({each}) AS o, row, raw FROM"
        f" (SELECT unnest({each_listed(LISTS)}) AS n, row,"
        f" CASE WHEN j IS NULL THEN raw END AS raw FROM {found}))"
    )


def people_of(relation: str) -> str:
    """SQL in brackets of all accounts, those of boosted statuses too, as `o`."""
    # One call of each function, which parses a document once.
    paths = literals(("$.account", "$.reblog.account", "$.acct"))
    found = (
        f"SELECT o, _member, _row, json_type(o, [{paths}]) AS kinds,"
        f" json_extract(o, [{paths}]) AS people FROM {relation}"
    )
    inner = [f"CASE WHEN kinds[{i}] = 'OBJECT' THEN people[{i}] END" for i in (1, 2)]
    there = ", ".join(("CASE WHEN kinds[3] IS NOT NULL THEN o END", *inner))
    return (
        "(SELECT o, _member, _row FROM"
        f" (SELECT unnest([{there}]) AS o, _member, _row FROM ({found})) WHERE o IS NOT NULL)"
    )


def accounts(people: str, observed: str = "NULL") -> str:
    """SQL of the accounts of `people_of`; `observed` is SQL of when they looked like this."""
    columns = ", ".join(f"{value('o', path)} AS {name}" for name, path in ACCOUNT.items())
    known = ["id", *(p for p in ACCOUNT.values())]
    found = f"""{value("o", "id")} AS account_id, {observed} AS observed_at, {columns},
        {entities.plain(value("o", "note"))} AS bio,
        ends_with({value("o", "avatar")}, '/missing.png') AS default_avatar,
        CASE WHEN {value("o", "suspended")} = 'true' THEN 'suspended' END AS status,
        {rest("o", known)} AS extra, _member, _row, o::VARCHAR AS _raw,
        coalesce(try_cast({value("o", "statuses_count")} AS BIGINT), 0) AS _order"""
    return parsed_once(found, people, "o")


def _claims(people: str) -> str:
    """What accounts say of themselves; that the flag is not set says nothing."""
    return f"""SELECT {value("o", "id")} AS account_id, 'bot' AS answer,
        'the account itself' AS claimant, 'person' AS claimant_kind, _member, _row,
        o::VARCHAR AS _raw, 0 AS _order FROM {people} WHERE {value("o", "bot")} = 'true'"""


def posts(relation: str) -> str:
    """SQL of the statuses of `items`."""
    html = f"coalesce({value('o', 'reblog.content')}, {value('o', 'content')})"
    source = "CASE WHEN json_type(o, '$.reblog') = 'OBJECT' THEN o->'reblog' ELSE o END"
    columns = f"""{value("o", "id")} AS post_id, {value("o", "account.id")} AS account_id,
        {value("o", "created_at")} AS created_at, text,
        {first("o", "language", "reblog.language")} AS lang,
        CASE WHEN json_type(o, '$.reblog') = 'OBJECT' THEN 'repost'
             WHEN json_type(o, '$.quote') = 'OBJECT' THEN 'quote'
             WHEN {value("o", "in_reply_to_id")} IS NOT NULL THEN 'reply'
             ELSE 'original' END AS kind,
        {first("o", "reblog.id", "quote.quoted_status.id", "in_reply_to_id")} AS ref_post_id,
        {first("o", *REFERRED)} AS ref_account_id,
        json_extract_string(source, '$.tags[*].name') AS hashtags,
        {entities.urls("text")} AS urls,
        json_extract_string(source, '$.mentions[*].acct') AS mentions,
        {value("o", "application.name")} AS source_app,
        {value("o", "reblogs_count")} AS reposts, {value("o", "favourites_count")} AS likes,
        {value("o", "replies_count")} AS replies, {rest("o", list(STATUS))} AS extra,
        _member, _row, _raw, {malformed(BROKEN)}"""
    found = f"""(SELECT *, {source} AS source, {entities.plain(html)} AS text FROM {relation}
              WHERE NOT coalesce(json_exists(o, '$.acct'), false))"""
    return parsed_once(columns, found, "o")
