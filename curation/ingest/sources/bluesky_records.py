"""Records of Bluesky accounts as `com.atproto.repo.listRecords` answers with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.atproto import records
from curation.ingest.reading.json import each_listed, objects, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

LISTS = ("records",)


class Options(StrictModel):
    """`bluesky-records` has no options."""


def recognise(head: Head) -> Guess | None:
    """Pages of records, or the records themselves."""
    return Guess(0.95) if head.within(LISTS).share("uri", "cid", "value") > 0.5 else None


@format_(
    "bluesky-records",
    options=Options,
    traits=Traits(
        platform="bluesky",
        fills=("accounts", "posts", "edges", "claims"),
        unknown="handles and counts; followers, and what others did with the posts",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Records of Bluesky accounts as listRecords answers with them, one page or more a file:
    profiles, posts, reposts, follows and likes.
    """
    for file in files:
        listed = (
            f"(SELECT unnest({each_listed(LISTS)}) AS o, row,"
            f" CASE WHEN j IS NULL THEN raw END AS raw FROM {objects(stage, file)})"
        )
        uri = value("o", "uri")
        relation = stage.keep(
            "records",
            f"""SELECT {records.did_of(uri)} AS did, {uri} AS uri,
                split_part({uri}, '/', 4) AS collection, json_extract(o, '$.value') AS record,
                {literal(file.name)} AS _member, row AS _row, coalesce(raw, o::VARCHAR) AS _raw
            FROM {listed}""",
        )
        records.add_with_accounts(stage, relation)
        stage.reject_rows(
            "posts",
            "SELECT _member, _row, 'bad_json' AS _reason, 'this is no record with its address'"
            f" AS _message, _raw FROM {relation} WHERE did IS NULL OR record IS NULL",
        )
