"""Rehydration: get profiles and posts for a publication's ids from the reader's own files.

An account is found where the reader's files hold a profile of it. Losses are reported by label: if
more bots than humans are lost, the result is another data set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.stats.proportions import mover_difference, wilson
from botbench.untrusted import json_documents
from curation.release.publish.publishable_columns import DIGESTED
from curation.release.publish.publishable_columns import digest as labelled
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from curation.store.store import Store

FATES = ("found", "changed", "private", "suspended", "gone")
"""What became of an account.

Its profile is found (as labelled, or not comparable) or changed, its posts are private, the
platform suspended it, or it is gone.
"""


@dataclass(frozen=True)
class Rehydrated:
    """The result of a rehydration and the files written.

    `fates` are by label, each with its share and 95 % interval. `comparable` counts the found
    profiles that could be compared with the labelled one.
    """

    reference: str
    tier: str
    accounts: int
    comparable: int
    fates: dict[str, dict[str, dict[str, float]]]
    lost: dict[str, float | None]
    files: dict[str, int]

    def document(self) -> dict[str, Any]:
        """One JSON document."""
        return dict(vars(self))


def published(folder: Path) -> dict[str, Any]:
    """The release.json of a published folder.

    Raises UserError where the folder is no publication, or its ids are salted.
    """
    file = folder / "release.json"
    if not file.is_file():
        raise UserError(
            f"{folder} is no published release: there is no release.json in it. Give the folder"
            " that botbench publish made."
        )
    info = json_documents.read(file)
    if not isinstance(info, dict) or not isinstance(info.get("tier_document", {}), dict):
        raise UserError(f"{file} is not what botbench publish wrote; get the folder again.")
    if "tier_document" not in info:
        raise UserError(
            f"{folder} is a frozen release of a store, not a published folder; its profiles are in"
            " it already."
        )
    if info["tier_document"].get("ids") == "salted":
        raise UserError(
            f"{info['reference']} in the tier {info['tier']} holds salted hashes of ids, from which"
            " nobody but the maintainer can tell the accounts. Ask the maintainer for a tier with"
            " plain ids (research)."
        )
    return dict(info)


def rehydrate(store: Store, folder: Path, dataset: str, out: Path) -> Rehydrated:
    """Join a published folder with the data set that the reader pulled from own files.

    Writes accounts.parquet and posts.parquet (labelled accounts found) and attrition.json to `out`.
    Raises UserError if `out` is not empty, or if the folder is no publication.
    """
    info = published(folder)
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; name a new folder for --out.")
    with _judged(store, folder, info) as judged:
        mine = f"(SELECT * FROM {store.relation('accounts')} WHERE dataset = {literal(dataset)})"
        store.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE rehydrated AS {_fates(judged, latest(mine), info)}"
        )
        fates, lost = _counted(store)
        out.mkdir(parents=True, exist_ok=True)
        present = "(SELECT account_id FROM rehydrated WHERE fate NOT IN ('gone', 'suspended'))"
        posts = (
            f"SELECT * FROM {store.relation('posts')} WHERE dataset = {literal(dataset)} AND"
            f" account_id IN {present} ORDER BY post_id"
        )
        files = {
            "accounts.parquet": _copy(
                store,
                f"SELECT r.label, r.fate, a.* FROM {latest(mine)} a JOIN rehydrated r USING"
                f" (account_id) WHERE account_id IN {present} ORDER BY account_id",
                out / "accounts.parquet",
            ),
            "posts.parquet": _copy(store, posts, out / "posts.parquet"),
        }
    one = store.connection.execute(
        "SELECT count(*), count(*) FILTER (comparable) FROM rehydrated"
    ).fetchone()
    total, comparable = one or (0, 0)
    result = Rehydrated(
        info["reference"], info["tier"], int(total), int(comparable), fates, lost, files
    )
    (out / "attrition.json").write_text(
        json.dumps(result.document(), indent=1) + "\n", encoding="utf-8"
    )
    return result


@contextmanager
def _judged(store: Store, folder: Path, info: dict[str, Any]) -> Iterator[str]:
    """The labelled ids of a publication, with the profile's digest where the tier permits it."""
    labels = f"read_parquet({literal(folder / 'data' / 'labels*.parquet')})"
    profile = folder / "data" / "accounts.parquet"
    digest = "NULL::VARCHAR"
    joined = ""
    if profile.is_file():
        described = store.connection.execute(
            f"DESCRIBE FROM read_parquet({literal(profile)})"
        ).fetchall()
        columns = {str(r[0]) for r in described}
        if "profile_digest" in columns:
            digest = "profile_digest"
        elif set(DIGESTED) <= columns:
            digest = labelled(info["content_hash"])
        joined = (
            f" LEFT JOIN (SELECT account_id, {digest} AS digest FROM"
            f" read_parquet({literal(profile)})) USING (account_id)"
        )
    if not list((folder / "data").glob("labels*.parquet")):
        raise UserError(
            f"{folder} publishes no labels, so attrition cannot be told by label. Choose a tier"
            " that lists labels."
        )
    yield (
        f"(SELECT account_id, label, {'digest' if joined else digest} AS digest FROM"
        f" {labels}{joined})"
    )


def _fates(judged: str, profiles: str, info: dict[str, Any]) -> str:
    """SQL (account_id, label, fate, comparable); a row with only an id is not a profile."""
    texts = " AND ".join(f"coalesce({c}, '') = ''" for c in DIGESTED[:-1])
    bare = f"({texts} AND created_at IS NULL AND followers IS NULL AND posts_total IS NULL)"
    digest = labelled(info["content_hash"])
    return f"""
        WITH profiles AS (
            SELECT account_id, status, protected, {bare} AS bare,
                   CASE WHEN NOT ({bare}) THEN {digest} END AS now
            FROM {profiles})
        SELECT account_id, j.label, digest IS NOT NULL AND f.now IS NOT NULL AS comparable,
               CASE WHEN f.status = 'suspended' THEN 'suspended'
                    WHEN f.account_id IS NULL OR f.bare
                        OR f.status IN ('deleted', 'deactivated', 'gone') THEN 'gone'
                    WHEN f.protected THEN 'private'
                    WHEN digest <> f.now THEN 'changed' ELSE 'found' END AS fate
        FROM {judged} j LEFT JOIN profiles f USING (account_id)"""


def _counted(
    store: Store,
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, float | None]]:
    """Fates by label with Wilson intervals, and the share lost of bots less that of humans.

    The difference has Newcombe's interval (1998, method 10).
    """
    rows = store.connection.execute(
        "SELECT label, fate, count(*) FROM rehydrated GROUP BY ALL"
    ).fetchall()
    fates: dict[str, dict[str, dict[str, float]]] = {}
    lost = {}
    for label in ("bot", "human"):
        counts = {fate: sum(n for la, f, n in rows if (la, f) == (label, fate)) for fate in FATES}
        total = sum(counts.values())
        fates[label] = {fate: {"accounts": n, **_share(n, total)} for fate, n in counts.items()}
        gone = counts["gone"] + counts["suspended"] + counts["private"]
        lost[label] = {"accounts": gone, **_share(gone, total)} if total else None
    return fates, _difference(lost["bot"], lost["human"])


def _share(n: int, total: int) -> dict[str, float]:
    share = n / total if total else 0.0
    low, high = wilson(share, total)
    return {"share": share, "low": float(low), "high": float(high)}


def _difference(
    bots: dict[str, float] | None, humans: dict[str, float] | None
) -> dict[str, float | None]:
    if not bots or not humans:
        return {"difference": None, "low": None, "high": None}
    a, b = ((group["share"], group["low"], group["high"]) for group in (bots, humans))
    low, high = mover_difference(a, b)
    return {"difference": a[0] - b[0], "low": low, "high": high}


def _copy(store: Store, query: str, path: Path) -> int:
    row = store.connection.execute(
        f"COPY ({query}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(row[0]) if row else 0
