"""Pushing a batch: who gets what, and nothing twice however it is broken off. (The real server:
tests/e2e.)
"""

import collections
import re

import pyarrow as pa
import pytest

from botbench.core.errors import UserError
from curation.annotation.assignment import batches
from curation.annotation.card import card
from curation.annotation.label_studio.project_marks import read_mark, write_mark
from curation.annotation.label_studio.push import push
from curation.annotation.scheme.scheme import Scheme


class Server:
    """Stands in for Label Studio: what was asked of it is kept; `breaks` requests are done, but the
    answer never comes.
    """

    url = "http://127.0.0.1:1"

    def __init__(self):
        self.made, self.tasks, self.numbers, self.breaks, self.stubborn = (
            {},
            {},
            iter(range(1, 10**6)),
            0,
            False,
        )

    def projects(self):
        return [
            {**p, "botbench": read_mark(p["description"])}
            for p in self.made.values()
            if read_mark(p["description"])
        ]

    def create_project(self, title, config, instructions, mark):
        number = next(self.numbers)
        self.made[number] = {
            "id": number,
            "title": title,
            "description": write_mark(mark),
            "label_config": config,
        }
        self.tasks[number] = {}
        return {**self.made[number], "botbench": mark}

    def hide_card_column(self, project):
        assert project in self.made

    def delete_project(self, project):
        assert not self.tasks.pop(project), "nothing in it"
        del self.made[project]

    def configs(self, projects):
        return {n: self.made[n]["label_config"] for n in projects}

    def restore_config(self, project, config, mark):
        if self.stubborn:
            raise UserError("answered PATCH with HTTP 400")
        self.made[project] |= {"label_config": config, "description": write_mark(mark)}

    def task_keys(self, project):
        return [(n, t["meta"]["account_key"]) for n, t in self.tasks[project].items()]

    def task_count(self, project):
        return len(self.tasks[project])

    def import_tasks(self, project, tasks):
        for task in tasks:
            self.tasks[project][next(self.numbers)] = task
        if self.breaks:
            self.breaks -= 1
            raise UserError("did not answer in time")
        return len(tasks)

    def is_answered(self, task):
        return False

    def delete_task(self, task):
        for tasks in self.tasks.values():
            tasks.pop(task, None)

    def keys(self):
        return {
            read_mark(p["description"])["part"]: [
                t["data"]["account_key"] for t in self.tasks[n].values()
            ]
            for n, p in self.made.items()
        }


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def drawn(make):
    make.accounts(*({"account_id": f"acc{n}"} for n in range(25)))
    make.posts(*({"account_id": f"acc{n % 25}"} for n in range(50)))
    make.draw([f"acc{n}" for n in range(25)], copies=2)
    return make.store


def done(pushed):
    return pushed.tasks_created, pushed.tasks_existing


def test_each_copy_is_a_project_and_a_second_push_adds_nothing(drawn, server):
    first = push(drawn, server, batches.find(drawn), Scheme.load())
    assert (len(first.project_ids), done(first)) == (2, (50, 0))
    again = push(drawn, server, batches.find(drawn), Scheme.load())
    assert (again.project_ids, done(again)) == (first.project_ids, (0, 50))
    keys = server.keys()
    assert set(keys) == {"copy 1", "copy 2"}
    assert all(len(set(k)) == 25 for k in keys.values())
    assert (
        set(keys["copy 1"]) == set(keys["copy 2"]) and keys["copy 1"] != keys["copy 2"]
    )  # another order for each


def test_a_request_that_was_done_though_its_client_gave_up(drawn, server):
    server.breaks = 1
    with pytest.raises(UserError):
        push(drawn, server, batches.find(drawn), Scheme.load())
    assert done(push(drawn, server, batches.find(drawn), Scheme.load())) == (25, 25)
    assert {part: len(k) for part, k in server.keys().items()} == {"copy 1": 25, "copy 2": 25}


def test_nothing_is_left_to_be_closed_after_the_store(drawn, server):
    """A generator that is closed with the store already closed would print a traceback."""
    server.breaks = 1
    with pytest.raises(UserError):
        push(drawn, server, batches.find(drawn), Scheme.load())
    tables = drawn.connection.execute("SELECT view_name FROM duckdb_views()").fetchall()
    assert ("push_missing",) not in tables


def test_a_request_still_at_work_when_the_next_push_looks(drawn, server, monkeypatch):
    """The first look finds nothing; then the lost request comes to its end; the second look, before
    sending, sees it.
    """
    lost = Server()
    push(drawn, lost, batches.find(drawn), Scheme.load())
    looks = iter([[]])
    real = server.task_keys

    def late(project):
        first = next(looks, None)
        if first is not None:
            server.tasks[project].update(
                {next(server.numbers): t for t in next(iter(lost.tasks.values())).values()}
            )
            return first
        return real(project)

    monkeypatch.setattr(server, "task_keys", late)
    push(drawn, server, batches.find(drawn), Scheme.load())
    assert all(len(k) == len(set(k)) == 25 for k in server.keys().values())


def test_doubles_that_another_machine_made_go_away(drawn, server):
    push(drawn, server, batches.find(drawn), Scheme.load())
    project = next(iter(server.tasks))
    server.tasks[project].update(
        {next(server.numbers): t for t in list(server.tasks[project].values())[:4]}
    )
    push(drawn, server, batches.find(drawn), Scheme.load())
    assert all(len(k) == len(set(k)) == 25 for k in server.keys().values())


def test_a_project_that_the_server_makes_twice_counts_once(drawn, server, monkeypatch):
    """Label Studio runs a request again where its database was locked: two projects of one mark,
    and the second one's answer.
    """
    once = server.create_project

    def twice(*arguments):
        once(*arguments)
        return once(*arguments)

    monkeypatch.setattr(server, "create_project", twice)
    first = push(drawn, server, batches.find(drawn))
    assert (len(server.made), done(first)) == (2, (50, 0)) and set(first.project_ids) == set(
        server.made
    )
    assert done(push(drawn, server, batches.find(drawn))) == (0, 50)


def test_a_missing_task_is_made_again(drawn, server):
    push(drawn, server, batches.find(drawn), Scheme.load())
    project = next(iter(server.tasks))
    server.tasks[project].popitem()
    assert done(push(drawn, server, batches.find(drawn), Scheme.load())) == (1, 49)


def test_shares_are_balanced_and_nobody_meets_an_account_twice(drawn):
    asked = batches.parts(drawn, batches.find(drawn), ["ana", "ben", "cy"]).to_pylist()
    shares = collections.Counter(r["part"] for r in asked)
    assert sum(shares.values()) == 50 and max(shares.values()) - min(shares.values()) <= 2
    assert len({(r["part"], r["account_id"]) for r in asked}) == 50
    assert all(
        sorted(r["place"] for r in asked if r["part"] == p) == list(range(1, n + 1))
        for p, n in shares.items()
    )


def test_people_named_by_the_batch(make, server):
    make.accounts({"account_id": "1"})
    make.draw(["1"], copies=2, annotators=["ana", "ben"])
    push(make.store, server, batches.find(make.store), Scheme.load())
    assert set(server.keys()) == {"ana", "ben"}


def test_too_few_or_double_names(drawn, server):
    with pytest.raises(UserError, match="asks 2 people for each account; 1 are named"):
        push(drawn, server, batches.find(drawn), Scheme.load(), annotators=["ana"])
    with pytest.raises(UserError, match="names somebody twice"):
        push(drawn, server, batches.find(drawn), Scheme.load(), annotators=["ana", "ana"])


def test_a_batch_stays_with_its_people_and_its_scheme(drawn, server, tmp_path):
    from curation.annotation.scheme.scheme import DEFAULT

    push(drawn, server, batches.find(drawn), Scheme.load(), annotators=["ana", "ben"])
    with pytest.raises(UserError, match="on the server for ana, ben"):
        push(drawn, server, batches.find(drawn), Scheme.load(), annotators=["ana", "cy"])
    assert done(push(drawn, server, batches.find(drawn), Scheme.load())) == (0, 50)
    other = tmp_path / "other.yaml"
    other.write_text(
        DEFAULT.read_text(encoding="utf-8").replace('version: "2"', 'version: "3"'),
        encoding="utf-8",
    )
    with pytest.raises(UserError, match=r"with scheme 2\+.* and this is 3\+"):
        push(drawn, server, batches.find(drawn), Scheme.load(other))


def test_a_task_says_neither_data_set_nor_account_id(drawn, server):
    push(drawn, server, batches.find(drawn), Scheme.load())
    tasks = [t for some in server.tasks.values() for t in some.values()]
    for task in tasks:
        assert set(task["data"]) == {"account_key", "first", "card", "pause"} and set(
            task["meta"]
        ) == {
            "account_key",
            "batch",
            "part",
            "project",
            "scheme",
            "card_hash",
            "evidence_at",
            "scores_shown",
        }
        assert "made-up" not in str(task) and not re.search(r"(?<!handle_)\bacc\d", str(task))
        assert re.fullmatch("[0-9a-f]{24}", task["data"]["account_key"])
        assert task["meta"]["card_hash"] == card.card_hash(task["data"]["card"])
    assert all("made-up" not in str(p) for p in server.made.values())


def test_the_cards_are_of_the_version_the_batch_was_drawn_from(drawn, server, make):
    make.posts({"account_id": "acc1", "post_id": "later", "text": "written later"})
    push(drawn, server, batches.find(drawn), Scheme.load())
    assert "written later" not in str(server.tasks)


def test_finding_a_batch(make):
    with pytest.raises(UserError, match="There is no batch in this store"):
        batches.find(make.store)
    make.draw(["1"], batch="aa11")
    make.draw(["1"], batch="aa22")
    assert batches.find(make.store, "aa2").batch_id == "aa22"
    with pytest.raises(UserError, match="Several batches begin with 'aa': aa11, aa22"):
        batches.find(make.store, "aa")
    with pytest.raises(UserError, match="no batch 'bb'"):
        batches.find(make.store, "bb")


def test_the_place_is_said_a_break_is_suggested_and_the_first_has_the_instructions(make, server):
    make.accounts(*({"account_id": f"acc{n}"} for n in range(60)))
    make.draw([f"acc{n}" for n in range(60)])
    push(make.store, server, batches.find(make.store), Scheme.load())
    [tasks] = server.tasks.values()
    said = [t["data"]["pause"] for t in tasks.values()]
    assert all(s.startswith(f"Account {n} of 60") for n, s in enumerate(said, 1))
    assert [s for s in said if "break" in s] == [
        "Account 26 of 60. 25 are done: a good moment for a short break.",
        "Account 51 of 60. 50 are done: a good moment for a short break.",
    ]
    first = [t["data"]["first"] for t in tasks.values()]
    assert "<details open" in first[0] and "never" not in first[1] and set(first[1:]) == {""}


def test_scores_are_on_the_cards_they_are_meant_for_and_the_task_says_so(drawn, server):
    shown = pa.table(
        {"account_id": ["acc3"], "detector": ["a-tree"], "p_bot": [0.25], "threshold": [None]}
    )
    push(drawn, server, batches.find(drawn), Scheme.load(), shown=shown)
    tasks = [t for some in server.tasks.values() for t in some.values()]
    with_scores = [t for t in tasks if t["meta"]["scores_shown"]]
    assert len(with_scores) == 2 and all("a-tree" in t["data"]["card"] for t in with_scores)
    assert not any("a-tree" in t["data"]["card"] for t in tasks if not t["meta"]["scores_shown"])


def test_only_one_persons_part_goes_to_a_server_of_their_own(drawn, server):
    first = push(drawn, server, batches.find(drawn), annotators=["ana", "ben"], only=["ana"])
    assert done(first) == (25, 0) and set(server.keys()) == {"ana"}


def test_a_page_edited_by_hand_is_told_and_put_back(drawn, server):
    batch = batches.find(drawn)
    first, second = push(drawn, server, batch).project_ids
    ours = server.made[first]["label_config"]
    assert push(drawn, server, batch).notes == []
    server.made[second]["label_config"] = ours.replace(
        "</Choices>", '<Choice value="Robot"/></Choices>', 1
    )
    [note] = push(drawn, server, batch).notes
    assert (
        f"page of project {second} (copy 2) is not as botbench made it" in note
        and "--restore-page" in note
    )
    server.stubborn = True
    refused, _, still = push(drawn, server, batch, restore_page=True).notes
    assert "was not put back: answered PATCH with HTTP 400" in refused and still == note
    server.stubborn = False
    assert (
        push(drawn, server, batch, restore_page=True).notes == []
        and server.made[second]["label_config"] == ours
    )


def test_a_page_of_another_botbench_is_not_taken_for_edited(drawn, server, monkeypatch):
    """The hash of what was pushed counts, not what this version would push; projects without one
    are not judged.
    """
    push(drawn, server, batches.find(drawn))
    monkeypatch.setattr(
        "curation.annotation.label_studio.labelling_config.config", lambda _: "<View>newer</View>"
    )
    assert push(drawn, server, batches.find(drawn)).notes == []
    for project in server.made.values():
        mark = read_mark(project["description"])
        project |= {
            "label_config": "<View/>",
            "description": write_mark({k: v for k, v in mark.items() if k != "config"}),
        }
    assert push(drawn, server, batches.find(drawn)).notes == []
