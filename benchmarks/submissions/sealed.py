"""Sealed releases: accounts and a commitment are published, the maintainer keeps the test labels.

The commitment is sha256 over a random salt and the canonical labels. Once salt and labels are
opened, it proves that no label was changed. Before that it reveals nothing, because the salt has
256 bits.

Nothing else that goes out depends on a sealed label, except through that salt: hashes of the
release and of its consensus are replaced by salted ones, and the sealed part must not have been
drawn by label.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.release_arrays import ask
from benchmarks.submissions.folder import SEAL
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError
from botbench.core.files import write_json
from botbench.core.hashing import canonical_json, file_sha256
from botbench.core.sql import literal
from curation.release import splits
from curation.release.publish import seals
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.release.release import Release

WHOLE = ("accounts", "posts", "edges")
KEPT_BACK = ("labels", "claims")
"""Tables from which the sealed part is left out: a claim tells a label."""
SAID = (
    "name",
    "version",
    "parent",
    "dataset",
    "platform",
    "simulated",
    "title",
    "licence",
    "citation",
    "made_at",
    "accounts",
)
"""What release.json says of a sealed release as well: fields that no label decides."""
HASHES = ("pull_id", "batch_id", "consensus_id")
"""Ids that are hashes over files or rows which hold labels."""
OWN_VOTES = "majority"
"""The method by which p_bot depends on the account's own votes only."""
OFFICIAL = "official"
BLIND = re.compile(r"blind\(seed=([0-9]{1,9})\)")
"""The splits that can be sealed: the source's own, and the one drawn without labels."""
CONTENT = "content hash"


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


def salted(salt: str, what: str, value: str) -> str:
    """What stands for a hash over sealed labels: HMAC-SHA256 under the salt, in hex digits.

    `what` names the kind of value, so that equal values of two kinds differ.
    """
    return hmac.new(salt.encode(), f"{what}\n{value}".encode(), hashlib.sha256).hexdigest()


def seal(
    home: Path, release: Release, *, split: str, part: str, answers: int, step: float
) -> dict[str, Any]:
    """Seal a part of a release: write what is published, keep the labels and the salt.

    The same seal again returns the existing one. `answers` is how many scores a submission's name
    may get, `step` by how much a score must rise to be shown. `split` is the official one or
    `blind(seed=N)`, which is drawn here. Raises UserError if the part lacks a class, if its split
    was drawn by label, or if the release is already sealed otherwise.
    """
    release.verify()
    target = folder(home, release.reference)
    terms = {"split_id": split, "part": part, "answers": answers, "step": step}
    if (target / "secret.json").is_file():
        return _same(target, terms)
    _refuse_drawn_by_label(release, split)
    salt = secrets.token_hex(32)
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".sealing-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as scratch:
        work = Path(scratch) / "seal"
        (work / "public").mkdir(parents=True)
        write_splits(release, split, work / "public" / "splits.parquet")
        labels = _sealed_labels(release, split, part, work / "public" / "splits.parquet")
        public = {
            **terms,
            "release": release.reference,
            "content_hash": salted(salt, CONTENT, release.content_hash),
            "content_hash_of": f"HMAC-SHA256(salt, '{CONTENT}' + newline + content hash)",
            "accounts": labels.num_rows,
            "commitment": commitment(salt, labels),
            "commitment_of": (
                "sha256(salt + newline + one canonical JSON row "
                "[dataset, account_id, label] a line, sorted by dataset and account_id)"
            ),
        }
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


def _refuse_drawn_by_label(release: Release, split: str) -> None:
    """Raise UserError where which part an account is in can tell its label.

    A split that is stratified by label has exact shares of each class, so that near a cut the part
    is another one for a bot than for a person.
    """
    if split != OFFICIAL and not BLIND.fullmatch(split):
        raise UserError(
            f"The split {split} of {release.reference} cannot be sealed: it is drawn by label, so"
            " an account's part can tell its label. Leave --split out, or name"
            f" {splits.blind_id(0)} (with any seed): it is drawn without labels."
        )


def write_splits(release: Release, split: str, path: Path) -> None:
    """Write the splits that no label decides: the source's own, and the blind one if it is sealed.

    The rows are sorted by split and account.
    """
    import pyarrow.parquet as pq

    source = f"read_parquet({literal(release.file('splits'))})"
    rows = f"SELECT * FROM {source} WHERE split_id = {literal(OFFICIAL)}"
    if drawn := BLIND.fullmatch(split):
        members = f'(SELECT DISTINCT dataset, account_id, "group" FROM {source})'
        rows += (
            f" UNION ALL BY NAME SELECT {literal(split)} AS split_id, dataset, account_id, d.part,"
            f' "group" FROM {members} JOIN {splits.blind(members, int(drawn[1]))} d USING'
            ' (account_id, "group")'
        )
    table = ask(f"SELECT * FROM ({rows}) ORDER BY split_id, dataset, account_id", [])
    pq.write_table(table.cast(pq.read_schema(release.file("splits"))), path)


def _sealed_labels(release: Release, split: str, part: str, public_splits: Path) -> pa.Table:
    labels = ask(
        """SELECT l.dataset, l.account_id, l.label FROM read_parquet(?) l
                    JOIN read_parquet(?) s USING (dataset, account_id)
                    WHERE s.split_id = ? AND s.part = ? ORDER BY l.dataset, l.account_id""",
        [str(release.file("labels")), str(public_splits), split, part],
    )
    classes = set(labels["label"].to_pylist())
    if classes != {"bot", "human"}:
        raise UserError(
            f"The part {part} of the split {split} of {release.reference} holds "
            f"{' and '.join(sorted(classes)) or 'nobody'}; both classes are needed. Name another"
            f" part, or another split: {OFFICIAL} (where the source has one) or"
            f" {splits.blind_id(0)} with any seed."
        )
    return labels


def _write(
    release: Release, work: Path, labels: pa.Table, public: dict[str, Any], salt: str
) -> None:
    import pyarrow.parquet as pq

    out = work / "public"
    for table in (*WHOLE, *KEPT_BACK):
        _write_table(release, table, public, salt, out)
    pq.write_table(labels, work / "labels.parquet")
    write_json(
        work / "secret.json",
        {
            "release": release.reference,
            "salt": salt,
            "commitment": public["commitment"],
            "content_hash": release.content_hash,
        },
        mode=0o600,
    )
    write_json(out / SEAL, public)
    info = {k: release.info[k] for k in SAID if k in release.info}
    files = {p.name: file_sha256(p) for p in sorted(out.glob("*.parquet"))}
    sizes = ask(
        "SELECT split_id, count(*) FILTER (part = 'train') AS train,"
        " count(*) FILTER (part = 'validation') AS validation,"
        " count(*) FILTER (part = 'test') AS test FROM read_parquet(?) GROUP BY 1 ORDER BY 1",
        [str(out / "splits.parquet")],
    )
    write_json(
        out / "release.json",
        {
            **info,
            "content_hash": public["content_hash"],
            "sealed": True,
            "splits": sizes.to_pylist(),
            "files": files,
        },
    )


def _write_table(
    release: Release, table: str, public: dict[str, Any], salt: str, out: Path
) -> None:
    """Write a table as it goes out, in its order: salted hashes, and no row that tells a label.

    Of a consensus whose method looks at several accounts at once, p_bot of one account depends on
    the claims on others, so it is left empty.
    """
    source = f"read_parquet({literal(release.file(table))})"
    with scratch_database(threads=1) as connection:
        names = [str(r[0]) for r in connection.execute(f"DESCRIBE FROM {source}").fetchall()]
        told = {name: f'"{name}"' for name in names}
        for column in set(HASHES) & set(names):
            values = connection.execute(
                f'SELECT DISTINCT "{column}" FROM {source} WHERE "{column}" IS NOT NULL'
            ).fetchall()
            cases = " ".join(
                f"WHEN {literal(v)} THEN {literal(salted(salt, column, str(v))[: len(str(v))])}"
                for (v,) in values
            )
            told[column] = f'CASE "{column}" {cases} END' if cases else "NULL::VARCHAR"
        for column in {"p_bot", "p_low", "p_high"} & set(names):
            told[column] = f"CASE WHEN method LIKE '{OWN_VOTES}%' THEN {column} END"
        columns = ", ".join(f'{sql} AS "{name}"' for name, sql in told.items())
        sealed = (
            f"SELECT account_id FROM read_parquet({literal(out / 'splits.parquet')})"
            f" WHERE split_id = {literal(public['split_id'])} AND part = {literal(public['part'])}"
        )
        key = ", ".join(f'"{k}"' for k in TABLES[table].key)
        rows = f" WHERE account_id NOT IN ({sealed}) ORDER BY {key}" if table in KEPT_BACK else ""
        connection.execute(
            f"COPY (SELECT {columns} FROM {source}{rows}) TO"
            f" {literal(out / f'{table}.parquet')} (FORMAT parquet, COMPRESSION zstd)"
        )


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
    """Write salt and labels, by which everybody can check the commitment; the folder written.

    From then on nothing about the release is withheld.
    """
    import pyarrow.parquet as pq

    public, labels = secret(home, reference)
    kept = folder(home, reference)
    known = json.loads((kept / "secret.json").read_text(encoding="utf-8"))
    opened = {k: known[k] for k in ("release", "salt", "commitment", "content_hash") if k in known}
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(labels, out / "sealed-labels.parquet")
    write_json(out / "opened.json", opened)
    write_json(kept / seals.OPENED, {"release": reference, "commitment": public["commitment"]})
    return out


def verify(public: Path, opened: Path) -> bool:
    """Whether opened labels match a published seal, and its salted content hash matches too.

    Raises UserError if a file is missing.
    """
    import pyarrow.parquet as pq

    try:
        seal = json.loads((public / SEAL).read_text(encoding="utf-8"))
        wanted = seal["commitment"]
        told = json.loads((opened / "opened.json").read_text(encoding="utf-8"))
        salt = told["salt"]
        labels = pq.read_table(opened / "sealed-labels.parquet")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{public} and {opened} are no seal and its opening: {error}.") from None
    # Seals of version 0.1 published the content hash itself, and their openings do not repeat it.
    of_content = "content_hash" not in told or seal["content_hash"] == salted(
        salt, CONTENT, told["content_hash"]
    )
    return bool(of_content and commitment(salt, labels) == wanted)
