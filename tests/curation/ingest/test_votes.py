"""Annotators' votes become claims of kind person."""

import json

import pytest

from botbench.core.errors import UserError

OPTIONS = {
    "account": "id",
    "annotator": "who",
    "answer": "label",
    "answers": {"0": "human", "1": "bot", "2": "cannot tell"},
}


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_codes_prefixes_scales_times_and_attributes(written, store):
    content = b"id,who,label,time,truth\nu7,3,0,1637044194.56588,BOT\nu7,4,2,,\nu8,3,1,2021-11-16T06:29:54Z,USER\n"
    options = OPTIONS | {
        "id_prefix": "u",
        "scale": "0-2",
        "made_at": "time",
        "attributes": {"truth": "truth"},
        "accounts": True,
    }
    result = written({"votes.csv": content}, options, format="votes").pull(store)
    assert rows(
        store,
        "SELECT account_id, claimant, claimant_kind, answer, made_at::VARCHAR, attributes FROM"
        " lake.main.claims ORDER BY 1, 2",
    ) == [
        (
            "7",
            "annotator 3",
            "person",
            "human",
            "2021-11-16 06:29:54.56588+00",
            {"truth": "BOT", "scale": "0-2", "code": "0"},
        ),
        ("7", "annotator 4", "person", "cannot tell", None, {"scale": "0-2", "code": "2"}),
        (
            "8",
            "annotator 3",
            "person",
            "bot",
            "2021-11-16 06:29:54+00",
            {"truth": "USER", "scale": "0-2", "code": "1"},
        ),
    ]
    assert result.tables["accounts"] == {"read": 3, "kept": 2, "duplicate": 1, "quarantined": 0}
    assert result.totals["answers"] == {"person": {"bot": 1}}
    assert result.totals["conflicts"] == {"person": 1}


def test_what_cannot_be_a_vote_is_set_aside(written, store):
    content = b"id,who,label\n7,3,0\n7,,1\n,3,1\n8,3,maybe\n1.2E+18,3,1\n9,3,1,too,many\n"
    written({"votes.csv": content}, OPTIONS, format="votes").pull(store)
    assert [(row, reason) for _, row, reason, _ in written.quarantine(store)] == [
        ("votes.csv:2", "missing_value"),
        ("votes.csv:3", "missing_id"),
        ("votes.csv:4", "unknown_answer"),
        ("votes.csv:5", "float_id"),
        ("votes.csv:6", "ragged_row"),
    ]
    assert rows(store, "SELECT account_id FROM lake.main.claims") == [("7",)]


def test_only_the_accounts_of_another_file(written, store):
    files = {
        "votes.csv": b"id,who,label\nu7,3,0\nu8,3,1\n",
        "profiles.json": json.dumps([{"id": "u8"}]).encode(),
    }
    result = written(
        files, OPTIONS | {"id_prefix": "u", "only": {"file": "profiles.json"}}, format="votes"
    ).pull(store)
    assert result.tables["claims"] == {"read": 1, "kept": 1, "duplicate": 0, "quarantined": 0}
    assert rows(store, "SELECT account_id, answer FROM lake.main.claims") == [("8", "bot")]


def test_mistakes_on_the_card_are_sentences(written, store):
    with pytest.raises(UserError, match=r"'annotator'"):
        written(
            {"votes.csv": b"id,who,label\n7,3,0\n"},
            OPTIONS | {"annotator": "annotator"},
            format="votes",
        ).pull(store)
    with pytest.raises(UserError, match=r"not among the reading's files"):
        written(
            {"votes.csv": b"id,who,label\n7,3,0\n"},
            OPTIONS | {"only": {"file": "x.json"}},
            format="votes",
        ).pull(store)
