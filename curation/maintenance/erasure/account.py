"""The accounts to be erased, and the marks by which they are recognised."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal, literals
from curation.annotation.assignment.batches import account_key
from curation.maintenance.erasure.masks import Marks
from curation.store import salts
from curation.store.salts import ROW_KEY
from curation.store.tombstones import of_account, of_handle

if TYPE_CHECKING:
    from curation.store.store import Store

PLACES = ("accounts", "posts", "claims")
LONG_TEXT = 12
"""A text of this many characters, written by the account alone, identifies it."""


@dataclass(frozen=True)
class Target:
    """Accounts to erase: tombstones, marks, and what was made of them outside the store."""

    tombstones: tuple[str, ...]
    marks: Marks
    batches: tuple[str, ...]
    keys: tuple[str, ...]
    posts: tuple[tuple[str, str], ...] = ()
    """Single posts to erase, as (data set, post id), where no account is erased."""

    def document(self) -> dict[str, Any]:
        """Plain data, from which `restored` makes the same target."""
        return asdict(self)


def restored(document: dict[str, Any]) -> Target:
    """A target from plain data."""
    marks_of = dict(document["marks"])
    scoped = tuple((str(d), str(a)) for d, a in marks_of.pop("scoped"))
    marks = Marks(scoped, **{name: tuple(values) for name, values in marks_of.items()})
    return Target(
        tuple(document["tombstones"]),
        marks,
        tuple(document["batches"]),
        tuple(document["keys"]),
        tuple((str(d), str(p)) for d, p in document.get("posts", ())),
    )


def find(
    store: Store, said: str, platform: str | None = None, dataset: str | None = None
) -> list[tuple[str, str, str]]:
    """(platform, dataset, account id) of an id or @handle, in each data set that holds it.

    Empty where none does. Raises UserError where several accounts or platforms are possible.
    """
    named = said.startswith("@")
    matches = [] if named else _holding(store, f"account_id = {literal(said)}")
    matches = matches or _holding(
        store,
        f"account_id IN (SELECT account_id FROM {store.relation('accounts')} "
        f"WHERE lower(handle) = {literal(said.lstrip('@').lower())})",
        named=True,
    )
    matches = [f for f in matches if platform in (None, f[0]) and dataset in (None, f[1])]
    platforms, ids = sorted({f[0] for f in matches}), sorted({f[2] for f in matches})
    if len(platforms) > 1:
        raise UserError(
            f"That account is known on several platforms ({', '.join(platforms)}): say which one"
            " with --platform."
        )
    if len(ids) > 1:
        raise UserError(
            f"{len(ids)} accounts have or had that handle; give the id of the one that is meant"
            " (see botbench card)."
        )
    if len({f[1] for f in matches}) > 1 and ids and _is_row(ids[0]):
        several = ", ".join(sorted(f[1] for f in matches))
        raise UserError(
            f"That id says only where a row stood, in several data sets ({several}): say which one"
            " with --dataset."
        )
    return matches


def _is_row(account: str) -> bool:
    return re.fullmatch(ROW_KEY, account) is not None


def _holding(store: Store, where: str, named: bool = False) -> list[tuple[str, str, str]]:
    tables = ("accounts",) if named else PLACES
    held = " UNION ".join(
        f"SELECT dataset, account_id FROM {store.relation(t)} WHERE {where}" for t in tables
    )
    platforms = (
        "SELECT dataset, 1 AS place, min(platform) AS platform FROM"
        f" {store.relation('accounts')} GROUP BY 1 UNION ALL"
        " SELECT dataset, 2, min(card->>'$.platform') FROM"
        f" {store.relation('pulls')} GROUP BY 1"
    )
    of = f"SELECT dataset, arg_min(platform, place) AS platform FROM ({platforms}) GROUP BY 1"
    rows = store.connection.execute(
        f"SELECT DISTINCT coalesce(platform, 'unknown'), dataset, account_id FROM ({held}) LEFT"
        f" JOIN ({of}) USING (dataset) ORDER BY ALL"
    ).fetchall()
    return [(str(p), str(d), str(a)) for p, d, a in rows]


def target(store: Store, accounts: list[tuple[str, str, str]]) -> Target:
    """The marks of the accounts, read from the store before anything is removed."""
    rows = ", ".join(f"({literals(account)})" for account in accounts)
    erased = f"(VALUES {rows}) e(platform, dataset, account_id)"
    observed = _mine(store, "accounts", erased)
    secret, published = (
        salts.salt(store.home, salts.ERASED),
        salts.salt(store.home, salts.PUBLISHED),
    )
    handles = _texts(
        store,
        f"SELECT DISTINCT lower(ltrim(handle, '@')) FROM {observed} WHERE handle <> ''",
    )
    stones = _texts(
        store,
        f"SELECT {of_account(secret, 'platform', 'dataset', 'account_id')} FROM {erased}"
        f" UNION SELECT {of_handle(secret, 'e.platform', 'handle')} FROM {observed} m"
        f" JOIN {erased} USING (dataset, account_id) WHERE handle <> ''",
    )
    hashes = _texts(
        store,
        "SELECT DISTINCT "
        + salts.hashed(published, "account ", "account_id").replace(
            "'account '", "'account ' || platform"
        )
        + f" FROM {erased}",
    )
    keys = _texts(
        store,
        f"SELECT DISTINCT {account_key('batch_id', 'account_id')} FROM {_drawn(store, erased)}",
    )
    batches = _texts(store, f"SELECT DISTINCT batch_id FROM {_drawn(store, erased)}")
    posts = _texts(store, f"SELECT DISTINCT post_id FROM {_mine(store, 'posts', erased)}")
    marks = Marks(
        tuple((d, a) for _, d, a in accounts),
        tuple(handles),
        tuple(posts),
        tuple(hashes + keys),
        tuple(_own(store, erased)),
    )
    return Target(tuple(stones), marks, tuple(batches), tuple(keys))


def erased_before(store: Store, said: str) -> Target:
    """The target of an account that was erased before, to search once more for its given id.

    Raises UserError where no tombstone matches.
    """
    secret, published = (
        salts.salt(store.home, salts.ERASED),
        salts.salt(store.home, salts.PUBLISHED),
    )
    stone = of_account(secret, "platform", "dataset", literal(said))
    places = (
        f"SELECT dataset, platform FROM {store.relation('accounts')} UNION "
        f"SELECT dataset, card->>'$.platform' FROM {store.relation('pulls')}"
    )
    rows = store.connection.execute(
        f"SELECT platform, dataset, {stone} FROM ({places}) WHERE {stone} IN "
        f"(SELECT tombstone FROM {store.relation('tombstones')}) ORDER BY ALL"
    ).fetchall()
    if not rows:
        raise UserError(
            "No account of this store has that id or handle, and none was erased that had that id."
            " Ids are as in data set; a handle is written with @. Nothing was erased."
        )
    key = account_key("batch_id", literal(said))
    batches = store.connection.execute(
        f"SELECT batch_id, {key} FROM {store.relation('batches')} ORDER BY 1"
    ).fetchall()
    hashes = [
        _texts(store, f"SELECT {salts.hashed(published, f'account {p}', literal(said))}")[0]
        for p, _, _ in rows
    ]
    marks = Marks(
        tuple((str(d), said) for _, d, _ in rows), hashes=(*hashes, *(str(k) for _, k in batches))
    )
    return Target(
        (str(rows[0][2]),),
        marks,
        tuple(str(b) for b, _ in batches),
        tuple(str(k) for _, k in batches),
    )


def _mine(store: Store, table: str, erased: str) -> str:
    """SQL of a table's rows of the erased accounts, a relation (platform, dataset, account_id)."""
    relation = store.relation(table)
    return f"(SELECT t.* FROM {relation} t SEMI JOIN {erased} USING (dataset, account_id))"


def _drawn(store: Store, erased: str) -> str:
    """SQL of the assignments of the erased accounts."""
    return f"""(
        SELECT a.* FROM {store.relation("assignments")} a
        JOIN {store.relation("batches")} b USING (batch_id)
        SEMI JOIN {erased} ON e.dataset = b.dataset AND e.account_id = a.account_id)"""


def _own(store: Store, erased: str) -> list[str]:
    """Names, bios and posts that only the erased accounts have."""
    parts = [("accounts", c) for c in ("display_name", "bio", "url")] + [("posts", "text")]
    mine = " UNION ".join(
        f"SELECT {c} AS t FROM {_mine(store, table, erased)} WHERE length({c}) >= {LONG_TEXT}"
        for table, c in parts
    )
    others = " UNION ALL ".join(
        f"SELECT {c} FROM {store.relation(table)} t ANTI JOIN {erased} USING (dataset,"
        f" account_id) WHERE {c} IN (FROM ({mine}))"
        for table, c in parts
    )
    return _texts(store, f"SELECT t FROM ({mine}) WHERE t NOT IN ({others}) ORDER BY 1")


def _texts(store: Store, query: str) -> list[str]:
    return [str(t) for (t,) in store.connection.execute(query).fetchall() if t is not None]
