"""log, show, diff and tag as a user runs them."""

import pytest

from botbench.commands.version.diff import show_labels
from curation.store import schema
from curation.store.store import Store


@pytest.fixture
def filled(tmp_path):
    with Store(tmp_path / "store") as store:
        for turn in ("one", "two"):
            store.append(
                {
                    "accounts": schema.rows(
                        "accounts",
                        [
                            {"dataset": "d", "account_id": f"{turn}-{i}", "platform": "twitter"}
                            for i in range(3)
                        ],
                    )
                },
                "ada",
                f"turn {turn}",
            )


def test_log_lists_the_newest_first_and_as_json(cli, filled):
    found = cli.json("log")["versions"]
    assert [(v["version"], v["author"], v["message"]) for v in found] == [
        (3, "ada", "turn two"),
        (2, "ada", "turn one"),
        (1, "botbench", "an empty store"),
    ]
    assert "turn two" in cli("log").stdout
    assert [v["version"] for v in cli.json("log", "--at", "2", "-n", "1")["versions"]] == [2]


def test_show_counts_rows_and_what_the_version_added(cli, filled):
    found = cli.json("show", "2")
    assert found["rows"]["accounts"] == 3
    assert found["changes"] == {"accounts": {"added": 3, "removed": 0, "changed": 0}}
    assert cli.json("show", "1")["changes"] == {}


def test_diff_and_tag(cli, filled):
    assert cli.json("tag", "before", "2") == {"tag": "before", "version": 2}
    assert cli.json("diff", "before", "3") == {
        "from": 2,
        "to": 3,
        "tables": {"accounts": {"added": 3, "removed": 0, "changed": 0}},
        "labels": [],
    }
    assert [(t["tag"], t["version"]) for t in cli.json("tag")["tags"]] == [("before", 2)]
    assert cli.json("show", "4")["changes"] == {"tags": {"added": 1, "removed": 0, "changed": 0}}
    assert "Nothing differs" in cli("diff", "2", "before").stderr


def test_log_can_be_narrowed(cli, filled):
    assert [
        v["version"] for v in cli.json("log", "--author", "ada", "--grep", "two")["versions"]
    ] == [3]


def test_diff_without_versions_is_what_the_newest_one_brought(cli, filled):
    found = cli.json("diff")
    assert (found["from"], found["to"], found["tables"]["accounts"]["added"]) == (2, 3, 3)
    assert "No label moved" in cli("diff", "2", "--labels").stderr


def test_diff_lists_twenty_labels_and_first_those_that_claims_moved(capsys):
    state = {"label": "bot", "status": "agreed", "p_bot": 0.75}
    claim = {"claimant": "ben", "claimant_kind": "person", "answer": "bot"}
    said = [{**claim, "retracts": None, "change": "came"}]
    moved = [
        {"dataset": "d", "account": f"a-{i:02}", "from": None, "to": state, "p_bot_change": None}
        | ({"why": "claims", "claims": said} if i == 24 else {"why": "first", "claims": []})
        for i in range(25)
    ]
    show_labels(moved, {})
    text = "".join(capsys.readouterr())
    assert "25 labels that moved; the first 20, all by --json" in text
    assert "a-18" in text and "a-19" not in text
    assert text.index("a-24") < text.index("a-00")


def test_restore_and_blame_on_the_command_line(cli, filled):
    asked = cli("restore", "2", code=2).stderr
    assert "accounts: 0, 3, 0" in asked and "Nothing was changed; say --yes" in asked
    assert "Known: d." in cli("restore", "2", "--dataset", "e", code=2).stderr
    made = cli.json("restore", "2", "--yes")
    assert made == {
        "restored": 2,
        "version": 4,
        "tables": {"accounts": {"added": 0, "removed": 3, "changed": 0}},
    }
    assert "no version was made" in cli("restore", "2").stderr
    assert cli.json("diff", "2", "4")["tables"] == {}
    lines = cli.json("blame", "two-1")["lines"]
    assert (lines[0]["version"], lines[0]["author"], lines[0]["change"]) == (3, "ada", "added")
    assert (lines[1]["version"], lines[1]["change"]) == (4, "removed")
    assert "turn two" in cli("blame", "two-1").stdout
    assert "knows an account" in cli("blame", "nobody", code=2).stderr


def test_mistakes_are_sentences_and_exit_code_2(cli, filled):
    assert "There is no version 99" in cli("show", "99", code=2).stderr
    assert "Did you mean 'accounts'" in cli("diff", "1", "2", "account", code=2).stderr
    assert "No such command" in cli("lgo", code=2).stderr


def test_reading_a_store_that_is_not_there_makes_none(cli, tmp_path):
    assert "There is no store at" in cli("log", code=2).stderr
    assert not (tmp_path / "store").exists()
