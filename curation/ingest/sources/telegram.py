"""Telegram Desktop's export of a chat, or of several: result.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities
from curation.ingest.reading.json import malformed, objects, parsed_once, rest, value
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

BROKEN = "json_type(j) IS DISTINCT FROM 'OBJECT'"
LISTS = ("chats", "left_chats")
"""Where an export of a whole account has its chats; those that the account has left stand apart."""
KNOWN = ("id", "type", "date", "date_unixtime", "from", "from_id", "text", "text_entities")


class Options(StrictModel):
    """Options of `telegram`."""

    zone: str | None = Field(
        None,
        description=(
            "the zone of the times, for exports before 2021, which give local times alone; without"
            " it those are unknown"
        ),
    )

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        from zoneinfo import available_timezones

        if name is not None and name not in available_timezones():
            raise ValueError("a time zone's name such as UTC or Europe/Rome")
        return name


def recognise(head: Head) -> Guess | None:
    """A chat with its messages, or a list of chats."""
    first = head.objects[0] if head.objects else {}
    if any(isinstance(chats := first.get(n), dict) and "list" in chats for n in LISTS):
        return Guess(0.9)
    messages = first.get("messages")
    if not isinstance(messages, list) or "type" not in first:
        return None
    return Guess(0.97) if all("date" in m for m in messages if isinstance(m, dict)) else None


@format_(
    "telegram",
    options=Options,
    traits=Traits(
        platform="telegram",
        fills=("accounts", "posts"),
        unknown="times of exports before 2021 without a zone; who forwarded and who saw; profiles",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Chats as Telegram Desktop exports them (result.json): messages and who wrote them. Entries of
    the service (somebody joined, a message was pinned) are no posts.
    """
    with stage.newest_of_each(accounts="display_name NULLS LAST"):
        for file in files:
            relation = stage.keep("telegram", _messages(stage, file, look(file).objects[0]))
            stage.add_once("accounts", _accounts(relation), "account_id", "_order DESC, _row")
            stage.add("posts", _posts(relation, options))
            _tell(stage, file, relation, options)


def _messages(stage: Stage, file: SourceFile, head: dict[str, Any]) -> str:
    """One row a message: `j`, and `chat`, `title`, `sort` of its chat."""
    place = f"{literal(file.name)} AS _member, row AS _row, raw AS _raw"
    if any(name in head for name in LISTS):
        lists = (f"SELECT j FROM {objects(stage, file, f'{name}.list')}" for name in LISTS)
        chats = f"({' UNION ALL '.join(lists)})"
        return (
            f"SELECT m AS j, chat, title, sort, {literal(file.name)} AS _member,"
            " row_number() OVER () AS _row, m::VARCHAR AS _raw FROM"
            f" (SELECT unnest(json_extract(j, '$.messages[*]')) AS m, {value('j', 'id')} AS chat,"
            f" {value('j', 'name')} AS title, {value('j', 'type')} AS sort FROM {chats})"
        )
    chat, title, sort = (literal(str(head.get(n, ""))) for n in ("id", "name", "type"))
    return (
        f"SELECT j, {chat} AS chat, {title} AS title, {sort} AS sort, {place}"
        f" FROM {objects(stage, file, 'messages')}"
    )


MARKED = ("type", "text", "href")
"""What is read of a mark in a text."""


def _author() -> str:
    """SQL of who wrote a message: a channel's own messages may name nobody."""
    return f"coalesce({value('j', 'from_id')}, 'channel' || chat)"


def _is_message() -> str:
    return f"(coalesce({value('j', 'type')}, '') = 'message' OR {BROKEN})"


def _accounts(relation: str) -> str:
    return (
        f"SELECT {_author()} AS account_id, coalesce({value('j', 'from')}, title) AS display_name,"
        f" _member, _row, coalesce({value('j', 'date')}, '') AS _order FROM {relation}"
        f" WHERE {value('j', 'type')} = 'message'"
    )


def _posts(relation: str, options: Options) -> str:
    parts = (
        "list_transform(json_extract(j, '$.text[*]'), lambda p: CASE json_type(p)"
        " WHEN 'VARCHAR' THEN p->>'$' ELSE p->>'$.text' END)"
    )
    text = (
        "CASE json_type(j, '$.text') WHEN 'ARRAY' THEN array_to_string("
        f"{parts}, '') ELSE {value('j', 'text')} END"
    )
    marks = (
        "CASE WHEN json_type(j, '$.text_entities') = 'ARRAY' THEN"
        " json_extract(j, '$.text_entities[*]') WHEN json_type(j, '$.text') = 'ARRAY' THEN"
        " list_filter(json_extract(j, '$.text[*]'), lambda p: json_type(p) = 'OBJECT') END"
    )

    # All that is read of a mark is taken at once, for each call parses it anew.
    paths = ", ".join(literal(f"$.{member}") for member in MARKED)
    marks = f"list_transform({marks}, lambda m: json_extract_string(m, [{paths}]))"

    def marked(kind: str, member: str) -> str:
        chosen = f"list_filter(marks, lambda m: m[1] = '{kind}')"
        return f"list_transform({chosen}, lambda m: ltrim(m[{MARKED.index(member) + 1}], '#@'))"

    local = "NULL"
    if options.zone:
        local = (
            f"(try_cast({value('j', 'date')} AS TIMESTAMP) AT TIME ZONE {literal(options.zone)})"
        )
    moment = f"coalesce(to_timestamp(try_cast({value('j', 'date_unixtime')} AS BIGINT)), {local})"
    links = f"list_concat({marked('text_link', 'href')}, {marked('link', 'text')})"
    shown = {"chat": "title", "chat_type": "sort", "date_local": value("j", "date")}
    columns = f"""chat || ':' || {value("j", "id")} AS post_id, {_author()} AS account_id,
        {moment} AS created_at, text,
        CASE WHEN {value("j", "forwarded_from")} IS NOT NULL THEN 'repost'
             WHEN {value("j", "reply_to_message_id")} IS NOT NULL THEN 'reply'
             ELSE 'original' END AS kind,
        chat || ':' || {value("j", "reply_to_message_id")} AS ref_post_id,
        coalesce({marked("hashtag", "text")}, {entities.hashtags("text")}) AS hashtags,
        coalesce({links}, {entities.urls("text")}) AS urls,
        coalesce({marked("mention", "text")}, {entities.mentions("text")}) AS mentions,
        {value("j", "via_bot")} AS source_app,
        {rest("j", list(KNOWN), added=shown)} AS extra, _member, _row, _raw,
        {malformed(BROKEN)}"""
    found = parsed_once(f"*, {text} AS text, {marks} AS marks", relation, name="inner_texts")
    return parsed_once(columns, f"(FROM ({found}) WHERE {_is_message()})")


def _tell(stage: Stage, file: SourceFile, relation: str, options: Options) -> None:
    """Note the entries that are no messages, and times that are local alone."""
    row = stage.connection.execute(
        f"SELECT count(*) FILTER (NOT {_is_message()}), count(*) FILTER ("
        f"{value('j', 'type')} = 'message' AND {value('j', 'date_unixtime')} IS NULL)"
        f" FROM {relation}"
    ).fetchone() or (0, 0)
    if row[0]:
        stage.notes[f"service {file.name}"] = (
            f"{row[0]:,} entries of {file.name} are of the service, and no posts."
        )
    if row[1] and options.zone is None:
        stage.notes[f"local_times {file.name}"] = (
            f"{row[1]:,} messages of {file.name} have a local time alone, so when they were written"
            " is unknown: say `zone` in the card's options."
        )
