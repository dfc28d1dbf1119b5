"""What a bench and its children say to each other: JSON and Arrow, each with its length before it.

Nothing that comes from a child is unpickled. It is a stranger's: its length is bounded, and its
tables are checked before they are read. A detector that somebody gave as an object goes to its
child pickled (`benchmarks.detectors.adapter`), and is unpickled behind the fence only.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data.accounts import Accounts, Records

Message = tuple[dict[str, Any], list[pa.Table]]
LENGTH = struct.Struct("<Q")
MOST = 1 << 24
"""The most bytes of one piece of a child's answer, 16 MB: scores of two million accounts."""
TEXT = 2_000
"""The most characters of a sentence that a child returns."""
TABLES = "tables"


class Broken(Exception):
    """The other side said something that is no message."""


def send(channel: socket.socket, head: dict[str, Any], tables: Sequence[pa.Table] = ()) -> None:
    """Send a JSON document and Arrow tables."""
    pieces: list[Any] = [json.dumps({**head, TABLES: len(tables)}).encode()]
    pieces += [_packed(table) for table in tables]
    for piece in pieces:
        channel.sendall(LENGTH.pack(len(piece)))
        channel.sendall(piece)


def receive(channel: socket.socket, most: int | None = None) -> Message:
    """The next message. `most` bounds each piece in bytes.

    Raises EOFError if the other side has ended, Broken for what is no message.
    """
    raw = _piece(channel, most)
    try:
        head = json.loads(raw)
        n = head.pop(TABLES)
        if not isinstance(n, int) or not 0 <= n <= 3:
            raise Broken("a message has up to three tables")
    except (ValueError, AttributeError, KeyError, RecursionError) as error:
        raise Broken("the message is no JSON object") from error
    return head, [_unpacked(_piece(channel, most)) for _ in range(n)]


def _packed(table: pa.Table) -> Any:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _unpacked(raw: bytearray) -> pa.Table:
    try:
        _refuse_compressed(raw)
        with pa.ipc.open_stream(pa.py_buffer(raw)) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise Broken("the message holds no Arrow table") from error
    return table


def _refuse_compressed(raw: bytearray) -> None:
    """Raise Broken where a batch is compressed: 50 kB can hold 1.6 GB, and lengths bound nothing.

    Nothing of the columns is read. Arrow's format is a flatbuffer for each batch: field 2 of the
    message is the batch, field 1 of a dictionary is its batch, and field 3 of a batch tells how it
    is compressed.
    """
    for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(raw)):
        data = message.metadata.to_pybytes()
        batch = _inner(data, struct.unpack_from("<I", data)[0], 2)
        if message.type == "dictionary":
            batch = _inner(data, batch, 1)
        if message.type != "schema" and _field(data, batch, 3):
            raise Broken("the message is compressed")


def _inner(data: bytes, table: int, number: int) -> int:
    """The place of the table that a field of a flatbuffer's table points to."""
    place = _field(data, table, number)
    if not place:
        raise Broken("the message holds no Arrow table")
    return int(place + struct.unpack_from("<I", data, place)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """The place of a field in a flatbuffer's table; 0 if the table does not have it."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    if fields < 0 or struct.unpack_from("<H", data, fields)[0] < 4 + 2 * (number + 1):
        return 0
    offset = struct.unpack_from("<H", data, fields + 4 + 2 * number)[0]
    return int(table + offset) if offset else 0


def _piece(channel: socket.socket, most: int | None) -> bytearray:
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size))
    if most is not None and length > most:
        raise Broken(f"a piece of the message has {length:,} bytes; at most {most:,} are read")
    return _exactly(channel, length)


def _exactly(channel: socket.socket, length: int) -> bytearray:
    data = bytearray(length)
    place, there = memoryview(data), 0
    while there < length:
        got = channel.recv_into(place[there:])
        if not got:
            raise EOFError
        there += got
    return data


def packed_view(view: Accounts) -> Message:
    """A view as a message: its matrix, numbers and columns as two tables, its files by path."""
    n, k = view.values.shape
    core: dict[str, Any] = {"position": pa.array(np.arange(n))}
    if k:
        flat = pa.array(np.ascontiguousarray(view.values).ravel())
        core["values"] = pa.FixedSizeListArray.from_arrays(flat, k)
    records = view.posts or view.edges
    if records is not None:
        core["nodes"] = pa.array(records.nodes)
    if view.domains is not None:
        core["domains"] = pa.array(view.domains)
    head = {
        "names": list(view.names),
        "columns": list(view.columns),
        "posts": _located(view.posts),
        "edges": _located(view.edges),
    }
    columns = {"position": core["position"], **view.columns}
    return head, [pa.table(core), pa.table(columns)]


def unpacked_view(head: dict[str, Any], tables: Sequence[pa.Table]) -> Accounts:
    """The view of `packed_view`, with a matrix that can be written to, as views have."""
    core, columns = tables[:2]
    n, k = core.num_rows, len(head["names"])
    values = np.empty((n, k))
    if k:
        flat = core["values"].combine_chunks().flatten()
        values[:] = flat.to_numpy(zero_copy_only=False).reshape(n, k)
    return Accounts(
        tuple(head["names"]),
        values,
        {name: columns[name] for name in head["columns"]},
        _records(head["posts"], core),
        _records(head["edges"], core),
        np.array(core["domains"]) if "domains" in core.column_names else None,
    )


def _located(records: Records | None) -> dict[str, Any] | None:
    if records is None:
        return None
    return {"path": str(records.path), "ends": list(records.ends)}


def _records(where: dict[str, Any] | None, core: pa.Table) -> Records | None:
    if where is None:
        return None
    return Records(Path(where["path"]), tuple(where["ends"]), np.array(core["nodes"]))
