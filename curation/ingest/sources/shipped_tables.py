"""Tables that tools export, each with its mapping in `recognition/tables/*.yaml`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents
from curation.ingest.recognition import head as heads
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.recognition.names import folded
from curation.ingest.sources import Traits, format_, tabular

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

FOLDER = Path(heads.__file__).parent / "tables"


class Options(StrictModel, coerce_numbers_to_str=True):
    """How one file of a tool is written, where it is not as usual."""

    separator: str | None = Field(None, description="what separates the columns")
    encoding: str | None = Field(None, description="the file's encoding")
    skip_lines: int | None = Field(None, ge=0, description="lines before the header")
    zone: str | None = Field(
        None, description="the zone of the times, where the file gives local ones"
    )


class Shipped(StrictModel):
    """One tool's table: how it is recognised, and how it is read, as options of `tabular`."""

    name: str
    about: str
    platform: str = ""
    fills: tuple[str, ...]
    unknown: str
    signature: tuple[str, ...] = Field(min_length=3)
    """Columns that every such file has."""
    options: dict[str, Any]


def _recognise(shipped: Shipped, head: Head) -> Guess | None:
    """A header with all columns of the signature, whatever their case, blanks and underscores."""
    columns = {folded(c) for c in head.columns}
    if head.form != "table" or not {folded(c) for c in shipped.signature} <= columns:
        return None
    usual = shipped.options.get("separator", ",")
    options: dict[str, Any] = {}
    if head.separator != usual:
        options["separator"] = head.separator
    if head.skipped or "skip_lines" in shipped.options:
        options["skip_lines"] = head.skipped
    if head.encoding != shipped.options.get("encoding", ""):
        options["encoding"] = head.encoding or "utf-8"
    return Guess(0.95 if set(shipped.signature) <= set(head.columns) else 0.9, options)


def _read(shipped: Shipped, stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Read the files as `tabular` does."""
    said = options.model_dump(exclude_none=True)
    zone = said.pop("zone", None)
    document = {**shipped.options, **said}
    if zone is not None:
        document = _zoned(document, zone)
    chosen = tabular.Options.model_validate({"type": "csv", **document})
    for file in files:
        names = _names(look(file), chosen)
        tabular.read(stage, [file], chosen.model_copy(update={"columns": names}))


def _names(head: Head, options: tabular.Options) -> list[str] | None:
    """The header's names as the mapping writes them; None where they are read as they stand."""
    if (head.skipped, head.separator) != (options.skip_lines, options.separator or ","):
        return None
    wanted = {name for _, mapping in options.mappings() for name in mapping.sources()}
    names = list(head.columns)
    # The surer first: in other capitals, then with other signs between.
    for alike in (str.lower, folded):
        lacking = {alike(name): name for name in sorted(wanted - set(names))}
        for at, name in enumerate(names):
            if name not in wanted and alike(name) in lacking:
                names[at] = lacking.pop(alike(name))
    return names if names != head.columns else None


def _zoned(document: dict[str, Any], zone: str) -> dict[str, Any]:
    """The mapping with the zone at each time; names of zones behind a time count no more."""
    local = {"zone": zone, "extract": "^(.*?)(?: [A-Z]{3,5})?$"}
    tables: dict[str, Any] = {
        table: {
            name: {**cell, **local} if isinstance(cell, dict) and "time" in cell else cell
            for name, cell in document[table].items()
        }
        for table in ("accounts", "posts")
        if table in document
    }
    return {**document, **tables}


def _register() -> None:
    """Register a format for each file of the folder."""
    for path in sorted(FOLDER.glob("*.yaml")):
        shipped = Shipped.model_validate(yaml_documents.read(path, plain=True))
        read = partial(_read, shipped)
        read.__doc__ = shipped.about
        traits = Traits(
            platform=shipped.platform,
            fills=shipped.fills,
            unknown=shipped.unknown,
            recognise=partial(_recognise, shipped),
        )
        format_(shipped.name, options=Options, traits=traits)(read)


_register()
