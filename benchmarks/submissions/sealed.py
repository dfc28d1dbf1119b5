"""Sealed releases: accounts and a commitment are published, the maintainer keeps the test labels.

The commitment is sha256 over a random salt and the canonical labels. Once salt and labels are
opened, it proves that no label was changed. Before that it reveals nothing, because the salt has
256 bits.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.release_arrays import ask
from benchmarks.submissions.folder import SEAL
from botbench.core.errors import UserError
from botbench.core.files import write_json
from botbench.core.hashing import canonical_json, file_sha256

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.release.release import Release

WHOLE = ("accounts", "posts", "edges", "splits")
KEPT_BACK = ("labels", "claims")
"""Tables from which the sealed part is left out: a claim tells a label."""
TELLING = ("bots", "humans", "evidence", "left_out", "validation", "files", "path")
"""What release.json says of labels; of a sealed release it does not go out."""


def folder(home: Path, reference: str) -> Path:
    """The folder of a release's seal.

    `public/` is published; `secret.json` and `labels.parquet` are not.
    """
    name, _, version = reference.partition("@")
    return home / "sealed" / name / version


def commitment(salt: str, labels: pa.Table) -> str:
    """sha256 of the salt and the labels (dataset, account_id, label; any order), hex digits.

    >>> import pyarrow as pa
    >>> t = pa.table({"dataset": ["d", "d"], "account_id": ["2", "1"], "label": ["bot", "human"]})
    >>> commitment("00", t) == commitment("00", t.take([1, 0]))
    True
    """
    total = hashlib.sha256(f"{salt}\n".encode())
    ordered = labels.select(["dataset", "account_id", "label"]).sort_by(
        [("dataset", "ascending"), ("account_id", "ascending")]
    )
    for batch in ordered.to_batches(50_000):
        total.update(
            "".join(
                canonical_json(list(row)) + "\n"
                for row in zip(*batch.to_pydict().values(), strict=True)
            ).encode()
        )
    return total.hexdigest()


def seal(
    home: Path, release: Release, *, split: str, part: str, answers: int, step: float
) -> dict[str, Any]:
    """Seal a part of a release: write what is published, keep the labels and the salt.

    The same seal again returns the existing one. `answers` is how many scores a submission's name
    may get, `step` by how much a score must rise to be shown. Raises UserError if the part lacks a
    class, or if the release is already sealed otherwise.
    """
    release.verify()
    target = folder(home, release.reference)
    terms = {"split_id": split, "part": part, "answers": answers, "step": step}
    if (target / "secret.json").is_file():
        return _same(target, terms)
    labels = _sealed_labels(release, split, part)
    salt = secrets.token_hex(32)
    public = {
        **terms,
        "release": release.reference,
        "content_hash": release.content_hash,
        "accounts": labels.num_rows,
        "commitment": commitment(salt, labels),
        "commitment_of": (
            "sha256(salt + newline + one canonical JSON row "
            "[dataset, account_id, label] a line, sorted by dataset and account_id)"
        ),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".sealing-", dir=target.parent) as scratch:
        work = Path(scratch) / "seal"
        _write(release, work, labels, public, salt)
        work.rename(target)
    return public


def _same(target: Path, terms: dict[str, Any]) -> dict[str, Any]:
    public: dict[str, Any] = json.loads((target / "public" / SEAL).read_text(encoding="utf-8"))
    if {k: public[k] for k in terms} != terms:
        raise UserError(
            f"{public['release']} is sealed already, with"
            f" {', '.join(f'{k} = {public[k]}' for k in terms)}. A seal is not changed; make"
            " another release version, or leave the options out."
        )
    return public


def _sealed_labels(release: Release, split: str, part: str) -> pa.Table:
    labels = ask(
        """SELECT l.dataset, l.account_id, l.label FROM read_parquet(?) l
                    JOIN read_parquet(?) s USING (dataset, account_id)
                    WHERE s.split_id = ? AND s.part = ? ORDER BY l.dataset, l.account_id""",
        [str(release.file("labels")), str(release.file("splits")), split, part],
    )
    classes = set(labels["label"].to_pylist())
    if classes != {"bot", "human"}:
        names = ask(
            "SELECT DISTINCT split_id FROM read_parquet(?) ORDER BY 1",
            [str(release.file("splits"))],
        )
        splits = names["split_id"].to_pylist()
        raise UserError(
            f"The part {part} of the split {split} of {release.reference} holds "
            f"{' and '.join(sorted(classes)) or 'nobody'}; both "
            f"classes are needed. Its splits: {', '.join(splits)}."
        )
    return labels


def _write(
    release: Release, work: Path, labels: pa.Table, public: dict[str, Any], salt: str
) -> None:
    import pyarrow.parquet as pq

    out = work / "public"
    out.mkdir(parents=True)
    for table in WHOLE:
        shutil.copyfile(release.file(table), out / f"{table}.parquet")
    for table in KEPT_BACK:
        _without(release, table, public, out / f"{table}.parquet")
    pq.write_table(labels, work / "labels.parquet")
    write_json(
        work / "secret.json",
        {"release": release.reference, "salt": salt, "commitment": public["commitment"]},
    )
    write_json(out / SEAL, public)
    info = {k: v for k, v in release.info.items() if k not in TELLING}
    files = {p.name: file_sha256(p) for p in sorted(out.glob("*.parquet"))}
    write_json(out / "release.json", {**info, "sealed": True, "files": files})


def _without(release: Release, table: str, public: dict[str, Any], path: Path) -> None:
    import pyarrow.parquet as pq

    kept = ask(
        """
        SELECT t.* FROM read_parquet(?) t
        ANTI JOIN (SELECT account_id FROM read_parquet(?) WHERE split_id = ? AND part = ?) s
        USING (account_id)""",
        [str(release.file(table)), str(release.file("splits")), public["split_id"], public["part"]],
    )
    pq.write_table(kept.cast(pq.read_schema(release.file(table))), path)


def secret(home: Path, reference: str) -> tuple[dict[str, Any], pa.Table]:
    """The maintainer's part of a seal: its terms and the sealed labels.

    Raises UserError if it is missing or changed.
    """
    import pyarrow.parquet as pq

    kept = folder(home, reference)
    if not (kept / "secret.json").is_file():
        raise UserError(
            f"{reference} is not sealed in this store: botbench submit seal {reference}."
        )
    public = json.loads((kept / "public" / SEAL).read_text(encoding="utf-8"))
    salt = json.loads((kept / "secret.json").read_text(encoding="utf-8"))["salt"]
    labels = pq.read_table(kept / "labels.parquet")
    if commitment(salt, labels) != public["commitment"]:
        raise UserError(
            f"The sealed labels of {reference} are not those that the commitment was made for;"
            f" restore labels.parquet in {kept} from a backup."
        )
    return public, labels


def open_seal(home: Path, reference: str, out: Path) -> Path:
    """Write salt and labels, by which everybody can check the commitment; the folder written."""
    import pyarrow.parquet as pq

    public, labels = secret(home, reference)
    salt = json.loads((folder(home, reference) / "secret.json").read_text(encoding="utf-8"))["salt"]
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(labels, out / "sealed-labels.parquet")
    write_json(
        out / "opened.json",
        {"release": reference, "salt": salt, "commitment": public["commitment"]},
    )
    return out


def verify(public: Path, opened: Path) -> bool:
    """Whether opened labels match a published seal. Raises UserError if a file is missing."""
    import pyarrow.parquet as pq

    try:
        wanted = json.loads((public / SEAL).read_text(encoding="utf-8"))["commitment"]
        salt = json.loads((opened / "opened.json").read_text(encoding="utf-8"))["salt"]
        labels = pq.read_table(opened / "sealed-labels.parquet")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{public} and {opened} are no seal and its opening: {error}.") from None
    return bool(commitment(salt, labels) == wanted)
