"""Cards and their files, written for a test, and pulled in the process or through the command line."""

import gzip
import importlib.util
import json
import uuid
from pathlib import Path

import pytest
import yaml


class Written:
    """A card with its files in a folder: `written(files={name: bytes}, options={...})` writes both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.card = folder / "card.yaml"

    def __call__(self, files, options=None, *, format="tabular", reads=None, zipped=(), **card):
        self.folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(content) if name in zipped else content)
        document = {
            "id": "made",
            "title": "Made for a test",
            "platform": "twitter",
            "licence": "CC0-1.0",
            "citation": "none",
            "sources": [{"file": name} for name in files],
            "label": {"meaning": "as made", "claimant": "the test", "claimant_kind": "dataset"},
            "reads": reads or [{"format": format, "options": options or {}}],
            **card,
        }
        self.card.write_text(yaml.safe_dump(document, sort_keys=False))
        return self

    def pull(self, store, **options):
        """Pull in this process."""
        from curation.ingest import cards
        from curation.ingest.pull import pull

        return pull(store, cards.load(self.card), self.folder, **options)

    def quarantine(self, store):
        """(table, row, reason, raw) of every row set aside, in order."""
        return store.connection.execute(
            'SELECT table_name, "row", reason, raw FROM lake.main.quarantine ORDER BY ALL'
        ).fetchall()


@pytest.fixture
def written(tmp_path):
    """Write a card and its files."""
    return Written(tmp_path)


@pytest.fixture
def pulled(written, cli):
    """Write a card and its files, pull them through the command line; (finished process, JSON
    document or None).
    """

    def run(files, options=None, code=0, arguments=(), **card):
        written(files, options, **card)
        done = cli("pull", written.card, "--from", written.folder, "--json", *arguments, code=code)
        return done, json.loads(done.stdout) if done.stdout else None

    return run


@pytest.fixture
def database(postgres):
    """Makes a database of its own on a real server: database(home) is the URL of a store that may
    be made there.
    """
    import psycopg

    def make(home):
        name = f"store_{uuid.uuid4().hex}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{postgres.rpartition('/')[0]}/{name}?data_path={home}"

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request, tmp_path):
    """Where a store may be made, for each kind of catalog: a folder, or a database on a real
    server.
    """
    if request.param == "sqlite":
        return str(tmp_path / "store")
    return request.getfixturevalue("database")(tmp_path / "store")


@pytest.fixture
def old_stores():
    """Makes stores as the first schema made them (tests/curation/old_stores.py)."""
    spec = importlib.util.spec_from_file_location(
        "old_stores", Path(__file__).parent / "store" / "old_stores.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
