"""ActivityPub: outboxes and actors, as Mastodon's archives and servers give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.ingest.reading import entities
from curation.ingest.reading.json import is_array, malformed, objects, parsed_once, rest, value
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

BROKEN = "json_type(j) IS DISTINCT FROM 'OBJECT'"
ACTORS = ("Person", "Service", "Application", "Organization", "Group")
COLLECTIONS = ("OrderedCollection", "OrderedCollectionPage")
ITEMS = "orderedItems"
PUBLIC = "Public"
NOTE = (
    "id",
    "type",
    "published",
    "attributedTo",
    "inReplyTo",
    "to",
    "cc",
    "tag",
    "contentMap",
)


class Options(StrictModel):
    """Options of `activitypub`."""

    private: bool = Field(
        False, description="read posts to followers and to single people, too; archives hold them"
    )


def recognise(head: Head) -> Guess | None:
    """An outbox or pages of one, activities, or an actor."""
    first = head.objects[0] if head.objects else {}
    if first.get("type") in COLLECTIONS and ITEMS in first:
        items = head.within((ITEMS,)).objects
        return Guess(0.97) if items == head.objects or _activities(items) else None
    if first.get("type") in ACTORS and "preferredUsername" in first:
        return Guess(0.97)
    return Guess(0.95) if _activities(head.objects) else None


def _activities(items: list[dict[str, object]]) -> bool:
    both = [i for i in items if i.get("actor") and i.get("type") in ("Create", "Announce")]
    return len(both) > 0.5 * len(items)


@format_(
    "activitypub",
    options=Options,
    traits=Traits(
        platform="mastodon",
        fills=("accounts", "posts", "claims"),
        unknown="texts of boosts; shares and likes; profile counts",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Outboxes and actors of ActivityPub (`outbox.json`, `actor.json` of a Mastodon archive). Posts
    that are not public are left out, unless `private`.
    """
    for file in files:
        if _is_actor(file):
            _read_actor(stage, file)
            continue
        found = objects(stage, file, ITEMS if _is_collection(file) else "")
        relation = stage.keep(
            "outbox",
            f"SELECT j, {_visibility()} AS visibility, {literal(file.name)} AS _member,"
            f" row AS _row, raw AS _raw FROM {found}",
        )
        stage.add_once("accounts", _actors(relation), "account_id", "_row")
        stage.add("posts", _posts(relation, options))
        if not options.private:
            _tell(stage, file, relation)


def _is_actor(file: SourceFile) -> bool:
    objects_ = look(file).objects
    return bool(objects_) and "preferredUsername" in objects_[0]


def _is_collection(file: SourceFile) -> bool:
    objects_ = look(file).objects
    return not is_array(file) and bool(objects_) and ITEMS in objects_[0]


def _visibility() -> str:
    """SQL: public, unlisted (public only in `cc`), or private."""
    both = {n: f"coalesce(to_json(json_extract(j, '$.{n}'))::VARCHAR, '')" for n in ("to", "cc")}
    return (
        f"CASE WHEN contains({both['to']}, '{PUBLIC}') THEN 'public'"
        f" WHEN contains({both['cc']}, '{PUBLIC}') THEN 'unlisted' ELSE 'private' END"
    )


def _tell(stage: Stage, file: SourceFile, relation: str) -> None:
    row = stage.connection.execute(
        f"SELECT count(*) FROM {relation} WHERE visibility = 'private' AND {_is_post()}"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"private {file.name}"] = (
            f"{file.name} has {counted(row[0], 'post')} for followers alone, left out (options:"
            " {private: true} reads them)."
        )


def _is_post() -> str:
    return f"(coalesce({value('j', 'type')}, '') IN ('Create', 'Announce') OR {BROKEN})"


def _handle(url: str) -> str:
    """SQL of name@host of an actor's URL."""
    host = f"regexp_extract({url}, '^https?://([^/]+)/', 1)"
    return f"regexp_extract({url}, '/@?([^/]+)/?$', 1) || '@' || {host}"


def _actors(relation: str) -> str:
    actor = value("j", "actor")
    return (
        f"SELECT {actor} AS account_id, {_handle(actor)} AS handle, _member, _row, 0 AS _order"
        f" FROM {relation} WHERE {actor} IS NOT NULL"
    )


def _read_actor(stage: Stage, file: SourceFile) -> None:
    found = objects(stage, file)
    place = f"{literal(file.name)} AS _member, row AS _row, raw AS _raw"
    url = value("j", "id")
    known = ["@context", "id", "name", "summary", "url", "published", "publicKey"]
    stage.add(
        "accounts",
        f"""SELECT {url} AS account_id, {value("j", "preferredUsername")} || '@'
                || regexp_extract({url}, '^https?://([^/]+)/', 1) AS handle,
            {value("j", "name")} AS display_name, {entities.plain(value("j", "summary"))} AS bio,
            {value("j", "url")} AS url, {value("j", "published")} AS created_at,
            {value("j", "manuallyApprovesFollowers")} AS protected,
            CASE WHEN {value("j", "suspended")} = 'true' THEN 'suspended' END AS status,
            {rest("j", known)} AS extra, {place}, {malformed(BROKEN)} FROM {found}""",
    )
    stage.add(
        "claims",
        f"""SELECT {url} AS account_id, 'bot' AS answer, 'the account itself' AS claimant,
            'person' AS claimant_kind, {place} FROM {found}
            WHERE {value("j", "type")} IN ('Service', 'Application')""",
    )


def _posts(relation: str, options: Options) -> str:
    boosted = "CASE WHEN json_type(j, '$.object') = 'VARCHAR' THEN j->>'$.object' END"
    replied = value("j", "object.inReplyTo")
    tags = "json_extract(j, '$.object.tag[*]')"

    def named(kind: str) -> str:
        chosen = f"list_filter({tags}, lambda t: t->>'$.type' = '{kind}')"
        return f"list_transform({chosen}, lambda t: ltrim(t->>'$.name', '#@'))"

    shown = {"visibility": "visibility", "activity": value("j", "type")}
    where = _is_post() if options.private else f"{_is_post()} AND visibility <> 'private'"
    columns = f"""coalesce({value("j", "object.id")}, {value("j", "id")}) AS post_id,
        {value("j", "actor")} AS account_id,
        coalesce({value("j", "published")}, {value("j", "object.published")}) AS created_at, text,
        json_keys(note, '$.contentMap')[1] AS lang,
        CASE WHEN {value("j", "type")} = 'Announce' THEN 'repost'
             WHEN {replied} IS NOT NULL THEN 'reply' ELSE 'original' END AS kind,
        coalesce({boosted}, {replied}) AS ref_post_id,
        nullif(regexp_extract(coalesce({boosted}, {replied}), '^(https?://.+)/statuses/', 1), '')
            AS ref_account_id,
        CASE WHEN text IS NOT NULL THEN {named("Hashtag")} END AS hashtags,
        {entities.urls("text")} AS urls,
        CASE WHEN text IS NOT NULL THEN {named("Mention")} END AS mentions,
        {rest("note", list(NOTE), added=shown)} AS extra, _member, _row, _raw,
        {malformed(BROKEN)}"""
    found = (
        f"(SELECT *, {entities.plain(value('j', 'object.content'))} AS text,"
        " CASE WHEN json_type(j, '$.object') = 'OBJECT' THEN j->'object' END AS note"
        f" FROM {relation} WHERE {where})"
    )
    return parsed_once(columns, found)
