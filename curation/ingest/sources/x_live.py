"""Pages of X's interface v2 as `botbench pull x` keeps them: one answer a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.live import settle
from curation.ingest.reading.json import objects, value
from curation.ingest.sources import Traits, format_, twitter_v2

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

PLATFORM = "twitter"


class Options(StrictModel):
    """`x-live` has no options."""


@format_(
    "x-live",
    options=Options,
    traits=Traits(
        platform=PLATFORM,
        fills=("accounts", "posts", "claims"),
        unknown="the cut end of reposts",
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Answers of X's interface v2 with the time at which they came, and who was asked for and is
    not there; a suspension is a claim of the platform.
    """
    settle.prepare(stage)
    with stage.newest_of_each(
        accounts="posts_total DESC NULLS LAST",
        posts="extra['referenced'] IS NOT NULL, likes DESC NULLS LAST",
    ):
        for file in files:
            twitter_v2.stage_pages(stage, file)
            missing = stage.keep("missing", _missing(file, objects(stage, file)))
            stage.add("accounts", _statuses(missing))
            stage.add("claims", _suspensions(missing))
    settle.settle(stage)


def _missing(file: SourceFile, found: str) -> str:
    return (
        "SELECT unnest(json_extract(j, '$.missing[*]')) AS m,"
        f" {value('j', '__twarc.retrieved_at')} AS seen, {literal(file.name)} AS _member,"
        f" row AS _row FROM {found}"
    )


def _statuses(missing: str) -> str:
    return (
        f"SELECT {value('m', 'id')} AS account_id, seen AS observed_at,"
        f" {value('m', 'status')} AS status, MAP {{'said': {value('m', 'code')}}} AS extra,"
        f" _member, _row, m::VARCHAR AS _raw FROM {missing}"
    )


def _suspensions(missing: str) -> str:
    return (
        f"SELECT {value('m', 'id')} AS account_id, 'cannot tell' AS answer, '{PLATFORM}' AS"
        " claimant, 'platform' AS claimant_kind, seen AS made_at, MAP {'label': 'suspended'} AS"
        f" attributes, _member, _row, m::VARCHAR AS _raw FROM {missing}"
        f" WHERE {value('m', 'status')} = 'suspended'"
    )
