"""Case folding of texts that people type: hashtags, words and names, by one rule in Python and SQL.

Two texts are the same when their keys are equal. A key is the NFC form of the case folding of the
NFD form (Unicode 15, section 3.13, D145): `Straße` meets `STRASSE`, `ΣΑΣ` meets `σας`, and `é`
meets `e` with an accent. `istanbul` does not meet `İstanbul`: the folding keeps the dot above, as
it keeps every accent.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

FUNCTION = "hashtag_key"
"""The name of the SQL function that `register` adds to a connection."""
SIGNS = "#＃"
"""What a hashtag begins with: the number sign, and its fullwidth form."""


def fold(text: str) -> str:
    """The key of a text.

    >>> fold("Straße"), fold("日本"), fold("ΣΑΣ") == fold("σας")
    ('strasse', '日本', True)
    >>> fold("cafe\\u0301") == fold("CAFÉ")
    True
    >>> fold("istanbul") == fold("İstanbul"), fold("İSTANBUL") == fold("İstanbul")
    (False, True)
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


@lru_cache(1 << 16)
def hashtag_key(tag: str) -> str:
    """The key of a hashtag, with or without its sign.

    >>> hashtag_key("#WalkAway"), hashtag_key("＃日本"), hashtag_key("日本")
    ('walkaway', '日本', '日本')
    """
    return fold(tag.strip().lstrip(SIGNS))


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the SQL function `hashtag_key(VARCHAR)` to a connection and its cursors; NULL stays NULL.

    The function reads columns, and folds each distinct value once.
    """
    from duckdb.func import PythonUDFType

    row = connection.execute(
        "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [FUNCTION]
    ).fetchone()
    if not row or not row[0]:
        connection.create_function(
            FUNCTION, _keys, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW
        )


def _keys(tags: Any) -> Any:
    import pyarrow as pa

    column = tags.combine_chunks() if isinstance(tags, pa.ChunkedArray) else tags
    encoded = column.dictionary_encode()
    keys = pa.array([hashtag_key(tag) for tag in encoded.dictionary.to_pylist()], pa.string())
    return keys.take(encoded.indices)
