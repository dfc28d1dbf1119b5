"""Write the findings of each validation with a new result into the store."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botbench.core.hashing import short_hash
from curation.store import diff
from curation.store.identity import canonical_row
from curation.store.rules import fingerprint
from curation.store.schema import TABLES, rows

if TYPE_CHECKING:
    from curation.store.rules import Suite
    from curation.store.store import Store, Transaction
    from curation.validation.outcome import SuiteResult, Validation

SPLITS = re.compile(r"\b(splits|torn)\b", re.IGNORECASE)
"""The views of splits, as a rule names them."""
FOUND = (
    "CREATE TABLE found (suite VARCHAR, rule VARCHAR, account_id VARCHAR, rows BIGINT, detail"
    " VARCHAR, severity VARCHAR, known BOOLEAN)"
)
"""Where a run gathers all accounts that break rules; the report lists the first of each rule."""


def keep(store: Store, validation: Validation, schema: str) -> int | None:
    """Write a validation and its findings (table `found` of `schema`); return the version made.

    None where this data set already has a validation with the same result.
    """
    version = diff.last_change(store, validation.version)
    validation_id = short_hash(
        {
            "dataset": validation.dataset,
            "release": validation.release,
            "version": version,
            "rules": fingerprint(s.suite for s in validation.suites),
            "suites": {s.name: _summary(s) for s in validation.suites},
            "found": _content(store, schema),
        }
    )
    columns = ", ".join(n for n in TABLES["findings"].names if n != "validation_id")
    store.connection.execute(
        "CREATE OR REPLACE TEMP TABLE validation_found AS "
        f"SELECT '{validation_id}' AS validation_id, {columns} FROM {schema}.found"
    )
    row = rows(
        "validations",
        [
            {
                "validation_id": validation_id,
                "dataset": validation.dataset,
                "version": version,
                "release": validation.release,
                "outcome": "passed" if validation.success else "failed",
                "rules": fingerprint(s.suite for s in validation.suites),
                "suites": {
                    s.name: json.dumps(_summary(s), sort_keys=True) for s in validation.suites
                },
                "made_at": validation.made_at,
            }
        ],
    )

    def work(transaction: Transaction) -> None:
        if transaction.insert("validations", row).kept:
            transaction.insert("findings", "validation_found")

    outcome = "passed" if validation.success else "failed"
    return store.transact(
        work, None, f"validation of {validation.release or validation.dataset}: {outcome}"
    )[0]


def verdicts(
    store: Store, dataset: str, version: int, chosen: tuple[Suite, ...]
) -> dict[str, dict[str, bool]]:
    """Each rule's verdict by table, from the newest validation of this version by these rules.

    A version that differs in splits alone counts as this one, unless rules of another table ask for
    them: a release adds splits, and the next one need not check the rest again. Verdicts on splits
    are of no use then. Empty where none is kept. A table with a rule that could not run is left
    out.
    """
    newest = diff.last_change(store, version)
    asked = any(SPLITS.search(r.rows) for s in chosen if s.table != "splits" for r in s.rules)
    oldest = newest if asked else diff.last_change(store, version, but=["splits"])
    stored = store.connection.execute(
        f"SELECT suites FROM {store.relation('validations')} WHERE dataset = ? AND version BETWEEN"
        " ? AND ? AND release IS NULL AND rules = ? ORDER BY made_at DESC LIMIT 1",
        [dataset, oldest, newest, fingerprint(chosen)],
    ).fetchone()
    if stored is None:
        return {}
    summaries = {table: json.loads(text) for table, text in dict(stored[0]).items()}
    return {
        suite.table: {
            rule.name: rule.name not in (*summary["broken"], *summary["warnings"])
            for rule in suite.rules
        }
        for suite in chosen
        if (summary := summaries.get(suite.table))
        and summary["ran"] == len(suite.rules)
        and not summary["errors"]
    }


def _summary(suite: SuiteResult) -> dict[str, Any]:
    return {
        "outcome": suite.outcome,
        "rows": suite.rows,
        "ran": suite.ran,
        "broken": [f.rule.name for f in suite.failures],
        "errors": [rule.name for rule, _ in suite.errors],
        "warnings": [f.rule.name for f in suite.warnings],
    }


def _content(store: Store, schema: str) -> str:
    columns = [c for c in TABLES["findings"].columns if c.name != "validation_id"]
    return str(
        store.scalar(
            "SELECT sha256(coalesce(string_agg(row, chr(10) ORDER BY row), '')) FROM "
            f"(SELECT {canonical_row(columns)} AS row FROM {schema}.found)"
        )
    )
