"""The history of one account, as a person would read it."""

from datetime import UTC, datetime

import pytest

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.labels.claims import history, sentence
from curation.labels.consensus import consensus
from tests.curation.labels.voting import claim, say


def test_a_history(store):
    say(store, {**claim("a", "authors", "human", kind="dataset"), "made_at": None})
    (old,) = say(
        store,
        claim(
            "a",
            "p1",
            "bot",
            0,
            kinds=["spam"],
            confidence=0.5,
            reasons=["hours"],
            note="posts by the minute",
        ),
    )
    (gone,) = say(store, claim("a", "p2", "bot", 1))
    say(
        store,
        claim("a", "p1", "human", 5, retracts=old),
        claim("a", "p2", None, 6, retracts=gone),
        claim("a", "p3", "bot", 7),
        claim("a", "p3", "human", 8),
        claim("a", "boss", "human", 9, attributes={"role": "adjudicator"}),
    )
    found = history(store, "a")
    told = [(r["claimant"], r["answer"], r["fate"]) for r in found["claims"]]
    assert told == [
        ("authors", "human", "stands"),
        ("p1", "bot", "corrected to human"),
        ("p2", "bot", "taken back"),
        ("p1", "human", "stands"),
        ("p2", None, "takes an answer back"),
        ("p3", "bot", "answered again later"),
        ("p3", "human", "stands"),
        ("boss", "human", "stands"),
    ]
    lines = [sentence(r) for r in found["claims"]]
    assert lines[0] == "the data set's authors, authors, said human."
    assert (
        lines[1]
        == "p1 (a person) said bot of the kind spam, with confidence 0.5, because of hours. "
        'Note: "posts by the minute". This was corrected to human.'
    )
    assert lines[4] == "p2 (a person) took an answer back." and lines[7].endswith(
        "said human as adjudicator."
    )
    assert found["labels"] == []
    consensus(store, "d", Scheme.load())
    assert [(r["label"], r["status"]) for r in history(store, "a")["labels"]] == [
        ("human", "adjudicated")
    ]
    assert found["claims"][1]["made_at"] == datetime(2024, 5, 5, 12, tzinfo=UTC)


def test_the_same_id_in_two_data_sets_and_nobody(store):
    say(store, claim("1234", "p", "bot"), {**claim("1234", "q", "human"), "dataset": "e"})
    assert history(store, "1234")["datasets"] == ["d", "e"] and history(store, "1234", "e")[
        "datasets"
    ] == ["e"]
    with pytest.raises(UserError, match="Did you mean '1234'"):
        history(store, "1235")
    with pytest.raises(UserError, match="no data set with claims 'f'"):
        history(store, "1234", "f")


def test_the_command(cli, tmp_path):
    from curation.store.store import Store

    with Store(tmp_path / "store") as store:
        say(store, claim("12", "p", "bot"))
    assert cli.json("claims", "12")["claims"][0]["answer"] == "bot"
    assert "p (a person) said bot." in cli("claims", "12").stdout
    assert "12" in cli("claims", "1", code=2).stderr
