"""Copies of profile pictures in the store: small, without metadata, with a perceptual hash.

A card shows only these copies. The annotator's browser fetches no picture, so nobody can observe
who looks at which account, and when.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

    from curation.store.store import Store

SIDE = 96
"""Pixels of the copy's longer side: twice what a card shows, for screens with small pixels."""
LARGEST = 40_000_000
"""Largest number of pixels that is opened: a small file can decompress to more than the memory."""
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
FILES_PER_COMMIT = 2_000


@dataclass
class ImportedPictures:
    """The result of an import: new and existing copies, files of no account of the data set, and
    files that are no picture.
    """

    added: int = 0
    existing: int = 0
    unknown: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    version: int | None = None


def import_pictures(
    store: Store,
    dataset: str,
    folder: Path,
    *,
    seen_at: datetime | None = None,
    advance: Callable[[int], object] = int,
) -> ImportedPictures:
    """Store the pictures of a folder, each named `<account id>.<ending>`; existing copies stay.

    Raises UserError where the folder does not exist or holds no picture, or where the data set has
    no accounts.
    """
    files = _files(folder)
    ids = store.arrow(
        "SELECT DISTINCT account_id FROM lake.main.accounts WHERE dataset = ?", [dataset]
    )
    accounts = set(ids["account_id"].to_pylist())
    if not accounts:
        raise UserError(
            f"There are no accounts of {dataset} in this store; pull it first: botbench pull"
            f" {dataset}."
        )
    result = ImportedPictures(unknown=sorted(f.name for f in files if f.stem not in accounts))
    for chunk in _chunks(f for f in files if f.stem in accounts):
        rows = [row for file in chunk if (row := _row(dataset, file, seen_at, result))]
        _append(store, dataset, rows, result)
        advance(len(chunk))
    return result


def relation(store: Store, at: str | int | None = None) -> str:
    """SQL for the table at a version; empty in versions that do not have the table yet."""
    import duckdb

    try:
        return store.relation("avatars", at)
    except duckdb.CatalogException:
        nothing = ", ".join(
            f"NULL::VARCHAR AS {c}" for c in ("dataset", "account_id", "sha256", "picture", "phash")
        )
        return f"(SELECT {nothing}, NULL::TIMESTAMPTZ AS seen_at LIMIT 0)"


def small_copy(content: bytes) -> tuple[str, str, int, int]:
    """(base64 WebP, perceptual hash, width, height) of a picture file.

    An animation gives its first frame; transparent parts become white, as on most platforms. Raises
    ValueError with the reason if the file is no picture.
    """
    import imagehash
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as opened:
                width, height = opened.size
                if width * height > LARGEST:
                    raise ValueError(
                        f"it has {width} x {height} pixels; at most {LARGEST:,} are opened"
                    )
                plain = _plain(opened)
    except UnidentifiedImageError:
        raise ValueError(
            "it is no picture that can be read (expected PNG, JPEG, WebP, GIF or BMP)"
        ) from None
    except (
        OSError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise ValueError(f"it cannot be read ({error})") from None
    phash = str(imagehash.phash(plain))
    plain.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    plain.save(out, "WEBP", quality=80, method=6)
    return base64.b64encode(out.getvalue()).decode(), phash, width, height


def _plain(opened: Image) -> Image:
    """The pixels alone, rotated as the EXIF data says, on white; all metadata is dropped."""
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(opened).convert("RGBA")
    plain = Image.new("RGB", turned.size, "white")
    plain.paste(turned, mask=turned.getchannel("A"))
    return plain


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(
            f"{folder} is no folder; expected one with pictures named by account id, such as"
            " 12345.png."
        )
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in ENDINGS)
    if not files:
        raise UserError(
            f"{folder} holds no picture ({', '.join(ENDINGS)}) named by account id, such as"
            " 12345.png."
        )
    return files


def _row(
    dataset: str, file: Path, seen_at: datetime | None, result: ImportedPictures
) -> dict[str, Any] | None:
    content = file.read_bytes()
    try:
        picture, phash, width, height = small_copy(content)
    except ValueError as error:
        result.refused.append({"file": file.name, "reason": str(error)})
        return None
    return {
        "dataset": dataset,
        "account_id": file.stem,
        "sha256": hashlib.sha256(content).hexdigest(),
        "picture": picture,
        "phash": phash,
        "width": width,
        "height": height,
        "seen_at": seen_at,
    }


def _append(
    store: Store, dataset: str, records: list[dict[str, Any]], result: ImportedPictures
) -> None:
    from curation.store.schema import rows

    if not records:
        return
    version, counts = store.append(
        {"avatars": rows("avatars", records)}, None, f"profile pictures of {dataset}"
    )
    result.added += counts["avatars"].kept
    result.existing += len(records) - counts["avatars"].kept
    result.version = version or result.version


def _chunks(files: Iterable[Path]) -> Iterator[list[Path]]:
    from itertools import islice

    remaining = iter(files)
    while chunk := list(islice(remaining, FILES_PER_COMMIT)):
        yield chunk
