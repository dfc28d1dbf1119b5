"""diff --labels, restore and blame, counted by hand on three accounts."""

import pytest

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.labels.consensus import consensus
from curation.store import blame, diff, schema
from curation.store.diff import changed_rows
from curation.store.identity import with_claim_ids
from curation.store.store import Store


def accounts(*ids):
    return schema.rows(
        "accounts",
        [{"dataset": "d", "account_id": i, "platform": "twitter", "extra": {"k": i}} for i in ids],
    )


def said(store, *claims):
    rows = [
        {
            "dataset": "d",
            "claim_id": "",
            "account_id": a,
            "claimant": who,
            "claimant_kind": "person",
            "answer": answer,
        }
        for a, who, answer in claims
    ]
    return with_claim_ids(store.connection, schema.rows("claims", rows))


def settle(store):
    return consensus(store, "d", Scheme.load(), kinds=["person"])


@pytest.fixture
def told(store):
    """Versions: 2 accounts 1 2 3 and ada's and bo's claims, 3 consensus, 4 cy's claims, 5
    consensus.
    """
    return tell(store)


def tell(store):
    answers = {"1": "bot", "2": "human", "3": "bot"}
    first = said(
        store, *[(a, who, answer) for who in ("ada", "bo") for a, answer in answers.items()]
    )
    store.append({"accounts": accounts("1", "2", "3"), "claims": first}, "ada", "three accounts")
    settle(store)
    store.append(
        {"claims": said(store, ("1", "cy", "human"), ("2", "cy", "human"))}, "cy", "cy looks at two"
    )
    settle(store)
    return store


def test_labels_say_whose_claim_moved_them_and_how_far(told):
    moved = diff.label_changes(told, 3, 5)
    assert [m["account"] for m in moved] == ["1", "2"]
    one, two = moved
    # Two of two: (2 + 1/2) / 3; two of three: (2 + 1/2) / 4. Two thirds agree by the default
    # scheme's rule.
    assert one["from"]["p_bot"] == pytest.approx(2.5 / 3) and one["to"]["p_bot"] == pytest.approx(
        2.5 / 4
    )
    assert one["p_bot_change"] == pytest.approx(2.5 / 4 - 2.5 / 3) and one["why"] == "claims"
    assert [(c["claimant"], c["answer"], c["change"]) for c in one["claims"]] == [
        ("cy", "human", "came")
    ]
    # None of two: 1/2 / 3; none of three: 1/2 / 4.
    assert (
        two["p_bot_change"] == pytest.approx(0.5 / 4 - 0.5 / 3)
        and two["from"]["label"] == two["to"]["label"] == "human"
    )
    back = diff.label_changes(told, 5, 3)
    assert (
        back[0]["p_bot_change"] == pytest.approx(2.5 / 3 - 2.5 / 4)
        and back[0]["claims"][0]["change"] == "went"
    )


def test_a_first_consensus_is_a_change_from_nothing(told):
    moved = diff.label_changes(told, 2, 3)
    assert [(m["account"], m["from"], m["to"]["label"], m["p_bot_change"]) for m in moved] == [
        ("1", None, "bot", None),
        ("2", None, "human", None),
        ("3", None, "bot", None),
    ]
    assert diff.label_changes(told, 4, 4) == [] and diff.label_changes(told, 3, 4) == []


def test_claims_no_consensus_has_counted_are_told(told):
    assert diff.uncounted(told, 5) == {}
    assert diff.uncounted(told, 4) == {"d": 2}


def test_a_retraction_says_what_was_taken_back(told):
    claim = told.scalar(
        f"SELECT claim_id FROM {told.relation('claims')} WHERE claimant = 'cy' AND account_id = '1'"
    )
    back = schema.rows(
        "claims",
        [
            {
                "dataset": "d",
                "claim_id": "",
                "account_id": "1",
                "claimant": "cy",
                "claimant_kind": "person",
                "retracts": claim,
            }
        ],
    )
    told.append({"claims": with_claim_ids(told.connection, back)}, "cy", "an error")
    settle(told)
    moved = diff.label_changes(told, 5, told.head())
    assert [
        (m["account"], m["claims"][0]["retracted_answer"], m["claims"][0]["answer"]) for m in moved
    ] == [("1", "human", None)]


def test_restore_makes_a_version_equal_to_the_old_one(told):
    told.tag("before", 3)
    made = diff.restore(told, "before")
    assert made.version == told.head() == 7
    assert made.tables == {
        "claims": {"added": 0, "removed": 2, "changed": 0},
        "labels": {"added": 0, "removed": 3, "changed": 0},
        "consensus_runs": {"added": 0, "removed": 1, "changed": 0},
    }
    assert changed_rows(told, 3, 7) == {} and diff.label_changes(told, 3, 7) == []
    assert told.resolve("before") == 3
    assert [(v.author, v.message) for v in told.versions()][-1][1] == "restore version 3"
    # The way forward again, and a restore of what is there already.
    again = diff.restore(told, 5)
    assert (
        changed_rows(told, 5, again.version) == {}
        and changed_rows(told, 3, again.version)["claims"]["added"] == 2
    )
    assert diff.restore(told, 5).version is None and told.head() == again.version


def test_restore_of_one_data_set_leaves_the_others(store):
    for name in ("one", "two"):
        rows = [{"dataset": name, "account_id": "7", "platform": "twitter"}]
        store.append({"accounts": schema.rows("accounts", rows)}, "ada", name)
    would = diff.would_restore(store, 1, dataset="two")
    assert would == {"accounts": {"added": 0, "removed": 1, "changed": 0}}
    assert diff.restore(store, 1, dataset="two").tables == would
    left = store.arrow(f"SELECT dataset FROM {store.relation('accounts')}")["dataset"].to_pylist()
    assert left == ["one"] and store.versions()[-1].message == "restore version 1 of two"
    with pytest.raises(UserError, match="no data set 'tow'"):
        diff.restore(store, 2, dataset="tow")


def test_restore_brings_back_what_was_taken_out_or_rewritten(store):
    first, _ = store.append(
        {"accounts": accounts(*map(str, range(300)))}, "ada", "enough for a file"
    )
    store.connection.execute("UPDATE lake.main.accounts SET followers = 9 WHERE account_id = '2'")
    store.connection.execute("DELETE FROM lake.main.accounts WHERE account_id IN ('3', '4')")
    made = diff.restore(store, first)
    assert made.tables == {"accounts": {"added": 2, "removed": 0, "changed": 1}}
    old, new = (
        store.connection.execute(
            f"FROM {store.relation('accounts', v)} ORDER BY account_id"
        ).fetchall()
        for v in (first, made.version)
    )
    assert old == new and len(new) == 300


def test_the_same_rows_can_be_written_again_after_a_restore(store):
    store.append({"accounts": accounts("1")}, "ada", "one")
    diff.restore(store, 1)
    _, counts = store.append({"accounts": accounts("1")}, "ada", "one again")
    assert counts["accounts"].kept == 1


def test_expired_versions_do_not_stand_in_the_way(store):
    for i in "123":
        store.append({"accounts": accounts(i)}, "ada", i)
    store.connection.execute("CALL ducklake_expire_snapshots('lake', versions => [2])")
    assert changed_rows(store, 1, 4) == {"accounts": {"added": 3, "removed": 0, "changed": 0}}
    assert diff.restore(store, 1).tables == {"accounts": {"added": 0, "removed": 3, "changed": 0}}
    diff.restore(store, 4)
    store.connection.execute("CALL ducklake_expire_snapshots('lake', versions => [1, 3, 4, 5])")
    assert [line["version"] for line in blame.blame(store, "3")["lines"]] == [6]


def test_blame_names_the_version_of_every_row(told):
    found = blame.blame(told, "1")
    assert [(line["version"], line["table"], line["author"]) for line in found["lines"]][:4] == [
        (2, "accounts", "ada"),
        (2, "claims", "ada"),
        (2, "claims", "ada"),
        (3, "labels", told.versions()[2].author),
    ]
    assert [line["what"] for line in found["lines"] if line["table"] == "claims"] == [
        "ada (person) says bot",
        "bo (person) says bot",
        "cy (person) says human",
    ]
    assert found["lines"][-1]["what"] == "bot, agreed, p_bot .625 by majority of 3 votes"
    assert [(n["label"], n["p_bot"]) for n in found["now"]] == [("bot", 0.625)]
    assert (
        len(blame.blame(told, "1", at=2)["lines"]) == 3
        and blame.blame(told, "1", at=2)["now"] == []
    )
    with pytest.raises(UserError, match="No version up to 5 knows an account of e with the id '1'"):
        blame.blame(told, "1", dataset="e")


def test_blame_also_tells_what_was_taken_away(told):
    diff.restore(told, 3)
    gone = [
        (line["version"], line["what"])
        for line in blame.blame(told, "1")["lines"]
        if line["change"] == "removed"
    ]
    assert (6, "cy (person) says human") in gone


@pytest.mark.postgres
def test_on_postgres_all_is_as_on_sqlite(told, database, tmp_path):
    with Store(database(tmp_path / "team")) as other:
        tell(other)
        lines = [
            [(line["version"], line["what"]) for line in blame.blame(s, "1")["lines"]]
            for s in (told, other)
        ]
        assert lines[0] == lines[1] and len(lines[0]) == 6
        assert diff.label_changes(other, 3, 5) == diff.label_changes(told, 3, 5)
        made = diff.restore(other, 3)
        assert made.tables["labels"] == {"added": 0, "removed": 3, "changed": 0}
        assert (
            changed_rows(other, 3, made.version) == {}
            and changed_rows(other, 5, made.version)["claims"]["removed"] == 2
        )
