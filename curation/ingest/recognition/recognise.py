"""Files without a card: each format is asked, the surest one reads it, by a card made for it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from botbench.core.errors import UserError
from curation.ingest import packings
from curation.ingest.card_model import Card, Source
from curation.ingest.reading.files import verify
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.recognition.names import mapped
from curation.ingest.sources import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 0.5
"""How sure a format must be of a file to read it."""
FILES = 10_000
"""Files of a folder that are looked at."""
HIDDEN = (".", "_")
SHOWN = {
    "lines": "JSON, one object a line,",
    "array": "a JSON array",
    "document": "a JSON document",
    "script": "a script of a personal archive",
    "table": "a table",
    "parquet": "a Parquet file",
    "binary": "a file that is no text",
}
"""What a head's form is called in a sentence."""


@dataclass(frozen=True)
class Recognised:
    """One file: its name in the folder, the format that reads it, and how sure that is."""

    file: str
    format: str
    guess: Guess


@dataclass(frozen=True)
class Found:
    """A card made for files, the folder they are in, and what was recognised and passed over."""

    card: Card
    folder: Path
    files: tuple[Recognised, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        """The formats, joined."""
        return ", ".join(dict.fromkeys(f.format for f in self.files))

    @property
    def sure(self) -> float:
        """How sure the least sure file is."""
        return round(min(f.guess.sure for f in self.files), 2)

    def written(self) -> str:
        """The card as YAML."""
        document = self.card.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def recognise(path: Path, name: str | None = None, platform: str | None = None) -> Found:
    """The card for a file, or for a folder's files, that has none; `name` is the data set's id.

    Raises UserError for a path that is not there, and where no format is sure of any file.
    """
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    folder = path if path.is_dir() else path.parent
    names = _inside(path) if path.is_dir() else [path.name]
    names = [n for name_ in names for n in _members(folder, name_)]
    heads = [look(verify(Source.model_validate({"file": n}), folder / n, folder)) for n in names]
    best = {h.name: _best(h) for h in heads}
    found = tuple(
        Recognised(n, b[0], b[1]) for n, h in zip(names, heads, strict=True) if (b := best[h.name])
    )
    if not found:
        raise UserError(_unknown(path, heads))
    passed = tuple(n for n in names if n not in {f.file for f in found})
    return Found(_card(path, name or slug(path), platform, found), folder, found, passed)


def slug(path: Path) -> str:
    """A data set's id from a file's name.

    >>> slug(Path("My posts (2).jsonl.gz"))
    'my-posts-2'
    """
    stem = path.name if path.is_dir() else path.name.split(".")[0] or path.name
    made = re.sub(r"[^a-z0-9_]+", "-", stem.lower()).strip("-_")
    return made or "files"


def _inside(folder: Path) -> list[str]:
    """The files of a folder and its folders, by name; hidden ones are left out."""
    names = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(p.startswith(HIDDEN) for p in relative.parts):
            names.append(relative.as_posix())
        if len(names) > FILES:
            raise UserError(f"{folder} holds over {FILES:,} files; name a folder with fewer.")
    return names


def _members(folder: Path, name: str) -> list[str]:
    """The file, or the files within it where it is a zip or tar."""
    if not packings.is_archive(folder / name):
        return [name]
    inner = packings.members(folder / name)
    return [f"{name}/{m}" for m in inner if not any(p.startswith(HIDDEN) for p in m.split("/"))]


def _best(head: Head) -> tuple[str, Guess] | None:
    """The surest format for a head; of equally sure ones, the first by name."""
    guesses = [
        (name, guess)
        for name, f in FORMATS.all().items()
        if f.traits.recognise is not None and (guess := f.traits.recognise(head)) is not None
    ]
    sure = [g for g in guesses if g[1].sure >= LEAST]
    return max(sure, key=lambda g: g[1].sure, default=None)


def _card(path: Path, name: str, platform: str | None, found: Iterable[Recognised]) -> Card:
    groups: dict[str, tuple[Recognised, list[str]]] = {}
    for f in found:
        options = {k: v for k, v in f.guess.options.items() if k != "label"}
        key = f"{f.format} {options!r}"
        groups.setdefault(key, (f, []))[1].append(f.file)
    platforms = [
        f.guess.platform or FORMATS.get(f.format).traits.platform for f, _ in groups.values()
    ]
    if platform and (others := sorted({p for p in platforms if p} - {platform})):
        raise UserError(
            f"--platform {platform} is for files that say none, such as tables; {path} has files of"
            f" {', '.join(others)}. Leave it out."
        )
    labels = [f.guess.options["label"] for f, _ in groups.values() if "label" in f.guess.options]
    reads = [
        {
            "format": f.format,
            **({"files": files} if len(groups) > 1 else {}),
            "options": {k: v for k, v in f.guess.options.items() if k != "label"},
        }
        for f, files in groups.values()
    ]
    document: dict[str, Any] = {
        "id": name,
        "title": path.name,
        "platform": platform or next((p for p in platforms if p), "unknown"),
        "licence": "not stated",
        "citation": "not stated",
        "sources": [
            {"file": file, "local_only": True} for _, files in groups.values() for file in files
        ],
        "reads": reads,
        **({"label": labels[0]} if labels else {}),
    }
    return Card.model_validate(document)


def _unknown(path: Path, heads: list[Head]) -> str:
    """Why no format reads it, for people."""
    listed = "(botbench sources lists those that are)"
    if len(heads) != 1:
        return (
            f"No file of {path} has a format that is known by its content {listed}. Write a card:"
            " datasets/README.md."
        )
    head = heads[0]
    if not head.start.strip(b"\xef\xbb\xbf \t\r\n"):
        return f"{path} is empty. Get the file again."
    if head.is_empty():
        return (
            f"{path} holds no rows: an empty list, or a header alone. Get the file again, or ask"
            " the network again."
        )
    if head.share("data", "annotations") > 0.5 or head.share("data", "completions") > 0.5:
        return (
            f"{path} is an export of Label Studio: answers on accounts that are in a store. Bring"
            f" them in: botbench annotate import {path} --dataset DATASET."
        )
    what = ", ".join(head.columns[:12] or sorted(head.members())[:12]) or "nothing readable"
    card = "Write a card: datasets/README.md."
    if head.form == "table" and "account_id" in mapped(head.columns):
        card = f"To have a card made from its columns: botbench new card {shlex.quote(str(path))}"
    return (
        f"{path} has no format that is known by its content {listed}. It looks like"
        f" {SHOWN.get(head.form, head.form)} with: {what}. {card}"
    )
