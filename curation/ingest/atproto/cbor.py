"""DAG-CBOR, the AT Protocol's binary form of records: one bounded decoder."""

from __future__ import annotations

import base64
import struct
from typing import Any

DEPTH = 64
"""Levels of lists and maps."""
CID_TAG = 42


class BadCbor(ValueError):
    """Bytes that are no DAG-CBOR."""


def decode(data: bytes) -> Any:
    """The value of some bytes; links are {"$link": CID}, bytes are {"$bytes": base64}.

    Raises BadCbor for what DAG-CBOR does not allow, and where bytes are left over.

    >>> decode(bytes.fromhex("a1616101"))
    {'a': 1}
    """
    value, end = read(data, 0)
    if end != len(data):
        raise BadCbor("bytes are left over behind the value")
    return value


def read(data: bytes, at: int, depth: int = 0) -> tuple[Any, int]:
    """The value that begins at a position, and where it ends."""
    if depth > DEPTH:
        raise BadCbor(f"nested more than {DEPTH} levels deep")
    if at >= len(data):
        raise BadCbor("it ends in the middle of a value")
    major, info = data[at] >> 5, data[at] & 31
    if major == 7:
        return _simple(data, at + 1, info)
    number, at = _number(data, at + 1, info)
    if major < 2:
        return number if major == 0 else -1 - number, at
    if major < 4:
        return _text(data, at, number, is_text=major == 3)
    if major == 6:
        return _link(data, at, number, depth)
    if number > len(data):
        raise BadCbor("it says that it holds more than there is")
    return (_list if major == 4 else _map)(data, at, number, depth)


def _text(data: bytes, at: int, length: int, *, is_text: bool) -> tuple[Any, int]:
    if at + length > len(data):
        raise BadCbor("it ends in the middle of a text")
    raw = data[at : at + length]
    return raw.decode("utf-8", "replace") if is_text else _bytes(raw), at + length


def _list(data: bytes, at: int, length: int, depth: int) -> tuple[Any, int]:
    items = []
    for _ in range(length):
        item, at = read(data, at, depth + 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, length: int, depth: int) -> tuple[Any, int]:
    made = {}
    for _ in range(length):
        key, at = read(data, at, depth + 1)
        made[str(key)], at = read(data, at, depth + 1)
    return made, at


def _link(data: bytes, at: int, tag: int, depth: int) -> tuple[Any, int]:
    if tag != CID_TAG:
        raise BadCbor(f"the tag {tag} is none of DAG-CBOR")
    value, at = read(data, at, depth + 1)
    if not isinstance(value, dict) or "$bytes" not in value:
        raise BadCbor("a link that is no bytes")
    raw = base64.b64decode(value["$bytes"] + "==")
    return {"$link": cid_text(raw[1:])}, at


def cid_text(raw: bytes) -> str:
    """A CID as text: base32 in small letters, with its sign `b`."""
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


def _bytes(raw: bytes) -> dict[str, str]:
    return {"$bytes": base64.b64encode(raw).decode().rstrip("=")}


def _number(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise BadCbor("a length that is not stated")
    size = 1 << (info - 24)
    if at + size > len(data):
        raise BadCbor("it ends in the middle of a number")
    return int.from_bytes(data[at : at + size], "big"), at + size


def _simple(data: bytes, at: int, info: int) -> tuple[Any, int]:
    words = {20: False, 21: True, 22: None}
    if info in words:
        return words[info], at
    if info == 27 and at + 8 <= len(data):
        return struct.unpack(">d", data[at : at + 8])[0], at + 8
    raise BadCbor("a simple value that DAG-CBOR does not have")
