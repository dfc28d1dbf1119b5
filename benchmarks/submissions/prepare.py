"""Make a submission: copy predictions, write a manifest beside them and check both."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.submissions import manifest, predictions
from benchmarks.submissions.folder import Folder
from botbench.core.errors import UserError
from botbench.core.hashing import file_sha256


def prepare(release: Folder, file: Path, out: Path, said: dict[str, Any]) -> Path:
    """Write `out`/manifest.yaml and the predictions.

    Raises UserError, and writes nothing, if the submission would not be accepted.
    """
    if file.suffix not in {".csv", ".parquet"}:
        raise UserError(
            f"{file}: expected predictions as .csv or .parquet with the columns account_id and"
            " p_bot."
        )
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; name a new folder for the submission.")
    read = predictions.read(file, release.wanted())
    if read.problems:
        raise UserError(
            "The predictions would not be accepted; nothing was written. "
            + "; ".join(f"{p.where}: {p.what}" for p in read.problems)
            + "."
        )
    digest = file_sha256(file)
    name = f"predictions{file.suffix}"
    info = release.info
    document = {
        **said,
        "release": {
            "name": info["name"],
            "version": info["version"],
            "content_hash": release.content_hash,
        },
        "predictions": {"file": name, "sha256": digest},
    }
    _, problems = manifest.parse(document)
    if problems:
        raise UserError(
            "The manifest would not be accepted; nothing was written. "
            + "; ".join(p.what for p in problems)
            + "."
        )
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, out / name)
    return manifest.write(out, document)


def training(text: str) -> dict[str, Any]:
    """One `--trained-on`: NAME, NAME@VERSION (a release), or NAME@VERSION:part.

    >>> training("rtbust@1:train"), training("our crawl of 2024")
    ({'name': 'rtbust@1', 'release': 'rtbust@1', 'part': 'train'}, {'name': 'our crawl of 2024'})
    """
    name, _, part = text.strip().partition(":")
    left, at, number = name.partition("@")
    if at and number.isdigit() and left == left.lower() and " " not in left:
        return {"name": name, "release": name, **({"part": part} if part else {})}
    return {"name": text.strip()}
