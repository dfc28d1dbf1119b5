"""`Workspace.operation`: what a cohort of linked accounts did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.html.fragment import Fragment

if TYPE_CHECKING:
    import pandas as pd

RANKING = ("day", "kind", "item", "posts", "rank", "low", "high", "falls_at")


class Operation(Shown):
    """The report of an operation (docs/operation.md).

    `ranking`, `rates` and `groups` are rows as in `botbench study --json`; `network` is the path of
    the GraphML file, `report` that of the page, `leads` the answers in sentences, `notes` what is
    odd about the data.
    """

    def __init__(self, document: Mapping[str, Any], leads: Sequence[str]) -> None:
        self.document = dict(document)
        self.leads = tuple(leads)
        self.ranking: list[dict[str, Any]] = list(self.document["ranking"])
        self.rates: list[dict[str, Any]] = list(self.document["rates"])
        self.groups: list[dict[str, Any]] = list(self.document["groups"])
        self.notes: list[str] = list(self.document["notes"])
        self.network, self.report = self.document["network"], self.document["report"]

    def frame(self) -> pd.DataFrame:
        """A row a day and item: day, kind, item, posts, rank, low, high, falls_at."""
        import pandas as pd

        return pd.DataFrame(self.ranking, columns=list(RANKING))

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench study --json`."""
        return self.document

    def view(self) -> Fragment:
        """The answers in sentences, what is odd, and the first rows of the ranking."""
        return Fragment(
            f"Operation {self.document['campaign']}",
            self.leads,
            self.notes,
            bool(self.document["simulated"]),
            tables=[grid(self.frame(), "ranking")],
            more=".frame()",
        )

    def __repr__(self) -> str:
        """The answers in sentences."""
        simulated = " (simulated)" if self.document["simulated"] else ""
        return "\n".join([f"Operation {self.document['campaign']}{simulated}", *self.leads])
