"""The result of a validation: the outcome of each suite, and the accounts that break each rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from curation.store.rules import Rule, Suite

if TYPE_CHECKING:
    from curation.validation.drift import Drift

Outcome = Literal["passed", "failed", "not applicable"]
LISTED = 1000
"""The most accounts listed for one broken rule; the total counts all."""


@dataclass(frozen=True)
class Hit:
    """One account (None: the whole data set) that breaks a rule, its rows and the first of them."""

    account: str | None
    rows: int
    detail: str | None


@dataclass(frozen=True)
class Finding:
    """A broken rule: the rows and accounts that break it (at most LISTED of them named)."""

    rule: Rule
    table: str
    rows: int
    accounts: int
    hits: tuple[Hit, ...]
    note: str | None = None
    """The card's note, where it is a known issue."""

    @property
    def listed(self) -> list[str]:
        """The accounts named."""
        return [h.account for h in self.hits if h.account is not None]

    def document(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "expectation": self.rule.name,
            "table": self.table,
            "says": self.rule.says,
            "title": self.rule.title,
            "severity": self.rule.severity,
            "rows": self.rows,
            "accounts_total": self.accounts,
            "accounts": self.listed,
            "known_issue": self.note,
            "examples": [
                {"account": h.account, "rows": h.rows, "detail": h.detail} for h in self.hits[:20]
            ],
        }


@dataclass(frozen=True)
class SuiteResult:
    """The result of one suite."""

    suite: Suite
    required: bool
    rows: int
    ran: int
    failures: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    errors: tuple[tuple[Rule, str], ...] = ()

    @property
    def name(self) -> str:
        """The suite's name: its table."""
        return self.suite.table

    @property
    def outcome(self) -> Outcome:
        """The outcome; a required suite without rows has failed, and so has one with an error."""
        if not self.rows and not self.errors:
            return "failed" if self.required else "not applicable"
        return "failed" if self.failures or self.errors else "passed"

    @property
    def reason(self) -> str | None:
        """The reason for the outcome, where no finding gives it."""
        if self.errors:
            return f"{len(self.errors)} of {self.ran + len(self.errors)} checks could not run"
        if not self.rows:
            return (
                "there are no rows, and some are required" if self.required else "there are no rows"
            )
        return None

    def document(self) -> dict[str, Any]:
        """The suite as plain data. `failed` counts the failures; warnings are not failures."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "reason": self.reason,
            "required": self.required,
            "rows": self.rows,
            "ran": self.ran,
            "failed": len(self.failures),
            "errored": len(self.errors),
            "failures": [f.document() for f in self.failures],
            "warnings": [f.document() for f in self.warnings],
            "errors": [
                {"expectation": rule.name, "message": message} for rule, message in self.errors
            ],
        }


@dataclass(frozen=True)
class Validation:
    """A data set validated at a version."""

    dataset: str
    title: str
    version: int
    message: str
    """The commit message of the version."""
    suites: tuple[SuiteResult, ...]
    made_at: datetime
    release: str | None = None
    """The release whose files were checked, such as rtbust@1."""
    drift: Drift | None = None
    """What differs from another version, where it was compared with one."""

    @property
    def success(self) -> bool:
        """No suite failed."""
        return all(s.outcome != "failed" for s in self.suites)

    @property
    def failed(self) -> list[str]:
        """The failures as suite.rule, or suite where no rule of it ran."""
        broken = [f"{s.name}.{f.rule.name}" for s in self.suites for f in s.failures]
        broken += [
            f"{s.name}.{rule.name} (could not run)" for s in self.suites for rule, _ in s.errors
        ]
        return broken + [
            f"{s.name} (no rows)"
            for s in self.suites
            if s.outcome == "failed" and not s.rows and not s.errors
        ]

    def document(self) -> dict[str, Any]:
        """The validation as plain data, without the report's path."""
        compared = {"drift": self.drift.document()} if self.drift else {}
        return {
            "success": self.success,
            "dataset": self.dataset,
            "version": self.version,
            "release": self.release,
            "suites": [s.document() for s in self.suites],
            **compared,
        }

    def summary(self) -> dict[str, Any]:
        """What a release records: outcomes and counts, no account."""

        def counted(s: SuiteResult) -> dict[str, Any]:
            return {
                "name": s.name,
                "outcome": s.outcome,
                "ran": s.ran,
                "failed": len(s.failures),
                "errored": len(s.errors),
                "warnings": [f.rule.name for f in s.warnings],
            }

        return {
            "success": self.success,
            "failed": self.failed,
            "suites": [counted(s) for s in self.suites],
        }
