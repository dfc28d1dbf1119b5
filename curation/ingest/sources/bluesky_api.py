"""Bluesky's interface: feeds, posts and profiles as JSON, also as the Python SDK dumps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from curation.ingest.atproto import records
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
from curation.store.schema import Answer

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

LISTS = ("feed", "posts", "profiles", "actors", "followers", "follows", "postRecords")
THREAD = "thread"
"""The member with a post, what it answers and what answers it, each within the other."""
CAPTURE = "accountMeta"
"""The member with the account in captures of the network's own moderation tool."""


class Options(StrictModel):
    """Options of `bluesky-api`."""

    answers: dict[str, Answer] = Field(
        {"bot": "bot"}, description="what labels of accounts mean: value to answer"
    )


def recognise(head: Head) -> Guess | None:
    """Feeds, posts, profiles, a thread, or a capture."""
    inner = head.within(LISTS)
    posts = inner.share("post.uri", "post.author.did") + inner.share("uri", "author.did", "record")
    people = inner.share("did", "handle")
    posts += head.share(f"{THREAD}.post.author.did")
    if head.share(CAPTURE, "postRecords") > 0.5:
        return Guess(0.9)
    return Guess(0.97) if posts + people > 0.5 else None


@format_(
    "bluesky-api",
    options=Options,
    traits=Traits(
        platform="bluesky",
        fills=("accounts", "posts", "claims"),
        unknown="when it was fetched; counts of accounts that only appear as authors",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Feeds, threads, posts and profiles of Bluesky's interface. A repost in a feed is a post of
    who reposted; labels of accounts are claims of their labelers.
    """
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST, followers DESC NULLS LAST",
        posts="likes DESC NULLS LAST",
    ):
        for file in files:
            relation = stage.keep("bluesky", items(file, objects(stage, file)))
            people = people_of(relation)
            stage.add_once("accounts", accounts(people), "account_id", "_order DESC, _row")
            stage.add("posts", posts(relation))
            stage.add_once("claims", _claims(people, options), "account_id, claimant", "_row")


def items(file: SourceFile, found: str) -> str:
    """One row an item: `p` (post), `reason`, `who` (an account that is no author), `doc`."""
    capture = f"CASE WHEN json_exists(j, '$.{CAPTURE}') THEN j END"
    post = (
        "CASE WHEN json_type(o, '$.post') = 'OBJECT' THEN o->'post'"
        " WHEN json_exists(o, '$.uri') THEN o END"
    )
    who = "CASE WHEN json_exists(o, '$.did') THEN o END"
    within = f"json_extract(j, '$.{THREAD}..post')"
    thread = f"list_filter({within}, lambda p: json_exists(p, '$.author.did'))"
    listed = (
        f"CASE WHEN json_type(j, '$.{THREAD}') = 'OBJECT' THEN {thread}"
        f" ELSE {each_listed(LISTS)} END"
    )
    rows = (
        f"SELECT unnest({listed}) AS o, {capture} AS doc, row,"
        f" CASE WHEN j IS NULL THEN raw END AS raw FROM {found}"
    )
    return (
        f"SELECT o, {post} AS p, json_extract(o, '$.reason') AS reason, {who} AS who, doc,"
        f" {literal(file.name)} AS _member, row AS _row, coalesce(raw, o::VARCHAR) AS _raw"
        f" FROM ({rows})"
    )


def people_of(relation: str) -> str:
    """SQL in brackets of all accounts as `a`, with `doc` for a capture."""
    parts = [
        f"SELECT who AS a, NULL AS doc, _member, _row FROM {relation} WHERE who IS NOT NULL",
        f"SELECT p->'author' AS a, NULL AS doc, _member, _row FROM {relation}"
        " WHERE json_exists(p, '$.author.did')",
        f"SELECT reason->'by' AS a, NULL AS doc, _member, _row FROM {relation}"
        " WHERE json_exists(reason, '$.by.did')",
        f"SELECT NULL AS a, doc, _member, _row FROM {relation} WHERE doc IS NOT NULL",
    ]
    return f"({' UNION ALL '.join(parts)})"


def _of(*paths: str) -> str:
    """SQL of an account's value: in a profile, or in a capture."""
    return f"coalesce({first('a', *paths[:-1])}, {value('doc', f'{CAPTURE}.{paths[-1]}')})"


def accounts(people: str, observed: str = value("doc", "capturedAt"), order: str = "") -> str:
    """SQL of the accounts of `people_of`; `order` says which row is best: the highest."""
    known = ["did", "handle", "displayName", "display_name", "description", "createdAt"]
    known += ["created_at", "followersCount", "followers_count", "followsCount", "follows_count"]
    known += ["postsCount", "posts_count", "viewer"]
    labels = f"json_extract_string(doc, '$.{CAPTURE}.AccountLabels')"
    extra = f"CASE WHEN a IS NOT NULL THEN {rest('a', known)} ELSE MAP {{'labels': {labels}}} END"
    taken = f"{value('doc', f'{CAPTURE}.Takendown')} = 'true'"
    columns = f"""{_of("did", "Identity.DID")} AS account_id,
        {_of("handle", "Identity.Handle")} AS handle,
        {_of("displayName", "display_name", "Profile.DisplayName")} AS display_name,
        {_of("description", "Profile.Description")} AS bio,
        {first("a", "createdAt", "created_at")} AS created_at,
        {observed} AS observed_at,
        {_of("followersCount", "followers_count", "FollowersCount")} AS followers,
        {_of("followsCount", "follows_count", "FollowsCount")} AS following,
        {_of("postsCount", "posts_count", "PostsCount")} AS posts_total,
        CASE WHEN {taken} THEN 'suspended' END AS status, {extra} AS extra, _member, _row,
        coalesce(a, doc)::VARCHAR AS _raw,
        {order or f"len(coalesce(a, doc->'{CAPTURE}')::VARCHAR)"} AS _order"""
    return parsed_once(columns, people, "a", "doc")


def _claims(people: str, options: Options) -> str:
    """Labels that mean an answer; labels without a labeler are the platform's."""
    cases = " ".join(f"WHEN {literal(v)} THEN {literal(a)}" for v, a in options.answers.items())
    own = f"(SELECT *, unnest(json_extract(a, '$.labels[*]')) AS l FROM {people})"
    src = value("l", "src")
    return f"""SELECT {value("a", "did")} AS account_id,
        CASE {value("l", "val")} {cases} END AS answer,
        CASE WHEN {src} = {value("a", "did")} THEN 'the account itself' ELSE {src} END AS claimant,
        CASE WHEN {src} = {value("a", "did")} THEN 'person' ELSE 'platform' END AS claimant_kind,
        {value("l", "cts")} AS made_at, _member, _row, l::VARCHAR AS _raw, _row AS _order FROM {own}
        WHERE {value("l", "val")} IN ({literals(options.answers) or "NULL"})
            AND coalesce({value("l", "neg")}, 'false') <> 'true' AND {src} IS NOT NULL"""


def posts(relation: str) -> str:
    """SQL of the posts of `items`, with reposts in feeds as posts of who reposted."""
    record = "CASE WHEN json_type(p, '$.record') = 'OBJECT' THEN p->'record' ELSE p->'value' END"
    of_record = records.post("record")
    reposted = value("reason", "by.did")
    uri = value("p", "uri")
    author = f"coalesce({value('p', 'author.did')}, {records.did_of(uri)})"
    # A repost in a feed has the time, and is of the account, of who reposted.
    of_repost = {
        "created_at": first("reason", "indexedAt", "indexed_at"),
        "kind": "'repost'",
        "ref_post_id": uri,
        "ref_account_id": author,
    }
    own = {
        name: f"CASE WHEN {reposted} IS NOT NULL THEN {sql} ELSE {of_record[name]} END"
        for name, sql in of_repost.items()
    }
    made = ", ".join(f"{sql} AS {name}" for name, sql in {**of_record, **own}.items())
    known = ["uri", "author", "record", "value", "viewer", "likeCount", "like_count"]
    known += ["repostCount", "repost_count", "replyCount", "reply_count", "quoteCount"]
    known += ["quote_count"]
    columns = f"""CASE WHEN {reposted} IS NULL THEN {uri} ELSE coalesce(
            {value("reason", "uri")}, {uri} || '#repost-' || {reposted}) END AS post_id,
        coalesce({reposted}, {author}) AS account_id, {made},
        {first("p", "repostCount", "repost_count")} AS reposts,
        {first("p", "likeCount", "like_count")} AS likes,
        {first("p", "replyCount", "reply_count")} AS replies,
        {first("p", "quoteCount", "quote_count")} AS quotes, {rest("p", known)} AS extra,
        _member, _row, _raw, {malformed("coalesce(json_type(o), '') <> 'OBJECT'")}"""
    found = (
        f"(SELECT *, {record} AS record FROM {relation}"
        " WHERE p IS NOT NULL OR coalesce(json_type(o), '') <> 'OBJECT')"
    )
    return parsed_once(columns, found, "p", "record", "reason")
