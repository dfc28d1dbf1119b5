"""Repository exports (CAR): blocks, the tree of records (MST), and the records in its order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from botbench.core.errors import UserError
from curation.ingest.atproto import cbor

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 1 << 21
"""The longest block, in bytes; the protocol's records are shorter than 1 MB."""
SHA256 = b"\x12\x20"


@dataclass(frozen=True)
class Repository:
    """A repository export: whose it is, and where each block stands in the file."""

    did: str
    rev: str
    data: str
    """The CID of the tree's root."""
    blocks: dict[str, tuple[int, int]]
    """CID to position and length; blocks whose hash is wrong are left out."""
    read_blocks: int = 0


def is_car(start: bytes) -> bool:
    """Whether bytes begin as a CAR does: a length, then a map with roots and version."""
    length, at = _varint(start, 0)
    header = start[at : at + length]
    return 0 < length < 4_096 and b"eroots" in header and b"gversion" in header


def index(stream: BinaryIO, path: Path) -> Repository:
    """Read a CAR once: its header, and the place of each block. Raises UserError for another file.

    Memory grows with the number of blocks, not with their size.
    """
    length = _length(stream)
    if length is None or length > BLOCK:
        raise _broken(path, "it has no header")
    header = _decoded(stream.read(length), path)
    roots = header.get("roots") if isinstance(header, dict) else None
    if not roots or not isinstance(roots[0], dict):
        raise _broken(path, "its header names no root")
    blocks, count = {}, 0
    while (length := _length(stream)) is not None:
        if length > BLOCK:
            raise _broken(path, f"block {count + 1:,} has {length:,} bytes")
        body = stream.read(length)
        if len(body) < length:
            raise _broken(path, f"it ends in block {count + 1:,}")
        count += 1
        cid = _cid(body)
        start = stream.tell() - length + len(cid)
        if cid[2:4] != SHA256 or hashlib.sha256(body[len(cid) :]).digest() == cid[4:]:
            blocks[cbor.cid_text(cid)] = (start, length - len(cid))
    root = str(roots[0]["$link"])
    if root not in blocks:
        raise _broken(path, "the block of its root is missing or damaged")
    commit = _decoded(_block(stream, blocks[root]), path)
    return Repository(
        str(commit.get("did", "")),
        str(commit.get("rev", "")),
        str((commit.get("data") or {}).get("$link", "")),
        blocks,
        count,
    )


def records(stream: BinaryIO, repository: Repository, path: Path) -> Iterator[tuple[str, str, Any]]:
    """Each record in the tree's order: `collection/rkey`, CID and value (None where it is missing
    or damaged).
    """
    for key, cid in _walk(stream, repository, repository.data, path, 0):
        place = repository.blocks.get(cid)
        value = None
        if place is not None:
            try:
                value = cbor.decode(_block(stream, place))
            except cbor.BadCbor:
                value = None
        yield key, cid, value


def _walk(
    stream: BinaryIO, repository: Repository, cid: str, path: Path, depth: int
) -> Iterator[tuple[str, str]]:
    """Keys and CIDs of a node and those below it, in order; keys share prefixes."""
    if depth > cbor.DEPTH or cid not in repository.blocks:
        raise _broken(path, "a node of its tree is missing or damaged")
    node = _decoded(_block(stream, repository.blocks[cid]), path)
    if left := node.get("l"):
        yield from _walk(stream, repository, left["$link"], path, depth + 1)
    key = b""
    for entry in node.get("e") or ():
        key = key[: entry["p"]] + cbor_bytes(entry["k"])
        yield key.decode("utf-8", "replace"), entry["v"]["$link"]
        if right := entry.get("t"):
            yield from _walk(stream, repository, right["$link"], path, depth + 1)


def cbor_bytes(value: Any) -> bytes:
    """The bytes of a decoded byte string."""
    import base64

    return base64.b64decode(value["$bytes"] + "==")


def _block(stream: BinaryIO, place: tuple[int, int]) -> bytes:
    stream.seek(place[0])
    return stream.read(place[1])


def _decoded(data: bytes, path: Path) -> Any:
    try:
        return cbor.decode(data)
    except cbor.BadCbor as error:
        raise _broken(path, str(error)) from None


def _cid(body: bytes) -> bytes:
    """The CID (version 1) at the front of a block's body."""
    at = 0
    for _ in range(4):
        number, at = _varint(body, at)
    return body[: at + number]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < 63:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    return 0, at


def _length(stream: BinaryIO) -> int | None:
    """The length before a block; None at the file's end."""
    number = shift = 0
    while byte := stream.read(1):
        number |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return number
        shift += 7
        if shift > 63:
            break
    return None


def _broken(path: Path, problem: str) -> UserError:
    return UserError(f"{path} is no sound repository export (CAR): {problem}. Get the file again.")
