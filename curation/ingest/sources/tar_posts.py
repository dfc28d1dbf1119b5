"""Posts as one delimited file an account inside a tar: the file's name is the account's id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, field_validator

from botbench.core.errors import UserError
from botbench.core.sql import identifier, literal
from botbench.core.strict_model import StrictModel
from botbench.text.patterns import check_time_form
from curation.ingest.reading import entities, tar
from curation.ingest.reading.heads import known
from curation.ingest.sources import format_
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Options(StrictModel):
    """Options of `tar-posts`."""

    columns: dict[str, str] = Field(
        description=(
            "column of posts to the file's column; without post_id, the id is <member>:<row>"
        )
    )
    account: str = Field(
        "(.*)",
        description=(
            "regular expression over a member's name (no folder, no ending); its group is the id"
        ),
    )
    members: str = Field(
        "*.csv", description="which members are read, a glob over their names without folder"
    )
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    time_format: Annotated[str, AfterValidator(check_time_form)] | None = Field(
        None, description="strptime form of created_at, where it is none of the known ones"
    )
    from_text: bool = Field(
        False,
        description="read hashtags, mentions, links and kind (RT @name: is a repost) off the text",
    )

    @field_validator("columns")
    @classmethod
    def _schema_columns(cls, value: dict[str, str]) -> dict[str, str]:
        for column in value:
            if column not in TABLES["posts"].names or column in (
                "dataset",
                "account_id",
                "extra",
                "pull_id",
            ):
                raise ValueError(
                    f"columns of the table posts; {column} is none that a file can fill"
                )
        return value

    @field_validator("account")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        if groups != 1:
            raise ValueError("a regular expression with one group, such as u_([0-9]+)")
        return value


@format_("tar-posts", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Posts as one delimited file an account inside a tar; members are streamed, links and paths
    out of the tar refused.
    """
    known(stage, options.encoding)
    for file in files:
        folder = stage.scratch / stage.name("tar")
        folder.mkdir(parents=True)
        form = tar.Form(options.account, options.members, options.delimiter, options.encoding)
        for header, path in tar.to_parquet(file, folder, form, stage.memory).items():
            _need_columns(file, header, options)
            stage.add("posts", _posts(file, header, path, options))


def _need_columns(file: SourceFile, header: tuple[str, ...], options: Options) -> None:
    missing = [c for c in options.columns.values() if c not in header]
    if missing and header:
        raise UserError(
            f"Members of {file.path} have no column {', '.join(missing)}; their header is"
            f" {', '.join(header)}. Correct the options of the format tar-posts in the card."
        )


def _posts(file: SourceFile, header: tuple[str, ...], path: str, options: Options) -> str:
    """SQL over the files of the members of one header; without a header, the unreadable rows."""
    source = f"read_parquet({literal(path)})"
    where = f"{literal(file.name + '/')} || member AS _member, row AS _row"
    if not header:
        return (
            f"SELECT member || ':' || row AS post_id, account AS account_id, {where}, reason AS"
            f" _reason, message AS _message, raw AS _raw FROM {source}"
        )
    decoded = ", ".join(
        f"try(decode({identifier(f'c{i}')})) AS {identifier('d' + str(i))}"
        for i in range(len(header))
    )
    text = {name: identifier(f"d{i}") for i, name in enumerate(header)}
    broken = " OR ".join(f"{t} IS NULL" for t in text.values())
    bad = (
        f"CASE WHEN {broken} THEN 'bad_encoding' END AS _reason, "
        f"CASE WHEN {broken} THEN 'The row is not text in {options.encoding}.' END AS _message"
    )
    raw = ", ".join(
        f"{literal(name)}: coalesce({identifier(f'd{i}')}, {identifier(f'c{i}')}::VARCHAR)"
        for i, name in enumerate(header)
    )
    return (
        f"SELECT {', '.join(_columns(text, options))}, account AS account_id, {where}, {bad},"
        f" {{{raw}}} AS _raw FROM (SELECT *, {decoded} FROM {source})"
    )


def _columns(text: dict[str, str], options: Options) -> list[str]:
    columns = [
        f"{text[given]} AS {identifier(column)}"
        for column, given in options.columns.items()
        if column != "created_at"
    ]
    if "post_id" not in options.columns:
        columns.append("member || ':' || row AS post_id")
    if "created_at" in options.columns:
        value = text[options.columns["created_at"]]
        if options.time_format:
            read = (
                f"strftime(try_strptime({value}, {literal(options.time_format)}), '%Y-%m-%d"
                " %H:%M:%S.%f')"
            )
            value = f"coalesce({read}, {value})"
        columns.append(f"{value} AS created_at")
    rest = [name for name in text if name not in options.columns.values()]
    if rest:
        entries = ", ".join(f"{{'k': {literal(n)}, 'v': {text[n]}}}" for n in rest)
        columns.append(f"map_from_entries(list_filter([{entries}], lambda e: e.v <> '')) AS extra")
    if options.from_text and "text" in options.columns:
        columns.append(entities.columns(text[options.columns["text"]]))
    return columns
