"""`botbench.audit_table` and `botbench.audit`: impossible scores, and labels that tell too much."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base import given, progress
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.audits.published import Published
    from botbench.api.release import Release


class TableAudit(Shown):
    """What of a table of scores cannot be, or does not fit: `issues`, a row each."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.issues: list[dict[str, Any]] = document["issues"]

    def frame(self) -> pd.DataFrame:
        """A row an issue: row (from 1), check, method, dataset, score, published, implied, ..."""
        import pandas as pd

        columns = [
            *("row", "check", "method", "dataset", "score", "published", "implied", "difference"),
            *("possible", "explanations"),
        ]
        return pd.DataFrame(self.issues, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench audit table --json`."""
        return self.document

    def view(self) -> Fragment:
        """How many issues, and each."""
        said = (
            f"{counted(len(self.issues), 'issue')} in {counted(self.document['values'], 'value')}"
        )
        tables = [grid(self.frame())] if self.issues else []
        return Fragment("Audit of a table", sentences=[f"{said}."], tables=tables, more=".frame()")

    def __repr__(self) -> str:
        """How many issues, and each."""
        said = (
            f"{counted(len(self.issues), 'issue')} in {counted(self.document['values'], 'value')}"
        )
        return f"{said}\n{self.frame().to_string(index=False)}" if self.issues else said


class ReleaseAudit(Shown):
    """Whether labels of a release can be told by what is no evidence: `checks`, a row each."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.checks: list[dict[str, Any]] = document["checks"]

    @property
    def issues(self) -> list[str]:
        """The checks that found an issue."""
        return [c["check"] for c in self.checks if c["outcome"] == "issue"]

    def frame(self) -> pd.DataFrame:
        """A row a check: check, outcome, value, low, high, detail.

        `outcome` is passed, issue or not applicable.
        """
        import pandas as pd

        columns = ["check", "outcome", "value", "low", "high", "detail"]
        return pd.DataFrame(self.checks, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench audit dataset --json`."""
        return self.document

    def view(self) -> Fragment:
        """How many checks found an issue, and each check."""
        d = self.document
        return Fragment(
            f"Audit of {d['release']}: {len(self.issues)} of"
            f" {counted(len(self.checks), 'check')} found an issue",
            simulated=bool(d["simulated"]),
            tables=[grid(self.frame()[["check", "outcome", "value", "detail"]])],
        )

    def __repr__(self) -> str:
        """How many checks found an issue, and each check."""
        d = self.document
        return (
            f"{d['release']}: {len(self.issues)} of {counted(len(self.checks), 'check')} found an"
            f" issue\n{self.frame().to_string(index=False, max_colwidth=60)}"
        )


def audit_table(table: Any, *, percent: bool = False, tolerance: float = 0.01) -> TableAudit:
    """Rebuild what a table's scores imply, and list what cannot be or does not fit.

    `table` is a data frame (or the path of a CSV, or the name of a table in datasets/published)
    with method, dataset and any of n, bots, accuracy, balanced_accuracy, precision, recall, f1,
    mcc, auc, each with _low and _high where an interval was published. Keep numbers as they were
    printed (text is best): the last printed place says how much is rounding. `percent` says that
    scores are in percent; `tolerance` (a fraction) is how far, beyond its rounding, a score may lie
    off what the others imply. Raises UserError for a table without scores. Source: docs/audits.md.

    >>> rows = {"method": ["a"], "dataset": ["d"], "precision": ["0.90"], "recall": ["0.90"],
    ...         "f1": ["0.95"]}
    >>> [issue["check"] for issue in audit_table(rows).issues]
    ['f1']
    """
    from benchmarks.audits import published
    from benchmarks.reproductions import named_table

    if not isinstance(tolerance, int | float) or not 0 <= tolerance <= 1:
        raise UserError(f"tolerance is {tolerance!r}; give a fraction from 0 to 1.")
    if isinstance(table, str | Path):
        read = published.read(named_table(Path(table)), percent)
    else:
        frame = given.frame(table, "table")
        names = [str(c).strip().lower().replace(" ", "_").replace("-", "_") for c in frame]
        rows = frame.set_axis(names, axis=1).to_dict("records")
        read = published.of(
            [{str(k): v for k, v in row.items()} for row in rows], names, "The table", percent
        )
    return audited(read, tolerance)


def audited(table: Published, tolerance: float) -> TableAudit:
    """The audit of a table that was read."""
    from benchmarks.audits import table as audits

    return TableAudit(audits.document(table, audits.audit(table, tolerance), tolerance))


def audit(release: Release | str, *, seed: int = 0) -> ReleaseAudit:
    """Ask whether a release's labels can be told by what is no evidence.

    The id, what is missing, dates, order, one question, copies: docs/audits.md. `release` is a
    Release or its reference; `seed` is that of the folds. Raises UserError for an unknown release.
    """
    from benchmarks.audits import dataset as audits
    from botbench.api.release import Release, load

    chosen = release if isinstance(release, Release) else load(release)
    if chosen.part is not None:
        raise UserError(f"{chosen.reference} is limited to a part; give the whole release.")
    with progress.shown() as bars:
        bars.stage("checks", len(audits.checks()))
        report = audits.audit(chosen.workspace.home, chosen.reference, seed, lambda: bars.step(""))
    return ReleaseAudit(report.document())
