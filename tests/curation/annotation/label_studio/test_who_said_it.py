"""Who gave an answer: numbers of one server only, unknown people apart, and nobody for another."""

import json

import pytest

from botbench.core.errors import UserError
from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.assignment.roster import Person, Roster
from curation.annotation.label_studio import diff, parse, sync_run
from curation.annotation.scheme.scheme import Scheme
from curation.labels.claims import coinciding
from curation.labels.consensus import consensus
from tests.curation.labels.voting import claim, say

ACCOUNTS = [str(i) for i in range(1, 7)]
DATASET = "made-up-7"


def export(answers, day, person=1, unique=None, **more):
    """The tasks of an export: answers to accounts 1, 2, ...; every local server has a user 1, a
    project 1 and annotations 1, 2, ...
    """
    item = {"from_name": "answer", "to_name": "card", "type": "choices"}
    return [
        {
            "id": n,
            "project": 1,
            "data": {"account_key": str(n)},
            "annotations": [
                {
                    "id": n,
                    "completed_by": person,
                    "result": [{**item, "value": {"choices": [answer]}}],
                    "updated_at": f"2024-05-{day:02d}T10:00:00Z",
                    **({"unique_id": f"{unique}-{n}"} if unique else {}),
                    **more,
                }
            ],
        }
        for n, answer in enumerate(answers, 1)
    ]


ANA, BEN = ["human", "bot"] * 3, ["bot"] * 6


@pytest.fixture
def here(make, tmp_path):
    make.accounts(*({"account_id": a} for a in ACCOUNTS))
    file = tmp_path / "export.json"

    def take(tasks, **options):
        file.write_text(json.dumps(tasks), encoding="utf-8")
        return sync_run.sync_file(make.store, file, DATASET, **options)

    take.store = make.store
    return take


def claims(store):
    rows = store.arrow("FROM lake.main.claims WHERE claimant_kind = 'person'").to_pylist()
    return {(r["account_id"], r["claimant"]): r["answer"] for r in rows}


def test_a_number_without_its_server_is_refused(here, cli, tmp_path):
    with pytest.raises(UserError, match="names people by numbers"):
        here(export(ANA, 1))
    here.store.close()
    assert "--server NAME" in cli("annotate", "import", tmp_path / "export.json", code=2).stderr


@pytest.mark.parametrize("person", [1.0, {"id": "1"}, "admin"])
def test_a_number_in_quotes_or_an_account_name_needs_its_server_too(here, person):
    with pytest.raises(UserError, match="names people by numbers or account names"):
        here(export(ANA, 1, person=person))
    assert here(export(ANA, 1, person=person), server="ana").claims_added == 6
    assert here(export(BEN, 2, person=person), server="ben").claims_added == 6
    assert len({who for _, who in claims(here.store)}) == 2


def test_an_address_is_the_same_person_as_text_and_as_an_object(here):
    assert here(export(["bot"], 1, person="ana@example.org")).claims_added == 1
    assert here(export(["bot"], 1, person={"email": "ana@example.org"})).version is None
    # What names nobody is nobody known.
    assert here(export(["bot", "bot"], 1, unique="x", person=True)).claims_added == 2
    assert len({who for _, who in claims(here.store)}) == 3


@pytest.mark.parametrize("unique", [True, False])
def test_two_servers_have_two_people_number_one(here, unique):
    ana = here(export(ANA, 1, unique="a" if unique else None), server="ana")
    ben = here(export(BEN, 2, unique="b" if unique else None), server="ben")
    assert [(s.claims_added, s.claims_retracted) for s in (ana, ben)] == [(6, 0), (6, 0)]
    found = claims(here.store)
    assert len(found) == 12 and len({who for _, who in found}) == 2
    done = consensus(here.store, DATASET, Scheme.load())
    assert (done.method, done.status["agreed"], done.status["disputed"]) == ("majority", 3, 3)
    assert here(export(ANA, 1, unique="a" if unique else None), server="ana").version is None


def test_a_server_has_one_name_in_every_spelling_and_no_password(here):
    first = here(export(ANA, 1), server="Lab")
    assert first.claims_added == 6
    assert here(export(ANA, 1), server="lab").claims_added == 0
    assert here(export(BEN, 2), server="https://ada:geheim12@LS.example.org/").claims_added == 6
    assert here(export(BEN, 2), server="https://ls.example.org").claims_added == 0
    names = "SELECT string_agg(DISTINCT server, ' ' ORDER BY server) FROM lake.main.annotation_log"
    assert here.store.scalar(names) == "Lab https://ls.example.org"


@pytest.mark.parametrize("unique", ["u", None])
def test_a_file_that_went_in_before_servers_had_names_doubles_nothing(here, unique):
    """As 0.1 read it: no server in ids, a person by number and project."""
    reader = parse.Reader.of(here.store, {}, None)
    old = reader.read(export(ANA, 1, unique=unique))
    sync_run.store_annotations(
        here.store, sync_run.FILE, old, diff.logged_annotations(here.store), dataset=DATASET
    )
    before = claims(here.store)
    assert here(export(ANA, 1, unique=unique), server="lab").version is None
    # An answer that changed since is the same person's: the later one counts.
    edited = [*export(["bot"], 9, unique=unique), *export(ANA, 1, unique=unique)[1:]]
    assert here(edited, server="lab").claims_added == 1
    assert {who for _, who in claims(here.store)} == {who for _, who in before}
    # Somebody else's number one is somebody else.
    assert here(export(BEN, 2, unique=unique and "b"), server="ben").claims_added == 6
    assert len({who for _, who in claims(here.store)}) == 2


def test_unknown_people_are_never_one(here):
    assert here(export(["bot", "bot", "human"], 1, person=None)).claims_added == 3
    assert len({who for _, who in claims(here.store)}) == 3


@pytest.mark.parametrize("before", [None, "ana@example.org"])
def test_unknown_people_of_two_servers_retract_nothing(here, cli, tmp_path, before):
    """Every local server has a project 1 and annotations 1, 2, ...; nobody says who answered."""
    assert here(export(ANA, 1, person=before)).claims_added == 6
    there = claims(here.store)
    # Also where all answers are equal: the times tell that these are other annotations.
    for answers, day in ((BEN, 2), (ANA, 3)):
        with pytest.raises(UserError, match=r"annotation 1 of project 1.*--server NAME"):
            here(export(answers, day, person=None))
    assert claims(here.store) == there
    assert here(export(ANA, 1, person=before)).version is None
    ben = here(export(BEN, 2, person=None), server="ben")
    assert (ben.claims_added, ben.claims_retracted) == (6, 0)
    assert len(claims(here.store)) == 12
    here.store.close()
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export(BEN, 2, person=None)), encoding="utf-8")
    said = cli("annotate", "import", file, "--dataset", DATASET, code=2).stderr
    assert "names nobody" in said


def test_one_person_by_number_and_by_address_is_told(here):
    assert here(export(ANA, 1), server="lab").notes == []
    again = here(export(ANA, 1, person={"email": "ana@example.org"}))
    [note] = again.notes
    assert "gave the same answers to the same 6 accounts" in note and "counts twice" in note


def test_people_who_coincide_by_chance_are_not_told(store):
    say(store, *(claim(str(i), f"p{j}", "bot", j) for i in range(9) for j in range(2)))
    assert coinciding(store, "d") == []
    say(store, *(claim("9", f"p{j}", "human", j) for j in range(2)))
    assert coinciding(store, "d") == [(["p0", "p1"], 10)]


def marked(here, batch, part, person, account, at=1):
    """A task of a project that `push` made, answered by somebody."""
    from curation.annotation.assignment import batches

    rows = batches.parts(here.store, batches.find(here.store, batch)).to_pylist()
    key = {r["account_id"]: r["key"] for r in rows}[account]
    [task] = export(["bot"], at, person={"email": person}, unique=f"{batch}-{part}-{account}-{at}")
    meta = {"batch": batch, "part": part, "project": f"m-{part}", "scheme": Scheme.load().version}
    return {**task, "data": {"account_key": key}, "meta": meta}


def test_an_answer_in_another_persons_project_is_refused(here, make):
    make.draw(ACCOUNTS, copies=1)
    with Roster.change(here.store.home) as roster:
        for name in ("ana", "ben"):
            roster.people[name] = Person(name, f"{name}@x.org")
    people = Pseudonyms(here.store.home)
    ana, ben = (people.pseudonym(f"{name}@x.org") for name in ("ana", "ben"))
    done = here([marked(here, make.batch, "ana", "ben@x.org", "1")])
    assert [r["reason"] for r in done.rejected] == [f"{ben} answered in the project of {ana}"]
    assert here([marked(here, make.batch, "ana", "ana@x.org", "2")]).claims_added == 1
    assert here([marked(here, make.batch, "copy 1", "ben@x.org", "3")]).claims_added == 1


def test_nobody_settles_an_account_that_they_answered(here, make):
    from curation.annotation.assignment import adjudication, batches

    make.draw(ACCOUNTS, copies=2)
    first = batches.find(here.store, make.batch)
    for name, answer in (("ana", "bot"), ("ben", "human")):
        task = marked(here, make.batch, "copy 1", f"{name}@x.org", "1")
        task["annotations"][0]["unique_id"] = name
        task["annotations"][0]["result"][0]["value"]["choices"] = [answer]
        here([task])
    second = adjudication.begin(here.store, first, Scheme.load(), "cy")
    people = Pseudonyms(here.store.home)
    ben, cy = people.pseudonym("ben@x.org"), Roster.load(here.store.home).pseudonym("cy")
    done = here([marked(here, second.batch_id, "copy 1", "ben@x.org", "1", at=2)])
    assert [r["reason"] for r in done.rejected] == [
        f"{ben} answered this account before and cannot settle it; {cy} was asked"
    ]
    settled = here([marked(here, second.batch_id, "copy 1", "cy@annotators.invalid", "1", at=3)])
    assert settled.claims_added == 1
