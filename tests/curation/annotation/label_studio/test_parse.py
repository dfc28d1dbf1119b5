"""What one annotation says, checked against the scheme."""

import pytest

from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.card.card import card_hash
from curation.annotation.label_studio.parse import Reader, RefusedError, answered, payload_hash
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook

SCHEME = Scheme.load()


def chosen(name, *words):
    return {
        "id": "x7",
        "from_name": name,
        "to_name": "card",
        "type": "choices",
        "value": {"choices": list(words)},
    }


def note(*texts):
    return {
        "from_name": "note",
        "to_name": "card",
        "type": "textarea",
        "value": {"text": list(texts)},
    }


def test_a_whole_answer():
    result = [
        chosen("answer", "bot"),
        chosen("kinds", "spam", "amplifier"),
        chosen("reasons", "voice", "daily"),
        chosen("confidence", "fairly"),
        note("same text", "every hour"),
    ]
    assert answered(result, SCHEME) == {
        "answer": "bot",
        "kinds": ["amplifier", "spam"],
        "reasons": ["daily", "voice"],
        "confidence": 0.75,
        "note": "same text\nevery hour",
    }


def test_showing_what_was_blurred_is_no_part_of_the_answer():
    assert (
        answered([chosen("media", "shown"), chosen("answer", "human")], SCHEME)["answer"] == "human"
    )


def test_an_answer_alone():
    assert answered([chosen("answer", "cannot tell")], SCHEME) == {
        "answer": "cannot tell",
        "kinds": None,
        "reasons": None,
        "confidence": None,
        "note": None,
    }


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (
            [chosen("answer", "robot")],
            (
                "answer: expected one of bot, human, hybrid, organisation, cannot tell, report"
                " (found 'robot')"
            ),
        ),
        ([chosen("answer", "bot", "human")], "answer: expected one word (found bot, human)"),
        ([chosen("answer", "bot"), chosen("answer", "human")], "answer is answered twice"),
        (
            [chosen("answer", "human"), chosen("kinds", "spam")],
            "kinds are not asked of the answer 'human' (found spam)",
        ),
        ([chosen("answer", "bot"), chosen("kinds", "evil")], "kinds: expected one of spam"),
        (
            [chosen("answer", "bot"), chosen("kinds", "spam", "spam")],
            "kinds: expected each word once (found spam, spam)",
        ),
        (
            [chosen("answer", "bot"), chosen("confidence", "sure")],
            "confidence: expected one of guess, leaning, fairly, certain (found 'sure')",
        ),
        ([chosen("verdict", "bot")], "the scheme has no question 'verdict'"),
        ([chosen("confidence", "guess")], "it has no answer"),
        ([], "it has no answer"),
        ([chosen("answer")], "it has no answer"),
        (
            [chosen("answer", "bot"), note("x" * 2001)],
            "the note has 2001 characters; at most 2000 are allowed",
        ),
        ([{"from_name": "answer", "value": {"choices": "bot"}}], "answer holds no list of words"),
        ([{"from_name": "answer", "value": {"choices": [7]}}], "answer holds no list of words"),
        ([{"from_name": "answer"}], "its result is not a list of answered questions"),
        ({"answer": "bot"}, "its result is not a list of answered questions"),
        (None, "its result is not a list of answered questions"),
    ],
)
def test_what_the_scheme_does_not_allow(result, told):
    with pytest.raises(RefusedError) as error:
        answered(result, SCHEME)
    assert told in str(error.value)


def test_the_payload_hash_is_of_what_was_said():
    one = {
        "result": [chosen("answer", "bot"), chosen("confidence", "guess")],
        "was_cancelled": False,
        "lead_time": 3,
    }
    again = {
        "result": [{**r, "id": "other"} for r in reversed(one["result"])],
        "was_cancelled": False,
        "lead_time": 9,
    }
    assert payload_hash(one) == payload_hash(again)
    assert payload_hash(one) != payload_hash({**one, "was_cancelled": True})
    assert payload_hash(one) != payload_hash({**one, "result": one["result"][:1]})


@pytest.fixture
def reader(tmp_path):
    return Reader(SchemeBook(tmp_path), Pseudonyms(tmp_path), {4: "Ana@Example.org"}, SCHEME)


def task(**changes):
    annotation = {
        "id": 9,
        "unique_id": "u-9",
        "completed_by": 4,
        "updated_by": 4,
        "result": [chosen("answer", "bot")],
        "was_cancelled": False,
        "updated_at": "2026-01-02T03:04:05.678901Z",
        "lead_time": 12.5,
        "project": 3,
    }
    return {
        "id": 7,
        "data": {"account_key": "k1"},
        "meta": {"batch": "b1", "project": "m1", "scheme": SCHEME.version},
        "annotations": [annotation | changes],
    }


def test_the_person_is_a_pseudonym_that_does_not_depend_on_the_server(reader, tmp_path):
    by_id, by_mail = (
        reader.row(task(), task()["annotations"][0]),
        reader.row({}, {"completed_by": {"email": "ana@example.org"}}),
    )
    assert (
        by_id["claimant"]
        == by_mail["claimant"]
        == Pseudonyms(tmp_path).pseudonym("ana@example.org")
    )
    assert by_id["claimant"].startswith("annotator-") and "ana" not in by_id[
        "claimant"
    ].removeprefix("annotator-")
    assert Pseudonyms(tmp_path / "another store").pseudonym("ana@example.org") != by_id["claimant"]
    assert (by_id["person_known"], reader.row({}, {"completed_by": 5})["person_known"]) == (
        True,
        False,
    )
    assert (tmp_path / "annotators.salt").stat().st_mode & 0o077 == 0


def test_who_edited_another_persons_answer_is_noted(reader):
    row = reader.row(task(), task(updated_by={"email": "boss@example.org"})["annotations"][0])
    assert row["edited_by"] == reader.people.pseudonym("boss@example.org") != row["claimant"]
    assert reader.row(task(), task()["annotations"][0])["edited_by"] is None


def test_a_skip_says_nothing(reader):
    [row] = reader.read([task(was_cancelled=True, result=[chosen("answer", "bot")])]).to_pylist()
    assert (row["event"], row["answer"]) == ("skipped", None)


def test_a_bad_time_and_an_unknown_scheme_are_refused(reader):
    assert (
        reader.row(task(), task(updated_at="soon")["annotations"][0])["reason"]
        == "updated_at: expected a time such as 2026-01-31T12:00:00Z (found 'soon')"
    )
    stranger = task()
    stranger["meta"]["scheme"] = "9+ffffffff"
    assert (
        "the scheme 9+ffffffff is not known"
        in reader.row(stranger, stranger["annotations"][0])["reason"]
    )


def test_a_changed_card_is_refused(reader):
    changed = task()
    changed["data"]["card"] = "<p>another</p>"
    changed["meta"]["card_hash"] = card_hash("<p>the card</p>")
    assert (
        reader.row(changed, changed["annotations"][0])["reason"]
        == "the card in its task is not the one that was pushed"
    )
    changed["data"]["card"] = "<p>the card</p>"
    assert reader.row(changed, changed["annotations"][0])["event"] == "answered"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (12, 12.0),
        (0, 0.0),
        (-1, None),
        ("9", None),
        (True, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_seconds(reader, found, kept):
    assert reader.row(task(), task(lead_time=found)["annotations"][0])["lead_time_s"] == kept
