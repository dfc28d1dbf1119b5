"""Records of the AT Protocol as rows: posts, reposts, follows, likes, profiles.

`relation` holds one record a row: `did`, `uri`, `collection`, `record` (JSON), `_member`, `_row`,
`_raw`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.ingest.reading.json import first, parsed_once, rest, value

if TYPE_CHECKING:
    from curation.ingest.reading.stage import Stage

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
LIKE = "app.bsky.feed.like"
FOLLOW = "app.bsky.graph.follow"
PROFILE = "app.bsky.actor.profile"
TYPES = ("$type", "py_type")
"""The member that says an object's type, as the network and the Python SDK write it."""


def did_of(uri: str) -> str:
    """SQL: the account that an at:// address belongs to."""
    return f"nullif(regexp_extract({uri}, '^at://([^/]+)', 1), '')"


def post(record: str) -> dict[str, str]:
    """SQL of the columns of a post, from its record."""
    quoted = first(record, "embed.record.uri", "embed.record.record.uri")
    replied = value(record, "reply.parent.uri")

    def facets(kind: str, member: str) -> str:
        features = f"json_extract({record}, '$.facets[*].features[*]')"
        typed = " OR ".join(f"ends_with(f->>'$.\"{t}\"', '#{kind}')" for t in TYPES)
        chosen = f"list_filter({features}, lambda f: coalesce({typed}, false))"
        told = f"list_transform({chosen}, lambda f: f->>'$.{member}')"
        without = f"{record} IS NOT NULL AND {value(record, 'facets')} IS NULL"
        return f"CASE WHEN {without} THEN [] ELSE {told} END"

    return {
        "created_at": first(record, "createdAt", "created_at"),
        "text": value(record, "text"),
        "lang": f"json_extract_string({record}, '$.langs[0]')",
        "kind": (
            f"CASE WHEN {quoted} IS NOT NULL THEN 'quote' WHEN {replied} IS NOT NULL THEN 'reply'"
            " ELSE 'original' END"
        ),
        "ref_post_id": f"coalesce({quoted}, {replied})",
        "ref_account_id": did_of(f"coalesce({quoted}, {replied})"),
        "hashtags": (
            f"list_concat({facets('tag', 'tag')},"
            f" coalesce(json_extract_string({record}, '$.tags[*]'), []))"
        ),
        "urls": facets("link", "uri"),
        "mentions": facets("mention", "did"),
    }


def add_with_accounts(stage: Stage, relation: str) -> None:
    """Stage records, the accounts that they are of, and what these say of themselves."""
    bare = (
        "SELECT did AS account_id, NULL AS display_name, NULL AS bio, NULL AS extra, _member, _row,"
        f" _raw, 0 AS _order FROM {relation} WHERE did IS NOT NULL"
    )
    found = f"{profiles(relation)} UNION ALL {bare}"
    stage.add_once("accounts", found, "account_id", "_order DESC, _row")
    add(stage, relation)
    stage.add("claims", self_labels(relation))


def add(stage: Stage, relation: str) -> None:
    """Stage the records of a relation."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in post("record").items())
    known = ["$type", "createdAt", "text", "langs", "reply", "facets", "tags"]
    place = "_member, _row, _raw"
    stage.add(
        "posts",
        parsed_once(
            f"uri AS post_id, did AS account_id, {columns}, {rest('record', known)} AS extra,"
            f" {place}",
            f"(FROM {relation} WHERE record IS NOT NULL AND collection = '{POST}')",
            "record",
        ),
    )
    subject = value("record", "subject.uri")
    stage.add(
        "posts",
        parsed_once(
            f"uri AS post_id, did AS account_id, {value('record', 'createdAt')} AS created_at,"
            f" 'repost' AS kind, {subject} AS ref_post_id, {did_of(subject)} AS ref_account_id,"
            f" {place}",
            f"(FROM {relation} WHERE record IS NOT NULL AND collection = '{REPOST}')",
            "record",
        ),
    )
    add_ties(stage, relation, FOLLOW, "follows", value("record", "subject"))
    add_ties(stage, relation, LIKE, "likes", did_of(subject))


def add_ties(stage: Stage, relation: str, collection: str, kind: str, target: str) -> None:
    """Stage ties of one kind: one edge a pair of accounts, with how often and since when."""
    made = value("record", "createdAt")
    found = parsed_once(
        f"did, {target} AS target, {made} AS made, _member, _row",
        f"(FROM {relation} WHERE record IS NOT NULL AND collection = '{collection}')",
        "record",
    )
    before = stage.read["edges"]
    stage.add(
        "edges",
        f"SELECT did AS source_id, target AS target_id, '{kind}' AS kind, count(*) AS weight,"
        f" min(made) AS first_at, min(_member) AS _member, min(_row) AS _row FROM ({found})"
        " GROUP BY ALL",
    )
    row = stage.connection.execute(f"SELECT count(*) FROM ({found})").fetchone()
    more = (int(row[0]) if row else 0) - (stage.read["edges"] - before)
    stage.read["edges"] += more
    stage.repeated["edges"] += more


def profiles(relation: str) -> str:
    """SQL of the accounts that say who they are, from their own profile records."""
    known = ["$type", "displayName", "description", "createdAt"]
    return (
        f"SELECT did AS account_id, {value('record', 'displayName')} AS display_name,"
        f" {value('record', 'description')} AS bio, {rest('record', known)} AS extra, _member,"
        f" _row, _raw, 1 AS _order FROM {relation} WHERE record IS NOT NULL AND"
        f" collection = '{PROFILE}'"
    )


def self_labels(relation: str) -> str:
    """SQL of the claims of accounts that call themselves bots."""
    labels = "json_extract_string(record, '$.labels.values[*].val')"
    return (
        "SELECT did AS account_id, 'bot' AS answer, 'the account itself' AS claimant, 'person' AS"
        f" claimant_kind, _member, _row, _raw FROM {relation} WHERE collection = '{PROFILE}' AND"
        f" list_contains({labels}, 'bot')"
    )
