"""Features of a release, computed once: one Parquet file for each content hash and code version."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from botbench.core import code_versions
from botbench.core.duckdb_work import scratch_database
from botbench.core.files import UNFINISHED, write_parquet
from botbench.core.sql import literal
from curation.features._compute import compute
from curation.features._registry import FEATURES, chosen
from curation.store.upkeep import leftovers

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


REVISION = 1
"""The version of the computation (views, exact arithmetic); raise it when values change."""
LIMIT = 2**32
"""Bytes that DuckDB may take before it moves rows to the disk."""


class ReleaseFolder(Protocol):
    """The parts of a release that are read: its hash, and the folder of accounts and posts."""

    @property
    def content_hash(self) -> str:
        """The hash that names the release's content."""

    @property
    def path(self) -> Path:
        """The release's folder."""


def cached(release: ReleaseFolder, cache: Path, families: Iterable[str] | None = None) -> pa.Table:
    """The features of a release's accounts (see `compute`), from `cache` where it has them.

    All families are computed at once, and the requested ones are read. The file is written
    atomically, so two processes may do this at once. Raises UserError for an unknown family.
    """
    import pyarrow.parquet as pq

    names = [f.name for f in chosen(families)]
    path = cache / f"{release.content_hash[:16]}-{code_version()[:16]}.parquet"
    if not path.exists():
        _write(release, path)
    return pq.read_table(path, columns=["account_id", *names])


def code_version() -> str:
    """sha256 of the features' names and versions, the computing revision and DuckDB's version."""
    import duckdb

    total = hashlib.sha256(f"{duckdb.__version__} revision {REVISION}\n".encode())
    for name, one in FEATURES.items():
        module = one.function.__module__
        version = (
            code_versions.of_module(module) if one.revision is None else f"revision {one.revision}"
        )
        total.update(f"{name} {version}\n".encode())
    return total.hexdigest()


def _write(release: ReleaseFolder, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch_connection(path.parent) as (connection, _):
        write_parquet(path, compute(connection, *release_sql(release)))


@contextmanager
def scratch_connection(beside: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """DuckDB with a bound on its memory, and the folder in `beside` where the rest of it goes.

    The folder is named and locked as a draft, so that a later run removes what a killed one left,
    and nothing that another machine is at work on.
    """
    leftovers.remove_drafts(beside)
    with (
        tempfile.TemporaryDirectory(
            prefix=f".features.{os.getpid()}.{secrets.token_hex(4)}",
            suffix=UNFINISHED,
            dir=beside,
        ) as scratch,
        _locked(Path(scratch)),
        scratch_database() as connection,
    ):
        for setting in (
            "preserve_insertion_order = false",
            f"memory_limit = '{LIMIT}B'",
            f"temp_directory = {literal(scratch)}",
            # Parts are read once or twice; DuckDB would keep all of them.
            "enable_external_file_cache = false",
        ):
            connection.execute(f"SET {setting}")
        yield connection, Path(scratch)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, where its file system has locks; without them nobody removes it."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(leftovers.held(folder))
        yield


def release_sql(release: ReleaseFolder) -> tuple[str, str]:
    """Queries of a release's accounts and posts."""
    accounts, posts = (release.path / f"{table}.parquet" for table in ("accounts", "posts"))
    return f"FROM read_parquet({literal(accounts)})", f"FROM read_parquet({literal(posts)})"
