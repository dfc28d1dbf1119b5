"""Bluesky repository exports: all records of one account, as a CAR file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.atproto import car, records
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from pathlib import Path

    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Options(StrictModel):
    """`bluesky-repo` has no options."""


def recognise(head: Head) -> Guess | None:
    """A CAR."""
    return Guess(0.97) if car.is_car(head.start) else None


@format_(
    "bluesky-repo",
    options=Options,
    traits=Traits(
        platform="bluesky",
        fills=("accounts", "posts", "edges", "claims"),
        unknown="the handle; followers, and what others did with the posts",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Repository exports of Bluesky (CAR): profile, posts, reposts, follows and likes of one
    account.
    """
    for file in files:
        path = _unpacked(stage, file)
        columns = "{'did': 'VARCHAR', 'key': 'VARCHAR', 'record': 'JSON', 'row': 'BIGINT'}"
        relation = stage.keep(
            "repo",
            f"""SELECT did, 'at://' || did || '/' || key AS uri, record,
                split_part(key, '/', 1) AS collection, {literal(file.name)} AS _member,
                row AS _row, record::VARCHAR AS _raw
            FROM read_json({literal(path)}, format = 'newline_delimited', columns = {columns},
                maximum_object_size = {2 * car.BLOCK})""",
        )
        records.add_with_accounts(stage, relation)
        stage.reject_rows(
            "posts",
            f"SELECT _member, _row, 'bad_block' AS _reason, 'the block of ' || uri || ' is missing"
            f" or damaged' AS _message, NULL AS _raw FROM {relation} WHERE record IS NULL",
        )


def _unpacked(stage: Stage, file: SourceFile) -> Path:
    """The records as JSON, one a line: the tree can only be walked block by block."""
    path = stage.scratch / f"{file.sha256[:16]}-records.jsonl"
    if not path.exists():
        with file.open() as stream, path.open("w", encoding="utf-8") as out:
            repository = car.index(stream, file.path)
            found = car.records(stream, repository, file.path)
            for row, (key, _, value) in enumerate(found, 1):
                line = {"did": repository.did, "key": key, "record": value, "row": row}
                out.write(json.dumps(line) + "\n")
    return path
