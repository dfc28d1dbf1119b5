"""Annotations become claims exactly once: answers, edits, skips, deletions, and views that are
older than the store.
"""

import json
import subprocess
import sys
from datetime import datetime

import pyarrow as pa
import pytest

from botbench.core.errors import UserError
from curation.annotation.assignment import batches
from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.label_studio import diff, sync_run
from curation.annotation.label_studio.parse import Reader
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook

SERVER = "http://127.0.0.1:8080"


def chosen(name, *words):
    return {
        "from_name": name,
        "to_name": "card",
        "type": "choices",
        "value": {"choices": list(words)},
    }


class Server:
    """Stands in for a server: annotations by number, and what a sync of them does to the store."""

    def __init__(self, make):
        self.store, self.batch = make.store, make.batch
        make.accounts(*({"account_id": a} for a in "abc"))
        make.draw(["a", "b", "c"], copies=2)
        self.keys = {
            r["account_id"]: r["key"]
            for r in batches.parts(make.store, batches.find(make.store)).to_pylist()
        }
        self.annotations, self.meta = {}, {}

    def say(self, number, account, answer, at=1, person="ana@example.org", **changes):
        self.annotations[number] = {
            "id": number,
            "unique_id": f"u-{number}",
            "completed_by": {"email": person},
            "was_cancelled": answer is None,
            "result": [chosen("answer", answer)] if answer else [],
            "lead_time": 5.0,
            "updated_at": f"2026-01-01T00:00:{at:02d}.000001Z",
            "_key": self.keys.get(account, account),
            **changes,
        }

    def tasks(self):
        meta = {
            "batch": self.batch,
            "project": "m1",
            "scheme": Scheme.load().version,
            "evidence_at": "2018-06-13T00:00:00+00:00",
            "card_hash": "h",
            **self.meta,
        }
        return [
            {
                "id": n,
                "data": {"account_key": a["_key"]},
                "meta": meta,
                "annotations": [{k: v for k, v in a.items() if k != "_key"}],
            }
            for n, a in self.annotations.items()
        ]

    def read(self):
        return Reader(
            SchemeBook(self.store.home), Pseudonyms(self.store.home), {}, Scheme.load()
        ).read(self.tasks())

    def present(self, *accounts):
        keys = [self.keys[a] for a in accounts]
        return pa.table(
            {
                "project": pa.array(["m1"] * len(keys), pa.string()),
                "account_key": pa.array(keys, pa.string()),
            }
        )

    def sync(self):
        return self.store_annotations(self.read(), complete=self.present(*"abc"))

    def store_annotations(self, seen, logged_before=None, **options):
        if logged_before is None:
            logged_before = diff.logged_annotations(self.store)
        return sync_run.store_annotations(self.store, SERVER, seen, logged_before, **options)

    def standing(self):
        """(account, answer) of the claims that stand: not retracted and with an answer."""
        return self.store.connection.execute(
            """
            SELECT account_id, answer FROM lake.main.claims c
            WHERE answer IS NOT NULL AND claim_id NOT IN
            (SELECT retracts FROM lake.main.claims WHERE retracts IS NOT NULL) ORDER BY ALL"""
        ).fetchall()

    def claims(self):
        return self.store.arrow(
            "FROM lake.main.claims ORDER BY made_at NULLS LAST, account_id"
        ).to_pylist()

    def events(self):
        logged = self.store.arrow(
            "SELECT event FROM lake.main.annotation_log ORDER BY updated_at, event"
        )
        return logged["event"].to_pylist()


@pytest.fixture
def here(make):
    return Server(make)


def counts(synced):
    return synced.claims_added, synced.claims_retracted, len(synced.rejected)


def test_an_answer_becomes_one_claim_with_all_that_is_known(here):
    here.say(1, "a", "bot")
    assert counts(here.sync()) == (1, 0, 0)
    [claim] = here.claims()
    assert claim["claimant"] == Pseudonyms(here.store.home).pseudonym("ana@example.org")
    assert claim["made_at"] == datetime.fromisoformat("2026-01-01T00:00:01.000001+00:00")
    assert claim["evidence_at"] == datetime.fromisoformat("2018-06-13T00:00:00+00:00")
    assert dict(claim["attributes"]) == {
        "annotation": "1",
        "revision": "2026-01-01T00:00:01.000001Z",
    }
    wanted = {
        "dataset": "made-up-7",
        "account_id": "a",
        "claimant_kind": "person",
        "answer": "bot",
        "batch_id": here.batch,
        "card_hash": "h",
        "scheme_version": Scheme.load().version,
        "scores_shown": False,
        "lead_time_s": 5.0,
        "retracts": None,
    }
    assert {k: claim[k] for k in wanted} == wanted


def test_the_claim_says_whether_scores_were_shown(here):
    here.meta["scores_shown"] = True
    here.say(1, "a", "bot")
    here.sync()
    assert [c["scores_shown"] for c in here.claims()] == [True]


def test_nothing_new_makes_no_version(here):
    here.say(1, "a", "bot")
    here.say(2, "b", None)
    here.say(3, "c", "robot")
    here.sync()
    head = here.store.head()
    again = here.sync()
    assert (counts(again), again.version, here.store.head()) == ((0, 0, 1), None, head)
    assert here.events() == ["answered", "rejected", "skipped"]


def test_an_edit_is_a_new_claim_that_retracts_the_old_one(here):
    here.say(1, "a", "bot")
    here.sync()
    here.say(1, "a", "human", at=2)
    assert counts(here.sync()) == (1, 1, 0)
    old, new = here.claims()
    assert (new["retracts"], new["answer"], new["claimant"]) == (
        old["claim_id"],
        "human",
        old["claimant"],
    )
    here.say(1, "a", "bot", at=3)  # back again is another edit
    assert counts(here.sync()) == (1, 1, 0)
    assert here.standing() == [("a", "bot")]
    assert here.events() == ["answered", "edited", "edited"]


def test_sending_the_same_answer_again_is_no_edit(here):
    here.say(1, "a", "bot")
    here.sync()
    here.say(1, "a", "bot", at=2, lead_time=60.0)
    assert counts(here.sync()) == (0, 0, 0)


def test_a_skip_is_no_claim_and_takes_back_an_earlier_answer(here):
    here.say(1, "a", "bot")
    here.say(2, "b", None)
    assert counts(here.sync()) == (1, 0, 0)
    here.say(1, "a", None, at=2)
    assert counts(here.sync()) == (0, 1, 0)
    old, bare = here.claims()
    assert (bare["answer"], bare["retracts"], bare["claimant"]) == (
        None,
        old["claim_id"],
        old["claimant"],
    )
    here.say(2, "b", "human", at=3)  # a skipped one that is answered after all
    assert counts(here.sync()) == (1, 0, 0)
    assert here.standing() == [("b", "human")]


def test_a_deletion_takes_the_claim_back(here):
    here.say(1, "a", "bot")
    here.say(2, "b", "human")
    here.sync()
    del here.annotations[1]
    assert counts(here.sync()) == (0, 1, 0)
    assert here.standing() == [("b", "human")]
    bare = here.claims()[-1]
    assert (bare["made_at"], dict(bare["attributes"])["event"]) == (
        None,
        "deleted",
    )  # when it was deleted nobody knows
    assert counts(here.sync()) == (0, 0, 0)


def test_a_deleted_task_is_no_deleted_annotation(here):
    here.say(1, "a", "bot")
    here.sync()
    del here.annotations[1]
    assert counts(here.store_annotations(here.read(), complete=here.present("b", "c"))) == (0, 0, 0)
    assert counts(here.store_annotations(here.read())) == (0, 0, 0)
    assert here.standing() == [("a", "bot")]


def test_an_edit_into_something_the_scheme_does_not_have(here):
    here.say(1, "a", "bot")
    here.sync()
    here.say(1, "a", "robot", at=2)
    synced = here.sync()
    assert counts(synced) == (0, 1, 1)
    assert synced.rejected[0] == {
        "project": "m1",
        "task": "1",
        "annotation": "1",
        "account_key": here.keys["a"],
        "account": "a",
        "reason": (
            "answer: expected one of bot, human, hybrid, organisation, cannot tell, report "
            "(found 'robot')"
        ),
    }
    assert counts(here.sync()) == (0, 0, 1)
    here.say(1, "a", "human", at=3)
    assert counts(here.sync()) == (1, 0, 0)
    assert here.standing() == [("a", "human")]


def test_what_was_accepted_stays_when_its_scheme_is_lost(here):
    here.say(1, "a", "bot")
    here.sync()
    lost = here.read().to_pylist()
    lost[0] |= {"event": "rejected", "reason": "the scheme is not known", "answer": None}
    here.store_annotations(pa.Table.from_pylist(lost, schema=here.read().schema))
    assert here.standing() == [("a", "bot")]


def test_an_account_of_no_batch_is_rejected_until_it_is_known(here):
    here.say(1, "nobody", "bot")
    synced = here.sync()
    assert counts(synced) == (0, 0, 1)
    assert synced.rejected[0]["reason"] == "its account is not in the batch or data set"
    assert here.claims() == []
    here.say(1, "a", "bot")  # the same annotation, now of a known account
    assert counts(here.sync()) == (1, 0, 0)


def test_two_people_and_two_accounts_are_four_claims(here):
    for number, (account, person) in enumerate(
        [("a", "ana@x.org"), ("b", "ana@x.org"), ("a", "ben@x.org"), ("b", "ben@x.org")]
    ):
        here.say(number, account, "bot", person=person)
    assert counts(here.sync()) == (4, 0, 0)
    assert len({(c["claimant"], c["account_id"]) for c in here.claims()}) == 4


def test_a_view_older_than_the_store_changes_nothing(here):
    """Sync A read the server before an edit, a deletion and a new answer; sync B read it after and
    was stored first.
    """
    here.say(1, "a", "bot")
    here.say(2, "b", "bot")
    here.sync()
    logged_before = diff.logged_annotations(here.store)
    older = here.read()
    here.say(1, "a", "human", at=2)
    del here.annotations[2]
    here.say(3, "c", "human", at=3)
    here.sync()
    assert here.standing() == [("a", "human"), ("c", "human")]
    synced = here.store_annotations(older, logged_before, complete=here.present(*"abc"))
    assert counts(synced) == (0, 0, 0)
    assert here.standing() == [("a", "human"), ("c", "human")]


ONE_SYNC = """
import sys
from pathlib import Path
from curation.annotation.label_studio import sync_run
from curation.store.store import Store
with Store(sys.argv[1]) as store:
    sync_run.sync_file(store, Path(sys.argv[2]))
"""


def test_syncs_at_once_add_nothing_twice(here, tmp_path):
    for number, account in enumerate("abcabc"):
        here.say(number, account, "bot", person=f"p{number}@x.org")
    file = tmp_path / "export.json"
    file.write_text(json.dumps(here.tasks()), encoding="utf-8")
    command = [sys.executable, "-c", ONE_SYNC, str(here.store.home), str(file)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(300) for process in running] == [0, 0, 0]
    assert len(here.claims()) == 6 and here.events() == ["answered"] * 6


def test_a_file_and_the_server_are_the_same_annotations(here, tmp_path):
    here.say(1, "a", "bot")
    here.say(
        2, "b", "human", completed_by=17
    )  # as the server's own page exports: a number, no e-mail
    file = tmp_path / "export.json"
    file.write_text(json.dumps(here.tasks()), encoding="utf-8")
    here.annotations[2]["completed_by"] = {"email": "ben@example.org"}
    here.sync()
    assert counts(sync_run.sync_file(here.store, file, server="lab")) == (0, 0, 0)
    here.say(2, "b", "bot", at=5, completed_by=17)
    file.write_text(json.dumps(here.tasks()[1:]), encoding="utf-8")
    assert counts(sync_run.sync_file(here.store, file, server="lab")) == (
        1,
        1,
        0,
    )  # and what the file does not hold was not deleted
    assert here.standing() == [("a", "bot"), ("b", "bot")]
    assert len({c["claimant"] for c in here.claims() if c["account_id"] == "b"}) == 1


def test_an_export_of_plain_account_ids(here, tmp_path):
    file = tmp_path / "export.json"
    annotation = {
        "id": 5,
        "result": [chosen("answer", "bot")],
        "updated_at": "2026-01-01T00:00:00Z",
        "completed_by": 1,
    }
    tasks = [
        {"id": 1, "data": {"account_id": "a"}, "annotations": [annotation]},
        {"id": 2, "data": {"account_id": "z"}, "annotations": [{**annotation, "id": 6}]},
    ]
    file.write_text(json.dumps(tasks), encoding="utf-8")
    with pytest.raises(UserError, match="--dataset"):
        sync_run.sync_file(here.store, file, server="lab")
    done = sync_run.sync_file(here.store, file, dataset="made-up-7", server="lab")
    assert counts(done) == (1, 0, 1)
    assert here.standing() == [("a", "bot")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"id": 1, "annot', "is not sound JSON"),
        ('{"tasks": []}', "holds a JSON dict; expected a Label Studio export in the format JSON"),
        ('[{"id": 1, "answer": "bot", "account_key": "k"}]', "task 1: found"),
        ("[7]", "task 1: found '7'"),
        ('[{"id": 1, "data": {}, "annotations": ["x"]}]', "task 1: found"),
    ],
)
def test_a_file_that_is_no_export(here, tmp_path, text, told):
    file = tmp_path / "export.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        sync_run.sync_file(here.store, file)
    assert told in str(error.value) and "export.json" in str(error.value)


def test_bytes_that_are_no_text_cost_one_annotation(here, tmp_path):
    file = tmp_path / "export.json"
    note = {"from_name": "note", "type": "textarea", "value": {"text": ["caf\xe9"]}}
    tasks = [
        {
            "id": number,
            "data": {"account_id": account},
            "annotations": [
                {
                    "id": number,
                    "result": [chosen("answer", "bot"), *said],
                    "updated_at": "2026-01-01T00:00:00Z",
                }
            ],
        }
        for number, account, said in ((1, "a", [note]), (2, "b", []))
    ]
    file.write_bytes(json.dumps(tasks, ensure_ascii=False).encode("latin-1"))
    done = sync_run.sync_file(here.store, file, dataset="made-up-7")
    assert counts(done) == (1, 0, 1)
    assert here.standing() == [("b", "bot")]
    assert "bytes that are no UTF-8" in done.rejected[0]["reason"]


def test_a_note_cut_inside_a_character_is_rejected_alone(here, tmp_path):
    """Half an emoji made the whole import fail; a NUL byte and a batch that is a list are alike."""
    file = tmp_path / "export.json"
    note = {"from_name": "note", "type": "textarea"}

    def task(number, account, text, **meta):
        said = [chosen("answer", "bot"), {**note, "value": {"text": [text]}}]
        return {
            "id": number,
            "data": {"account_id": account},
            "meta": meta,
            "annotations": [{"id": number, "result": said, "updated_at": "2026-01-01T00:00:00Z"}],
        }

    tasks = [
        task(1, "a", "cut \ud83d here"),
        task(2, "b", "nul \0 here"),
        task(3, "c", "good \U0001f600", batch=["x"], card_hash=7),
    ]
    file.write_text(json.dumps(tasks), encoding="utf-8")
    done = sync_run.sync_file(here.store, file, dataset="made-up-7")
    assert counts(done) == (1, 0, 2)
    assert here.standing() == [("c", "bot")]
    told = sorted(r["reason"] for r in done.rejected)
    assert "half a character" in told[0] and "note holds a NUL byte" in told[1]
    # Of people who are numbers on a named server, each annotation is hashed before it is read.
    for one in tasks:
        one["annotations"][0] |= {"id": one["id"] + 10, "completed_by": 1}
    file.write_text(json.dumps(tasks), encoding="utf-8")
    named = sync_run.sync_file(here.store, file, dataset="made-up-7", server="lab")
    assert counts(named)[0] == 1 and len(named.rejected) >= 2


def test_the_claim_ids_are_the_identitys_own(here):
    from curation.store.identity import with_claim_ids

    here.say(1, "a", "bot")
    here.sync()
    here.say(1, "a", None, at=2)
    here.sync()
    stored = here.store.arrow("FROM lake.main.claims ORDER BY claim_id")
    assert (
        with_claim_ids(here.store.connection, stored)["claim_id"].to_pylist()
        == stored["claim_id"].to_pylist()
    )
