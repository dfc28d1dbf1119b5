"""Mask posts and edges: ids become numbers with a meaning in one cell only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.data.accounts import Codes, Records, Rows
from benchmarks.data.release_arrays import ReleaseArrays, ask
from botbench.core.duckdb_work import scratch_database
from botbench.core.sql import literal

POST_COLUMNS = "created_at, lang, kind, hashtags, source_app, reposts, likes, replies, quotes"
EMAIL = r"[\w.%+-]*[A-Za-z0-9]@(?:[A-Za-z0-9-]+\.)+[a-z]{2,}"
PLATFORMS = r"\b(?i:twitter|x|vk|weibo)\.com/(?:#!/)?|\b(?i:screen_name)="
STATUS = r"/(?i:status(?:es)?)/"


class Mask:
    """The numbers of one cell: equal ids have equal numbers in it and other numbers elsewhere.

    The key is derived from the cell's and never leaves the bench.
    """

    def __init__(self, cell_key: str) -> None:
        self.salt = hashlib.sha256(f"mask {cell_key}".encode()).hexdigest()

    def sql(self, text: str) -> str:
        """SQL for the number (UBIGINT) of a text; NULL stays NULL."""
        return f"md5_number_lower('{self.salt}' || {text})"

    def names(self, text: str, platform: str, true_handles: bool, true_ids: bool) -> str:
        """SQL that masks `@name`, `/name/status/1` and profile links in a text; e-mail stays.

        A name becomes its number in mentions, a post id its number among posts.
        """
        word = r"\w+" if platform == "twitter" else r"[\p{L}\p{M}\p{N}_]+"
        pattern = (
            f"({EMAIL})"
            f"|([@\uff20]|{PLATFORMS})({word})(?:({STATUS}|/)(\\d+))?"
            f"|(/)({word})({STATUS})(\\d+)"
        )
        # A match is cut at masked values: the parts are plain, name, plain, id, plain, name, ...
        cut = f"<{self.salt[:32]}>"
        parts = rf"\1\2\6{cut}\3\7{cut}\4\8{cut}\5\9{cut}"
        name, post = (
            "part" if true_handles else self.handle("part", platform),
            ("part" if true_ids else self.post("part", platform)),
        )
        return f"""
            CASE WHEN regexp_matches({text}, '[@\uff20/=]') THEN array_to_string(list_transform(
                string_split(regexp_replace({text}, '{pattern}', '{parts}', 'g'), '{cut}'),
                lambda part, i: CASE WHEN part = '' OR i % 2 = 1 THEN part
                                     WHEN i % 4 = 2 THEN ({name})::VARCHAR
                                     ELSE ({post})::VARCHAR END), '')
            ELSE {text} END"""

    def account(self, text: str, platform: str) -> str:
        """SQL for the number of an account's id, which may be an @handle."""
        identity = f"{literal(f'{platform}:')} || {text}"
        return (
            f"CASE WHEN starts_with({text}, '@') THEN {self.handle(f'substr({text}, 2)', platform)}"
            f" ELSE {self.sql(identity)} END"
        )

    def handle(self, text: str, platform: str) -> str:
        """SQL for the number of a handle without @, in any case; for an id it is the account's."""
        return self.sql(f"{literal(f'{platform}:')} || lower({text})")

    def post(self, text: str, platform: str) -> str:
        """SQL for the number of a post's id."""
        return self.sql(f"{literal(f'{platform} post:')} || {text}")

    def nodes(self, pool: Sequence[ReleaseArrays]) -> Codes:
        """The accounts' numbers, uint64[n]; one number an account and platform in all releases."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = pa.chunked_array(
            [
                pc.binary_join_element_wise(
                    pa.scalar(m.platform[0]), pa.array(m.account_id, pa.string()), ":"
                )
                for m in pool
            ]
        )
        with scratch_database() as connection:
            connection.register("known", pa.table({"place": np.arange(len(ids)), "id": ids}))
            numbered = connection.execute(
                f"SELECT {self.sql('id')} AS node FROM known ORDER BY place"
            )
            return np.asarray(numbered.to_arrow_table()["node"].to_numpy(), dtype=np.uint64)

    def domains(self, sizes: Sequence[int]) -> Rows:
        """A number for each release, int64 for its accounts; the numbers differ between cells."""
        numbers = np.random.default_rng(int(self.salt[:16], 16)).permutation(len(sizes))
        return np.repeat(numbers, sizes)

    def posts(
        self,
        pool: Sequence[ReleaseArrays],
        nodes: Codes,
        scratch: Path,
        true_ids: bool,
        true_handles: bool,
    ) -> Records:
        """Write the releases' posts to a masked file; mentioned handles are numbers everywhere.

        `true_ids` adds `post_id` and leaves it in links; `true_handles` leaves handles in texts and
        links.
        """

        def select(arrays: ReleaseArrays) -> str:
            platform = arrays.platform[0]
            account = self.sql(f"{literal(f'{platform}:')} || account_id")
            mention = self.handle("ltrim(m, '@')", platform)
            url = self.names("u", platform, true_handles, true_ids)
            return f"""
                SELECT {account} AS account,
                       {self.post("post_id", platform)} AS post,
                       {self.post("ref_post_id", platform)} AS ref_post,
                       {self.account("ref_account_id", platform)} AS ref_account,
                       list_transform(mentions, lambda m: {mention}) AS mentions,
                       {self.names("text", platform, true_handles, true_ids)} AS text,
                       list_transform(urls, lambda u: {url}) AS urls,
                       {"post_id, " if true_ids else ""}{POST_COLUMNS}
                FROM read_parquet({literal(arrays.path / "posts.parquet")})"""

        return self._written(
            scratch / "posts.parquet", [select(m) for m in pool], ("account",), nodes
        )

    def edges(self, pool: Sequence[ReleaseArrays], nodes: Codes, scratch: Path) -> Records:
        """The releases' edges in a masked file: source, target, kind, weight, first_at."""

        def select(arrays: ReleaseArrays) -> str:
            account = f"{literal(f'{arrays.platform[0]}:')} || "
            return f"""
                SELECT {self.sql(account + "source_id")} AS source,
                       {self.sql(account + "target_id")} AS target,
                       kind, weight, first_at
                FROM read_parquet({literal(arrays.path / "edges.parquet")})"""

        return self._written(
            scratch / "edges.parquet", [select(m) for m in pool], ("source", "target"), nodes
        )

    def _written(
        self, file: Path, selects: list[str], ends: tuple[str, ...], nodes: Codes
    ) -> Records:
        together = " UNION ALL ".join(selects)
        ask(f"COPY ({together}) TO {literal(file)} (FORMAT parquet)", [])
        return Records(file, ends, nodes)
