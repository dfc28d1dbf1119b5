"""Cards and their files, written for a test, and pulled in the process or through the command line."""

import gzip
import json
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
            "id": "made", "title": "Made for a test", "platform": "twitter", "licence": "CC0-1.0", "citation": "none",
            "sources": [{"file": name} for name in files],
            "label": {"meaning": "as made", "claimant": "the test", "claimant_kind": "dataset"},
            "reads": reads or [{"format": format, "options": options or {}}], **card,
        }
        self.card.write_text(yaml.safe_dump(document, sort_keys=False))
        return self

    def pull(self, store, **options):
        """Pull in this process."""
        from curation import cards
        from curation.pull import pull

        return pull(store, cards.load(self.card), self.folder, **options)

    def quarantine(self, store):
        """(table, row, reason, raw) of every row set aside, in order."""
        return store.connection.execute(
            'SELECT table_name, "row", reason, raw FROM lake.main.quarantine ORDER BY ALL').fetchall()


@pytest.fixture
def written(tmp_path):
    """Write a card and its files."""
    return Written(tmp_path)


@pytest.fixture
def pulled(written, cli):
    """Write a card and its files, pull them through the command line; (finished process, JSON document or None)."""

    def run(files, options=None, code=0, arguments=(), **card):
        written(files, options, **card)
        done = cli("pull", written.card, "--from", written.folder, "--json", *arguments, code=code)
        return done, json.loads(done.stdout) if done.stdout else None

    return run
