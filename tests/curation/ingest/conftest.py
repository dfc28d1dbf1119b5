"""Files staged without a store: what a reader makes of them, in a tenth of a second."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import pytest

from curation.ingest import pull as pulling
from curation.ingest.card_model import Card
from curation.ingest.reading.stage import FED, QUARANTINE, Stage
from curation.ingest.recognition.recognise import recognise


@dataclass
class Staged:
    """The stage after its files were read; `rows(query)` asks it."""

    stage: Stage

    def rows(self, query):
        return self.stage.connection.execute(query).fetchall()

    def column(self, query):
        return [row[0] for row in self.rows(query)]

    def count(self, table):
        return self.rows(f"SELECT count(*) FROM pull_{table}")[0][0]

    @property
    def counts(self):
        """Staged rows by table; tables without any are left out."""
        return {t: n for t in FED if (n := self.count(t))}

    @property
    def aside(self):
        """(table, row, reason) of each row set aside."""
        return self.rows(f"SELECT table_name, _row, reason FROM {QUARANTINE} ORDER BY ALL")

    @property
    def messages(self):
        return self.column(f"SELECT message FROM {QUARANTINE} ORDER BY ALL")

    @property
    def notes(self):
        return self.stage.notes


@pytest.fixture
def staged(tmp_path):
    """`staged({name: bytes or path}, options, format=...)` reads files by a card made for them."""
    connections = []

    def run(files, options=None, format="tabular", reads=None, **card):
        folder, scratch = Path(mkdtemp(dir=tmp_path)), Path(mkdtemp(dir=tmp_path))
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                (folder / name).symlink_to(content)
            else:
                (folder / name).write_bytes(content)
        made = Card.model_validate(
            {
                "id": "made",
                "title": "t",
                "platform": "twitter",
                "licence": "CC0-1.0",
                "citation": "none",
                "sources": [{"file": name} for name in files],
                "label": {"meaning": "as made", "claimant": "the test"},
                "reads": reads or [{"format": format, "options": options or {}}],
                **card,
            }
        )
        found, _ = pulling.gather(None, made, folder, lambda *_: None)
        connection = duckdb.connect()
        connections.append(connection)
        connection.execute("SET TimeZone = 'UTC'")
        stage = Stage(connection, made, scratch, "0" * 64, memory=500_000_000)
        pulling._read(stage, made, found, lambda *_: None)
        return Staged(stage)

    yield run
    for connection in connections:
        connection.close()


@pytest.fixture
def recognised(tmp_path):
    """`recognised(path)` reads a file or folder without a card, by the one that is made for it."""
    connections = []

    def run(path):
        found = recognise(path)
        files, _ = pulling.gather(None, found.card, found.folder, lambda *_: None)
        connection = duckdb.connect()
        connections.append(connection)
        connection.execute("SET TimeZone = 'UTC'")
        scratch = Path(mkdtemp(dir=tmp_path))
        stage = Stage(connection, found.card, scratch, "0" * 64, memory=500_000_000)
        pulling._read(stage, found.card, files, lambda *_: None)
        made = Staged(stage)
        made.found = found
        return made

    yield run
    for connection in connections:
        connection.close()
