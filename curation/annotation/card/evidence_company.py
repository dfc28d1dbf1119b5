"""Evidence of coordination: accounts of the data set with the same picture, bio or text, and
accounts that repost within the same seconds.

Content that many accounts share is the strongest sign of a centrally run campaign, and a single
profile never shows it (Pacheco et al. 2021, doi:10.1609/icwsm.v15i1.18075; Keller et al. 2020,
doi:10.1080/10584609.2019.1661888).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

SHORTEST_TEXT, SHORTEST_BIO = 20, 10
"""Characters from which an equal text or bio is evidence: many people write `Thank you!`."""
BITS = 3
"""Bits (of 64) by which two perceptual hashes of the same picture may differ."""
SECONDS = 10
"""Two reposts of one post within this many seconds of each other are in step."""
OTHERS, TEXTS, LONGEST_TEXT = 4, 3, 280


@dataclass(frozen=True)
class CompanyEvidence:
    """Names of relations: `sections` have one row for each account, `texts` (text_key, accounts)
    one for each text that several accounts share.
    """

    sections: tuple[str, ...]
    texts: str


def text_key() -> str:
    """SQL for a hash that equal texts share, links removed; NULL for reposts and short texts."""
    without_links = (
        "trim(CASE WHEN contains(text, '://') THEN regexp_replace(text, 'https?://\\S+', '', 'g')"
        " ELSE text END)"
    )
    repost = "kind IS NOT DISTINCT FROM 'repost' OR starts_with(text, 'RT @')"
    long_enough = f"length({without_links}) >= {SHORTEST_TEXT}"
    return f"CASE WHEN NOT ({repost}) AND {long_enough} THEN hash({without_links}) END"


def company(
    connection: duckdb.DuckDBPyConnection, posts: str, wanted: str, latest: str, pictures: str
) -> CompanyEvidence:
    """What the accounts `wanted` share with others (`latest`: all accounts of the data set)."""
    texts = _shared_texts(connection, posts)
    return CompanyEvidence(
        (
            _same_bio(connection, wanted, latest),
            _same_picture(connection, wanted, latest, pictures),
            _same_text(connection, posts, wanted, texts),
            _in_step(connection, posts, wanted, latest),
        ),
        texts,
    )


def _same_bio(connection: duckdb.DuckDBPyConnection, wanted: str, latest: str) -> str:
    return materialise(
        connection,
        "card_same_bio",
        f"""
        WITH shared AS (
            SELECT bio, count(*) - 1 AS others, {_some_of_group("account_id", "handle")} AS who
            FROM {latest} WHERE length(bio) >= {SHORTEST_BIO} GROUP BY bio HAVING count(*) > 1)
        SELECT account_id, others AS bio_others, {_without_self("who")} AS bio_who
        FROM {wanted} JOIN {latest} e USING (account_id) JOIN shared USING (bio)
        """,
    )


def _same_picture(
    connection: duckdb.DuckDBPyConnection, wanted: str, latest: str, pictures: str
) -> str:
    """Hashes that differ in at most `BITS` bits agree in at least one of `BITS + 1` equal pieces:
    join on the pieces.
    """
    hashes = materialise(
        connection,
        "card_picture_hashes",
        f"""
        SELECT account_id, e.handle, coalesce(p.picture_phash, e.avatar_phash) AS phash
        FROM {latest} e LEFT JOIN {pictures} p USING (account_id)
        WHERE NOT default_avatar
            AND regexp_full_match(coalesce(p.picture_phash, e.avatar_phash), '[0-9a-f]{{16}}')
        """,
    )
    width = 16 // (BITS + 1)
    pieces = ", ".join(
        f"'{n}' || phash[{n * width + 1}:{(n + 1) * width}]" for n in range(BITS + 1)
    )
    return materialise(
        connection,
        "card_same_picture",
        f"""
        WITH pieces AS (
            SELECT phash, ('0x' || phash)::UBIGINT AS bits, unnest([{pieces}]) AS piece
            FROM (SELECT DISTINCT phash FROM {hashes})),
        asked AS (SELECT DISTINCT phash FROM {hashes} SEMI JOIN {wanted} USING (account_id)),
        pairs AS (
            SELECT DISTINCT a.phash, b.phash AS other
            FROM pieces a SEMI JOIN asked USING (phash) JOIN pieces b
                ON a.piece = b.piece AND bit_count(xor(a.bits, b.bits)) <= {BITS}),
        shared AS (
            SELECT p.phash, count(*) - 1 AS others,
                {_some_of_group("h.account_id", "h.handle")} AS who
            FROM pairs p JOIN {hashes} h ON h.phash = p.other
            GROUP BY p.phash HAVING count(*) > 1)
        SELECT account_id, others AS picture_others, {_without_self("who")} AS picture_who
        FROM {wanted} JOIN {hashes} e USING (account_id) JOIN shared USING (phash)
        """,
    )


def _shared_texts(connection: duckdb.DuckDBPyConnection, posts: str) -> str:
    """The keys of texts that several accounts posted, and how many accounts did."""
    keys = materialise(
        connection,
        "card_text_keys",
        f"SELECT account_id, {text_key()} AS text_key FROM {posts} WHERE text IS NOT NULL",
    )
    return materialise(
        connection,
        "card_shared_texts",
        f"""
        WITH several AS (
            SELECT text_key FROM {keys} WHERE text_key IS NOT NULL
            GROUP BY text_key HAVING min(hash(account_id)) <> max(hash(account_id)))
        SELECT text_key, count(DISTINCT account_id) AS accounts
        FROM {keys} SEMI JOIN several USING (text_key) GROUP BY text_key
        """,
    )


def _same_text(
    connection: duckdb.DuckDBPyConnection, posts: str, wanted: str, shared_texts: str
) -> str:
    # The order must not depend on the hash: it may change with the version of DuckDB, and a card
    # must not.
    listed = materialise(
        connection,
        "card_listed_texts",
        f"""
        WITH own AS (
            SELECT account_id, post_id, {text_key()} AS text_key
            FROM {posts} SEMI JOIN {wanted} USING (account_id))
        SELECT
            account_id, text_key, accounts - 1 AS others, count(*) AS here,
            count(*) OVER (PARTITION BY account_id) AS texts,
            row_number() OVER (PARTITION BY account_id
                ORDER BY accounts DESC, count(*) DESC, min(post_id)) AS place
        FROM own JOIN {shared_texts} USING (text_key)
        GROUP BY account_id, text_key, accounts
        QUALIFY place <= {TEXTS}
        """,
    )
    # Texts are read only now, for the few that are shown: all of them would not fit in memory.
    wordings = materialise(
        connection,
        "card_wordings",
        f"""
        SELECT text_key, left(min(text), {LONGEST_TEXT}) AS text, length(min(text)) AS text_length
        FROM (SELECT text, {text_key()} AS text_key FROM {posts})
            SEMI JOIN {listed} USING (text_key)
        GROUP BY text_key
        """,
    )
    entry = "others := others, here := here, text := text, text_length := text_length"
    return materialise(
        connection,
        "card_same_text",
        f"""
        SELECT account_id, max(texts) AS shared_texts, max(others) AS text_others,
            list(struct_pack({entry}) ORDER BY place) AS same_texts
        FROM {listed} JOIN {wordings} USING (text_key) GROUP BY account_id
        """,
    )


def _in_step(connection: duckdb.DuckDBPyConnection, posts: str, wanted: str, latest: str) -> str:
    """A repost is in step if another account's repost of the same post, directly before or after
    it, is at most `SECONDS` away.
    """

    def near(neighbour: str) -> str:
        other = f"{neighbour}(account_id) OVER of_post"
        moment = f"{neighbour}(created_at) OVER of_post"
        close = f"abs(epoch(created_at - {moment})) <= {SECONDS} AND {other} <> account_id"
        return f"CASE WHEN {close} THEN {other} END"

    reposts = materialise(
        connection,
        "card_timed_reposts",
        f"""
        SELECT account_id, {near("lag")} AS before, {near("lead")} AS after
        FROM {posts}
        WHERE kind = 'repost' AND ref_post_id IS NOT NULL AND created_at IS NOT NULL
        WINDOW of_post AS (PARTITION BY ref_post_id ORDER BY created_at, account_id, post_id)
        """,
    )
    return materialise(
        connection,
        "card_in_step",
        f"""
        WITH own AS (FROM {reposts} SEMI JOIN {wanted} USING (account_id)),
        counted AS (
            SELECT account_id, count(*) AS steps_known,
                count(*) FILTER (before IS NOT NULL OR after IS NOT NULL) AS in_step
            FROM own GROUP BY account_id),
        neighbours AS (
            SELECT account_id, other, count(*) AS n
            FROM (SELECT account_id, before AS other FROM own
                UNION ALL SELECT account_id, after FROM own)
            WHERE other IS NOT NULL GROUP BY ALL),
        named AS (
            SELECT n.account_id, count(*) AS step_others,
                list(struct_pack(handle := e.handle, n := n)
                    ORDER BY n DESC, e.handle NULLS LAST, other)[:{OTHERS}] AS step_who
            FROM neighbours n LEFT JOIN {latest} e ON e.account_id = n.other
            GROUP BY n.account_id)
        FROM counted LEFT JOIN named USING (account_id)
        """,
    )


def _some_of_group(account: str, handle: str) -> str:
    """SQL for a few accounts of a group: one more than shown, because the account itself may be
    among them.
    """
    return (
        f"list(struct_pack(account := {account}, handle := {handle})"
        f" ORDER BY {handle} NULLS LAST, {account})[:{OTHERS + 1}]"
    )


def _without_self(who: str) -> str:
    return f"list_filter({who}, lambda w: w.account <> e.account_id)[:{OTHERS}]"
