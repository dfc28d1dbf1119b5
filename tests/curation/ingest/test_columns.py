"""`botbench new card`: a card from a table's own columns, and what is said where there is none."""

import yaml

from curation.ingest.recognition.columns import card_for, coded, label_of, mapped

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
    assert label_of(file, ["id", "type", "label"]) == (
        "label",
        {"spammer": "bot", "genuine": "human"},
    )
    assert label_of(file, ["id", "type"]) is None
    assert coded({" Bot ": 1}) == {" Bot ": "bot"}


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
