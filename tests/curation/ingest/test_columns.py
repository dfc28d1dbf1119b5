"""`botbench new card`: a card from a table's own columns, and what is said where there is none."""

import pytest
import yaml

from curation.ingest.recognition.columns import card_for, coded, label_of
from curation.ingest.recognition.names import mapped

HEAD = "user_id;Screen Name;followers_count;joined;mood;is_bot"
ROWS = ["7;ann;10;2019-05-01;fine;0", "8;bob;3;2020-01-01;dull;1", "9;cy;;2021-02-03;;0"]


def test_common_names_are_told_whatever_their_form():
    assert mapped(["tweet_count", "ID", "username", "Description"]) == {
        "account_id": "ID",
        "handle": "username",
        "bio": "Description",
        "posts_total": "tweet_count",
    }
    # A column is one thing only: the id is taken first, and nothing is taken twice.
    assert mapped(["id", "user_id"]) == {"account_id": "user_id"}


def test_a_label_is_a_column_whose_values_are_bot_and_human(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,type,label\n1,x,spammer\n2,y,genuine\n3,z,?\n")
    found = label_of(file, ["id", "type", "label"])
    assert (found.column, found.codes) == ("label", {"spammer": "bot", "genuine": "human"})
    assert found.told() == (
        "Of the column label, spammer for bot and genuine for human is taken as the label; what ?"
        " means is not known (1 row). An account of the kind spammer may be run by a person: look"
        " at what the authors meant. Correct `codes` on the card where this is wrong."
    )
    assert label_of(file, ["id", "type"]) is None
    assert coded({" Bot ": 1}) == {" Bot ": "bot"}


@pytest.mark.parametrize(
    ("column", "values", "codes"),
    [
        ("category", ["news", "spam", "user", "sports"], None),
        ("type", ["user", "page"], None),
        ("class", ["0", "1", "2"], None),
        ("type", ["user", "user"], None),
        ("type", ["user", "bot"], {"user": "human", "bot": "bot"}),
        ("label", ["0", "1", "2"], {"0": "human", "1": "bot"}),
        ("Is Bot", ["0", "0"], {"0": "human"}),
    ],
)
def test_a_column_of_a_vague_name_is_a_label_only_where_every_value_is_known(
    tmp_path, column, values, codes
):
    file = tmp_path / "a.csv"
    file.write_text(f"id,{column}\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values)))
    found = label_of(file, [column])
    assert (found and found.codes) == codes


def test_a_blank_label_is_no_claim_and_no_fault(cli, tmp_path):
    (tmp_path / "some.csv").write_text("id,label\n1,bot\n2,\n3, \n4,human\n")
    told = cli.json("new", "card", "some.csv")
    assert told["tables"]["claims"] == {"read": 2, "kept": 2, "duplicate": 0, "quarantined": 0}
    assert told["tables"]["accounts"]["kept"] == 4
    assert told["notes"] == [
        "Of the column label, bot for bot and human for human is taken as the label; a blank (2"
        " rows) is no claim. Correct `codes` on the card where this is wrong."
    ]


def test_a_label_beside_columns_of_the_schema_is_told_and_read_by_a_card(cli, tmp_path):
    (tmp_path / "own.csv").write_text("account_id;followers;is_bot\n7;1;1\n8;2;0\n")
    said = cli("pull", "own.csv").stderr
    assert (
        "Note: The column is_bot may be a label; it is kept under extra, and no claim is read from"
        " it. To have it read: botbench new card FILE." in said
    )
    told = cli.json("new", "card", "own.csv", "--as", "mine")
    assert told["tables"]["claims"]["kept"] == 2
    assert told["notes"] == [
        "Of the column is_bot, 1 for bot and 0 for human is taken as the label. Correct `codes` on"
        " the card where this is wrong."
    ]
    pulled = cli.json("pull", "mine.yaml", "--from", ".")
    assert pulled["claims"] == {"dataset": {"bot": 1, "human": 1}}


def test_a_card_by_which_nothing_is_kept_is_to_be_corrected_first(cli, tmp_path):
    rows = "".join(f"{i},caf\xe9,bot\n" for i in range(3))
    (tmp_path / "old.csv").write_bytes(b"id,bio,label\n" + rows.encode("latin-1"))
    said = cli("new", "card", "old.csv").stderr
    assert "say `encoding: latin-1` or cp1252 on the card" in said
    assert "Correct it, or the file, first: 3 of 3 rows for accounts were set aside" in said
    assert "No column of it is known to be a label" not in said


def test_rounded_ids_are_called_what_they_are(cli, tmp_path):
    rows = "".join(f"1.23456{i}E+18,bot\n" for i in range(3))
    (tmp_path / "rounded.csv").write_text("id,label\n" + rows)
    notes = cli.json("new", "card", "rounded.csv")["notes"]
    assert notes[-1] == (
        "All 3 rows for claims were set aside (float_id: account_id went through a float and has"
        ' lost digits, found "1.234560E+18"). A spreadsheet or a float has rounded the ids: export'
        " them again as text."
    )


def test_a_table_of_no_known_format_is_told_how_a_card_is_made(cli, tmp_path):
    (tmp_path / "mine.csv").write_text("\n".join([HEAD, *ROWS]) + "\n")
    said = cli("pull", "mine.csv", code=2).stderr
    assert said.rstrip().endswith(
        "To have a card made from its columns: botbench new card mine.csv"
    )


def test_the_card_is_written_after_a_pull_that_is_thrown_away(cli, tmp_path):
    (tmp_path / "mine.csv").write_text("\n".join([HEAD, *ROWS]) + "\n")
    told = cli.json("new", "card", "mine.csv", "--platform", "twitter")
    assert told["tables"]["claims"] == {"read": 3, "kept": 3, "duplicate": 0, "quarantined": 0}
    card = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert card["platform"] == "twitter"
    assert card["reads"][0]["options"] == {
        "type": "csv",
        "separator": ";",
        "accounts": {
            "account_id": "user_id",
            "handle": "Screen Name",
            "created_at": "joined",
            "followers": "followers_count",
        },
        "claims": {"answer": {"column": "is_bot", "codes": {"1": "bot", "0": "human"}}},
    }
    assert not (tmp_path / "store").exists()
    pulled = cli.json("pull", "mine.yaml", "--from", ".")
    assert pulled["claims"] == {"dataset": {"bot": 1, "human": 2}}
    assert "is there already" in cli("new", "card", "mine.csv", code=2).stderr


def test_what_has_no_ids_is_refused_with_its_columns(cli, tmp_path):
    (tmp_path / "no.csv").write_text("colour,size\nred,1\n")
    said = cli("new", "card", "no.csv", code=2).stderr
    assert "no column that is known to hold account ids; it has colour, size." in said
    assert "none.csv is not there." in cli("new", "card", "none.csv", code=2).stderr


def test_a_file_that_pull_knows_gets_the_same_card(tmp_path):
    file = tmp_path / "known.csv"
    file.write_text("account_id,followers,answer\n1,2,bot\n")
    from curation.ingest.recognition.recognise import recognise

    assert card_for(file).card == recognise(file).card
