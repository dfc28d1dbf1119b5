"""Outcomes: passed, failed and not applicable; errors are not findings; the report and the command."""

import dataclasses
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from botbench.core.errors import UserError
from botbench.core.hashing import canonical_json
from curation.store import rules as rules_module
from curation.store import schema
from curation.store.identity import with_claim_ids
from curation.store.rules import Rule, suites
from curation.validation import report, run
from curation.validation.outcome import LISTED

SEEN = datetime(2019, 6, 1, tzinfo=UTC)


def account(i, **changes):
    return {
        "dataset": "d",
        "account_id": str(i),
        "platform": "twitter",
        "observed_at": SEEN,
        "followers": 1,
        **changes,
    }


def fill(store, accounts, claimed=range(2), **card):
    """Accounts, a claim for each of `claimed` (bot, human, bot, ...) and, where a card is given,
    its pull.
    """
    claims = schema.rows(
        "claims",
        [
            {
                "dataset": "d",
                "claim_id": "",
                "account_id": str(i),
                "claimant": "authors",
                "claimant_kind": "dataset",
                "answer": "human" if i % 2 else "bot",
            }
            for i in claimed
        ],
    )
    rows = {
        "accounts": schema.rows("accounts", accounts),
        "claims": with_claim_ids(store.connection, claims),
    }
    if card:
        rows["pulls"] = schema.rows(
            "pulls",
            [
                {
                    "pull_id": "p",
                    "dataset": "d",
                    "card": canonical_json(card),
                    "reader_version": "1",
                    "finished_at": SEEN,
                }
            ],
        )
    return store.append(rows, None, "some accounts")[0]


def suite(found, name):
    return next(s for s in found.suites if s.name == name)


def only(monkeypatch, table, *rules):
    """Run nothing but these rules of one table (quick, and shows which of them counts)."""
    one = next(s for s in suites() if s.table == table)
    chosen = rules or [r for r in one.rules if r.name == "followers-in-range"]
    monkeypatch.setattr(
        rules_module, "suites", lambda: (one.model_copy(update={"rules": tuple(chosen)}),)
    )


def test_passed_failed_and_not_applicable(store):
    bad = fill(store, [account(0), account(1, followers=-1)])
    found = run.validate(store, "d")
    assert (found.version, found.success) == (bad, False)
    assert {s.name: s.outcome for s in found.suites} == {
        "pulls": "not applicable",
        "accounts": "failed",
        "posts": "not applicable",
        "edges": "not applicable",
        "claims": "passed",
        "batches": "not applicable",
        "assignments": "not applicable",
        "labels": "not applicable",
        "splits": "not applicable",
        "releases": "not applicable",
    }
    assert all(s.ran == len(s.suite.rules) * (s.rows > 0) for s in found.suites)
    document = suite(found, "accounts").document()
    assert (document["failed"], document["errored"], document["rows"]) == (1, 0, 2)
    assert document["failures"] == [
        {
            "expectation": "followers-in-range",
            "table": "accounts",
            "says": "followers is at least 0.",
            "title": "followers is below 0.",
            "severity": "critical",
            "rows": 1,
            "accounts_total": 1,
            "accounts": ["1"],
            "known_issue": None,
            "examples": [{"account": "1", "rows": 1, "detail": "-1"}],
        }
    ]
    assert found.failed == ["accounts.followers-in-range"]


def test_exactly_the_version_asked_for(store, monkeypatch):
    only(monkeypatch, "accounts")
    good = fill(store, [account(0)])
    bad = store.append(
        {"accounts": schema.rows("accounts", [account(1, followers=-1)])}, None, "more"
    )[0]
    store.tag("before", good)
    assert [run.validate(store, "d", at).success for at in (good, "before", bad, None)] == [
        True,
        True,
        False,
        False,
    ]


def test_only_the_data_set_asked_for(store, monkeypatch):
    only(monkeypatch, "accounts")
    fill(store, [account(0), account(1, followers=-1, dataset="other's")])
    assert run.validate(store, "d").success
    assert not run.validate(store, "other's").success


def test_a_rule_that_needs_more_memory_gets_it_and_is_no_error(store, monkeypatch):
    long = "(SELECT list(i) AS l FROM range(10000000) AS t(i))"
    rows = f"SELECT account_id, 'x' AS detail FROM accounts, {long} WHERE len(l) < 10000000"
    only(monkeypatch, "accounts", Rule(name="long", says="It is long.", rows=rows))
    fill(store, [account(0)])
    tried = []
    within = run.memory.within

    def bounded(connection, size, step):
        return within(connection, 100_000_000, lambda: (tried.append(size), step())[1])

    monkeypatch.setattr(run.memory, "within", bounded)
    found = suite(run.validate(store, "d"), "accounts")
    assert (len(tried), found.outcome, found.ran, found.errors) == (2, "passed", 1, ())


def test_a_required_suite_without_rows_has_failed(store):
    store.append({"accounts": schema.rows("accounts", [account(0)])}, None, "no claims")
    found = run.validate(store, "d")
    assert suite(found, "claims").document()["outcome"] == "failed"
    assert suite(found, "claims").reason == "there are no rows, and some are required"
    assert found.failed == ["claims (no rows)"]


def test_claims_are_not_required_of_a_card_without_a_label(store):
    fill(store, [account(0)], claimed=(), id="d", title="Nobody judged these")
    found = run.validate(store, "d")
    assert suite(found, "claims").outcome == "not applicable"
    assert found.success and found.title == "Nobody judged these"


def test_an_error_is_not_a_finding(store, monkeypatch):
    fill(store, [account(0), account(1)])
    only(
        monkeypatch,
        "accounts",
        Rule(name="fine", says="s", rows="SELECT '1' AS account_id, '' AS detail WHERE false"),
        Rule(name="unknown", says="s", rows="SELECT nothing FROM nowhere"),
        Rule(name="no-column", says="s", kind="required", column="no_such_column", rows="SELECT 1"),
    )
    found = suite(run.validate(store, "d"), "accounts")
    assert (found.outcome, found.ran, len(found.errors), found.failures) == ("failed", 1, 2, ())
    assert [rule.name for rule, _ in found.errors] == ["unknown", "no-column"]
    assert "nowhere does not exist" in found.errors[0][1]
    assert found.reason == "2 of 3 checks could not run"


def test_a_warning_does_not_fail_and_neither_does_what_the_card_knows(store, monkeypatch):
    known = "accounts.followers-in-range: one account, the authors say"
    fill(
        store,
        [account(0), account(1, followers=-1), account(2, bio="\ufffd")],
        id="d",
        label={},
        known_issues=["x", known],
    )
    only(
        monkeypatch,
        "accounts",
        *[r for r in suites()[1].rules if r.name in ("followers-in-range", "text-readable")],
    )
    found = run.validate(store, "d")
    result = suite(found, "accounts")
    assert found.success and result.failures == ()
    assert [(f.rule.name, f.note) for f in result.warnings] == [
        ("followers-in-range", "one account, the authors say"),
        ("text-readable", None),
    ]


def test_many_accounts_are_counted_and_some_are_listed(store, monkeypatch):
    only(monkeypatch, "accounts")
    n = LISTED + 234
    fill(
        store,
        [
            account(i, followers=-1, observed_at=SEEN.replace(day=1 + d))
            for i in range(n)
            for d in (0, 1)
        ],
    )
    finding = suite(run.validate(store, "d"), "accounts").failures[0]
    assert (finding.rows, finding.accounts, len(finding.listed)) == (2 * n, n, LISTED)
    assert finding.listed == sorted(map(str, range(n)))[:LISTED]


def test_an_unknown_data_set_is_a_sentence(store):
    fill(store, [account(0)])
    with pytest.raises(
        UserError, match=r"There is no data set in version 2 'dd'. Did you mean 'd'"
    ):
        run.validate(store, "dd")


def test_nothing_is_left_in_the_database(store, monkeypatch):
    only(monkeypatch, "accounts")
    fill(store, [account(0)])
    run.validate(store, "d")
    assert (
        store.connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'checked%'"
        ).fetchall()
        == []
    )


HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m&"


@pytest.fixture
def hostile(store, monkeypatch):
    """A validation full of markup and control characters, with 130 failing accounts and a rule that
    cannot run.
    """
    only(
        monkeypatch,
        "accounts",
        *[r for r in suites()[1].rules if r.name in ("followers-in-range", "text-readable")],
        Rule(name="cannot", says="This cannot run.", rows="SELECT '<b>' FROM nowhere"),
    )
    accounts = [account(f"{HOSTILE}{i}", followers=-1) for i in range(130)]
    fill(store, [*accounts, account(1, bio="\ufffd")], title=f"Title {HOSTILE}", label={})
    return run.validate(store, "d")


def test_the_report_asks_for_nothing_and_escapes_everything(hostile, store):
    page = report.write(store.home, hostile)
    assert page == store.home / "reports" / f"validation-d-v{hostile.version}.html"
    html = page.read_text(encoding="utf-8")
    assert "<img" not in html and "<script" not in html and "<b>' FROM" not in html
    assert not re.search(r"""\s(src|href)\s*=\s*["']|url\(|@import|https?://""", html)
    assert "\u202e" not in html and "\x1b" not in html and "⟨U+202E⟩⟨U+001B⟩[31m&amp;" in html
    assert "&lt;img src=x onerror=alert(1)&gt;⟨U+202E⟩⟨U+001B⟩[31m&amp;99" in html
    assert "Content-Security-Policy" in html and "default-src 'none'" in html
    assert "110 more account ids" in html and "This could not be checked" in html


def test_the_report_is_the_same_but_for_its_date(hostile):
    later = dataclasses.replace(hostile, made_at=datetime(2030, 1, 2, 3, 4, tzinfo=UTC))
    first, second = report.page(hostile), report.page(later)
    assert "2030-01-02 03:04 UTC" in second
    stamp = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
    assert stamp.sub("", first) == stamp.sub("", second)


def test_a_data_set_cannot_write_elsewhere(hostile, tmp_path):
    outside = dataclasses.replace(hostile, dataset="../../evil")
    assert (
        report.path(tmp_path, outside)
        == tmp_path / "reports" / f"validation-.._.._evil-v{hostile.version}.html"
    )


@pytest.mark.chromium
def test_what_is_broken_stands_in_the_verdict_and_below_it(hostile, store, spotless):
    tab = spotless(report.write(store.home, hostile))
    verdict = tab.locator(".verdict")
    assert verdict.locator("strong").inner_text() == "Failed"
    said = "followers is below 0. 130 rows of 130 accounts."
    assert said in verdict.inner_text() and "This cannot run." in verdict.inner_text()
    headings = tab.locator("h2").all_inner_texts()
    assert headings.index("What is broken") == 0
    titles = tab.locator("h3").all_inner_texts()
    assert "accounts: followers is below 0." in titles
    assert "accounts: This could not be checked: This cannot run." in titles


def test_a_rule_without_a_finding_says_what_does_not_hold():
    own = Rule(name="five", says="There are five.", rows="SELECT 1")
    assert own.title == "Not so: There are five."
    unsaid = [r.name for s in suites() for r in s.rules if r.title.startswith("Not so")]
    assert unsaid == []


def test_the_command(cli, tmp_path):
    from curation.store.store import Store

    with Store(tmp_path / "store") as store:
        fill(store, [account(0), account(1)])
        store.append(
            {
                "posts": schema.rows(
                    "posts", [{"dataset": "d", "post_id": "p", "account_id": "stranger"}]
                )
            },
            None,
            "a post",
        )
    found = cli.json("validate", "d", code=1)
    assert not found["success"] and found["dataset"] == "d"
    posts = next(s for s in found["suites"] if s["name"] == "posts")
    assert (
        posts["outcome"],
        posts["failures"][0]["expectation"],
        posts["failures"][0]["accounts"],
    ) == ("failed", "author-known", ["stranger"])
    assert "stranger" in Path(found["report"]).read_text(encoding="utf-8")
    done = cli("validate", "d", "--at", "2")
    assert "passed" in done.stdout
    # There are claims and no labels, so there is nothing to release yet.
    assert "Next: botbench consensus d." in done.stderr
    assert "Did you mean 'd'" in cli("validate", "dx", code=2).stderr


def test_help_does_not_import_great_expectations():
    code = (
        "import sys; from botbench.commands.main import build; build(); print([m for m in"
        " ('great_expectations', 'duckdb', 'sqlalchemy', 'jinja2', 'pydantic') if m in"
        " sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
