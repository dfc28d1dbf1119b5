"""What features need and Ibis has no one name for: each function once for every engine.

A function is written in Ibis where Ibis has the words. Where an engine has another name for a
thing, lacks it, or does it slowly, its own form stands here, beside the common one.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

DUCKDB, SPARK = "duckdb", "pyspark"
"""The dialects of SQL in which features are rendered, by Ibis' names; Sail reads Spark's."""

_dialect: ContextVar[str] = ContextVar("dialect", default=DUCKDB)

NUMBER = r"^[ \t\n\f\r]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?[ \t\n\f\r]*$"


@contextmanager
def rendered_for(name: str) -> Iterator[None]:
    """Within the block, the functions of this module are those of a dialect."""
    before = _dialect.set(name)
    try:
        yield
    finally:
        _dialect.reset(before)


def dialect() -> str:
    """The dialect that the functions of this module are those of."""
    return _dialect.get()


@cache
def _declared(name: str, output: str, *inputs: str) -> Any:
    """A function of an engine, as Ibis calls it."""
    import ibis

    def stub(*_: object) -> None:
        """Never run: only the name and the types matter."""

    stub.__name__ = name
    parameters = [
        inspect.Parameter(f"x{i}", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for i in range(len(inputs))
    ]
    stub.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return ibis.udf.scalar.builtin(stub, signature=(inputs, output))


def _on_duckdb() -> bool:
    return _dialect.get() == DUCKDB


def epoch_ms(moment: Any) -> Any:
    """Milliseconds since 1970 UTC, cut towards it."""
    if _on_duckdb():
        return _declared("epoch_ms", "int64", "timestamp('UTC')")(moment)
    # Spark has a function for milliseconds too, which cuts to the earlier one.
    micros = _declared("unix_micros", "int64", "timestamp('UTC')")(moment)
    return ((micros - micros % 1000) / 1000).round().cast("int64")


def bytes_of(text: Any) -> Any:
    """Length of a text in bytes of UTF-8."""
    name = "strlen" if _on_duckdb() else "octet_length"
    return _declared(name, "int64", "string")(text)


def is_ascii(text: Any) -> Any:
    """Whether each character of a text is one byte."""
    return bytes_of(text) == text.length()


def lower(text: Any) -> Any:
    """A text in lower case, each character for itself: İ becomes i, and every Σ becomes σ."""
    # Elsewhere a Σ at a word's end becomes ς, and İ becomes two characters.
    return text.lower() if _on_duckdb() else text.translate("Σİ", "σi").lower()


def fingerprint(value: Any) -> Any:
    """A 64-bit hash of a text or whole number; NULL where it is NULL."""
    # Ibis' own name for it casts DuckDB's hash twice, and is 32 bits wide on Spark.
    name, kind = ("hash", "uint64") if _on_duckdb() else ("xxhash64", "int64")
    return value.isnull().ifelse(None, _declared(name, kind, str(value.type()))(value))


def distinct(value: Any) -> Any:
    """Aggregate: how many values there are; NULL is none."""
    if not _on_duckdb():
        return value.nunique()
    # DuckDB counts distinct values of many groups by a table of pairs, which takes a third longer
    # than lists.
    values = value.collect()
    return _declared("list_unique", "int64", str(values.type()))(values).fill_null(0)


def whole_number(text: Any) -> Any:
    """The number that a text spells, rounded half away from zero; NULL where it spells none."""
    import ibis

    if _on_duckdb():
        return text.try_cast("int64")
    number = text.re_search(NUMBER).ifelse(text.try_cast("float64"), ibis.null("float64"))
    return number.round().try_cast("int64")


def wide(number: Any) -> Any:
    """A whole number as a decimal of 19 digits, whose product and sums of products fit into 38."""
    # Sail names a sum without the casts in it, and would take sum(x) and this for one column.
    distinct = number if _on_duckdb() else number + 0
    return distinct.cast("decimal(19, 0)")


def addable(number: Any) -> Any:
    """A whole number whose sum may pass 2^63: DuckDB's is wider, Sail's begins anew below zero."""
    return number if _on_duckdb() else wide(number)


def edits_in_bytes(one: Any, other: Any) -> Any:
    """Levenshtein distance of two texts in bytes of UTF-8."""
    if _on_duckdb():
        return one.levenshtein(other)

    def spread(text: Any) -> Any:
        """Each byte as the character of its number, because Spark compares characters."""
        encoded = _declared("encode", "binary", "string", "string")(text, "UTF-8")
        return _declared("decode", "string", "binary", "string")(encoded, "ISO-8859-1")

    return spread(one).levenshtein(spread(other))


def count_of(text: Any, pattern: str) -> Any:
    """Characters (code points) of a text in runs that match `pattern`, such as [0-9]+."""
    return text.length() - text.re_replace(pattern, "").length()


def upper_case_in(text: Any) -> Any:
    """Upper-case letters (Unicode's category Lu) in a text."""
    found = count_of(text, r"\p{Lu}+")
    if not _on_duckdb():
        return found
    # In ASCII they are the letters that lower-casing changes, which is found three times faster
    # than by a pattern.
    changed = _declared("hamming", "int64", "string", "string")(text, text.lower())
    return (text == "").ifelse(0, is_ascii(text).ifelse(changed, found))


def punctuation_in(text: Any) -> Any:
    """Punctuation marks (Unicode's category P) in a text."""
    if not _on_duckdb():
        return count_of(text, r"\p{P}+")
    # Few marks are listed sooner than the rest of the text is copied.
    listed = _declared("regexp_extract_all", "array<string>", "string", "string")
    return listed(text, r"\p{P}").length()


def found_in(text: Any, mark: str, pattern: str, group: int = 0) -> Any:
    """All matches of a pattern in a text, as a list; each match contains `mark`."""
    import ibis

    matches = _declared("regexp_extract_all", "array<string>", "string", "string", "int64")(
        text, pattern, group
    )
    if not _on_duckdb():
        return matches
    # DuckDB searches with the pattern only where the mark is. In this order, a NULL text has NULL
    # matches.
    return (~text.contains(mark)).ifelse(ibis.literal([], type="array<string>"), matches)
