"""What is likely wrong where every row of a table was set aside: read off the first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.ingest.ledger import NO_FAULT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

HEAD = 1 << 12
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def tell(stage: Stage, files: Iterable[SourceFile], tables: Iterable[str]) -> None:
    """Note, for each table of which nothing is left, why and what the first line looks like."""
    heads = {f.name: f for f in files}
    for table in tables:
        left = stage.connection.execute(f"SELECT 1 FROM pull_{table} LIMIT 1").fetchone()
        # A row that another one repeats is not set aside.
        if left is not None or stage.read[table] == stage.repeated[table]:
            continue
        row = stage.connection.execute(
            "SELECT reason, any_value(message), min(_member), count(*) FROM pull_quarantine"
            f" WHERE table_name = {literal(table)} GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT 1"
        ).fetchone()
        if row is None:
            continue
        reason, message, member, _ = row
        if reason in NO_FAULT:
            continue
        told = f"All {stage.read[table]:,} rows for {table} were set aside ({reason}: {message})."
        file = heads.get(str(member))
        if reason == "float_id":
            hint = " A spreadsheet or a float has rounded the ids: export them again as text."
        else:
            hint = "" if file is None or _is_parquet(file) else _hint(stage, file, str(reason))
        stage.notes[f"nothing_kept {table}"] = told + hint


def _is_parquet(file: SourceFile) -> bool:
    """Whether a file is Parquet, which has no first line."""
    with file.open() as stream:
        return stream.read(4) == b"PAR1"


def _hint(stage: Stage, file: SourceFile, reason: str) -> str:
    """What the head of the file says about its encoding, separator and header."""
    with file.open() as stream:
        head = stream.read(HEAD)
    first = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").lstrip(b"\n")
    line = first.partition(b"\n")[0]
    text = line.decode("utf-8", "backslashreplace")
    shown = f" The first line of {file.name} is: {text[:120]!r}."
    if b"\0" in head[:200] or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return shown + " It looks like UTF-16: say `encoding: utf-16` on the card."
    if reason == "bad_encoding":
        return shown + " It is not UTF-8: say `encoding: latin-1` or cp1252 on the card."
    shape = next((s for s in stage.shapes if s.member == file.name), None)
    if shape is None:
        return shown
    counts = {s: text.count(s) for s in SEPARATORS}
    best = max(SEPARATORS, key=lambda s: counts[s])
    if counts[best] and best != shape.separator:
        found = f"{counts[best]} of {best!r} ({SEPARATORS[best]})"
        return shown + f" It has {found}: is that the separator? Say `separator` on the card."
    if reason == "ragged_row":
        return shown + (
            f" The card or header names {shape.width} columns: are `header`, `columns` and"
            " `skip_lines` right?"
        )
    return shown + " Is it a header, and do the card's columns and codes fit it?"
