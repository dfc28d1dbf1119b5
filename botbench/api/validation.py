"""`Dataset.validate`: the suites over a data set, as frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botbench.api.base.shown import Shown, grid
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from botbench.api.dataset import Dataset
    from curation.store.store import Store
    from curation.validation.outcome import Validation as Outcome


class Validation(Shown):
    """What validation found: `success`, `findings`, and the `report` (the path of its page)."""

    def __init__(self, outcome: Outcome, report: Path) -> None:
        self.outcome, self.report = outcome, report
        self.success = outcome.success

    @property
    def findings(self) -> pd.DataFrame:
        """A row a broken rule: suite, rule, severity, rows, accounts, says, note."""
        import pandas as pd

        rows = [
            (
                f.table,
                f.rule.name,
                "critical" if f in s.failures else "warning",
                f.rows,
                f.accounts,
                f.rule.says,
                f.note,
            )
            for s in self.outcome.suites
            for f in (*s.failures, *s.warnings)
        ]
        columns = ["suite", "rule", "severity", "rows", "accounts", "says", "note"]
        return pd.DataFrame(rows, columns=columns)

    def frame(self) -> pd.DataFrame:
        """A row a suite: suite, outcome, rows, checks, broken, errors, warnings."""
        import pandas as pd

        rows = [
            (s.name, s.outcome, s.rows, s.ran, len(s.failures), len(s.errors), len(s.warnings))
            for s in self.outcome.suites
        ]
        columns = ["suite", "outcome", "rows", "checks", "broken", "errors", "warnings"]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench validate --json`."""
        return {**self.outcome.document(), "report": str(self.report)}

    def view(self) -> Fragment:
        """Whether it passed, what each suite found, and each finding."""
        findings = self.findings
        found = [grid(findings, "findings")] if len(findings) else []
        o = self.outcome
        return Fragment(
            f"Validation of {o.dataset}, version {o.version}:"
            f" {'passed' if self.success else 'failed'}",
            tables=[*found, grid(self.frame(), "suites", folded=True)],
            more=".findings",
        )

    def __repr__(self) -> str:
        """Whether it passed, and what each suite found."""
        found = self.findings
        broken = "" if found.empty else f"\n{found.to_string(index=False)}"
        return (
            f"Validation of {self.outcome.dataset}, version {self.outcome.version}:"
            f" {'passed' if self.success else 'failed'},"
            f" {counted(len(found), 'finding')}\n{self.frame().to_string(index=False)}{broken}"
        )


def of_dataset(dataset: Dataset, against: str | int | None = None) -> Validation:
    """Validate a data set and write its report."""
    with dataset.workspace.store() as store:
        return of_store(store, dataset.name, dataset.at, against)


def of_store(
    store: Store, dataset: str, at: str | int | None, against: str | int | None
) -> Validation:
    """Validate a data set of an open store, and write the report."""
    from curation.validation import drift, report, run

    # Look up both versions before writing, so that neither changes in between.
    last, first = store.resolve(at), None if against is None else store.resolve(against)
    if first is not None:
        run.check_known(store, dataset, first)
    outcome = run.validate(store, dataset, last, keep=True)
    if first is not None:
        outcome = replace(outcome, drift=drift.compare(store, dataset, first, last))
    return Validation(outcome, report.write(store.home, outcome))
