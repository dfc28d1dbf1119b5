"""`erase`: the steps of an erasure in order; an interrupted one can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.ingest.live.forgetting import forget_everywhere, forget_requests
from curation.maintenance.erasure import (
    account,
    file_cleaning,
    journal,
    label_studio_tasks,
    mlflow_runs,
    own_files,
    publications,
    purge,
    releases,
    rows,
    search,
)
from curation.maintenance.erasure.account import Target
from curation.store import salts
from curation.store.tombstones import of_account

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store


@dataclass
class Erasure:
    """The result of an erasure.

    Rows removed and masked by table, releases superseded and their successors, the places searched,
    what is left (hits, and where), the backups that only the operator can delete, and manual steps.
    """

    rows_removed: dict[str, int] = field(default_factory=dict)
    rows_masked: dict[str, int] = field(default_factory=dict)
    releases_superseded: list[str] = field(default_factory=list)
    successors: dict[str, str] = field(default_factory=dict)
    publications: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    versions_expired: int = 0
    tasks_deleted: int = 0
    places_checked: list[str] = field(default_factory=list)
    left: int = 0
    left_in: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The document of `botbench erase --json`, with further details."""
        return dict(vars(self))


def erase(
    store: Store,
    said: str,
    reason: str,
    *,
    platform: str | None = None,
    dataset: str | None = None,
    also: Sequence[Path] = (),
    client: Client | None = None,
) -> Erasure:
    """Erase one account, named by its id or @handle, from the store and all that was made from it.

    Safe to repeat: an interrupted erasure continues, and a finished one is searched again. Raises
    UserError where the name fits no account or several, and where the reason contains the name.
    """
    accounts = account.find(store, said, platform, dataset)
    file, kept = _journal(store, said, accounts)
    if kept:
        target = account.restored(kept["target"])
    elif accounts:
        target = account.target(store, accounts)
    else:
        target = account.erased_before(store, said)
    if target.marks.named_in(reason, said) or not reason.strip():
        raise UserError(
            "The reason is kept with the tombstone, so it must not be blank or name the account: no"
            " id, handle or text of it. Nothing was erased."
        )
    return Task(store, target, reason, [p.resolve() for p in also], client).run(
        file or journal.path(store.home, target.tombstones[0]), kept
    )


@dataclass
class Task:
    """One erasure: target, reason, the user's folders besides the store's own, and Label Studio."""

    store: Store
    target: Target
    reason: str
    places: list[Path]
    client: Client | None = None

    def run(self, file: Path, kept: dict[str, Any] | None = None) -> Erasure:
        """Run all steps; `file` is the journal, `kept` an earlier attempt's contents of it."""
        state = kept or self._begun()
        journal.write(file, state)
        done = Erasure(releases_superseded=list(state["releases"]))
        if count := own_files.remove_unfinished(self.store.home):
            done.files["unfinished work removed"] = count
        removed, masked = rows.remove(self.store, self.target, state["reason"])
        state |= {
            "removed": _sum(state["removed"], removed),
            "masked": _sum(state["masked"], masked),
        }
        journal.write(file, state)
        done.rows_removed, done.rows_masked = state["removed"], state["masked"]
        # One that was frozen while this erasure began, or an earlier attempt ran.
        later = releases.holding(self.store, self.target)
        state["releases"] = sorted({*state["releases"], *later})
        journal.write(file, state)
        done.releases_superseded = list(state["releases"])
        cleaned, broken = releases.clean_broken(self.store, self.target)
        done.files = _sum(done.files, cleaned)
        done.successors = releases.supersede(self.store, state["releases"], self.target)
        # Before the releases are used again: features of the accounts are cached.
        self._elsewhere(done)
        done.publications, unmade = publications.renew(
            self.store, state["releases"], done.successors
        )
        unmade += publications.clean_broken(self.store, self.target)
        state["expired"] += purge.purge(self.store)
        journal.write(file, state)
        done.versions_expired = state["expired"]
        done.files = _sum(done.files, purge.orphans(self.store, self.target.marks))
        result = search.search(self.store, self.target, self.places, self.client)
        done.places_checked, done.left_in, done.left = result.places, result.left, len(result.left)
        done.backups = search.backups(self.store)
        done.to_do += [
            *([] if self.client else label_studio_tasks.to_do(self.store, self.target)),
            *unmade,
            *broken,
            *search.strangers(self.store, self.target, self.places),
            *search.orphans(self.store),
            *search.origins(self.store, self.target),
            *releases.seals_to_do(state.get("seals", {}), done.successors),
            search.ELSEWHERE,
        ]
        if not done.left:
            forget_requests(self.store.home, set(self.target.marks.scoped))
            journal.close(file)
        return done

    def _begun(self) -> dict[str, Any]:
        """A new journal, made before any step, from what only the whole store knows."""
        holding = releases.holding(self.store, self.target)
        return {
            "target": self.target.document(),
            "reason": self.reason,
            "removed": {},
            "masked": {},
            "expired": 0,
            "releases": holding,
            "seals": releases.broken_seals(self.store, holding, self.target),
        }

    def _elsewhere(self, done: Erasure) -> None:
        """Clean Label Studio and all files besides the store's own data."""
        if self.client:
            done.tasks_deleted = label_studio_tasks.remove(self.client, self.target)
        done.tasks_deleted += label_studio_tasks.remove_here(self.store, self.target)
        if changed := forget_everywhere(self.store.home, self.target.marks.in_bytes):
            done.files["campaigns under way"] = changed
        if gone := file_cleaning.forget_downloads(self.store, self.target.marks):
            done.files["downloads removed"] = gone
        done.files |= purge.trash(self.store, self.target.marks)
        home = self.store.home
        named = [
            f
            for place in self.places
            for f in own_files.in_place(place)
            if not f.is_relative_to(home)
        ]
        swept = file_cleaning.sweep(
            self.store, [*own_files.of_home(home), *named], self.target.marks
        ).cleaned
        done.files = _sum(
            _sum(done.files, swept), mlflow_runs.sweep(self.store, self.target.marks).cleaned
        )


def _journal(
    store: Store, said: str, accounts: list[tuple[str, str, str]]
) -> tuple[Path | None, dict[str, Any] | None]:
    """The journal of an account's interrupted erasure, by tombstone, id or handle."""
    secret = salts.salt(store.home, salts.ERASED)
    stones = {
        _stone(store, of_account(secret, literal(p), literal(d), literal(a)))
        for p, d, a in accounts
    }
    name = said.lstrip("@").lower()
    for file, state in journal.unfinished(store.home):
        marks = account.restored(state["target"]).marks
        if (
            stones & set(state["target"]["tombstones"])
            or said in marks.ids
            or name in marks.handles
        ):
            return file, state
    return None, None


def _stone(store: Store, sql: str) -> str:
    row = store.connection.execute(f"SELECT {sql}").fetchone()
    return str(row[0]) if row else ""


def _sum(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in sorted({*a, *b})}
