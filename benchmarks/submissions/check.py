"""Check a submission's manifest, predictions, release and training data; same code for everyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.release_arrays import ask
from benchmarks.submissions import contents, manifest, package, predictions
from benchmarks.submissions.folder import Folder
from benchmarks.submissions.manifest import Manifest, Training
from benchmarks.submissions.problems import Problem
from botbench.core.hashing import file_sha256

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Checked:
    """The result of a check; `manifest` and `table` (account_id, p_bot) are None after errors."""

    problems: list[Problem]
    manifest: Manifest | None = None
    table: pa.Table | None = None
    overlap: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def document(self) -> dict[str, Any]:
        """The contract of `botbench submit check --json`."""
        return {
            "ok": self.ok,
            "problems": [vars(p) for p in self.problems],
            "overlap": self.overlap,
            "detector": self.manifest.detector if self.manifest else None,
        }


def check(path: Path, release: Folder, home: Path | None = None) -> Checked:
    """Check a folder or zip against the release it predicts.

    `home` is a store in which overlap with training releases is counted. Raises UserError if there
    is no submission.
    """
    with package.opened(path) as (folder, strangers):
        if unsafe := contents.unsafe(folder):
            return Checked([*strangers, *unsafe])
        declared, mistakes = manifest.read(folder)
        problems = [*strangers, *mistakes]
        if declared is None:
            return Checked([*problems, *_any_predictions(folder, release)])
        problems += _release(declared, release)
        read = _predictions(folder, declared, release)
        overlap = [_overlap(t, release, home) for t in declared.trained_on]
        problems += [*read.problems, *_trained(overlap)]
        return Checked(problems, declared, None if problems else read.table, overlap)


def _any_predictions(folder: Path, release: Folder) -> list[Problem]:
    """Errors of the only predictions file if the manifest is unreadable, to report all at once."""
    files = [f for f in sorted(folder.glob("*")) if f.suffix in {".csv", ".parquet"}]
    return predictions.read(files[0], release.wanted()).problems if len(files) == 1 else []


def _release(declared: Manifest, release: Folder) -> list[Problem]:
    reference = f"{declared.release.name}@{declared.release.version}"
    if reference != release.reference:
        return [
            Problem(
                f"the manifest is for {reference}, and this is {release.reference}",
                f"{manifest.NAME}: release",
            )
        ]
    if declared.release.content_hash != release.content_hash:
        return [
            Problem(
                f"the manifest is for another content of {reference}:"
                f" {declared.release.content_hash[:12]}..., and this release has"
                f" {release.content_hash[:12]}...; predict the accounts of this one",
                f"{manifest.NAME}: release.content_hash",
            )
        ]
    return []


def _predictions(folder: Path, declared: Manifest, release: Folder) -> predictions.Read:
    file = folder / declared.predictions.file
    read = predictions.read(file, release.wanted())
    if file.is_file() and file.stat().st_size <= predictions.LARGEST:
        digest = file_sha256(file)
        if digest != declared.predictions.sha256:
            read.problems.append(
                Problem(
                    "the file is not the one that the manifest was made for (another sha256); run"
                    " botbench submit prepare again",
                    file.name,
                )
            )
    return read


def _overlap(training: Training, release: Folder, home: Path | None) -> dict[str, Any]:
    """The number of predicted accounts in a declared training data set; None if unknown here."""
    row: dict[str, Any] = {
        "name": training.name,
        "release": training.release,
        "part": training.part,
        "shared": None,
    }
    other = _other(training, release, home)
    if other is None:
        return row
    # A part of a release comes from its official or sealed split; without a part, all of it counts.
    split = (release.part or ("official", ""))[0]
    where = (
        "account_id IN (SELECT account_id FROM read_parquet(?) WHERE split_id = ? AND part = ?)"
        if training.part
        else "true"
    )
    extra: list[object] = [other.files("splits"), split, training.part] if training.part else []
    trained = ask(
        f"SELECT DISTINCT account_id, platform FROM read_parquet(?) WHERE {where}",
        [other.files("accounts"), *extra],
    )
    row["shared"] = (
        release.wanted().join(trained, keys=["platform", "account_id"], join_type="inner").num_rows
    )
    return row


def _other(training: Training, release: Folder, home: Path | None) -> Folder | None:
    from benchmarks.submissions.folder import read
    from botbench.core.errors import UserError
    from curation.release.release import load

    if training.release == release.reference:
        return release
    if training.release is None or home is None:
        return None
    try:
        return read(load(home, training.release).path)
    except UserError:
        return None


def _trained(overlap: list[dict[str, Any]]) -> list[Problem]:
    return [
        Problem(
            f"the detector was trained on {row['shared']:,} of the accounts that it predicts"
            f" ({row['name']}); leave them out of training, or name the part that was used (part:"
            " train)",
            f"{manifest.NAME}: trained_on",
        )
        for row in overlap
        if row["shared"]
    ]
