"""`Batch`: accounts drawn for annotation, their projects on a server, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base import progress
from botbench.api.base.shown import Shown, grid
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

    from botbench.api.dataset import Dataset
    from botbench.api.votes import Agreement
    from botbench.api.workspace import Workspace
    from curation.sampling.designs import Design
    from curation.sampling.draw import Batch as Drawn

DEFAULT_N = 100
"""How many accounts are drawn where nobody says."""


class Batch(Shown):
    """A drawn batch: `batch_id`, `dataset`, `design`, and how many accounts of how many.

    `push` makes its projects and tasks on a Label Studio server, `sync` brings answers back as
    claims, `labelled` is what `botbench.study` takes as its sample.
    """

    def __init__(self, workspace: Workspace, drawn: Drawn) -> None:
        self.workspace, self.drawn = workspace, drawn
        self.batch_id, self.dataset, self.design = drawn.batch_id, drawn.dataset, drawn.design

    def frame(self) -> pd.DataFrame:
        """A row a drawn account: account_id, stratum, probability (of being drawn), account_key.

        The key is what the annotation server knows the account by.
        """
        from curation.annotation.assignment.batches import account_key

        key = account_key("batch_id", "account_id")
        with self.workspace.store() as store:
            found: pd.DataFrame = store.arrow(
                "SELECT account_id, stratum, inclusion_probability AS probability,"
                f" {key} AS account_key FROM"
                f" {store.relation('assignments')} WHERE batch_id = ? AND copy = 1"
                " AND coalesce(part, 'sample') = 'sample' ORDER BY account_id",
                [self.batch_id],
            ).to_pandas()
        return found

    def labelled(self) -> pd.DataFrame:
        """The same with `label` of the newest consensus, None without one: a study's sample."""
        labels = self.workspace.dataset(self.dataset).labels.to_pandas()
        labels = labels[["account_id", "label"]]
        found: pd.DataFrame = self.frame().merge(labels, on="account_id", how="left")
        return found[["account_id", "label", "probability", "stratum"]]

    def push(
        self,
        annotators: Sequence[str] = (),
        *,
        url: str | None = None,
        token: str = "",
        scheme: str | Path | None = None,
    ) -> dict[str, Any]:
        """Make the batch's projects and tasks on the server, as far as they are missing.

        As `botbench annotate push`. Without `url` and `token` the server is the one that `botbench
        annotate serve` started. A token is better given by LABEL_STUDIO_API_KEY than in a notebook.
        Returns the command's document. Raises UserError where no server is known.
        """
        from curation.annotation.assignment import batches
        from curation.annotation.label_studio import servers
        from curation.annotation.scheme.scheme import Scheme

        given = Scheme.load(Path(scheme)) if scheme else None
        with self.workspace.store() as store, progress.told("tasks"):
            chosen = batches.find(store, self.batch_id)
            where = servers.of(store, url or _from("LABEL_STUDIO_URL"), token or _token())
            pushed = servers.push_all(store, where, chosen, given, annotators=list(annotators))
        return {
            "project_ids": pushed.project_ids,
            "tasks_created": pushed.tasks_created,
            "tasks_existing": pushed.tasks_existing,
        }

    def sync(
        self, *, url: str | None = None, token: str = "", scheme: str | Path | None = None
    ) -> dict[str, Any]:
        """Bring answers, edits, skips and deletions into the store as claims, each exactly once.

        As `botbench annotate sync`; returns its document.
        """
        from curation.annotation.assignment import batches
        from curation.annotation.label_studio import servers
        from curation.annotation.scheme.scheme import Scheme

        given = Scheme.load(Path(scheme)) if scheme else None
        with self.workspace.store() as store:
            chosen = batches.find(store, self.batch_id)
            where = servers.of(store, url or _from("LABEL_STUDIO_URL"), token or _token())
            synced, _ = servers.sync_all(store, where, chosen, given)
        return {
            "claims_added": synced.claims_added,
            "claims_retracted": synced.claims_retracted,
            "rejected": synced.rejected,
        }

    def agreement(self, *, seed: int = 0) -> Agreement:
        """How far the people who answered in this batch agree: `botbench agreement BATCH`."""
        from botbench.api.votes import Agreement
        from curation.annotation.scheme.scheme import Scheme
        from curation.labels.agreement_report import report

        with self.workspace.store() as store:
            return Agreement(report(store, self.batch_id, Scheme.load(), seed=seed))

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench sample --json`."""
        return dict(self.drawn.document())

    def view(self) -> Fragment:
        """What was drawn from how many, by stratum."""
        title, _, rest = repr(self).partition(": ")
        import pandas as pd

        strata = pd.DataFrame(self.to_dict()["strata"])
        return Fragment(title, sentences=[rest], tables=[grid(strata, "strata", folded=True)])

    def __repr__(self) -> str:
        """What was drawn from how many."""
        d = self.drawn
        return (
            f"Batch {d.batch_id[:12]} of {d.dataset}: {d.size:,} of"
            f" {counted(d.population, 'account')} by {d.design}, seed {d.seed},"
            f" {counted(d.copies, 'copy', 'copies')} of each account."
        )


def _from(variable: str) -> str | None:
    import os

    return os.environ.get(variable) or None


def _token() -> str:
    return _from("LABEL_STUDIO_API_KEY") or ""


def chosen_design(design: str, n: int | None) -> Design:
    """The design of a text; `n` is how many where it does not say, else `DEFAULT_N`."""
    from curation.sampling.designs import parse

    return parse(design, n if n is not None or "n=" in design.replace(" ", "") else DEFAULT_N)


def sample(  # noqa: PLR0917 (the options of the command)
    dataset: Dataset,
    design: str,
    n: int | None,
    seed: int,
    copies: int,
    again: bool,
    scores: Sequence[str | Path],
) -> Batch:
    """Draw a batch: see `Dataset.sample`."""
    from curation.sampling.draw import sample as draw

    chosen = chosen_design(design, n)
    with dataset.workspace.store() as store:
        drawn = draw(
            store,
            dataset.name,
            chosen,
            seed=seed,
            copies=copies,
            at=None if dataset.at is None else str(dataset.at),
            again=again,
            scores=[Path(file) for file in scores],
        )
    return Batch(dataset.workspace, drawn)
