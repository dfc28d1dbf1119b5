"""The proof that a publication holds only what its tier lists: columns, words, ids, names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from botbench.core.errors import Findings
from botbench.core.sql import literal, literals
from curation.release.publish import known_texts
from curation.release.publish.publishable_columns import Offered
from curation.release.publish.tables import File, published_type
from curation.release.publish.tiers import Tier
from curation.store.schema import TABLES, ClaimantKind

if TYPE_CHECKING:
    import duckdb

    from curation.release.release import Release
    from curation.store.store import Store

DOCUMENTS = (
    "README.md",
    "DATASHEET.md",
    "datasheet.html",
    "croissant.json",
    "CITATION.cff",
    "RESPONSIBLE-USE.md",
    "CHANGES.md",
    "changes.html",
    "release.json",
    "SHA256SUMS",
)
HASH = "^[0-9a-f]{24}$"
NAMED = {
    "handle": ("handle", 1),
    "display_name": ("display name", 1),
    "bio": ("bio", 1),
    "location": ("location", 2),
    "url": ("link", 2),
}
"""Personal columns of accounts: their name in a finding, and the fewest words to look for."""


@dataclass(frozen=True)
class Proof:
    """Checks a finished folder against the names in `store` and the rows of `release`."""

    store: Store
    release: Release
    tier: Tier
    files: list[File]

    def __call__(self, folder: Path) -> dict[str, Any]:
        """What was checked; raises Findings with a sentence for each forbidden item."""
        problems = [*self._strangers(folder), *self._columns(folder)]
        if not problems:
            problems = [
                *self._closed(folder),
                *self._ids(folder),
                *self._names(folder),
                *self._documents(folder),
            ]
        if problems:
            lines = "\n".join(f"  {p}" for p in problems)
            raise Findings(
                f"{self.release.reference} does not go out in the tier {self.tier.tier}; nothing"
                f" was written:\n{lines}\nTake the column off the tier's list, or correct what"
                " stands there in a new version."
            )
        return {
            "files": len(self.files),
            "columns": sum(len(self.tier.columns(f.table)) for f in self.files),
            "known_names": self._known,
            "searched": "columns, closed words, ids, every other text and every document",
        }

    # -- files and columns

    def _strangers(self, folder: Path) -> list[str]:
        there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        more = there - {f.path for f in self.files} - set(DOCUMENTS)
        return [f"{name}: a file that no list allows" for name in sorted(more)]

    def _columns(self, folder: Path) -> list[str]:
        import pyarrow.parquet as pq

        problems = []
        for file in self.files:
            wanted = [(c.name, published_type(c)) for c in self.tier.columns(file.table)]
            rows = self._run(f"DESCRIBE FROM {self._at(folder, file)}").fetchall()
            found = [
                (str(r[0]), str(r[1]).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"))
                for r in rows
            ]
            problems += [
                f"{file.path}: the column {name} ({kind}) is not what the tier lists"
                for name, kind in found
                if (name, kind) not in wanted
            ]
            problems += [
                f"{file.path}: the column {name} ({kind}) is missing"
                for name, kind in wanted
                if (name, kind) not in found
            ]
            extra = {
                k
                for k in pq.read_metadata(folder / file.path).metadata or {}
                if k != b"ARROW:schema"
            }
            problems += [
                f"{file.path}: a note {k!r} in the file's own header" for k in sorted(extra)
            ]
        return problems

    # -- the project's own words, and ids

    def _closed(self, folder: Path) -> list[str]:
        info = self.release.info
        words: dict[str, list[str]] = {
            "dataset": [self.release.dataset],
            "platform": str(info["platform"]).split(", "),
            "split_id": [s["split_id"] for s in info["splits"]],
            "annotator_kind": list(get_args(ClaimantKind)),
        }
        problems = []
        for file, column in self._all("closed"):
            allowed = words.get(column.name) or self._vocabulary(file.table, column.name)
            test = (
                f"NOT IN ({literals(allowed)})"
                if allowed
                else "NOT SIMILAR TO '[a-z0-9][a-zA-Z0-9 .,=()_-]{0,200}'"
            )
            n = self._one(
                f'SELECT count(*) FROM {self._at(folder, file)} WHERE "{column.name}" {test}'
            )
            problems += (
                [
                    f"{file.path}, column {column.name}: {n:,} values are none of the words that"
                    " belong there"
                ]
                if n
                else []
            )
        return problems

    @staticmethod
    def _vocabulary(table: str, column: str) -> list[str]:
        name = {"votes": "claims"}.get(table, table)
        return (
            list(TABLES[name].column(column).vocabulary)
            if name in TABLES and column in TABLES[name].names
            else []
        )

    def _ids(self, folder: Path) -> list[str]:
        problems = []
        for file, column in self._all("account", "post", "group"):
            where = f'{self._at(folder, file)} WHERE "{column.name}"'
            if self.tier.ids == "salted":
                n = self._one(f"SELECT count(*) FROM {where} NOT SIMILAR TO '{HASH[1:-1]}'")
                problems += (
                    [f"{file.path}, column {column.name}: {n:,} ids are not salted hashes"]
                    if n
                    else []
                )
            elif "handle" not in self.tier.personal:
                handles = (
                    f"SELECT lower(handle) FROM {self.store.relation('accounts')} WHERE NOT"
                    " regexp_full_match(handle, '[0-9]+')"
                )
                n = self._one(
                    f'SELECT count(DISTINCT "{column.name}") FROM {self._at(folder, file)} '
                    f"WHERE lower(ltrim(\"{column.name}\", '@')) IN ({handles})"
                )
                problems += (
                    [
                        f"{file.path}, column {column.name}: {n:,} ids are handles; publish this"
                        " data set with `ids: salted`"
                    ]
                    if n
                    else []
                )
        for file, column in self._all("annotator"):
            if self.tier.annotators == "pseudonymous":
                kind = "annotator_kind" if file.table == "votes" else "claimant_kind"
                people = (
                    f"{kind} = 'person' AND "
                    if kind in {c.name for c in self.tier.columns(file.table)}
                    else ""
                )
                n = (
                    self._one(
                        f"SELECT count(*) FROM {self._at(folder, file)} WHERE"
                        f' {people}"{column.name}" '
                        f"NOT SIMILAR TO 'annotator-{HASH[1:-1]}'"
                    )
                    if people
                    else 0
                )
                problems += (
                    [f"{file.path}, column {column.name}: {n:,} annotators are not pseudonyms"]
                    if n
                    else []
                )
        return problems

    # -- names in texts

    @cached_property
    def _known(self) -> int:
        """The number of known texts, from personal columns that the tier does not publish."""
        wanted = {n: v for n, v in NAMED.items() if n not in self.tier.personal}
        parts = [
            f"SELECT {literal(what)} AS what, {name} AS text, {fewest} AS fewest FROM"
            f" {self.store.relation('accounts')}"
            for name, (what, fewest) in wanted.items()
        ]
        if "text" not in self.tier.personal:
            parts.append(
                f"SELECT 'post', text, 4 FROM {self.store.relation('posts')} WHERE account_id IN "
                f"(SELECT account_id FROM read_parquet({literal(self.release.file('accounts'))}))"
            )
        if self.tier.ids == "salted":
            parts += [
                "SELECT 'account id', account_id, 1 FROM"
                f" read_parquet({literal(self.release.file('accounts'))})"
            ]
        return (
            known_texts.load(self.store.connection, "publish_known", " UNION ALL ".join(parts))
            if parts
            else 0
        )

    def _names(self, folder: Path) -> list[str]:
        strings = [self._strings(folder, file, column) for file, column in self._all("text")]
        if not strings or not self._known:
            return []
        words = literals(self._own_words) or "NULL"
        query = (
            f"SELECT place, text FROM ({' UNION ALL '.join(strings)}) WHERE text NOT IN ({words})"
        )
        return [
            f"{place}: {n:,} values hold a {what} known in the store"
            for place, what, n in known_texts.find(self.store.connection, "publish_known", query)
        ]

    def _strings(self, folder: Path, file: File, column: Offered) -> str:
        text = f'unnest("{column.name}")' if column.type.endswith("[]") else f'"{column.name}"'
        return (
            f"SELECT {literal(f'{file.path}, column {column.name}')} AS place, {text} AS text FROM"
            f" {self._at(folder, file)}"
        )

    @cached_property
    def _own_words(self) -> list[str]:
        """Codes of the schemes: a handle that reads like one is not hidden in it."""
        import json

        from curation.annotation.scheme.scheme import Scheme

        kept = sorted((self.store.home / "schemes").glob("*.json"))
        schemes = [
            Scheme.load(),
            *(Scheme.of(json.loads(p.read_text(encoding="utf-8")), str(p)) for p in kept),
        ]
        return sorted(
            {word for s in schemes for part in (s.answers, s.kinds, s.reasons) for word in part}
        )

    def _documents(self, folder: Path) -> list[str]:
        """Check the documents for what prose does not contain by chance.

        These are handles with a digit or underscore, names of three words, bios and posts of four
        words, and ids where ids are salted. The release's own references (`shop@1`) are no ids,
        also where the store has an account `shop:1`.
        """
        if not self._known:
            return []
        own = re.compile(rf"(?<![\w-]){re.escape(self.release.name)}@\d+(?!\w)")
        distinctive = (
            "(what = 'handle' AND length(words) > 4 AND regexp_matches(words, '[0-9_]')) "
            "OR (what IN ('display name', 'location') AND len(string_split(words, ' ')) > 2) "
            "OR (what IN ('bio', 'post', 'link') AND len(string_split(words, ' ')) > 3) "
            "OR (what = 'account id' AND length(words) > 6)"
        )
        certain = f"(FROM publish_known WHERE {distinctive})"
        texts = [
            (name, own.sub("", (folder / name).read_text(encoding="utf-8").replace("\\", "")))
            for name in DOCUMENTS
            if name not in ("release.json", "SHA256SUMS") and (folder / name).is_file()
        ]
        if not texts:
            return []
        values = ", ".join(f"({literal(name)}, {literal(text)})" for name, text in texts)
        return [
            f"{place}: it holds {'an' if what[0] in 'aeiou' else 'a'} {what} known in the store"
            for place, what, _ in known_texts.find(
                self.store.connection, certain, f"FROM (VALUES {values}) v(place, text)"
            )
        ]

    # -- small things

    def _all(self, *sorts: str) -> list[tuple[File, Offered]]:
        return [(f, c) for f in self.files for c in self.tier.columns(f.table) if c.sort in sorts]

    @staticmethod
    def _at(folder: Path, file: File) -> str:
        return f"read_parquet({literal(folder / file.path)})"

    def _run(self, query: str) -> duckdb.DuckDBPyConnection:
        return self.store.connection.execute(query)

    def _one(self, query: str) -> int:
        row = self._run(query).fetchone()
        return int(row[0]) if row else 0
