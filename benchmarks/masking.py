"""Posts and edges without anything to know an account by: ids become numbers that mean something in one cell only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.accounts import Codes, Records
from benchmarks.material import Material, ask

POST_COLUMNS = "created_at, text, lang, kind, hashtags, urls, source_app, reposts, likes, replies, quotes"


class Mask:
    """One cell's numbers: the same id gives the same number within the cell, and another one elsewhere.

    The key is derived from the cell's and never leaves the bench.
    """

    def __init__(self, cell_key: str) -> None:
        self.salt = hashlib.sha256(f"mask {cell_key}".encode()).hexdigest()

    def sql(self, text: str) -> str:
        """SQL for the number (UBIGINT) of a text; NULL stays NULL."""
        return f"md5_number_lower('{self.salt}' || {text})"

    def nodes(self, pool: Sequence[Material]) -> Codes:
        """The accounts' numbers, uint64[n]; the same account of one platform has one number in every release."""
        import duckdb
        import pyarrow as pa
        import pyarrow.compute as pc

        known = pa.chunked_array([
            pc.binary_join_element_wise(pa.scalar(m.platform[0]), pa.array(m.account_id, pa.string()), ":") for m in pool
        ])
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
            connection.register("known", pa.table({"place": np.arange(len(known)), "id": known}))
            numbered = connection.execute(f"SELECT {self.sql('id')} AS node FROM known ORDER BY place")
            return np.asarray(numbered.to_arrow_table()["node"].to_numpy(), dtype=np.uint64)

    def posts(self, pool: Sequence[Material], nodes: Codes, scratch: Path, true_ids: bool) -> Records:
        """The releases' posts in a masked file; `true_ids` adds `post_id`. Handles mentioned are numbers too."""
        def select(material: Material) -> str:
            account = f"'{_quoted(material.platform[0])}:' || "
            post = f"'{_quoted(material.platform[0])} post:' || "
            return f"""
                SELECT {self.sql(account + 'account_id')} AS account, {self.sql(post + 'post_id')} AS post,
                       {self.sql(post + 'ref_post_id')} AS ref_post, {self.sql(account + 'ref_account_id')} AS ref_account,
                       list_transform(mentions, lambda m: {self.sql(account + 'm')}) AS mentions,
                       {'post_id, ' if true_ids else ''}{POST_COLUMNS}
                FROM read_parquet('{_quoted(material.path / 'posts.parquet')}')"""

        return self._written(scratch / "posts.parquet", [select(m) for m in pool], ("account",), nodes)

    def edges(self, pool: Sequence[Material], nodes: Codes, scratch: Path) -> Records:
        """The releases' edges in a masked file: source, target, kind, weight, first_at."""
        def select(material: Material) -> str:
            account = f"'{_quoted(material.platform[0])}:' || "
            return f"""
                SELECT {self.sql(account + 'source_id')} AS source, {self.sql(account + 'target_id')} AS target,
                       kind, weight, first_at
                FROM read_parquet('{_quoted(material.path / 'edges.parquet')}')"""

        return self._written(scratch / "edges.parquet", [select(m) for m in pool], ("source", "target"), nodes)

    def _written(self, file: Path, selects: list[str], ends: tuple[str, ...], nodes: Codes) -> Records:
        together = " UNION ALL ".join(selects)
        ask(f"COPY ({together}) TO '{_quoted(file)}' (FORMAT parquet)", [])
        return Records(file, ends, nodes)


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")
