"""Downloads of a card's files: pooch keeps and checks them, and an interrupted one resumes."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botbench.core.errors import ResourceFailure, UserError
from curation.ingest.card_model import Card, Source

Tell = Callable[[str, int, int], None]
TRIES = 5
PAUSE = 0.2
"""Seconds before the second try; doubled before each further one."""
TIMEOUT = (10, 60)
CHUNK = 1 << 16


def fetch(card: Card, folder: Path, tell: Tell) -> Path:
    """Download the files that are missing in `folder`; return the folder.

    Raises UserError for a source without a URL or a wrong hash, and ResourceFailure for a server
    that does not answer.
    """
    lacking = [s.file for s in card.sources if s.url is None and not (folder / s.file).is_file()]
    if lacking:
        why = [s.note for s in card.sources if s.file in lacking and s.note]
        raise UserError(
            f"{card.id} has no public URL for"
            f" {', '.join(lacking)}{' (' + why[0] + ')' if why else ''}: get the files yourself and"
            " name their folder: the same command with --from DIR."
        )
    for source in (s for s in card.sources if s.url):
        _fetch_one(source, folder, tell)
    return folder


def _fetch_one(source: Source, folder: Path, tell: Tell) -> None:
    """Download one file with pooch, unless it exists with the right hash."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    target = folder / source.file
    target.parent.mkdir(parents=True, exist_ok=True)
    zipped = str(source.url).endswith(".gz")
    # A hash of uncompressed bytes does not apply to a gzip file as sent; it is checked when the
    # file is read.
    known = (
        source.sha256 if source.sha256 and (source.sha256_of == "stored" or not zipped) else None
    )
    try:
        pooch.retrieve(
            str(source.url),
            known_hash=known,
            fname=target.name,
            path=target.parent,
            downloader=Resuming(target.with_name(target.name + ".part"), tell),
        )
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise UserError(
            f"{source.url} gave other bytes than the card's sha256 {known}; the download was"
            " deleted. Either the file has changed (get the pinned one and use --from DIR) or the"
            " card is wrong."
        ) from None
    except requests.RequestException as error:
        raise ResourceFailure(
            f"{source.url} could not be downloaded in {TRIES} tries ({_short(error)}). Run the same"
            " command again, which goes on where it stopped, or get the file yourself and use"
            " --from DIR."
        ) from None


@dataclass
class Resuming:
    """A downloader for pooch that retries and resumes a partial file (`part`)."""

    part: Path
    tell: Tell

    def __call__(self, url: str, output_file: Any, _pooch: Any) -> None:
        """Download `url` to `output_file`; raises RequestException after the last failed try."""
        import requests

        for attempt in range(TRIES):
            try:
                self._attempt(url)
                break
            except requests.RequestException as error:
                status = getattr(error.response, "status_code", None)
                final = status is not None and 400 <= status < 500 and status not in (408, 416, 429)
                if status == 416:
                    self.part.unlink(missing_ok=True)
                if final or attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE * 2**attempt)
        shutil.move(self.part, output_file)

    def _attempt(self, url: str) -> None:
        """Add to the part what is missing; a server that cannot continue sends everything."""
        import requests

        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            have = have if resumed else 0
            total = have + int(response.headers.get("Content-Length", 0))
            with self.part.open("ab" if resumed else "wb") as out:
                for chunk in _chunks(response):
                    out.write(chunk)
                    have += len(chunk)
                    self.tell(f"downloading {self.part.stem}", have, total)
        if total and have < total:
            raise requests.ConnectionError(
                f"the connection ended after {have:,} of {total:,} bytes"
            )


def _chunks(response: Any) -> Iterator[bytes]:
    """The body in chunks; a broken connection yields all that it sent before the error."""
    import requests
    import urllib3

    try:
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            yield chunk
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(f"the connection ended early: {error}") from None


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:200]
