"""Annotators' votes as a table of account, annotator, answer and time, read as person claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import text
from curation.ingest.reading.json import objects, value
from curation.ingest.reading.tidy import Dialect
from curation.ingest.reading.users import without_prefix
from curation.ingest.sources import format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Members(StrictModel):
    """The accounts whose votes count: those in a JSON file of the same reading."""

    file: str = Field(description="the JSON file, named among the reading's files")
    key: str = Field(
        "id", description="member that holds the account's id, written as in the votes"
    )


class Options(StrictModel):
    """Options of `votes`."""

    account: str = Field(description="column of the account's id")
    annotator: str = Field(description="column of who answered")
    answer: str = Field(description="column of the answer or its code")
    made_at: str | None = Field(None, description="column of the time of the answer")
    answers: dict[str, str] = Field(
        default_factory=dict, description="code to answer; any other sets the row aside"
    )
    scale: str | None = Field(
        None,
        description="the scale's name; with it, scale and code are kept in the claim's attributes",
    )
    id_prefix: str = Field(
        "", description="letters before every account id which are no part of it"
    )
    claimant: str = Field(
        "annotator {}",
        description="the claimant's name; {} is what stands in the annotator's column",
    )
    attributes: dict[str, str] = Field(
        default_factory=dict, description="attribute to column, kept with the claim where not empty"
    )
    only: Members | None = Field(None, description="count only votes on these accounts")
    accounts: bool = Field(
        False,
        description="the voted accounts are the data set's accounts: observe them, by id alone",
    )
    delimiter: str = Field(",", min_length=1, max_length=4)
    encoding: str = "utf-8"


@format_("votes", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Votes of people: a delimited table with a header; one claim of kind person a row."""
    members = [f for f in files if options.only and f.name == options.only.file]
    if options.only and not members:
        stage.fail(
            f"{stage.dataset}: the votes are to be those on the accounts of {options.only.file},"
            f" which is not among the reading's files ({', '.join(f.name for f in files)})."
        )
    for file in files:
        if file not in members:
            rows = text.delimited(
                stage, file, Dialect(options.delimiter, encoding=options.encoding), None
            )
            voted = _voted(rows, members, options)
            rows.feed("claims", _claims(rows, voted, options))
            if options.accounts:
                rows.feed("accounts", f"SELECT account_id, _member, _row, _raw FROM {voted} r")


def _voted(rows: text.Rows, members: list[SourceFile], options: Options) -> str:
    """SQL in brackets: the rows that count, with their account's id."""
    account = rows.column(options.account)
    only = ""
    if members and options.only:
        found = objects(rows.stage, members[0])
        only = (
            f" SEMI JOIN (SELECT {value('j', options.only.key)} AS id FROM {found}) m"
            f" ON {account} = m.id"
        )
    return (
        f"(SELECT *, {without_prefix(account, options.id_prefix)} AS account_id FROM"
        f" {rows.relation} r{only})"
    )


def _claims(rows: text.Rows, voted: str, options: Options) -> str:
    answer = rows.column(options.answer)
    codes = " ".join(f"WHEN {literal(c)} THEN {literal(a)}" for c, a in options.answers.items())
    mapped = f"CASE {answer} {codes} ELSE {answer} END" if codes else answer
    before, _, behind = options.claimant.partition("{}")
    annotator = rows.column(options.annotator)
    claimant = (
        f"CASE WHEN trim({annotator}) <> '' THEN {literal(before)} || {annotator} ||"
        f" {literal(behind)} END"
    )
    made = f", {rows.column(options.made_at)} AS made_at" if options.made_at else ""
    return (
        f"SELECT account_id, {claimant} AS claimant, 'person' AS claimant_kind, {mapped} AS"
        f" answer{made}, {_attributes(rows, options)} AS attributes, _member, _row, _raw FROM"
        f" {voted} r"
    )


def _attributes(rows: text.Rows, options: Options) -> str:
    """SQL of the claim's attributes; NULL where there are none."""
    pairs = {name: rows.column(column) for name, column in options.attributes.items()}
    if options.scale:
        pairs |= {"scale": literal(options.scale), "code": rows.column(options.answer)}
    if not pairs:
        return "NULL::MAP(VARCHAR, VARCHAR)"
    entries = ", ".join(f"{{'k': {literal(name)}, 'v': {sql}}}" for name, sql in pairs.items())
    return f"map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL AND e.v <> ''))"
