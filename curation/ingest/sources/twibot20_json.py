"""TwiBot-20 JSON: an array of accounts, each with profile, tweets and neighbours.

Each profile value is text with a trailing blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities, users
from curation.ingest.reading.json import malformed, objects, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Options(StrictModel):
    """Options of `twibot20-json`."""

    trailing_blank: bool = Field(
        True, description="every value of a profile has one blank behind it, and `None` is missing"
    )
    from_text: bool = Field(
        True, description="read hashtags, mentions, links and the kind of post off the text"
    )
    answers: dict[str, str] = Field(
        {"0": "human", "1": "bot"}, description="what the member `label` means, where there is one"
    )


def recognise(head: Head) -> Guess | None:
    """Accounts with profile and neighbours."""
    return Guess(0.95) if head.share("ID", "profile") > 0.5 else None


@format_(
    "twibot20-json",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts", "edges", "claims"),
        unknown="ids and times of posts",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Accounts as TwiBot-20 gives them: profile, tweets, neighbours (as edges of kind follows) and,
    in full copies, the label.
    """
    for file in files:
        found = (
            f"(SELECT j, raw AS _raw, row AS _row, {literal(file.name)} AS _member,"
            f" {value('j', 'ID')} AS id FROM {objects(stage, file)})"
        )
        stage.add("accounts", _accounts(found, options))
        stage.add("posts", _posts(found, options))
        stage.add("edges", _edges(found))
        if _labelled(stage, found):
            stage.add("claims", _claims(found, options))


def _accounts(found: str, options: Options) -> str:
    columns = users.columns("p", users.V1, ("id", "id_str"), options.trailing_blank)
    domain = (
        "map_from_entries(list_filter([{'k': 'domain', 'v': json_extract_string(j, '$.domain')}],"
        " lambda e: e.v IS NOT NULL))"
    )
    profile = "CASE WHEN json_type(j, '$.profile') = 'OBJECT' THEN j->'profile' END"
    mapped = (
        f"SELECT id AS account_id, {columns}, j, _member, _row, _raw, {malformed('p IS NULL')} "
        f"FROM (SELECT *, {profile} AS p FROM {found})"
    )
    return f"SELECT * EXCLUDE (j) REPLACE (map_concat(extra, {domain}) AS extra) FROM ({mapped})"


def _posts(found: str, options: Options) -> str:
    tweets = (
        "CASE WHEN json_type(j, '$.tweet') = 'ARRAY' THEN json_extract_string(j, '$.tweet[*]') END"
    )
    read_off = f", {entities.columns('text')}" if options.from_text else ""
    each = (
        f"SELECT id, _member, _row, unnest({tweets}) AS text, generate_subscripts({tweets}, 1) AS n"
        f" FROM {found}"
    )
    return (
        f"SELECT id || ':' || n AS post_id, id AS account_id, text{read_off}, _member || ' account"
        f" ' || _row AS _member, n AS _row, text AS _raw FROM ({each})"
    )


def _edges(found: str) -> str:
    def ties(side: str, source: str, target: str) -> str:
        there = (
            f"CASE WHEN json_type(j, '$.neighbor.{side}') = 'ARRAY' THEN json_extract_string(j,"
            f" '$.neighbor.{side}[*]') END"
        )
        each = (
            f"SELECT id, _member, _row, unnest({there}) AS other, generate_subscripts({there}, 1)"
            f" AS n FROM {found}"
        )
        return (
            f"SELECT {source} AS source_id, {target} AS target_id, 'follows' AS kind, _member || '"
            f" account ' || _row || ' {side}' AS _member, n AS _row, other AS _raw FROM ({each})"
        )

    return f"{ties('following', 'id', 'other')} UNION ALL {ties('follower', 'other', 'id')}"


def _labelled(stage: Stage, found: str) -> bool:
    row = stage.connection.execute(
        f"SELECT count(*) FROM {found} WHERE {value('j', 'label')} IS NOT NULL"
    ).fetchone()
    return bool(row and row[0])


def _claims(found: str, options: Options) -> str:
    label = value("j", "label")
    codes = " ".join(
        f"WHEN {literal(code)} THEN {literal(meaning)}" for code, meaning in options.answers.items()
    )
    return (
        f"SELECT id AS account_id, CASE {label} {codes} ELSE {label} END AS answer, _member, _row,"
        f" _raw FROM {found} WHERE {label} IS NOT NULL"
    )
