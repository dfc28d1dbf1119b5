"""Twitter v2 JSON: user objects with `public_metrics`, as TwiBot-22 and its studies give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import users
from curation.ingest.reading.json import malformed, objects, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Options(StrictModel):
    """Options of `twitter-v2-json`."""

    id_prefix: str = Field(
        "", description="letters before every id, such as u, which are no part of it"
    )
    trailing_blank: bool = Field(
        False, description="every value is text with one blank behind, and `None` is missing"
    )
    observed_at: str | None = Field(
        None, description="member that says when the user looked like this"
    )


def recognise(head: Head) -> Guess | None:
    """Users alone, with their counts."""
    return Guess(0.9) if head.share("username", "public_metrics.followers_count") > 0.5 else None


@format_(
    "twitter-v2-json",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts",),
        unknown="posts; when the users looked like this",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """User objects of Twitter's interface v2: an array, or one object a line."""
    for file in files:
        stage.add("accounts", _accounts(stage, file, options))


def _accounts(stage: Stage, file: SourceFile, options: Options) -> str:
    identity = users.account_id("j", ("id",), options.id_prefix, options.trailing_blank)
    observed = f"{value('j', options.observed_at)} AS observed_at, " if options.observed_at else ""
    columns = users.columns("j", users.V2, ("id",), options.trailing_blank)
    bad = malformed("json_type(j) IS DISTINCT FROM 'OBJECT'")
    where = f"{literal(file.name)} AS _member, row AS _row, raw AS _raw"
    return (
        f"SELECT {identity} AS account_id, {observed}{columns}, {where}, {bad}"
        f" FROM {objects(stage, file)}"
    )
