"""MLflow's runs that botbench logged: cleaned through MLflow's client; others' are only read.


`benchmarks/execution/tracking.py` writes the runs: each has a tag `botbench.kind`, and the
artifacts named here.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botbench.core import mlflow_store
from botbench.core.mlflow_store import tracking_uri
from curation.maintenance.erasure import file_cleaning
from curation.maintenance.erasure.masks import Marks

if TYPE_CHECKING:
    from curation.store.store import Store

KIND = "botbench.kind"
"""The tag of every run that botbench logs: suite or cell."""
NAME = "mlflow.runName"
ARTIFACTS = {"cell": {"predictions.parquet", "curves.svg"}}
"""What botbench logs with a run of a kind; with a suite's run, JSON documents."""


@dataclass
class Tracked:
    """The result for MLflow.

    `cleaned` counts things by what was done, `left` is in botbench's own runs, `strangers` are
    sentences on what others logged, `folders` hold the artifacts that were searched here, and
    `database` is the file that they belong to.
    """

    cleaned: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    database: Path | None = None

    def note(self, what: str) -> None:
        """Count one more thing."""
        self.cleaned[what] = self.cleaned.get(what, 0) + 1


def local() -> Path | None:
    """The SQLite file of a local tracking store; None for a missing store or another kind."""
    path = Path(tracking_uri().removeprefix("sqlite:///"))
    return path.resolve() if tracking_uri().startswith("sqlite:///") and path.is_file() else None


def folder() -> Path | None:
    """The folder of a local tracking store, with its default artifacts; None for another kind."""
    path = Path(tracking_uri().removeprefix("sqlite:///")).absolute()
    return path.parent if tracking_uri().startswith("sqlite:///") and path.parent.is_dir() else None


def sweep(store: Store, marks: Marks, dry: bool = False) -> Tracked:
    """Clean botbench's runs of the accounts; `dry` only searches.

    A tracking store that cannot be read counts as left.
    """
    result = Tracked(database=local())
    if tracking_uri().startswith("sqlite:///") and (
        result.database is None or not _is_ours(result.database)
    ):
        result.database = None
        return result
    try:
        client = _client()
        ours = [run for run in _runs(client) if _look(run, marks, result)]
        for run in ours:
            _Run(client, run, store, marks, result, dry).clean()
    except Exception as error:  # Tracking stores fail in many ways, and the runs may hold it still.
        result.left.append(
            f"the tracking store could not be asked ({type(error).__name__}): set"
            " MLFLOW_TRACKING_URI right"
        )
        return result
    if result.database and ours and not dry:
        _rewrite(result.database)
    return result


def _is_ours(database: Path) -> bool:
    """Whether an SQLite file holds runs of botbench.

    Call it before MLflow's client, which makes its tables in any file.
    """
    try:
        with file_cleaning.opened(database) as connection:
            return (
                connection.execute("SELECT 1 FROM tags WHERE key = ? LIMIT 1", [KIND]).fetchone()
                is not None
            )
    except sqlite3.Error:
        return False


def _client() -> Any:
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    return mlflow_store.client(tracking_uri())


def _runs(client: Any) -> Iterator[Any]:
    """Every run of every experiment, deleted ones too."""
    from mlflow.entities import ViewType

    experiments = [
        e.experiment_id
        for e in _pages(lambda token: client.search_experiments(ViewType.ALL, page_token=token))
    ]
    for experiment in experiments:
        yield from _pages(
            lambda token, e=experiment: client.search_runs([e], "", ViewType.ALL, page_token=token)
        )


def _pages(ask: Any) -> Iterator[Any]:
    token = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return


def _look(run: Any, marks: Marks, result: Tracked) -> bool:
    """Whether a run is botbench's; a foreign run that mentions the accounts is reported."""
    if KIND in run.data.tags:
        return True
    own_texts = [
        run.info.run_name or "",
        *(text for pair in (*run.data.tags.items(), *run.data.params.items()) for text in pair),
    ]
    if any(marks.in_bytes(text.encode()) for text in own_texts):
        result.strangers.append(
            f"MLflow's run {run.info.run_id} holds the account in its name, tags or parameters."
            " botbench did not log it and left it as it is."
        )
    return False


@dataclass
class _Run:
    """One run of botbench, to be cleaned."""

    client: Any
    run: Any
    store: Store
    marks: Marks
    found: Tracked
    dry: bool

    def clean(self) -> None:
        """Clean name, tags, description and artifacts; only an operator can remove parameters."""
        if self._is_deleted():
            return
        for key, value in self.run.data.tags.items():
            if self._tells(key) or self._tells(value):
                self._clean_tag(key, value)
        for key, value in self.run.data.params.items():
            if self._tells(key) or self._tells(value):
                self._left(
                    "a parameter, which MLflow never changes: delete the run (mlflow runs delete,"
                    " then mlflow gc)"
                )
        self._clean_artifacts()

    @property
    def id(self) -> str:
        """MLflow's id of the run."""
        return str(self.run.info.run_id)

    def _tells(self, text: str) -> bool:
        return self.marks.in_bytes(text.encode())

    def _left(self, what: str) -> None:
        self.found.left.append(f"run {self.id}: {what}")

    def _is_deleted(self) -> bool:
        """Whether the run is deleted; MLflow no longer changes it, so a mention counts as left."""
        if self.run.info.lifecycle_stage != "deleted":
            return False
        told = any(
            self._tells(t)
            for pair in (*self.run.data.tags.items(), *self.run.data.params.items())
            for t in pair
        )
        held = _Run(self.client, self.run, self.store, self.marks, Tracked(), dry=True)
        held._clean_artifacts()
        self.found.folders += held.found.folders
        if told or held.found.left or held.found.strangers:
            self._left("it is deleted in MLflow but still there: mlflow gc removes it")
        return True

    def _clean_tag(self, key: str, value: str) -> None:
        if self.dry:
            self._left(f"the tag {key}" if not self._tells(key) else "a tag's name")
            return
        if self._tells(key):
            self.client.delete_tag(self.id, key)
        elif key == NAME:
            self.client.update_run(self.id, name=self.marks.clean(value))
        else:
            self.client.set_tag(self.id, key, self.marks.clean(value))
        self.found.note("MLflow tags masked")

    def _clean_artifacts(self) -> None:
        if (place := urlsplit(self.run.info.artifact_uri)).scheme in ("", "file"):
            self.found.folders.append(Path(unquote(place.path)).resolve())
        for name in list(self._artifacts("")):
            with tempfile.TemporaryDirectory() as scratch:
                copy = Path(self.client.download_artifacts(self.id, name, scratch))
                try:
                    told = file_cleaning.mentions(self.store, copy, self.marks)
                except OSError as error:
                    self.found.strangers.append(
                        f"The artifact {name} of MLflow's run {self.id} could not be read"
                        f" ({error.strerror}): whether it holds the account is not known."
                    )
                    told = False
                if told or self._tells(name):
                    self._clean_artifact(name, copy)

    def _clean_artifact(self, name: str, copy: Path) -> None:
        kind = self.run.data.tags[KIND]
        if not (
            name in ARTIFACTS.get(kind, ())
            or (kind == "suite" and "/" not in name and name.endswith(".json"))
        ):
            self.found.strangers.append(
                f"The artifact {name} of MLflow's run {self.id} holds the account. botbench did not"
                " log it and left it as it is."
            )
        elif not file_cleaning.holds(self.store, copy, self.marks):
            return
        elif self.dry:
            self._left(f"the artifact {name}")
        else:
            swept = file_cleaning.Sweep()
            if not file_cleaning.clean(self.store, copy, self.marks, swept):
                return
            if copy.exists():
                self.client.log_artifact(self.id, str(copy))
            else:
                self._delete_artifact(name)
            self.found.note("MLflow artifacts cleaned")

    def _delete_artifact(self, name: str) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        get_artifact_repository(self.run.info.artifact_uri, tracking_uri()).delete_artifacts(name)

    def _artifacts(self, folder: str) -> Iterator[str]:
        for one in self.client.list_artifacts(self.id, folder or None):
            if one.is_dir:
                yield from self._artifacts(one.path)
            else:
                yield str(one.path)


def _rewrite(database: Path) -> None:
    """Rewrite the pages of the tracking store's file without changing a value.

    Then no free page or log holds what the client overwrote. A file in use is left to MLflow; the
    next erasure tries again.
    """
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(
            sqlite3.connect(database, timeout=60, isolation_level=None)
        ) as connection,
    ):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
