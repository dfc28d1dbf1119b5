"""Publishing: write, prove and place a folder for one version of a release in one tier."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from botbench.core.errors import UserError
from botbench.core.hashing import file_sha256, short_hash
from botbench.core.sql import literal
from curation.release import release as releases
from curation.release import writer
from curation.release.publish import changes, facts, seals
from curation.release.publish.documents import answers as asking
from curation.release.publish.documents import croissant, datasheet, readme
from curation.release.publish.documents.answers import Answers
from curation.release.publish.proof import Proof
from curation.release.publish.tables import Builder, File, scratch
from curation.release.publish.tiers import Tier
from curation.release.release import Release
from curation.store import salts
from curation.store.connection import turn
from curation.store.store import Store

FOLDER = "publications"
OTHERS = ".others"
"""How the name of a folder ends in which an erasure keeps foreign files for a moment."""
MEMBERS = {"name", "version", "tier", "revision", "identity", "folder", "reference"}
"""Fields without which a release.json is of no publication."""
SAID = (
    "name",
    "version",
    "dataset",
    "platform",
    "simulated",
    "title",
    "licence",
    "citation",
    "accounts",
    "bots",
    "humans",
    "content_hash",
    "parent",
    "because",
)
"""The fields of the release's release.json that the publication's repeats."""


@dataclass(frozen=True)
class Publication:
    """A published folder and its release.json; `made` is False where it existed already."""

    path: Path
    info: dict[str, Any]
    made: bool = False

    def document(self) -> dict[str, Any]:
        """What `release --tier` adds: paths are absolute."""
        files = [{**f, "path": str(self.path / f["path"])} for f in self.info["files"]]
        return {
            **self.info,
            "files": files,
            "path": str(self.path),
            "croissant": str(self.path / "croissant.json"),
            "datasheet": str(self.path / "datasheet.html"),
            "published": self.made,
        }


def shelf_of(home: Path, release: Release) -> Path:
    """The folder of a release version's publications, with one folder a tier."""
    return home / FOLDER / release.name / str(release.version)


def publish(
    store: Store, release: Release, tier: Tier, answers: Answers | None = None
) -> Publication:
    """Write the publication of a release version in a tier.

    The same content gives the same folder. Other answers, or another tier of the same name, make a
    further revision beside it (`public-r2`): a publication is never edited.

    Raises Findings where more than the tier lists would go out, and UserError where the release was
    changed, or where it holds labels that a closed seal keeps back.
    """
    seals.refuse(store.home, release, f"the tier {tier.tier}")
    release.verify()
    press = Press(
        store,
        release,
        tier,
        answers if answers is not None else asking.load(store.home, release.name),
    )
    place = shelf_of(store.home, release)
    there = [
        p for p in listed(store.home) if p.path.parent == place and p.info["tier"] == tier.tier
    ]
    for known in there:
        if known.info["identity"] == press.identity:
            return known
    revision = len(there) + 1
    # The folder of a broken publication is not listed, and is not written over.
    while (target := place / _folder_name(tier, revision)).exists():
        revision += 1
    supersedes = there[-1].info["folder"] if there else None
    return Publication(target, press.write(target, revision, supersedes), made=True)


def _folder_name(tier: Tier, revision: int) -> str:
    return tier.tier if revision == 1 else f"{tier.tier}-r{revision}"


@dataclass(frozen=True)
class Press:
    """Writes a release version in a tier."""

    store: Store
    release: Release
    tier: Tier
    answers: Answers

    @cached_property
    def identity(self) -> str:
        """The hash of all that determines the folder."""
        said = self.release.info
        return short_hash(
            {
                "release": said["files"],
                "tier": self.tier.model_dump(mode="json"),
                "answers": self.answers.given,
                "because": said.get("because"),
                "rewritten": said.get("rewritten", []),
                "audit": facts.audit(self.store, self.release),
            }
        )

    def write(self, target: Path, revision: int, supersedes: str | None) -> dict[str, Any]:
        """Write the folder aside, prove it, and move it to `target`; return its release.json."""
        # Of killed runs, the workplace removes what they left.
        with writer.workplace(target.parent) as work:
            (work / "data").mkdir()
            builder = Builder(
                self.release,
                self.tier,
                salts.salt(self.store.home, salts.PUBLISHED),
                self.store.home,
            )
            with scratch() as connection:
                files = builder.files(connection)
                rows = {f.path: _copy(connection, f, work / f.path) for f in files}
            known = facts.gather(self.store, self.release, self.tier)
            digests = {f.path: file_sha256(work / f.path) for f in files}
            self._documents(work, files, digests, known)
            proved = Proof(self.store, self.release, self.tier, files)(work)
            listed_files = [
                {"path": f.path, "sha256": digests[f.path], "rows": rows[f.path], "table": f.table}
                for f in files
            ]
            info = {
                **self._about(),
                "revision": revision,
                "supersedes": supersedes,
                "folder": f"{self.release.reference}/{target.name}",
                "proof": proved,
                "files": listed_files,
            }
            _seal(work, info)
            # An erasure rewrites releases in a turn, too: nothing made of old files comes after it.
            with turn(self.store.location):
                self._refuse_rewritten()
                if target.exists():
                    shutil.rmtree(target)
                work.rename(target)
        return info

    def _refuse_rewritten(self) -> None:
        """Raise UserError where the release changed since it was read."""
        if releases.load(self.store.home, self.release.reference).info != self.release.info:
            raise UserError(
                f"{self.release.reference} was written anew meanwhile (an account was erased), so"
                " nothing was published. Run the same command again."
            )

    def _documents(
        self, work: Path, files: list[File], digests: Mapping[str, str], known: Mapping[str, Any]
    ) -> None:
        texts = {
            "README.md": readme.readme(known, self.tier, files, digests),
            "CITATION.cff": readme.citation(known, self.tier, self.answers),
            "DATASHEET.md": datasheet.markdown(known, self.answers),
            "datasheet.html": datasheet.html(known, self.answers),
            "RESPONSIBLE-USE.md": readme.responsible_use(self.answers),
            **self._changes(known),
        }
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
        croissant.write(work, self.tier, files, known, self.answers)

    def _changes(self, known: Mapping[str, Any]) -> dict[str, str]:
        """The diff against the superseded version, if that still exists."""
        parent = self.release.info.get("parent")
        try:
            old = releases.load(self.store.home, parent) if parent else None
        except UserError:
            old = None
        if old is None:
            return {}
        differences = changes.between(self.store, old, self.release, self.tier)
        return {
            "CHANGES.md": changes.markdown(differences),
            "changes.html": changes.html(differences, known),
        }

    def _about(self) -> dict[str, Any]:
        said = self.release.info
        return {
            **{k: said.get(k) for k in SAID},
            "reference": self.release.reference,
            "tier": self.tier.tier,
            "tier_document": self.tier.model_dump(mode="json"),
            "identity": self.identity,
            "release_made_at": said["made_at"],
            "published_at": datetime.now(UTC).isoformat(),
            "unanswered": self.answers.open,
            "answers": self.answers.given,
            "erasures": len(said.get("rewritten", [])),
        }


def _copy(connection: Any, file: File, path: Path) -> int:
    options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000"
    return int(
        connection.execute(f"COPY ({file.query}) TO {literal(path)} ({options})").fetchone()[0]
    )


def _seal(work: Path, info: Mapping[str, Any]) -> None:
    """Write release.json and the checksums of all files."""
    (work / "release.json").write_text(
        json.dumps(info, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    everything = sorted(p for p in work.rglob("*") if p.is_file())
    sums = "".join(f"{file_sha256(p)}  {p.relative_to(work)}\n" for p in everything)
    (work / "SHA256SUMS").write_text(sums, encoding="utf-8")


def copy(publication: Publication, out: Path) -> None:
    """Copy a publication to a new or empty folder and check it against its checksums.

    Raises UserError if the folder holds anything, or if a file differs from its checksum: then
    nothing is left there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"{out} is there already and not empty; nothing was copied. What is published is not"
            " overwritten: name a new folder."
        )
    draft = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(publication.path, draft)
    for line in (draft / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if file_sha256(draft / name) != digest:
            shutil.rmtree(draft)
            raise UserError(
                f"{publication.path / name} differs from its SHA256SUMS: it was changed after it"
                " was published. Publish again."
            )
    if out.exists():
        out.rmdir()
    draft.rename(out)


def listed(home: Path) -> list[Publication]:
    """Every publication in a home folder, oldest first within a release version.

    Those whose release.json is damaged are left out (see `broken`).
    """
    read = {folder: _said(folder) for folder in _folders(home)}
    return sorted(
        (Publication(folder, info) for folder, info in read.items() if info),
        key=lambda p: (p.info["name"], p.info["version"], p.info["tier"], p.info["revision"]),
    )


def broken(home: Path) -> list[Path]:
    """The folders of publications whose release.json is missing or damaged."""
    return [folder for folder in _folders(home) if not _said(folder)]


def _folders(home: Path) -> list[Path]:
    return [
        p
        for p in sorted((home / FOLDER).glob("*/*/*"))
        if p.is_dir() and not p.name.startswith(writer.UNFINISHED) and p.suffix != OTHERS
    ]


def _said(folder: Path) -> dict[str, Any] | None:
    """A publication's release.json, None where it is not one."""
    try:
        info = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return info if isinstance(info, dict) and set(info) >= MEMBERS else None
