"""`Consensus`: one label for each account, and what was learnt of those who answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.html.fragment import ROWS, Fragment, Grid
from botbench.text import numbers
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from botbench.api.dataset import Dataset
    from curation.labels.consensus.run import Consensus as Result
    from curation.store.store import Store

COLUMNS = ("account_id", "label", "p_bot", "p_low", "p_high", "n_claims", "status")
TAILS = {"": "value", "_low": "low", "_high": "high"}


class Consensus(Shown):
    """Labels from claims: `method` (never `auto`), and how many accounts are what.

    `status` counts agreed, disputed, too few and adjudicated accounts. `said` is the sentence where
    the votes can be explained in several ways, else empty.
    """

    def __init__(self, document: dict[str, Any], labels: pa.Table) -> None:
        self.document = {**document, "claimants": list(document["claimants"])}
        self._labels = labels
        self.method = str(document["method"])

    @property
    def status(self) -> dict[str, int]:
        """How many accounts are agreed, disputed, too few, adjudicated."""
        return dict(self.document["status"])

    @property
    def claimants(self) -> pd.DataFrame:
        """A row a claimant, where the method learns of them: votes, sensitivity, specificity.

        `sensitivity` is the share of bots that the claimant calls bots, `specificity` that of
        humans called human; each with its interval (`_low`, `_high`).
        """
        import pandas as pd

        rows = [
            {
                "claimant": c["claimant"],
                "claimant_kind": c["claimant_kind"],
                "votes": c["votes"],
                **{
                    f"{of}{tail}": c[of][n]
                    for of in ("sensitivity", "specificity")
                    for tail, n in TAILS.items()
                },
            }
            for c in self.document["claimants"]
        ]
        both = [f"{of}{tail}" for of in ("sensitivity", "specificity") for tail in TAILS]
        return pd.DataFrame(rows, columns=["claimant", "claimant_kind", "votes", *both])

    @property
    def said(self) -> str:
        """The sentence where votes can be explained in several ways; empty where they cannot."""
        from curation.labels.consensus.run import parted

        return parted(self.document["camps"], self.document["chains"]["disagree"])

    def frame(self) -> pd.DataFrame:
        """A row an account: account_id, label, p_bot, p_low, p_high, n_claims, status."""
        found: pd.DataFrame = self._labels.to_pandas()
        return found

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench consensus --json`."""
        return self.document

    def view(self) -> Fragment:
        """How many accounts are what, and what was learnt of the claimants."""
        counts = {**self.document["labels"], **self.status}
        parts = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)
        title = f"Consensus by {self.method}: {counted(self.document['accounts'], 'account')}"
        rows = [
            [
                c["claimant"],
                c["claimant_kind"],
                c["votes"],
                _said(c, "sensitivity"),
                _said(c, "specificity"),
            ]
            for c in self.document["claimants"]
        ]
        columns = ("claimant", "kind", "votes", "sensitivity", "specificity")
        left = max(len(rows) - ROWS, 0)
        tables = [Grid("claimants", columns, rows[:ROWS], more=left)] if rows else []
        return Fragment(
            title,
            sentences=[f"{parts}."],
            warnings=[self.said] if self.said else [],
            tables=[*tables, grid(self.frame(), "labels", folded=True)],
            more=".frame()",
        )

    def __repr__(self) -> str:
        """The method, and how many accounts are what."""
        labels = ", ".join(f"{n:,} {label}" for label, n in self.document["labels"].items())
        status = ", ".join(f"{n:,} {status}" for status, n in self.status.items())
        said = f"\n{self.said}" if self.said else ""
        return (
            f"Consensus by {self.method}: {counted(self.document['accounts'], 'account')},"
            f" {labels}; {status}{said}"
        )


def _said(claimant: dict[str, Any], of: str) -> str:
    found = claimant[of]
    return numbers.score_interval(found["value"], found["low"], found["high"], 2)


def of_dataset(
    dataset: Dataset, method: str, kinds: Sequence[str], scheme: str | Path | None
) -> Consensus:
    """Compute and keep the labels of a data set: see `Dataset.consensus`."""
    with dataset.workspace.store() as store:
        result = of_store(store, dataset.name, method, kinds, scheme, dataset.at)
        labels = store.arrow(
            f"SELECT {', '.join(COLUMNS)} FROM {store.relation('labels')} WHERE dataset = ? AND"
            " consensus_id = ? ORDER BY account_id",
            [dataset.name, result.consensus_id],
        )
    return Consensus(result.document(), labels)


def of_store(  # noqa: PLR0917 (the options of the command)
    store: Store,
    dataset: str,
    method: str,
    kinds: Sequence[str],
    scheme: str | Path | None,
    at: str | int | None,
) -> Result:
    """Compute and keep the labels of a data set of an open store."""
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.consensus import consensus

    loaded = Scheme.load(None if scheme is None else Path(scheme))
    return consensus(
        store, dataset, loaded, method=method, kinds=kinds, at=None if at is None else str(at)
    )


def of_frame(
    store: Store, dataset: str, method: str, kinds: Sequence[str], scheme: str | Path | None
) -> Consensus:
    """Labels of the answers of a store that keeps nothing."""
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.consensus.run import camps, claimants, fit_votes, judge

    loaded = Scheme.load(None if scheme is None else Path(scheme))
    fitted = fit_votes(store, dataset, loaded, method=method, kinds=kinds)
    labels = judge(fitted.ballots, fitted.fit, loaded.consensus).select(list(COLUMNS))
    column = {name: labels[name].to_pylist() for name in ("label", "status")}
    document = {
        "method": fitted.method,
        "consensus_id": None,
        "dataset": None,
        "accounts": labels.num_rows,
        "labels": {label: column["label"].count(label) for label in ("bot", "human")},
        "status": {
            status: column["status"].count(status)
            for status in ("agreed", "disputed", "too few", "adjudicated")
            if status != "adjudicated" or "adjudicated" in column["status"]
        },
        "version": None,
        "claimants": list(claimants(fitted.ballots, fitted.fit)),
        "chains": {"n": fitted.fit.chains, "disagree": fitted.fit.disagree},
        "camps": [list(camp) for camp in camps(fitted.ballots, fitted.fit)],
    }
    return Consensus(document, labels)
