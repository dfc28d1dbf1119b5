"""Bot-or-Not challenge JSON: one document of users and posts, and a text file of bot ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities, text
from curation.ingest.reading.json import malformed, objects, rest, value
from curation.ingest.sources import format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

PROFILE = {
    "handle": "username",
    "display_name": "name",
    "bio": "description",
    "location": "location",
}
POST = {
    "post_id": "id",
    "account_id": "author_id",
    "created_at": "created_at",
    "text": "text",
    "lang": "lang",
}


class Options(StrictModel):
    """Options of `bot-or-not-json`."""

    from_text: bool = Field(
        True, description="read hashtags, mentions, links and the kind of post off the text"
    )


@format_("bot-or-not-json", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Users and posts in one JSON document; a text file of bots' ids, every other user being
    human.
    """
    documents = [f for f in files if not f.name.endswith(".txt")]
    lists = [f for f in files if f.name.endswith(".txt")]
    if len(documents) != 1 or len(lists) != 1:
        stage.fail(
            f"{stage.dataset}: the format bot-or-not-json reads one JSON document and one text file"
            f" of ids (.txt) at a time; its files are {', '.join(f.name for f in files) or 'none'}."
            " Name the two in a reading of their own."
        )
    stage.add("accounts", _accounts(stage, documents[0]))
    stage.add("posts", _posts(stage, documents[0], options))
    _add_claims(stage, documents[0], text.lines(stage, lists[0]))


def _items(stage: Stage, file: SourceFile, name: str) -> str:
    """SQL in brackets: `o` (JSON), `_raw`, `_member`, `_row` for each item of a list of the
    document.
    """
    return (
        f"(SELECT j AS o, raw AS _raw, {literal(file.name + ' ' + name)} AS _member, row AS _row"
        f" FROM {objects(stage, file, name)})"
    )


def _accounts(stage: Stage, file: SourceFile) -> str:
    columns = ", ".join(f"{value('o', path)} AS {column}" for column, path in PROFILE.items())
    bad = malformed("json_type(o) IS DISTINCT FROM 'OBJECT'")
    return (
        f"SELECT {value('o', 'id')} AS account_id, {columns},"
        f" {rest('o', ['id', *PROFILE.values()])} AS extra, _member, _row, _raw, {bad} FROM"
        f" {_items(stage, file, 'users')}"
    )


def _posts(stage: Stage, file: SourceFile, options: Options) -> str:
    columns = ", ".join(f"{value('o', path)} AS {column}" for column, path in POST.items())
    read_off = f", {entities.columns('text')}" if options.from_text else ""
    bad = malformed("json_type(o) IS DISTINCT FROM 'OBJECT'")
    return (
        f"SELECT * EXCLUDE (o), {rest('o', list(POST.values()))} AS extra{read_off} FROM "
        f"(SELECT {columns}, o, _member, _row, _raw, {bad} FROM {_items(stage, file, 'posts')})"
    )


def _add_claims(stage: Stage, file: SourceFile, bots: text.Rows) -> None:
    """A claim for each listed id, also one without a user, and for each user that is not listed."""
    listed = f"SELECT trim(c1) AS id, _member, _row, _raw FROM {bots.relation}"
    bots.feed(
        "claims", f"SELECT id AS account_id, 'bot' AS answer, _member, _row, _raw FROM ({listed})"
    )
    users = (
        f"SELECT {value('o', 'id')} AS account_id, 'human' AS answer, _member, _row, _raw FROM"
        f" {_items(stage, file, 'users')}"
    )
    stage.add(
        "claims",
        f"SELECT * FROM ({users}) WHERE coalesce(account_id, '') NOT IN (SELECT id FROM"
        f" ({listed}))",
    )
