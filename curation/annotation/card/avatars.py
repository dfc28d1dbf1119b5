"""Our own copies of profile pictures: small, re-encoded (no metadata survives), with a perceptual
hash, kept in the store.

A card shows only these: the annotator's browser fetches no picture, so nobody learns who looks at
whom and when.
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
"""Pixels of a file above which it is not opened: a small file can hold a picture that fills the
memory.
"""
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
AT_ONCE = 2_000


@dataclass
class Kept:
    """What became of the files: copies new and already there, files of no known account, and files
    that are no picture.
    """

    added: int = 0
    existing: int = 0
    unknown: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    version: int | None = None


def keep(
    store: Store,
    dataset: str,
    folder: Path,
    *,
    seen_at: datetime | None = None,
    advance: Callable[[int], object] = int,
) -> Kept:
    """Take the pictures of a folder, each named `<account id>.<ending>`; run again, it adds what is
    new.

    Raises UserError where the folder is not there, holds no picture, or the data set has no
    accounts.
    """
    files = _files(folder)
    ids = store.arrow(
        "SELECT DISTINCT account_id FROM lake.main.accounts WHERE dataset = ?", [dataset]
    )
    known = set(ids["account_id"].to_pylist())
    if not known:
        raise UserError(
            f"There are no accounts of {dataset} in this store; pull it first: botbench pull"
            f" {dataset}."
        )
    kept = Kept(unknown=sorted(f.name for f in files if f.stem not in known))
    for some in _some(f for f in files if f.stem in known):
        rows = [row for file in some if (row := _row(dataset, file, seen_at, kept))]
        _append(store, dataset, rows, kept)
        advance(len(some))
    return kept


def relation(store: Store, at: str | int | None = None) -> str:
    """SQL for the table at a version; empty in versions from before there was one."""
    import duckdb

    try:
        return store.relation("avatars", at)
    except duckdb.CatalogException:
        nothing = ", ".join(
            f"NULL::VARCHAR AS {c}" for c in ("dataset", "account_id", "sha256", "picture", "phash")
        )
        return f"(SELECT {nothing}, NULL::TIMESTAMPTZ AS seen_at LIMIT 0)"


def small_copy(content: bytes) -> tuple[str, str, int, int]:
    """(base64 WebP, perceptual hash, width, height) of a picture file; raises ValueError with the
    reason for anything else.

    Of a moving picture the first frame; transparent parts become white, as on most platforms.
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
    """The pixels alone, turned as the file says, on white: nothing else of the file (EXIF,
    profiles, comments) is kept.
    """
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


def _row(dataset: str, file: Path, seen_at: datetime | None, kept: Kept) -> dict[str, Any] | None:
    content = file.read_bytes()
    try:
        picture, phash, width, height = small_copy(content)
    except ValueError as error:
        kept.refused.append({"file": file.name, "reason": str(error)})
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


def _append(store: Store, dataset: str, records: list[dict[str, Any]], kept: Kept) -> None:
    from curation.store.schema import rows

    if not records:
        return
    version, counts = store.append(
        {"avatars": rows("avatars", records)}, None, f"profile pictures of {dataset}"
    )
    kept.added += counts["avatars"].kept
    kept.existing += len(records) - counts["avatars"].kept
    kept.version = version or kept.version


def _some(files: Iterable[Path]) -> Iterator[list[Path]]:
    from itertools import islice

    remaining = iter(files)
    while some := list(islice(remaining, AT_ONCE)):
        yield some
