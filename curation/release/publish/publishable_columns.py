"""What a publication can hold: tables, columns, and the sort of content of each column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from botbench.core.sql import literal
from curation.release.contents import TABLES_FROZEN
from curation.store.schema import TABLES, Column

Sort = Literal[
    "account", "post", "group", "annotator", "traceable", "personal", "closed", "text", "value"
]
"""The content of a column.

An id of an account or post; a group's name; a claimant; a hash of rows from which an id can be
found; a person's name, words or link; the project's own words; other text; or a number, time or
flag.
"""

_SORTS: dict[str, Sort] = {
    **dict.fromkeys(("account_id", "source_id", "target_id", "ref_account_id"), "account"),
    **dict.fromkeys(("post_id", "ref_post_id"), "post"),
    "group": "group",
    "claimant": "annotator",
    "annotator": "annotator",
    **dict.fromkeys(
        ("claim_id", "retracts", "card_hash", "profile_digest", "avatar_phash"), "traceable"
    ),
    **dict.fromkeys(
        ("handle", "display_name", "bio", "location", "url", "text", "urls", "mentions"), "personal"
    ),
    **dict.fromkeys(
        ("dataset", "platform", "split_id", "method", "consensus_id", "pull_id", "batch_id"),
        "closed",
    ),
}

SALTED: tuple[Sort, ...] = ("account", "post", "group")
"""The sorts that a tier with salted ids publishes as hashes."""

DIGESTED = ("handle", "display_name", "bio", "created_at")
"""The profile columns of the digest, which shows whether a profile is still the labelled one."""


@dataclass(frozen=True)
class Offered:
    """One column that a tier may list: its name, DuckDB type, meaning and sort."""

    name: str
    type: str
    meaning: str
    sort: Sort


def _of(column: Column) -> Offered:
    plain = column.type in ("VARCHAR", "VARCHAR[]") or column.type.startswith("MAP")
    sort = _SORTS.get(column.name) or (
        "closed" if column.vocabulary else "text" if plain else "value"
    )
    return Offered(column.name, column.type, column.meaning, sort)


def _column(name: str, kind: str, meaning: str, sort: Sort | None = None) -> Offered:
    return Offered(name, kind, meaning, sort or _SORTS[name])


def _claims(*names: str) -> tuple[Offered, ...]:
    return tuple(_of(TABLES["claims"].column(n)) for n in names)


def digest(content_hash: str) -> str:
    """SQL of a profile's digest: empty and missing are equal, created_at counts to the second."""
    texts = ", ".join(f"coalesce({c}, '')" for c in DIGESTED[:-1])
    made = "coalesce(strftime(created_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S'), '')"
    return f"sha256(concat_ws(chr(10), {literal(content_hash)}, {texts}, {made}))"


@cache
def offered() -> dict[str, dict[str, Offered]]:
    """Every table and column that a tier may list."""
    from curation.features import chosen

    columns_of: dict[str, list[Offered]] = {
        t: [_of(c) for c in TABLES[t].columns] for t in TABLES_FROZEN
    }
    columns_of["accounts"].append(
        _column(
            "profile_digest",
            "VARCHAR",
            f"sha256 of {', '.join(DIGESTED)}: tells whether a profile found "
            "again is the one that was labelled, without holding it",
        )
    )
    columns_of["splits"].append(
        _column("group", "VARCHAR", "accounts with the very same profile share a group")
    )
    account = (_of(TABLES["labels"].column("dataset")), _of(TABLES["labels"].column("account_id")))
    columns_of["votes"] = [
        *account,
        _column("annotator", "VARCHAR", "who says so; a pseudonym where the tier asks for that"),
        _column("annotator_kind", "VARCHAR", "person, dataset, platform, rule or model", "closed"),
        *_claims(
            "answer",
            "kinds",
            "confidence",
            "reasons",
            "note",
            "evidence_at",
            "batch_id",
            "scheme_version",
            "scores_shown",
            "made_at",
            "lead_time_s",
        ),
    ]
    columns_of["agreement"] = [
        *account,
        _column("votes", "BIGINT", "claims not taken back, of all claimants", "value"),
        _column("answers", "BIGINT", "different answers among them", "value"),
        _column(
            "top_answer_share",
            "DOUBLE",
            "share of the votes that give the most common answer",
            "value",
        ),
    ]
    columns_of["features"] = [
        account[1],
        *(
            _column(f.name, "DOUBLE", f"{f.doc.split(chr(10))[0]} ({f.unit})", "value")
            for f in chosen(None)
        ),
    ]
    return {table: {c.name: c for c in columns} for table, columns in columns_of.items()}
