"""SQL for typing loose text: one expression a column type, and reason codes for faulty values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from botbench.core.sql import literal, literals
from curation.store.schema import Answer, Column

FLOAT_ID = r"[+-]?([0-9]+\.[0-9]*([eE][+-]?[0-9]+)?|[0-9]+[eE][+-][0-9]+)"
"""An id that went through a float: 1.23E+17, 123.0."""

SATURATED = tuple(
    str(n)
    for n in (2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**63 - 1, 2**63, -(2**63), 2**64 - 1)
)
"""Ids that are the limit of an integer type, left where the type was too small."""

FIELD = "_field"
"""How the members of a `_raw` begin that is shown as a list; a struct costs nothing until read."""

IDS = ("account_id", "post_id", "source_id", "target_id", "ref_post_id", "ref_account_id")
TRUE, FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")

BLANKS = (32, 9, 10, 13, 160)
"""The signs that may not stand around an id."""

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
_ZONE = r" ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)"


@dataclass(frozen=True)
class Fault:
    """A condition that quarantines a row; `value` is SQL of the value to show."""

    condition: str
    reason: str
    message: str
    value: str


def time_of(value: str, zone: str) -> str:
    """Text to TIMESTAMPTZ where its form can be read in one way only; NULL otherwise.

    ISO 8601 (with or without time, fraction, zone), Twitter's `Tue Apr 09 20:22:46 +0000 2013`, and
    Unix times in seconds (9-10 digits, with fractions), milliseconds (12-13) and microseconds
    (15-16). A time without a zone is in `zone`.
    """
    local = f"regexp_full_match({value}, '{_DATE}([ T]{_CLOCK})?')"
    zoned = f"regexp_full_match({value}, '{_DATE}[ T]{_CLOCK}{_ZONE}')"
    # What most files say, without ICU and without replacing by patterns.
    in_utc = "".join(
        f"WHEN ends_with({value}, '{sign}') AND {zoned} THEN"
        f" {_at(f'rtrim(left({value}, -{len(sign)}))', 'UTC')} "
        for sign in ("Z", "+00:00")
    )
    return f"""CASE {in_utc}
      WHEN {local} THEN {_at(value, zone)}
      WHEN {zoned} THEN try_cast(regexp_replace(
        regexp_replace(replace({value}, ',', '.'), ' ?(Z|UTC|GMT)$', '+00'),
        ' ?([+-][0-9]{{2}}):?([0-9]{{2}})?$', '\\1:\\2') AS TIMESTAMPTZ)
      WHEN regexp_full_match({value}, '[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} .*')
        THEN try_strptime({value}, '%a %b %d %H:%M:%S %z %Y')
      WHEN regexp_full_match({value}, '[0-9]{{9,10}}([.][0-9]*)?') THEN {unix(value, 6)}
      WHEN regexp_full_match({value}, '[0-9]{{12,13}}([.][0-9]*)?') THEN {unix(value, 3)}
      WHEN regexp_full_match({value}, '[0-9]{{15,16}}') THEN {unix(value, 0)}
    END"""


def _at(value: str, zone: str) -> str:
    """SQL of a local time of ISO 8601 in a zone."""
    point = f"CASE WHEN contains({value}, ',') THEN replace({value}, ',', '.') ELSE {value} END"
    local = f"try_cast({point} AS TIMESTAMP)"
    if zone == "UTC":
        return f"make_timestamptz(epoch_us({local}))"
    return f"{local} AT TIME ZONE {literal(zone)}"


def unix(value: str, shift: int) -> str:
    """SQL of a Unix time, of which 10^-`shift` is a microsecond; NULL where it is no number."""
    # DuckDB takes 12 microseconds to read a decimal of more than 18 digits, and a hundredth of one
    # for others.
    whole, short = f"try_cast({value} AS BIGINT)", f"try_cast({value} AS DECIMAL(18, 6))"
    most = 10 ** (18 - shift)
    digits = f"replace({short}::VARCHAR, '.', '')" if shift == 6 else _scaled(short, shift)
    return (
        f"CASE WHEN {whole} BETWEEN -{most} AND {most} AND {whole}::VARCHAR = {value}"
        f" THEN make_timestamptz({whole} * {10**shift})"
        f" WHEN {short} IS NOT NULL THEN make_timestamptz({digits}::BIGINT)"
        f" ELSE make_timestamptz({_scaled(f'try_cast({value} AS DECIMAL(24, 6))', shift)}::BIGINT)"
        " END"
    )


def _scaled(number: str, shift: int) -> str:
    return f"({number}::DECIMAL(24, 6) * {10**shift})"


def typed(column: Column, value: str, given: str, zone: str) -> str:
    """SQL that turns `value`, of the DuckDB type `given`, into the column's type.

    NULL where the value is blank or unreadable.
    """
    text = text_of(value, given)
    if column.type in ("VARCHAR", given):
        return text if column.type == "VARCHAR" else value
    if column.type == "TIMESTAMPTZ":
        return _moment(value, given, zone)
    if column.type == "BIGINT":
        # A number that is written back as it stood is one; only others need the pattern.
        whole = f"try_cast({text} AS BIGINT)"
        return (
            f"CASE WHEN {whole}::VARCHAR = {text} THEN {whole}"
            f" WHEN regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?') THEN"
            f" try_cast(split_part({text}, '.', 1) AS BIGINT) END"
        )
    if column.type == "BOOLEAN":
        return (
            f"CASE WHEN lower({text}) IN ({literals(TRUE)}) THEN true WHEN lower({text}) IN"
            f" ({literals(FALSE)}) THEN false END"
        )
    listed = column.type == "VARCHAR[]" and not given.endswith("[]")
    return f"try({text}::JSON::VARCHAR[])" if listed else f"try_cast({value} AS {column.type})"


def _moment(value: str, given: str, zone: str) -> str:
    """A time from text, or from a type that holds one; in `zone` where it has none."""
    if given == "TIMESTAMP WITH TIME ZONE":
        return value
    if given in ("TIMESTAMP", "DATE") or given.startswith("TIMESTAMP_"):
        return f"({value}::TIMESTAMP AT TIME ZONE {literal(zone)})"
    return time_of(text_of(value, given), zone)


def text_of(value: str, given: str) -> str:
    """The value as text."""
    return value if given == "VARCHAR" else f"{value}::VARCHAR"


def not_blank(column: str) -> str:
    """SQL that is true where a column of text is not blank; NULL where it is NULL.

    A trim looks at every sign of a text, and the first one mostly tells.
    """
    return f"CASE WHEN {column} BETWEEN '!' AND '~' THEN true ELSE trim({column}) <> '' END"


def said(value: str, given: str) -> str:
    """SQL that is true where the source has a value: neither NULL nor blank."""
    return (
        f"({value} IS NOT NULL AND {not_blank(value)})"
        if given == "VARCHAR"
        else f"{value} IS NOT NULL"
    )


def faults_of(column: Column, table: str, value: str, given: str, result: str) -> list[Fault]:
    """The possible faults of a column's value (`value` offered, `result` typed), in order."""
    text = text_of(value, given)
    found = []
    if column.name in IDS or (column.name.endswith("_id") and column.required):
        found += _id_faults(column, text)
    elif column.required:
        found.append(
            Fault(f"NOT {said(value, given)}", "missing_value", f"{column.name} is missing", "NULL")
        )
    if column.type in ("VARCHAR", "VARCHAR[]") or column.type.startswith("MAP"):
        found += _text_faults(column, value, text, given)
    elif given != column.type:
        # The cheap test first: of a sound file no value gets to the trim.
        unread = f"{result} IS NULL AND {said(value, given)}"
        found.append(Fault(unread, _code(column), f"{column.name} is not {_wanted(column)}", text))
    found += _range_faults(column, result, text)
    allowed = (
        get_args(Answer) if (table, column.name) == ("claims", "answer") else column.vocabulary
    )
    if allowed:
        code = "unknown_answer" if column.name == "answer" else "unknown_word"
        found.append(
            Fault(
                f"{text} NOT IN ({literals(allowed)})",
                code,
                f"{column.name} is none of {', '.join(allowed)}",
                text,
            )
        )
    return found


def _id_faults(column: Column, text: str) -> list[Fault]:
    # Cheap tests first: of the ids of a sound file none gets to a trim or a pattern.
    name = column.name
    odd_start = f"({text} < '!' OR {text} > '~')"
    blank = f"({text} IS NULL OR ({odd_start} AND trim({text}) = ''))"
    odd_end = " OR ".join(f"ends_with({text}, chr({sign}))" for sign in BLANKS)
    trimmed = f"trim({text}, {' || '.join(f'chr({sign})' for sign in BLANKS)})"
    point = " OR ".join(f"contains({text}, '{sign}')" for sign in ".eE")
    return [
        *([Fault(blank, "missing_id", f"{name} is missing", "NULL")] if column.required else []),
        Fault(
            f"({point}) AND regexp_full_match({text}, '{FLOAT_ID}')",
            "float_id",
            f"{name} went through a float and has lost digits",
            text,
        ),
        Fault(
            f"({odd_start} OR {odd_end}) AND {text} <> {trimmed}",
            "blank_in_id",
            f"{name} has blanks around it",
            text,
        ),
    ]


def _text_faults(column: Column, value: str, text: str, given: str) -> list[Fault]:
    if column.type == "VARCHAR":
        condition = f"contains({text}, chr(0))"
    elif column.type == "VARCHAR[]":
        if not given.endswith("[]"):
            bad = f"{said(text, 'VARCHAR')} AND try({text}::JSON::VARCHAR[]) IS NULL"
            return [Fault(bad, "bad_list", f"{column.name} is not a JSON list", text)]
        condition = f"len({value}) > 0 AND contains(array_to_string({value}, ''), chr(0))"
    else:
        both = f"list_concat(map_keys({value}), map_values({value}))"
        condition = f"cardinality({value}) > 0 AND contains(array_to_string({both}, ''), chr(0))"
    return [
        Fault(
            condition,
            "nul_byte",
            f"{column.name} holds a NUL byte, which the store cannot keep",
            "NULL",
        )
    ]


def _range_faults(column: Column, result: str, text: str) -> list[Fault]:
    found = []
    if column.minimum is not None:
        code = "bad_count" if column.type == "BIGINT" else "bad_number"
        found.append(
            Fault(
                f"{result} < {column.minimum}",
                code,
                f"{column.name} is below {column.minimum:g}",
                text,
            )
        )
    if column.maximum is not None:
        found.append(
            Fault(
                f"{result} > {column.maximum}",
                "bad_number",
                f"{column.name} is over {column.maximum:g}",
                text,
            )
        )
    if column.type == "DOUBLE":
        found.append(
            Fault(f"NOT isfinite({result})", "bad_number", f"{column.name} is not finite", text)
        )
    return found


def _code(column: Column) -> str:
    codes = {
        "TIMESTAMPTZ": "bad_time",
        "BIGINT": "bad_count",
        "BOOLEAN": "bad_flag",
        "DOUBLE": "bad_number",
    }
    return codes.get(column.type, "bad_value")


def _wanted(column: Column) -> str:
    return {
        "TIMESTAMPTZ": "a time of a known form",
        "BIGINT": "a whole number",
        "BOOLEAN": "true or false",
        "DOUBLE": "a number",
    }.get(column.type, column.type)
