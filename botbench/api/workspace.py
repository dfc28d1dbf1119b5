"""`Workspace`: a store in Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment

if TYPE_CHECKING:
    import pandas as pd

    from botbench.api.dataset import Dataset
    from botbench.api.operation import Operation
    from botbench.api.pull import Pull
    from botbench.api.release import Release
    from botbench.api.study import Study
    from curation.store.store import Store

_OPENED: list[Workspace] = []
"""The workspace that this process opened last, which `load` looks in."""


def open(location: str | Path | None = None) -> Workspace:
    """The store at a folder or a `postgresql://` URL; by default BOTBENCH_STORE or `./.botbench`.

    Nothing is made yet: `pull` makes a store where there is none. Functions that take no store
    (`load`) use the one that was opened last. Raises UserError for an address that is none.
    """
    workspace = Workspace(location)
    _OPENED[:] = [workspace]
    return workspace


def current(store: Workspace | str | Path | None = None) -> Workspace:
    """The workspace that is meant: the given one, else the last opened, else the default store."""
    if isinstance(store, Workspace):
        return store
    if store is None and _OPENED:
        return _OPENED[0]
    return Workspace(store)


class Workspace(Shown):
    """A store: its data sets and releases.

    `home` is its local folder. Each method opens the store and closes it again, so that no lock is
    held between them.
    """

    def __init__(self, location: str | Path | None = None) -> None:
        from curation.store.connection import locate, usual

        self.location = usual() if location is None else location
        place = locate(self.location)
        if place.home.is_file():
            raise UserError(f"{place.home} is a file; a store is a folder.")
        self.home = place.home

    @contextmanager
    def store(self, create: bool = False) -> Iterator[Store]:
        """The open store, for what the API does not offer; `create` makes one where there is none.

        Errors of disk and server are sentences, as on the command line.
        """
        from curation.store.connection import locate, remains
        from curation.store.store import Store

        place = locate(self.location)
        if not create and not place.exists() and remains(place) is None:
            raise UserError(
                f"There is no store at {self.home}. Open yours: botbench.open(PATH); make one: its"
                " pull, or botbench.demo()."
            )
        # The store's files are for this user only; what a notebook writes later is not concerned.
        before = os.umask(0o077)
        os.umask(before)
        try:
            with Store(self.location, create=create) as opened:
                yield opened
        finally:
            os.umask(before)

    def pull(
        self,
        what: Any,
        folder: str | Path | None = None,
        *,
        name: str | None = None,
        platform: str | None = None,
        memory: str = "2GB",
    ) -> Pull:
        """Read a data set into the store: accounts, posts, edges, and its labels as claims.

        `what` is a card's id or path, a file or folder without a card, or a data frame (pandas,
        Polars, Arrow) with columns of the schema: `account_id`, and where there are any `post_id`,
        `followers`, `text`, `answer`. `folder` holds a card's files; without it they are
        downloaded. `name` and `platform` are for what has no card. The same content again changes
        nothing. Raises UserError, and writes nothing, for what cannot be read.
        """
        from botbench.api.pull import pull

        return pull(self, what, folder, name=name, platform=platform, memory=memory)

    def dataset(self, name: str, at: str | int | None = None) -> Dataset:
        """A data set of the store, as of a version, tag or date (by default now).

        Raises UserError, with the closest name, where the store has none of that name.
        """
        from botbench.api.dataset import Dataset

        return Dataset(self, name, at)

    def load(self, reference: str) -> Release:
        """A release of the store: `rtbust` is its newest version, `rtbust@1` that one."""
        from botbench.api.release import load

        return load(reference, self)

    def study(self, campaign: str | Path, out: str | Path | None = None) -> Study:
        """Answer every question of a campaign file, and write its report: `botbench study FILE`.

        `out` is the report's folder, by default one in the store. Raises UserError for a campaign
        file with mistakes.
        """
        from botbench.api.base import progress
        from botbench.api.study import Study, of_campaign

        with self.store() as store, progress.shown() as bars:
            answered, page = of_campaign(
                store, campaign, out, lambda n: bars.stage("questions", n), bars.step
            )
            return Study(answered.document(str(page)))

    def operation(self, campaign: str | Path, out: str | Path | None = None) -> Operation:
        """What a cohort of linked accounts did: `botbench study FILE` with `kind: operation`.

        `out` is the report's folder, by default one in the store. Raises UserError for a campaign
        file with mistakes, and for a cohort that posted nothing in the window.
        """
        from benchmarks.study.campaign.load import load
        from benchmarks.study.operation import page
        from botbench.api.base import progress
        from botbench.api.operation import Operation

        with self.store() as store, progress.shown() as bars:
            found, written = page.report(
                store, load(Path(campaign)), out, lambda n: bars.stage("parts", n), bars.step
            )
            return Operation(found.document(str(written)), [lead for _, lead in found.leads])

    def datasets(self) -> list[str]:
        """The data sets that were pulled, by name."""
        from curation.ingest.data_sets import there

        with self.store() as store:
            return there(store)

    def releases(self) -> list[str]:
        """The releases, such as `rtbust@1`, by name and version."""
        from curation.release.release import listed

        return [f"{name}@{n}" for name, numbers in listed(self.home).items() for n in numbers]

    def frame(self) -> pd.DataFrame:
        """A row a data set: dataset, accounts, posts, claims, labelled, releases."""
        import pandas as pd

        with self.store() as store:
            counts = {
                table: dict(
                    store.connection.execute(
                        f"SELECT dataset, {what} FROM {store.relation(table)} GROUP BY ALL"
                    ).fetchall()
                )
                for table, what in (
                    ("accounts", "count(DISTINCT account_id)"),
                    ("posts", "count(*)"),
                    ("claims", "count(*)"),
                    ("labels", "count(DISTINCT account_id) FILTER (label IS NOT NULL)"),
                )
            }
        names = sorted({name for table in counts.values() for name in table})
        made = self._releases_by_dataset()
        rows = [
            {
                "dataset": name,
                **{("labelled" if t == "labels" else t): n.get(name, 0) for t, n in counts.items()},
                "releases": ", ".join(made.get(name, [])),
            }
            for name in names
        ]
        columns = ["dataset", "accounts", "posts", "claims", "labelled", "releases"]
        return pd.DataFrame(rows, columns=columns)

    def _releases_by_dataset(self) -> dict[str, list[str]]:
        from curation.release import release

        made: dict[str, list[str]] = {}
        for reference in self.releases():
            made.setdefault(release.load(self.home, reference).dataset, []).append(reference)
        return made

    def to_dict(self) -> dict[str, Any]:
        """`{"datasets": [...]}`, an object for each row of `frame`."""
        return {"datasets": self.frame().to_dict("records")}

    def view(self) -> Fragment:
        """What it holds. A notebook that is handed on does not say where on a disk it is."""
        from curation.store.connection import locate

        if not locate(self.location).exists():
            return Fragment(f"Store {self.home.name}: not there yet; pull makes it")
        return Fragment(f"Store {self.home.name}", tables=[grid(self.frame(), "data sets")])

    def __repr__(self) -> str:
        """Where it is, and what it holds."""
        from curation.store.connection import locate

        if not locate(self.location).exists():
            return f"Workspace: no store at {self.home} yet; pull makes one"
        return f"Workspace at {self.home}\n{self.frame().to_string(index=False)}"
