"""Data files in S3-compatible object storage: credentials, listing, copying, and its failures."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from botbench.core.errors import ResourceFailure, UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from curation.store.upkeep.extensions import extension
from curation.store.upkeep.failures import CatalogLost

SCHEME = "s3://"
ADDRESS = re.compile(r"s3://[^\s'\"?*\[\]]+")
STATUS = re.compile(r"(?:HTTP (?:code )?|code )(40[134]|5\d\d)\b")


def is_remote(path: object) -> bool:
    """Whether a path is an address in object storage."""
    return str(path).startswith(SCHEME)


def checked(address: str) -> str:
    """An address `s3://bucket/prefix` without a slash at its end; raises UserError for another."""
    url = urlsplit(address)
    prefix = url.path.strip("/")
    if url.scheme != "s3" or not url.netloc or not prefix or re.search(r"[*?\[\]]", address):
        raise UserError(
            f"data_path={address} is no place in object storage. Write it like"
            " data_path=s3://bucket/prefix."
        )
    return f"{SCHEME}{url.netloc}/{prefix}"


def own_folder(store: str) -> Path:
    """This user's folder for what is local of a store whose data files are not."""
    own = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(own) / "botbench" / "stores" / short_hash(store, 16)


def statements() -> list[str]:
    """The SQL that lets a connection reach object storage.

    Credentials are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL); without them DuckDB's
    own secrets of this user count. They stay in the connection's memory.
    """
    loaded = [f"LOAD {literal(extension('httpfs'))}"]
    return loaded + ([secret] if (secret := _secret()) else [])


def _secret() -> str:
    """`CREATE SECRET` of what the environment says; empty where it says nothing."""
    told = os.environ.get
    options = {
        "KEY_ID": told("AWS_ACCESS_KEY_ID"),
        "SECRET": told("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": told("AWS_SESSION_TOKEN"),
        "REGION": told("AWS_REGION") or told("AWS_DEFAULT_REGION"),
    }
    parts = [f"{name} {literal(value)}" for name, value in options.items() if value]
    if endpoint := told("AWS_ENDPOINT_URL_S3") or told("AWS_ENDPOINT_URL"):
        url = urlsplit(endpoint)
        parts += [
            f"ENDPOINT {literal(url.netloc or url.path)}",
            "URL_STYLE 'path'",
            f"USE_SSL {str(url.scheme != 'http').lower()}",
        ]
    return f"CREATE OR REPLACE SECRET botbench (TYPE s3, {', '.join(parts)})" if parts else ""


def is_gone(error: duckdb.Error) -> bool:
    """Whether an error says that one object, in a bucket that is there, is missing."""
    return "404" in STATUS.findall(str(error)) and "NoSuchBucket" not in str(error)


def listed(connection: duckdb.DuckDBPyConnection, prefix: str, pattern: str = "*") -> list[str]:
    """The addresses below a prefix whose last part fits a pattern, sorted."""
    found = connection.execute(
        f"SELECT file FROM glob({literal(f'{prefix}/**/{pattern}')}) ORDER BY 1"
    ).fetchall()
    return [str(file) for (file,) in found]


def fetch(connection: duckdb.DuckDBPyConnection, address: str, target: Path) -> None:
    """Copy one object into a file."""
    _copy(connection, address, str(target))


def put(connection: duckdb.DuckDBPyConnection, source: Path, address: str) -> None:
    """Copy a file into an object."""
    _copy(connection, str(source), address)


def _copy(connection: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    connection.execute(
        f"COPY (SELECT content FROM read_blob({literal(source)})) TO {literal(target)}"
        " (FORMAT blob)"
    )


def opened() -> duckdb.DuckDBPyConnection:
    """A connection of its own that reaches object storage and nothing else."""
    connection = duckdb.connect()
    try:
        for statement in (
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            *statements(),
        ):
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def explained(error: BaseException, place: str = "") -> ResourceFailure | None:
    """The sentence for a failure of object storage; None for any other error.

    `place` is the store's address, for errors that name none.
    """
    text = str(error)
    if not isinstance(error, duckdb.Error) or not (SCHEME in text or "HTTP" in text):
        return None
    found = ADDRESS.search(text)
    address = (found[0] if found else place).rstrip(":.,")
    bucket = urlsplit(address).netloc or "?"
    status = next(iter(STATUS.findall(text)), "")
    if "NoSuchBucket" in text:
        says = (
            f"There is no bucket {bucket}: {address} cannot be reached. Make the bucket, or name"
            " the right one in data_path."
        )
    elif status in {"401", "403"} or "AccessDenied" in text or "Forbidden" in text:
        says = (
            f"The bucket {bucket} does not let you in: {address} is forbidden. Set"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials that may read and write"
            " there, or make a DuckDB secret."
        )
    elif status == "404":
        says = f"{address} is not there any more. Look what is missing: botbench doctor."
    else:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        does = f"answers with an error of its own (HTTP {status})" if status else "does not answer"
        says = (
            f"The object storage of {address}{f' at {endpoint}' if endpoint else ''} {does}."
            " Nothing of this step was written. Run the same command again when it works."
        )
    return ResourceFailure(says)


@contextlib.contextmanager
def explaining(place: str) -> Iterator[None]:
    """Raise the sentence for a failure of the object storage of `place`; empty for no such store.

    For work outside of a store that is open, which does the same.
    """
    try:
        yield
    except duckdb.Error as error:
        if place and (failure := explained(error, place)):
            raise failure from error
        raise


def holds_files(prefix: str) -> str | None:
    """One object below a prefix, or None. Raises ResourceFailure where it cannot be reached."""
    with explaining(prefix), opened() as connection:
        row = connection.execute(
            f"SELECT file FROM glob({literal(f'{prefix}/**')}) LIMIT 1"
        ).fetchone()
    return str(row[0]) if row else None


def unknown_files(prefix: str) -> CatalogLost | None:
    """The error for a catalog without a store whose prefix holds files; None without a prefix."""
    if not prefix or not (left := holds_files(prefix)):
        return None
    return CatalogLost(
        f"The Postgres database holds no tables of a store, but {prefix} holds files (one is"
        f" {left}). A new catalog would know none of them, so none was made and nothing was"
        " changed.",
        "Restore the catalog from a backup (botbench restore-backup BACKUP), or name an empty"
        " prefix in data_path.",
    )
