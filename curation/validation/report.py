"""The validation report: one self-contained HTML page for readers who do not know the tools."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from botbench.core.files import write_text
from botbench.html.environment import DOCUMENT
from botbench.html.environment import page as render
from curation.validation.outcome import Finding, SuiteResult, Validation

HERE = Path(__file__).parent
SHOWN = 20
"""Accounts shown with their details; the others follow as a list of ids."""


def path(home: Path, validation: Validation) -> Path:
    """The path of a validation's report."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", validation.dataset)
    release = (
        ""
        if validation.release is None
        else "-" + re.sub(r"[^A-Za-z0-9._-]", "_", validation.release)
    )
    against = "" if validation.drift is None else f"-against-v{validation.drift.against}"
    return home / "reports" / f"validation-{name}-v{validation.version}{release}{against}.html"


def write(home: Path, validation: Validation) -> Path:
    """Write the report into the home folder; returns its path."""
    target = path(home, validation)
    write_text(target, page(validation))
    return target


def page(validation: Validation) -> str:
    """The page as HTML; the same validation gives the same bytes."""
    return render(
        HERE / "report.html.j2",
        [DOCUMENT, HERE / "report.css"],
        v=validation,
        suites=[_suite(s) for s in validation.suites],
        serious=[_finding(f) for s in validation.suites for f in s.failures],
        warnings=[_finding(f) for s in validation.suites for f in s.warnings],
        errors=[(s.name, rule, message) for s in validation.suites for rule, message in s.errors],
        empty=[
            s.name
            for s in validation.suites
            if s.outcome == "failed" and not s.rows and not s.errors
        ],
        versions=f"Great Expectations {version('great-expectations')}, DuckDB {version('duckdb')}",
    )


def _suite(suite: SuiteResult) -> dict[str, Any]:
    states = {f.rule.name: "broken" for f in suite.failures} | {
        f.rule.name: "noted" for f in suite.warnings
    }
    states |= {rule.name: "error" for rule, _ in suite.errors}
    ran = bool(suite.ran or suite.errors)
    return {
        "name": suite.name,
        "about": suite.suite.about,
        "rows": suite.rows,
        "outcome": suite.outcome,
        "reason": suite.reason,
        "ran": suite.ran,
        "failed": len(suite.failures) + len(suite.errors),
        "warned": len(suite.warnings),
        "checks": [
            (rule, states.get(rule.name, "held" if ran else "idle")) for rule in suite.suite.rules
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    whole = [h for h in finding.hits if h.account is None]
    accounts = [h for h in finding.hits if h.account is not None]
    return {
        "rule": finding.rule,
        "suite": finding.table,
        "rows": finding.rows,
        "accounts": finding.accounts,
        "note": finding.note,
        "whole": whole,
        "shown": accounts[:SHOWN],
        "rest": [h.account for h in accounts[SHOWN:]],
        "unlisted": finding.accounts - len(accounts),
    }
