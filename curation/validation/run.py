"""`validate`: run Great Expectations inside DuckDB on one data set at one version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

import duckdb

from botbench.core.sql import literal
from curation.ingest import data_sets, memory
from curation.store import snapshot_queries
from curation.store.rules import Rule, Suite, extended
from curation.store.store import Store
from curation.validation import record, views
from curation.validation.light_import import great_expectations
from curation.validation.outcome import LISTED, Finding, Hit, SuiteResult, Validation

NOT_OF_THE_VERSION = ("splits", "releases")
"""Tables whose rows may differ although the version is the same: proposed splits, and releases."""

KNOWN_ISSUE = re.compile(r"^([a-z]+\.[a-z0-9_-]+)\s*:\s*(.*)$", re.DOTALL)


def validate(
    store: Store,
    dataset: str,
    at: str | int | None = None,
    *,
    splits: str | None = None,
    consensus: str | None = None,
    keep: bool = False,
    take_over: bool = False,
    but_release: tuple[str, int] | None = None,
) -> Validation:
    """Run every suite on one data set at one version (default: the newest).

    `keep` writes the findings into the store. `splits`, SQL (split_id, account_id, part), replaces
    the stored splits; `consensus` names the labels to check (default: the newest). `take_over`
    uses the verdicts of a kept validation of this version, rules and consensus, where there is one.
    The row of the release `but_release` (name and version) is passed over: it is being made.
    Raises UserError where the store has no such data set at that version.
    """
    version = store.resolve(at)
    check_known(store, dataset, version)
    newest = snapshot_queries.newest_consensus(store, dataset, version)
    instead: dict[str, Any] = {"splits": splits, "consensus": consensus}
    if but_release:
        name, number = but_release
        others = f"NOT (name = {literal(name)} AND version = {number:d})"
        instead["frozen"] = {
            "releases": f"(FROM {store.relation('releases', None)} WHERE {others})"
        }
    return validate_views(
        store,
        dataset,
        version,
        instead,
        keep=keep,
        take_over=take_over and consensus in (None, newest),
    )


def check_known(store: Store, dataset: str, version: int) -> None:
    """Raise UserError where a version has no such data set."""
    if dataset not in (present := data_sets.there(store, version)):
        raise data_sets.absent(store, dataset, version, f"data set in version {version}", present)


def validate_views(
    store: Store,
    dataset: str,
    version: int,
    instead: Mapping[str, Any],
    *,
    keep: bool,
    release: str | None = None,
    take_over: bool = False,
) -> Validation:
    """Run every suite on one data set at a version.

    `instead` holds the arguments of `views.pinned` that replace stored tables; `release` is the
    reference of the release they come from. `take_over` is that of `validate`.
    """
    card = snapshot_queries.card(store, dataset, version)
    message = next((v.message for v in store.versions() if v.number == version), "")
    chosen = extended(card)
    kept = record.verdicts(store, dataset, version, chosen) if take_over else {}

    def checked() -> Validation:
        with views.pinned(store, dataset, version, **instead) as schema:
            results = _run(store, schema, card, chosen, kept)
            title = str(card.get("title") or dataset)
            validation = Validation(
                dataset, title, version, message, results, datetime.now(UTC), release=release
            )
            if keep:
                record.keep(store, validation, schema)
        return validation

    return memory.within(store.connection, memory.STEP, checked)


def _run(
    store: Store,
    schema: str,
    card: Mapping[str, Any],
    chosen: tuple[Suite, ...],
    kept: Mapping[str, Mapping[str, bool | str]],
) -> tuple[SuiteResult, ...]:
    cursor = store.connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    cursor.execute(f"USE {schema}")
    cursor.execute(record.FOUND)
    rows = {s.table: _count(cursor, s.table) for s in chosen}
    there = [s for s in chosen if rows[s.table]]
    if all(s.table in kept or s.table in NOT_OF_THE_VERSION for s in there):
        verdicts: dict[str, Mapping[str, bool | str]] = {
            s.table: _counted(cursor, s) if s.table in NOT_OF_THE_VERSION else kept[s.table]
            for s in there
        }
    else:
        verdicts = _verdicts(store, schema, there)
    return tuple(_result(cursor, s, rows[s.table], verdicts.get(s.table, {}), card) for s in chosen)


def _required(suite: Suite, card: Mapping[str, Any]) -> bool:
    """Whether a suite needs rows. Claims are not required where the card has no label."""
    return suite.required and not (suite.table == "claims" and card and "label" not in card)


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    row = cursor.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _result(
    cursor: duckdb.DuckDBPyConnection,
    suite: Suite,
    rows: int,
    verdicts: Mapping[str, bool | str],
    card: Mapping[str, Any],
) -> SuiteResult:
    """One suite's result from each rule's verdict: True, False, or an error message."""
    notes = known_issues(card)
    broken = [r for r in suite.rules if verdicts.get(r.name) is False]
    findings = [
        _finding(cursor, suite, rule, notes.get(f"{suite.table}.{rule.name}")) for rule in broken
    ]
    # An issue that the card names is shown, but does not fail the suite.
    serious = [f for f in findings if f.rule.severity == "critical" and f.note is None]
    return SuiteResult(
        suite,
        _required(suite, card),
        rows,
        ran=sum(isinstance(v, bool) for v in verdicts.values()),
        failures=tuple(serious),
        warnings=tuple(f for f in findings if f not in serious),
        errors=tuple(
            (r, str(verdicts[r.name])) for r in suite.rules if isinstance(verdicts.get(r.name), str)
        ),
    )


def known_issues(card: Mapping[str, Any]) -> dict[str, str]:
    """The card's known_issues that begin with a rule's name, by rule.


    >>> known_issues({"known_issues": ["posts.inside-window: 840 posts of bots", "in Italian"]})
    {'posts.inside-window': '840 posts of bots'}
    """
    matches = [KNOWN_ISSUE.match(issue) for issue in card.get("known_issues", ())]
    return {match[1]: match[2] for match in matches if match}


def _finding(
    cursor: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule, note: str | None
) -> Finding:
    """Find the accounts that break a rule: keep all of them, list the first."""
    cursor.execute(
        f"INSERT INTO found SELECT ?, ?, account_id, count(*), min(detail), ?, ? FROM ({rule.rows})"
        " GROUP BY account_id",
        [suite.table, rule.name, rule.severity, note is not None],
    )
    listed = cursor.execute(
        "SELECT account_id, rows, detail, sum(rows) OVER (), count(account_id) OVER () FROM found"
        f" WHERE suite = ? AND rule = ? ORDER BY account_id NULLS FIRST LIMIT {LISTED}",
        [suite.table, rule.name],
    ).fetchall()
    rows, accounts = (int(listed[0][3]), int(listed[0][4])) if listed else (0, 0)
    hits = tuple(Hit(account, int(n), detail) for account, n, detail, *_ in listed)
    return Finding(rule, suite.table, rows, accounts, hits, note)


def _counted(cursor: duckdb.DuckDBPyConnection, suite: Suite) -> dict[str, bool | str]:
    """Each rule's verdict by the rows that break it, without Great Expectations."""
    return {rule.name: not _count(cursor, f"({rule.rows})") for rule in suite.rules}


def _verdicts(
    store: Store, schema: str, chosen: list[Suite]
) -> dict[str, Mapping[str, bool | str]]:
    """Great Expectations' verdicts: {table: {rule: whether it holds, or an error message}}."""
    gx = great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from curation.validation.dialect import engine_url

    with engine_url(store.connection, [f"USE {schema}"]) as url:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(
            globally=False, metric_calculations=False
        )
        source = context.data_sources.add_sql(
            name="lake", connection_string=url, create_temp_table=False
        )
        return {s.table: _validated(gx, source, s) for s in chosen}


def _validated(gx: Any, source: Any, suite: Suite) -> dict[str, bool | str]:
    asset = source.add_query_asset(name=suite.table, query=f"SELECT * FROM {suite.table}")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    expectations = gx.ExpectationSuite(
        name=suite.table, expectations=[_expectation(r) for r in suite.rules]
    )
    result = batch.validate(expectations, result_format="BOOLEAN_ONLY")
    return {r.expectation_config.meta["rule"]: _verdict(r) for r in result.results}


def _verdict(result: Any) -> bool | str:
    """Whether a rule held, or the message of an error, which also comes as success=False.

    Raises DuckDB's OutOfMemoryException, because `memory.within` tries again with more.
    """
    message = _exception(result.exception_info or {})
    if message is not None and duckdb.OutOfMemoryException.__name__ in message:
        raise duckdb.OutOfMemoryException(message)
    return message if message is not None else bool(result.success)


def _exception(info: Mapping[str, Any]) -> str | None:
    if "raised_exception" in info:
        message = str(info.get("exception_message") or "unknown error")
        # SQLAlchemy adds the whole query and a link.
        return message.split("\n[SQL:", maxsplit=1)[0] if info["raised_exception"] else None
    nested = [_exception(part) for part in info.values() if isinstance(part, Mapping)]
    return next((message for message in nested if message is not None), None)


def _expectation(rule: Rule) -> Any:
    """A rule as one of Great Expectations' expectations."""
    import great_expectations.expectations as gxe

    shared = {"severity": rule.severity, "meta": {"rule": rule.name}}
    if rule.kind == "required":
        return gxe.ExpectColumnValuesToNotBeNull(column=rule.column, **shared)
    if rule.kind == "vocabulary":
        return gxe.ExpectColumnValuesToBeInSet(
            column=rule.column, value_set=list(rule.values), **shared
        )
    if rule.kind == "range":
        return gxe.ExpectColumnValuesToBeBetween(
            column=rule.column, min_value=rule.minimum, max_value=rule.maximum, **shared
        )
    return _no_rows()(query=escaped(rule.rows), **shared)


def escaped(query: str) -> str:
    r"""Escape a query for Great Expectations' str.format and SQLAlchemy's bind parameters.

    >>> escaped("SELECT 'a:b', x::INT FROM t WHERE regexp_matches(x, 'e{2}')")
    "SELECT 'a:b', x::INT FROM t WHERE regexp_matches(x, 'e{{2}}')"
    >>> print(escaped("SELECT ':b'"))
    SELECT '\:b'
    """
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", query.replace("{", "{{").replace("}", "}}"))


@cache
def _no_rows() -> Any:
    """The expectation that a query returns no rows.

    It counts: Great Expectations' UnexpectedRowsExpectation runs its query twice and loads the rows
    into Python.
    """
    from great_expectations.expectations.expectation import BatchExpectation

    class ExpectQueryToFindNothing(BatchExpectation):  # type: ignore[misc, unused-ignore]
        """No row is found by `query`, SQL over the views."""

        query: str
        metric_dependencies: ClassVar[tuple[str, ...]] = ("query.row_count",)
        success_keys: ClassVar[tuple[str, ...]] = ("query",)
        domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")

        def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
            rows = metrics["query.row_count"]
            return {"success": rows == 0, "result": {"observed_value": rows}}

    return ExpectQueryToFindNothing
