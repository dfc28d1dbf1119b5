"""`botbench doctor --stack`, and where DuckDB's extensions are taken from."""

import shutil

import duckdb
import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.maintenance import stack
from curation.store.store import Store
from curation.store.upkeep import extensions


def test_what_is_installed_here_fits():
    parts = {p.name: p for p in stack.parts()}
    assert parts["duckdb"].outcome == "fits" and parts["duckdb"].installed == duckdb.__version__
    assert parts["extension ducklake"].installed == "from wheel"
    assert stack.document(list(parts.values()))["fits"]


def test_another_version_does_not_fit(monkeypatch):
    monkeypatch.setattr(stack.metadata, "version", lambda _: "0.0.1")
    parts = {p.name: p for p in stack.parts()}
    assert parts["duckdb"].outcome == "does not fit"
    assert parts["duckdb"].says == "pip install 'duckdb==1.5.5'"
    assert not stack.document(list(parts.values()))["fits"]


def test_a_wheel_for_another_duckdb_is_told(monkeypatch):
    monkeypatch.setattr(extensions.duckdb, "__version__", "2.0.1")
    with pytest.raises(UserError, match=r"for another DuckDB \(v1\.5\.5\), and this is v2\.0\.1"):
        extensions.find("ducklake")


def test_a_folder_of_extensions_is_taken(tmp_path, monkeypatch):
    folder = tmp_path / "extensions"
    folder.mkdir()
    monkeypatch.setenv(extensions.FOLDER, str(folder))
    with pytest.raises(UserError, match=r"holds no sqlite_scanner\.duckdb_extension"):
        Store(tmp_path / "store")
    monkeypatch.delenv(extensions.FOLDER)
    for name in ("sqlite_scanner", "ducklake"):
        shutil.copy(extensions.extension(name), folder)
    monkeypatch.setenv(extensions.FOLDER, str(folder))
    assert extensions.find("ducklake") == extensions.Found(
        folder / "ducklake.duckdb_extension", "folder"
    )
    with Store(tmp_path / "store") as store:
        assert store.head() == 1


def test_a_foreign_file_is_refused_by_its_signature(tmp_path, monkeypatch):
    forged = tmp_path / "sqlite_scanner.duckdb_extension"
    content = bytearray(extensions.extension("sqlite_scanner").read_bytes())
    content[len(content) // 2] ^= 1
    forged.write_bytes(content)
    shutil.copy(extensions.extension("ducklake"), tmp_path)
    monkeypatch.setenv(extensions.FOLDER, str(tmp_path))
    with duckdb.connect() as connection, pytest.raises(duckdb.Error, match="signature"):
        connection.execute(f"LOAD '{extensions.extension('sqlite_scanner')}'")
    told = r"does not load its extension .*sqlite_scanner\.duckdb_extension: its signature is"
    with pytest.raises(ResourceFailure, match=told):
        Store(tmp_path / "store")
    forged.write_bytes(b"no extension at all" * 40)
    with pytest.raises(ResourceFailure, match=r"The file is not a DuckDB extension.*--stack\."):
        Store(tmp_path / "store")
