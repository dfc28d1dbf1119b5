"""DuckDB's extensions: where each comes from, and the file that is loaded."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from botbench.core.errors import ResourceFailure, UserError, first_line

FOLDER = "BOTBENCH_EXTENSIONS"
"""The variable that names a folder of extensions, or `download`."""
DOWNLOAD = "download"
EXTRAS = {"postgres_scanner": "postgres", "httpfs": "s3"}


@dataclass(frozen=True)
class Found:
    """An extension's file, and where it comes from: `wheel`, `folder` or `site`."""

    path: Path
    origin: str


def extension(name: str) -> Path:
    """The signed file of an extension, such as `ducklake`; DuckDB checks the signature at loading.

    Raises as `find` does.
    """
    return find(name).path


def find(name: str) -> Found:
    """Find an extension for this DuckDB, without loading it.

    It comes from the PyPI package `duckdb-extension-NAME`; or, where BOTBENCH_EXTENSIONS is set,
    from the folder that this names (NAME.duckdb_extension, or DuckDB's own layout of folders); or,
    where it is `download`, from DuckDB's own site. Raises UserError where it is not there for this
    version of DuckDB, ResourceFailure where the site does not answer.
    """
    asked = os.environ.get(FOLDER, "")
    if asked == DOWNLOAD:
        return Found(_downloaded(name), "site")
    if asked:
        return Found(_in_folder(name, Path(asked).expanduser()), "folder")
    return Found(_in_wheel(name), "wheel")


def _in_wheel(name: str) -> Path:
    package = f"duckdb_extension_{name}"
    try:
        root = Path(str(importlib.import_module(package).__file__)).parent
    except ImportError:
        extra = f" (install botbench[{EXTRAS[name]}])" if name in EXTRAS else ""
        raise UserError(
            f"DuckDB's {name} extension is not installed: pip install"
            f" {package.replace('_', '-')}{extra}."
        ) from None
    files = sorted(root.rglob(f"{name}.duckdb_extension"))
    fitting = [file for file in files if f"v{duckdb.__version__}" in file.parts]
    if not fitting:
        held = ", ".join(sorted({p for f in files for p in f.parts if p[:1] == "v"})) or "none"
        raise UserError(
            f"The package {package.replace('_', '-')} holds the {name} extension for another DuckDB"
            f" ({held}), and this is v{duckdb.__version__}. Install both in one version, or see"
            " botbench doctor --stack."
        )
    return fitting[0]


def _in_folder(name: str, folder: Path) -> Path:
    file = f"{name}.duckdb_extension"
    inner = sorted(folder.glob(f"v{duckdb.__version__}/*/{file}"))
    for path in (folder / file, *inner):
        if path.is_file():
            return path
    raise UserError(
        f"{FOLDER} names {folder}, which holds no {file} for DuckDB v{duckdb.__version__}. Put it"
        f" there, or unset {FOLDER} to take the one of the installed package."
    )


def _downloaded(name: str) -> Path:
    """The extension from DuckDB's site, kept in DuckDB's own folder; it is fetched once."""
    with duckdb.connect() as connection:
        try:
            connection.execute(f"INSTALL {name}")
        except duckdb.Error as error:
            raise ResourceFailure(
                f"DuckDB's {name} extension could not be downloaded: {first_line(error)}. Unset"
                f" {FOLDER} to take the one of the installed package."
            ) from error
        row = connection.execute(
            "SELECT install_path FROM duckdb_extensions() WHERE extension_name = ?", [name]
        ).fetchone()
    return Path(row[0]) if row else Path(name)
