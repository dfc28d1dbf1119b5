"""Marks of erased accounts (ids, handles, texts): SQL conditions, masks, and searches of bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from botbench.core.sql import literal, literals
from curation.store.salts import ROW_KEY
from curation.store.tombstones import MASK, mask_names, name_pattern

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Marks:
    """The marks of the accounts to erase: all by which data can identify them.

    `scoped` are (dataset, account id); `handles` have no @; `posts` are post ids; `hashes` are
    published hashes and annotation keys; `texts` are texts that only these accounts wrote.
    """

    scoped: tuple[tuple[str, str], ...]
    handles: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def datasets(self) -> list[str]:
        """The data sets that hold the accounts."""
        return sorted({d for d, _ in self.scoped})

    @property
    def ids(self) -> list[str]:
        """The account ids."""
        return sorted({a for _, a in self.scoped})

    @property
    def own_ids(self) -> list[str]:
        """The ids that mean the account in any place; a row's position as an id is not one."""
        return [i for i in self.ids if not re.fullmatch(ROW_KEY, i)]

    @cached_property
    def names(self) -> list[str]:
        """The marks to search for as words: long ids, handles, hashes."""
        return sorted({*(i for i in self.own_ids if len(i) >= 5), *self.handles, *self.hashes})

    @cached_property
    def pattern(self) -> str:
        """`names` as a regular expression for lower-case text."""
        return name_pattern(self.names)

    @cached_property
    def numbers(self) -> list[str]:
        """Post ids long enough to be looked for inside texts."""
        return sorted({p for p in self.posts if len(p) >= 8 and re.fullmatch(r"\w+", p)})

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Set the marks as variables of a connection, before any SQL made here runs on it.

        As literals, thousands of texts would be parsed in every statement.
        """
        for name in ("posts", "numbers", "texts", "ids", "hashes"):
            values = list(getattr(self, name))
            connection.execute(f"SET VARIABLE erasing_{name} = ?::VARCHAR[]", [values])

    @staticmethod
    def values(name: Literal["posts", "numbers", "texts", "ids", "hashes"]) -> str:
        """SQL of one kind of marks as a relation of one column, `value`."""
        return f"(SELECT unnest(getvariable('erasing_{name}')) AS value)"

    def rows_with(self, relation: str, key: str, texts: Sequence[str]) -> str:
        """SQL (k): keys of the rows with a text (an expression) that mentions the accounts."""
        # One pass over all of a row's texts together; whole texts are compared one by one.
        together = f"concat_ws(' ', {', '.join(texts)})"
        words = (
            f"SELECT {key} AS k, unnest(regexp_extract_all({together}, '\\w{{8,}}')) AS w FROM"
            f" {relation}"
        )
        parts = [
            f"SELECT {key} AS k FROM {relation} WHERE regexp_matches(lower({together}),"
            f" {literal(self.pattern)})"
        ]
        parts += [
            f"SELECT {key} AS k FROM {relation} WHERE {text} IN {self.values('texts')}"
            for text in texts
            if self.texts
        ]
        if self.numbers:
            parts.append(f"SELECT k FROM ({words}) WHERE w IN {self.values('numbers')}")
        return " UNION ".join(parts)

    def mask(self, text: str) -> str:
        """SQL of a masked text: NULL where the accounts wrote it, words replaced elsewhere."""
        inner = mask_names(text, self.names)
        if self.numbers:
            numbers = (
                f"list_filter(regexp_extract_all({text}, '\\w{{8,}}'), lambda w:"
                " list_contains(getvariable('erasing_numbers'), w))"
            )
            steps = f"list_prepend({inner}, {numbers})"
            inner = f"list_reduce({steps}, lambda a, x: replace(a, x, '{MASK}'))"
        return (
            f"CASE WHEN list_contains(getvariable('erasing_texts'), {text}) THEN NULL ELSE"
            f" {inner} END"
        )

    def mask_list(self, column: str, handles: bool = False) -> str:
        """SQL of a list of texts without the entries that mention the accounts.

        In a list of `handles` a bare word is a name.
        """
        names = (
            f" OR lower(ltrim(x, '@')) IN ({literals(self.handles) or 'NULL'})" if handles else ""
        )
        return f"list_filter({column}, lambda x: NOT coalesce({self._entry('x')}{names}, false))"

    def mask_map(self, column: str) -> str:
        """SQL of a map without the entries that mention the accounts."""
        bad = f"{self._entry('e.key')} OR coalesce({self._entry('e.value')}, false)"
        return f"map_from_entries(list_filter(map_entries({column}), lambda e: NOT ({bad})))"

    def _entry(self, text: str) -> str:
        return (
            f"(regexp_matches(lower({text}), {literal(self.pattern)}) OR"
            f" list_contains(getvariable('erasing_texts'), {text}) OR"
            f" list_contains(getvariable('erasing_ids'), {text}))"
        )

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        # Here, unlike in SQL, a longer id that begins with this one does not match.
        words = [n for n in self.names if not n.isdigit()]
        numbers = "|".join(n for n in self.names if n.isdigit()) or r"[^\s\S]"
        return re.compile(
            rf"(?<![\w-]){name_pattern(words)}(?![\w-])|[@/]?(?<!\d)(?:{numbers})(?!\d)",
            re.IGNORECASE,
        )

    def in_bytes(self, data: bytes) -> bool:
        """Whether bytes (of a file that is no table) mention the accounts."""
        text = data.decode("utf-8", errors="replace")
        if self._expression.search(text.lower()):
            return True
        words = set(re.findall(r"\w{8,}", text))
        odd = [p for p in self.posts if len(p) >= 8 and p not in words]
        return not words.isdisjoint(self.numbers) or any(
            t in text for t in (*self.texts, *odd) if len(t) >= 8
        )

    def named_in(self, text: str, said: str) -> bool:
        """Whether a text names the accounts, by whatever was said of them, however short it is."""
        names = {*self.ids, *self.handles, said.lstrip("@")} - {""}
        words = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        whole = rf"(?<!\w)(?:{words})(?!\w)"
        return self.in_bytes(text.encode()) or bool(words and re.search(whole, text, re.IGNORECASE))

    def clean(self, text: str) -> str:
        """A text, such as a report's, with all marks replaced."""
        cleaned = self._expression.sub(MASK, text)
        for number in set(re.findall(r"\w{8,}", cleaned)) & set(self.numbers):
            cleaned = cleaned.replace(number, MASK)
        for own in (*self.texts, *self.posts):
            if len(own) >= 8:
                cleaned = cleaned.replace(own, MASK)
        return cleaned
