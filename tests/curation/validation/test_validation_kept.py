"""Findings kept in the store, a data set's own rules, drift between versions, and a release's
files.
"""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.ingest import cards
from curation.labels.consensus import consensus
from curation.release import release
from curation.release.release import validate_release
from curation.store import diff, schema
from curation.store.diff import changed_rows
from curation.store.identity import with_claim_ids
from curation.store.rules import DataSetSuite, Rule, extended
from curation.validation import drift, report, run

SEEN = datetime(2019, 6, 1, tzinfo=UTC)


def fill(store, ids, bots, **columns):
    """Accounts and a claim for each: the first `bots` of them are called bot."""
    accounts = [
        {
            "dataset": "d",
            "account_id": str(i),
            "platform": "twitter",
            "observed_at": SEEN,
            **{c: v(i) for c, v in columns.items()},
        }
        for i in ids
    ]
    claims = schema.rows(
        "claims",
        [
            {
                "dataset": "d",
                "claim_id": "",
                "account_id": str(i),
                "claimant": "authors",
                "claimant_kind": "dataset",
                "answer": "bot" if k < bots else "human",
            }
            for k, i in enumerate(ids)
        ],
    )
    return store.append(
        {
            "accounts": schema.rows("accounts", accounts),
            "claims": with_claim_ids(store.connection, claims),
        },
        None,
        "some accounts",
    )[0]


def findings(store):
    return store.arrow(
        "SELECT suite, rule, account_id, rows, detail, severity, known FROM"
        f" {store.relation('findings')} ORDER BY ALL"
    ).to_pylist()


def test_who_breaks_a_rule_is_kept_and_the_same_result_only_once(store):
    bad = fill(store, range(4), 2, followers=lambda i: -i)
    run.validate(store, "d", keep=True)
    mine = [f for f in findings(store) if f["rule"] == "followers-in-range"]
    assert [
        (f["suite"], f["account_id"], f["rows"], f["detail"], f["severity"], f["known"])
        for f in mine
    ] == [("accounts", str(i), 1, str(-i), "critical", False) for i in (1, 2, 3)]
    (kept,) = store.arrow(f"FROM {store.relation('validations')}").to_pylist()
    assert (kept["dataset"], kept["version"], kept["outcome"], kept["release"]) == (
        "d",
        bad,
        "failed",
        None,
    )
    assert '"broken": ["followers-in-range"]' in dict(kept["suites"])["accounts"]
    head = store.head()
    # The newest version now is the one that holds the findings: what was looked at is the same.
    run.validate(store, "d", keep=True)
    store.tag("seen")
    run.validate(store, "d", keep=True)
    assert store.head() == head + 1 and diff.last_change(store, store.head()) == bad
    fill(store, [9], 0)
    run.validate(store, "d", keep=True)
    assert [
        r["version"] for r in store.arrow(f"FROM {store.relation('validations')}").to_pylist()
    ] == [bad, head + 2]


def test_findings_stay_when_an_old_version_is_restored(store):
    first = fill(store, range(2), 1)
    fill(store, [5], 0, followers=lambda i: -1)
    run.validate(store, "d", keep=True)
    diff.restore(store, first)
    assert any(f["account_id"] == "5" for f in findings(store))
    assert changed_rows(store, first, store.head()) == {}


OWN = {
    "tables": {
        "accounts": {
            "rules": [
                {
                    "name": "few-followers",
                    "says": "Nobody has ten followers.",
                    "severity": "warning",
                    "rows": (
                        "SELECT account_id, followers::VARCHAR AS detail FROM accounts WHERE"
                        " followers >= 10"
                    ),
                }
            ]
        },
        "posts": {"required": True},
    }
}


def test_a_suite_beside_the_card_is_pulled_with_it_and_run(written, store):
    written(
        {"a.csv": b"id,followers\n1,3\n2,12\n"},
        {"accounts": {"account_id": "id", "followers": "followers"}},
    )
    written.card.with_name("suite.yaml").write_text(yaml.safe_dump(OWN))
    rules = {s.table: s for s in extended(cards.load(written.card).document)}
    assert rules["accounts"].rules[-1].name == "few-followers" and rules["posts"].required
    written.pull(store)
    # What the store was pulled with counts, not what stands beside the card today.
    written.card.with_name("suite.yaml").unlink()
    found = {s.name: s for s in run.validate(store, "made").suites}
    assert [
        (f.rule.name, f.listed)
        for f in found["accounts"].warnings
        if f.rule.name == "few-followers"
    ] == [("few-followers", ["2"])]
    assert (
        found["posts"].outcome == "failed"
        and found["posts"].reason == "there are no rows, and some are required"
    )


def test_a_suite_with_mistakes_is_a_sentence(written):
    written({"a.csv": b"id\n1\n"})
    beside = written.card.with_name("suite.yaml")
    beside.write_text("tables: {acounts: {}}")
    with pytest.raises(
        UserError, match=r"suite.yaml, .*expected a table with a suite .* not 'acounts'"
    ):
        cards.load(written.card)
    beside.write_text("tables: {accounts: {rules: [{name: key-unique, says: s, rows: SELECT 1}]}}")
    with pytest.raises(UserError, match="accounts has a rule 'key-unique' already"):
        cards.load(written.card)
    beside.write_text("tables: [")
    with pytest.raises(UserError, match=r"suite\.yaml, line"):
        cards.load(written.card)


def test_cards_without_a_suite_are_what_they_were():
    assert all(
        "suite" not in c.document or DataSetSuite.model_validate(c.document["suite"])
        for c in cards.all_cards().values()
    )


def test_drift_is_counted_by_hand(store):
    old = fill(store, range(100), 50, followers=lambda i: i, lang=lambda i: "en")
    # 100 more: followers all beyond the old ones, half of them without a language, a tenth bots.
    new = fill(
        store,
        range(100, 200),
        10,
        followers=lambda i: 10 * i,
        lang=lambda i: "en" if i % 2 else None,
    )
    found = drift.compare(store, "d", old, new)
    assert found.rows["accounts"] == (100, 200) and found.accounts == {
        "both": 100,
        "gone": 0,
        "new": 100,
    }
    assert found.bots == (0.5, 0.3) and found.judged == (100, 200)
    shifts = {s.value: s for s in found.shifts}
    # At 99 followers all of the old are counted and half of the new.
    assert shifts["followers"].distance == pytest.approx(0.5) and shifts["followers"].told
    # All known languages are en, and 50 of 200 are now unknown.
    assert (shifts["lang"].distance, shifts["lang"].missing, shifts["lang"].told) == (
        0,
        (0, 0.25),
        True,
    )
    assert "posts" not in shifts and not shifts["platform"].told
    assert found.told == [
        "The share of bots moved from 50.0 % to 30.0 %.",
        "followers: spread otherwise (distance .50 of 1).",
        "lang: missing for 25.0 % of the accounts instead of 0.0 %.",
    ]
    back = drift.compare(store, "d", new, old)
    assert back.accounts == {"both": 100, "gone": 100, "new": 0}
    assert back.told[:3] == [
        "accounts: 100 rows instead of 200.",
        "claims: 100 rows instead of 200.",
        "100 accounts are gone.",
    ]
    assert drift.compare(store, "d", old, old).told == []


def test_few_accounts_are_not_said_to_have_moved(store):
    old = fill(store, range(8), 4, followers=lambda i: i)
    new = fill(store, range(8, 16), 4, followers=lambda i: i)
    shift = next(s for s in drift.compare(store, "d", old, new).shifts if s.value == "followers")
    # 8 against 16, half of them new: distance 0.5, and chance alone gives up to 1.63 sqrt(24 / 128)
    # = 0.71.
    assert (
        shift.distance == pytest.approx(0.5) and not shift.told and 1.63 * math.sqrt(24 / 128) > 0.7
    )


@pytest.fixture
def frozen(store):
    fill(store, range(40), 20, followers=lambda i: i)
    consensus(store, "d", Scheme.load())
    return release.freeze(store, "r", "d")


def test_a_releases_files_are_validated_and_its_validation_is_kept(store, frozen):
    found = validate_release(store, frozen, keep=True)
    assert found.success and found.release == "r@1"
    ran = {s.name: s.rows for s in found.suites if s.rows}
    assert ran == {"accounts": 40, "claims": 40, "labels": 40, "splits": 40, "releases": 1}
    kept = store.arrow(
        f"SELECT release FROM {store.relation('validations')} ORDER BY 1 NULLS FIRST"
    )["release"].to_pylist()
    assert kept == [None, "r@1"]
    page = store.home / frozen.info["validation"]["report"]
    assert page.is_file() and page.parent.name == "reports"
    assert "r@1" in Path(report.write(store.home, found)).read_text(encoding="utf-8")
    labels = frozen.path / "labels.parquet"
    labels.write_bytes(labels.read_bytes() + b" ")
    with pytest.raises(UserError, match=r"r@1 was changed after it was made: labels\.parquet"):
        validate_release(store, frozen)


def test_the_command_compares_two_versions(cli, tmp_path):
    from curation.store.store import Store

    with Store(tmp_path / "store") as store:
        old = fill(store, range(100), 50, followers=lambda i: i)
        new = fill(store, range(100, 200), 10, followers=lambda i: 10 * i)
    found = cli.json("validate", "d", "--at", new, "--against", old)
    assert found["drift"]["bots"] == [0.5, 0.3] and found["drift"]["told"][0].startswith(
        "The share of bots moved"
    )
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert (
        f"What differs from version {old}" in page
        and "The share of bots moved from 50.0 % to 30.0 %." in page
    )
    assert "leave out the data set" in cli("validate", "d", "--release", "r", code=2).stderr


def refuse_to_run(*_):
    raise AssertionError("Great Expectations ran")


def outcomes(validation):
    return [(s.name, s.outcome, s.ran, s.failures, s.warnings) for s in validation.suites]


def test_a_kept_validation_of_the_same_version_is_taken_over(store, monkeypatch):
    fill(store, range(4), 2, followers=lambda i: -i)
    before = run.validate(store, "d", keep=True)
    monkeypatch.setattr(run, "_verdicts", refuse_to_run)
    again = run.validate(store, "d", take_over=True)
    assert outcomes(again) == outcomes(before)
    assert again.failed == ["accounts.followers-in-range"]
    with pytest.raises(AssertionError):
        run.validate(store, "d")


def test_proposed_splits_are_checked_although_the_version_was_validated(store, monkeypatch):
    fill(store, range(4), 2)
    run.validate(store, "d", keep=True)
    monkeypatch.setattr(run, "_verdicts", refuse_to_run)
    proposed = "(VALUES ('drawn', '0', 'train'), ('drawn', '1', 'trial')) AS s (split_id, account_id, part)"
    result = run.validate(store, "d", splits=proposed, take_over=True)
    assert [f for f in result.failed if f.startswith("splits.part")], result.failed


def test_other_content_rules_or_labels_are_validated_anew(store, monkeypatch):
    fill(store, range(4), 2)
    run.validate(store, "d", keep=True)
    monkeypatch.setattr(run, "_verdicts", refuse_to_run)
    with pytest.raises(AssertionError):
        run.validate(store, "d", consensus="another", take_over=True)
    suites = run.extended({})
    fewer = suites[0].model_copy(update={"rules": suites[0].rules[1:]})
    with monkeypatch.context() as patched, pytest.raises(AssertionError):
        patched.setattr(run, "extended", lambda _: (fewer, *suites[1:]))
        run.validate(store, "d", take_over=True)
    fill(store, range(4, 6), 1)
    with pytest.raises(AssertionError):
        run.validate(store, "d", take_over=True)


@pytest.mark.parametrize("asked", [False, True])
def test_splits_alone_do_not_make_the_rest_be_checked_anew(store, monkeypatch, asked):
    fill(store, range(4), 2)
    if asked:  # a rule of another table asks for splits
        rule = Rule(
            name="split",
            says="x",
            rows="SELECT NULL::VARCHAR AS account_id, part AS detail"
            " FROM splits WHERE part = 'trial'",
        )
        chosen = tuple(
            s.model_copy(update={"rules": (*s.rules, rule)}) if s.table == "claims" else s
            for s in extended({})
        )
        monkeypatch.setattr(run, "extended", lambda _: chosen)
    before = run.validate(store, "d", keep=True)
    row = {"split_id": "drawn", "dataset": "d", "account_id": "0", "part": "train"}
    store.append({"splits": schema.rows("splits", [row])}, None, "splits, as of a release")
    monkeypatch.setattr(run, "_verdicts", refuse_to_run)
    if asked:
        with pytest.raises(AssertionError):
            run.validate(store, "d", take_over=True)
        return
    again = run.validate(store, "d", take_over=True)
    assert [o for o in outcomes(again) if o[0] != "splits"] == [
        o for o in outcomes(before) if o[0] != "splits"
    ]
    assert next(s for s in again.suites if s.name == "splits").rows == 1
