"""Bot-or-Not challenge JSON: one document with users and posts, and a text file with the ids of the bots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from curation.sources import _entities, format_
from curation.sources._json import malformed, objects, rest, value
from curation.sources._sql import literal

if TYPE_CHECKING:
    from curation.sources._files import SourceFile
    from curation.sources._stage import Stage

PROFILE = {"handle": "username", "display_name": "name", "bio": "description", "location": "location"}
POST = {"post_id": "id", "account_id": "author_id", "created_at": "created_at", "text": "text", "lang": "lang"}


class Options(BaseModel):
    """Options of `bot-or-not-json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_text: bool = Field(True, description="read hashtags, mentions, links and the kind of post off the text")


@format_("bot-or-not-json", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Users and posts in one JSON document; a text file of bots' ids, every other user being human."""
    documents = [f for f in files if not f.name.endswith(".txt")]
    lists = [f for f in files if f.name.endswith(".txt")]
    if not documents or not lists:
        stage.fail(f"{stage.dataset}: the format bot-or-not-json reads a JSON document and a text file of bots' ids (.txt); "
                   f"among its files ({', '.join(f.name for f in files) or 'none'}) one of the two is missing.")
    for file in documents:
        stage.add("accounts", _accounts(file))
        stage.add("posts", _posts(file, options))
        stage.add("claims", _claims(file, lists))


def _items(file: SourceFile, name: str) -> str:
    """SQL in brackets: `o` (JSON), `_member`, `_row` for each member of a list of the document."""
    found = f"json_extract(j, {literal(f'$.{name}[*]')})"
    return (f"(SELECT o, o::VARCHAR AS _raw, {literal(file.name + ' ' + name)} AS _member, n AS _row FROM "
            f"(SELECT unnest({found}) AS o, generate_subscripts({found}, 1) AS n FROM {objects(file)}))")


def _accounts(file: SourceFile) -> str:
    columns = ", ".join(f"{value('o', path)} AS {column}" for column, path in PROFILE.items())
    bad = malformed("json_type(o) IS DISTINCT FROM 'OBJECT'")
    return (f"SELECT {value('o', 'id')} AS account_id, {columns}, {rest('o', ['id', *PROFILE.values()])} AS extra, "
            f"_member, _row, _raw, {bad} FROM {_items(file, 'users')}")


def _posts(file: SourceFile, options: Options) -> str:
    columns = ", ".join(f"{value('o', path)} AS {column}" for column, path in POST.items())
    read_off = f", {_entities.columns('text')}" if options.from_text else ""
    bad = malformed("json_type(o) IS DISTINCT FROM 'OBJECT'")
    return (f"SELECT * EXCLUDE (o), {rest('o', list(POST.values()))} AS extra{read_off} FROM "
            f"(SELECT {columns}, o, _member, _row, _raw, {bad} FROM {_items(file, 'posts')})")


def _claims(file: SourceFile, lists: list[SourceFile]) -> str:
    """A claim for each user and each listed id, so that a listed id without a user is not lost."""
    lines = " UNION ALL ".join(map(_lines, lists))
    bots = f"SELECT id, _member, _row FROM ({lines}) WHERE id <> ''"
    users = f"SELECT {value('o', 'id')} AS id, _member, _row FROM {_items(file, 'users')}"
    return (f"SELECT id AS account_id, 'bot' AS answer, _member, _row, id AS _raw FROM ({bots}) UNION ALL "
            f"SELECT id, 'human', _member, _row, id FROM ({users}) WHERE id NOT IN (SELECT id FROM ({bots}))")


def _lines(file: SourceFile) -> str:
    """SQL: the lines of a text file, without blanks around them."""
    return (f"SELECT trim(line, ' ' || chr(9) || chr(13)) AS id, {literal(file.name)} AS _member, row_number() OVER () AS _row "
            f"FROM read_csv({literal(file.path)}, header = false, columns = {{'line': 'VARCHAR'}}, delim = chr(1), quote = '', "
            f"escape = '', auto_detect = false, strict_mode = false, compression = '{'gzip' if file.gzip else 'uncompressed'}')")
