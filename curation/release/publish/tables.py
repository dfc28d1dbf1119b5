"""The tables of a publication as SQL over a release's files, with columns and ids by tier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import no_progress_bar
from botbench.core.sql import literal
from curation.release.publish.publishable_columns import SALTED, Offered, digest
from curation.release.publish.tiers import Tier
from curation.store import salts
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import duckdb

    from curation.release.release import Release

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class File:
    """One Parquet file to write: table, part of the main split (None: all rows), path, query."""

    table: str
    part: str | None
    path: str
    query: str


@dataclass(frozen=True)
class Builder:
    """Makes the queries of a release in a tier; `secret` is the salt of the published ids."""

    release: Release
    tier: Tier
    secret: str
    home: Path

    def files(self, connection: duckdb.DuckDBPyConnection) -> list[File]:
        """Every file of the publication that has rows.

        Labels have one file a part where the tier publishes the splits too.
        """
        parts = []
        for table in self.tier.tables:
            split = self._main_split() if table == "labels" and self._publishes_parts() else None
            for part in PARTS if split else (None,):
                query = self.query(connection, table, split, part)
                path = f"data/{table}-{part}.parquet" if part else f"data/{table}.parquet"
                # Loaders refuse a file without rows.
                if connection.execute(f"SELECT 1 FROM ({query}) LIMIT 1").fetchone():
                    parts.append(File(table, part, path, query))
        return parts

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        split: str | None = None,
        part: str | None = None,
    ) -> str:
        """SQL of one table: the tier's columns, sorted by all of them.

        The sorting hides the store's order. Columns that the release lacks are NULL.
        """
        there = {
            str(r[0]) for r in connection.execute(f"DESCRIBE {self._source(table)}").fetchall()
        }
        values = {
            c.name: self._value(c) if c.name in there else f"NULL::{published_type(c)}"
            for c in self.tier.columns(table)
        }
        columns = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
        where = (
            f" SEMI JOIN ({self._members(split, part)}) USING (account_id)"
            if split and part
            else ""
        )
        return f"SELECT {columns} FROM ({self._source(table)}){where} ORDER BY ALL"

    def _members(self, split: str, part: str) -> str:
        return (
            f"SELECT account_id FROM {self._file('splits')} WHERE split_id = {literal(split)} AND"
            f" part = {literal(part)}"
        )

    def _publishes_parts(self) -> bool:
        return "splits" in self.tier.tables and "part" in {
            c.name for c in self.tier.columns("splits")
        }

    def _main_split(self) -> str | None:
        """The data set's own split where it places every account, else the one that was drawn."""
        info = self.release.info
        whole = [
            s["split_id"] for s in info["splits"] if sum(s[p] for p in PARTS) == info["accounts"]
        ]
        return "official" if "official" in whole else (whole or [None])[0]

    def _file(self, table: str) -> str:
        return f"read_parquet({literal(self.release.file(table))})"

    def _source(self, table: str) -> str:
        """SQL of the rows before columns are chosen."""
        if table == "accounts":
            return (
                f"SELECT *, {digest(self.release.content_hash)} AS profile_digest FROM"
                f" {self._file('accounts')}"
            )
        if table == "votes":
            return (
                "SELECT *, claimant AS annotator, claimant_kind AS annotator_kind FROM"
                f" {standing_claims(self._file('claims'))}"
            )
        if table == "agreement":
            counts = (
                "SELECT dataset, account_id, answer, count(*) AS n FROM"
                f" {standing_claims(self._file('claims'))} GROUP BY ALL"
            )
            return (
                "SELECT dataset, account_id, sum(n)::BIGINT AS votes, count(*) AS answers, max(n)"
                f" / sum(n) AS top_answer_share FROM ({counts}) GROUP BY ALL"
            )
        if table == "features":
            return f"FROM read_parquet({literal(self._features())})"
        return f"FROM {self._file(table)}"

    def _features(self) -> Path:
        """The file of the release's features, computed if it is missing."""
        from curation.features import cached, code_version

        cache = self.home / "cache" / "features"
        cached(self.release, cache)
        return cache / f"{self.release.content_hash[:16]}-{code_version()[:16]}.parquet"

    def _value(self, column: Offered) -> str:
        """SQL of a published value: ids by tier, maps as JSON text, which every loader reads."""
        name = f'"{column.name}"'
        if column.type.startswith("MAP"):
            return f"to_json({name})::VARCHAR"
        if column.sort == "annotator" and self.tier.annotators == "pseudonymous":
            who = f"'annotator-' || {salts.hashed(self.secret, 'annotator', name)}"
            kind = "claimant_kind"
            return f"CASE WHEN {kind} = 'person' THEN {who} ELSE {name} END"
        if self.tier.ids == "salted" and column.sort in SALTED:
            return salts.hashed(self.secret, f"{column.sort} {self.release.platform}", name)
        # Numbers of features differ in type; loaders want one a column.
        return f"{name}::DOUBLE" if column.type == "DOUBLE" else name


def published_type(column: Offered) -> str:
    """The DuckDB type of a column as it is published."""
    return "VARCHAR" if column.type.startswith("MAP") else column.type


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """A new connection for Parquet files, without network and with times in UTC."""
    import duckdb

    with duckdb.connect() as connection:
        for setting in (
            "SET TimeZone = 'UTC'",
            "SET autoinstall_known_extensions = false",
            *no_progress_bar(),
        ):
            connection.execute(setting)
        yield connection
