"""The work around annotation on the real server: calibration, batch, adjudication, sync, and all
that goes wrong.

The annotators here are simulated.
"""

import json
import secrets

import pytest

from curation.annotation.assignment import adjudication, batches, gold, score_exposure, seats
from curation.annotation.assignment.roster import Person, Roster
from curation.annotation.label_studio import fetch, sync_run
from curation.annotation.label_studio.client import Client
from curation.annotation.label_studio.push import push
from curation.annotation.monitoring import status
from curation.annotation.scheme.scheme import Scheme
from curation.store.schema import rows
from curation.store.store import Store

pytestmark = pytest.mark.labelstudio

DATASET = "made-up-work"
TRUTH = {f"w{n:02d}": "bot" if n % 3 == 0 else "human" for n in range(30)}


class Counting(Client):
    """A client that counts its requests and the bytes of the answers."""

    requests = size = 0

    def __init__(self, url, token):
        super().__init__(url, token)
        self.http.event_hooks["response"].append(self._count)

    def _count(self, answer):
        self.requests += 1
        self.size += len(answer.read())

    def cost(self):
        found = (self.requests, self.size)
        self.requests = self.size = 0
        return found


def result(answer, **more):
    given = {"answer": answer, "confidence": "fairly", **more}
    return [
        {"from_name": name, "to_name": "card", "type": "choices", "value": {"choices": [word]}}
        for name, word in given.items()
    ]


class Simulated:
    """Simulated annotators: their tokens, and answers through the API as the page sends them."""

    def __init__(self, server, store, names):
        self.server, self.store = server, store
        self.tokens = {}
        with Roster.change(store.home) as roster:
            for name in names:
                email, self.tokens[name] = server.known(name)
                roster.people[name] = Person(name, email)

    def answer(self, name, batch, says, limit=None, **more):
        """Answer the first `limit` unanswered accounts of a person's part; `says` maps an account
        to a word.
        """
        project = self.project(name, batch)
        keys = {
            r["key"]: r["account_id"]
            for r in self.store.arrow(
                f"SELECT DISTINCT account_id, {batches.account_key('batch_id', 'account_id')} AS"
                " key FROM lake.main.assignments WHERE batch_id = ?",
                [batch.batch_id],
            ).to_pylist()
        }
        page = {
            "project": project,
            "fields": "all",
            "include": "id,meta,annotations",
            "page_size": 500,
        }
        open_ = [
            (t["id"], keys[t["meta"]["account_key"]])
            for t in self.server.call("GET", "tasks", params=page)["tasks"]
            if not t["annotations"]
        ]
        return [
            (
                account,
                self.server.call(
                    "POST",
                    f"tasks/{task}/annotations",
                    self.tokens[name],
                    json={"result": result(says(account), **more), "lead_time": 12.0},
                )["id"],
                task,
            )
            for task, account in open_[:limit]
        ]

    def project(self, name, batch):
        with Client(self.server.url, self.server.token) as client:
            return next(
                p["id"]
                for p in client.projects()
                if (p["botbench"]["batch"], p["botbench"]["part"]) == (batch.batch_id, name)
            )


@pytest.fixture
def work(tmp_path, label_studio):
    """A store with thirty made-up accounts, twenty in a batch for two people each, and a client
    that counts.
    """
    with (
        Store(tmp_path / "store") as store,
        Counting(label_studio.url, label_studio.token) as client,
    ):
        made_up = {"dataset": DATASET, "platform": "twitter", "bio": "made up", "pull_id": "p"}
        store.append(
            {
                "accounts": rows(
                    "accounts", [{**made_up, "account_id": a, "handle": a} for a in TRUTH]
                )
            },
            "t",
            "made up",
        )
        draw(store, list(TRUTH)[:20], 2)
        yield store, client, Simulated(label_studio, store, ["ana", "ben", "cy", "dana", "eve"])


def draw(store, accounts, copies):
    batch_id = secrets.token_hex(8)
    store.append(
        {
            "batches": rows(
                "batches",
                [
                    {
                        "batch_id": batch_id,
                        "dataset": DATASET,
                        "design": f"uniform(n={len(accounts)})",
                        "seed": 0,
                        "population": 30,
                        "size": len(accounts),
                        "copies": copies,
                        "drawn_from": store.head(),
                        "purpose": "sample",
                    }
                ],
            ),
            "assignments": rows(
                "assignments",
                [
                    {
                        "batch_id": batch_id,
                        "account_id": a,
                        "copy": c + 1,
                        "part": "sample",
                        "inclusion_probability": len(accounts) / 30,
                    }
                    for a in accounts
                    for c in range(copies)
                ],
            ),
        },
        "t",
        "drawn",
    )
    return batches.find(store, batch_id)


def test_calibration_batch_adjudication_and_sync(work):
    store, client, people = work
    scheme, batch = Scheme.load(), batches.find(store)
    disputed = list(TRUTH)[:6]

    # -- the batch: two of three people each; on six accounts the second answer differs
    pushed = push(store, client, batch, scheme, annotators=["ana", "ben", "cy"])
    assert (len(pushed.project_ids), pushed.tasks_created) == (3, 40)
    first = {}

    def says(account):
        word = TRUTH[account]
        seen = first.setdefault(account, [])
        seen.append(word)
        return (
            word
            if account not in disputed or len(seen) == 1
            else {"bot": "human", "human": "bot"}[word]
        )

    made = {name: people.answer(name, batch, says) for name in ("ana", "ben", "cy")}
    synced = sync_run.sync_server(store, client, batch)
    assert (synced.claims_added, synced.claims_retracted, synced.rejected, synced.notes) == (
        40,
        0,
        [],
        [],
    )

    # -- the cost of a sync: nothing new costs the list of projects and a light request for each;
    # one new answer costs that answer
    client.cost()
    assert sync_run.sync_server(store, client, batch).claims_added == 0
    requests, size = client.cost()
    assert requests == 1 + 3 and size < 20_000, (requests, size)
    # Not on a disputed account, where the new answer could end the dispute.
    plain = {n: [m for m in made[n] if m[0] not in disputed] for n in ("ana", "ben")}
    account, annotation, _ = plain["ana"][0]
    people.server.call(
        "PATCH",
        f"annotations/{annotation}",
        people.tokens["ana"],
        json={"result": result("cannot tell")},
    )
    people.server.call("DELETE", f"annotations/{plain['ben'][1][1]}", people.tokens["ben"])
    changed = sync_run.sync_server(store, client, batch)
    assert (changed.claims_added, changed.claims_retracted) == (1, 2)
    requests, size = client.cost()
    # the users, one task with its card, and the page's configuration, in case somebody edited it
    assert requests == 1 + 3 + 1 + 1 + 1 and size < 75_000, (requests, size)
    people.server.call(
        "PATCH",
        f"annotations/{annotation}",
        people.tokens["ana"],
        json={"result": result(TRUTH[account])},
    )
    people.answer("ben", batch, lambda a: TRUTH[a])
    assert sync_run.sync_server(store, client, batch).claims_added == 2

    # -- status: everybody is done, six wait
    found = status.status(store, sync_run.sync_server(store, client, batch).projects, scheme)
    assert (found["all"]["assigned"], found["all"]["done"], found["waiting_for_adjudication"]) == (
        40,
        40,
        6,
    )
    assert {p["done"] for p in found["annotators"].values()} <= {13, 14} and "@" not in json.dumps(
        found
    )
    assert (
        found["agreement"]["low"] <= found["agreement"]["alpha"] <= found["agreement"]["high"] < 1
    )
    assert found["agreement"]["percent"] == pytest.approx(70) and found["agreement"]["pairs"] == 20

    # -- adjudication: a further person sees both sides' reasons and no name, and settles it
    second = adjudication.begin(store, batch, scheme, "dana")
    assert push(store, client, second, scheme).tasks_created == 6
    settled = people.answer("dana", second, lambda a: TRUTH[a])
    card = people.server.call("GET", f"tasks/{settled[0][2]}")["data"]["card"]
    assert "What was said before" in card and "one person" in card
    assert not any(
        name in card or code in card for code, name in Roster.load(store.home).names().items()
    )
    sync_run.sync_server(store, client)
    roles = store.connection.execute(
        "SELECT account_id FROM lake.main.claims WHERE attributes['role'] = 'adjudicator' ORDER"
        " BY 1"
    )
    assert [a for (a,) in roles.fetchall()] == disputed
    votes = adjudication.votes(store, [batch.batch_id], scheme)
    assert adjudication.waiting(store, votes, scheme) == []

    # -- calibration: training on adjudicated accounts, with feedback; then a batch with gold in it
    training = gold.train(store, batch, scheme, ["ana", "ben"], 4)
    push(store, client, training, scheme)
    people.answer("ana", training, lambda a: TRUTH[a])
    people.answer("ben", training, lambda _: "human")
    sync_run.sync_server(store, client)
    told = gold.feedback(store, training, scheme)
    trained = store.arrow(
        "SELECT DISTINCT account_id FROM lake.main.assignments WHERE part = 'training'"
    )
    bots = sum(TRUTH[a] == "bot" for a in trained["account_id"].to_pylist())
    assert [sum(r["alike"] for r in told[n]) for n in ("ana", "ben")] == [4, 4 - bots]

    last = draw(store, list(TRUTH)[20:], 1)
    seats.parts(store, last, ["ana", "ben"])
    assert gold.hide_gold(store, last, scheme, 0.4) == 6  # 5 * .4 / .6 for each of the two
    assert gold.hide_gold(store, last, scheme, 0.4) == 0
    assert push(store, client, last, scheme).tasks_created == 16
    people.answer("ana", last, lambda a: TRUTH[a])
    people.answer("ben", last, lambda a: {"bot": "human", "human": "bot"}[TRUTH[a]])
    found = status.status(store, sync_run.sync_server(store, client, last).projects, scheme)
    of = {n: found["annotators"][Roster.load(store.home).pseudonym(n)] for n in ("ana", "ben")}
    # three are few: nobody is judged by them
    assert [(p["gold_right"], p["gold_seen"], p["review"]) for p in of.values()] == [
        (3, 3, False),
        (0, 3, False),
    ]


def test_people_join_and_leave_and_report(work):
    store, client, people = work
    scheme, batch = Scheme.load(), batches.find(store)
    push(store, client, batch, scheme, annotators=["ana", "ben", "cy"])
    bens = {account for account, _, _ in people.answer("ben", batch, lambda a: TRUTH[a], limit=3)}
    sync_run.sync_server(store, client, batch)
    moved = seats.leave(store, batch, "ben")
    assert moved >= 10
    pushed = push(store, client, batch, scheme)
    assert (pushed.tasks_created, pushed.tasks_removed) == (moved, moved)
    assert push(store, client, batch, scheme).tasks_created == 0
    assert seats.join(store, batch, "dana") > 5
    push(store, client, batch, scheme)
    held = store.arrow(
        f"SELECT account_id, annotator FROM {seats.current(store, batch)}"
    ).to_pylist()
    assert len({(r["account_id"], r["annotator"]) for r in held}) == 40, (
        "everybody twice, and nobody meets an account twice"
    )

    # -- somebody reports an account: nobody else is asked about it again
    [(account, _, _)] = people.answer("dana", batch, lambda _: "report", limit=1)
    synced = sync_run.sync_server(store, client, batch)
    assert any("reported" in note.lower() for note in synced.notes), synced.notes
    left = store.arrow(
        f"SELECT count(*) AS n FROM {seats.current(store, batch)} WHERE annotator IS NOT NULL AND"
        " account_id = ?",
        [account],
    )["n"][0].as_py()
    assert left == 1 + (account in bens) and push(store, client, batch, scheme).tasks_created == 0

    # -- tasks are deleted by hand, answered ones among them: said, made anew, and no answer is lost
    before = len(store.arrow("FROM lake.main.claims"))
    project = people.project("ben", batch)
    client.delete_tasks(project, [t for t, _ in client.task_keys(project)][:2])
    synced = sync_run.sync_server(store, client, batch)
    assert synced.claims_retracted == 0 and any(
        "tasks were deleted there" in note for note in synced.notes
    )
    assert push(store, client, batch, scheme).tasks_created == 2
    assert len(store.arrow("FROM lake.main.claims")) == before

    # -- the batch is closed and the description edited by hand; a late answer counts, and is told
    for p in fetch.projects_of(store, client, batch):
        client.rename_project(
            p["id"], f"[closed] {p['title']}", {**p["botbench"], "archived": "yes"}
        )
    people.answer("ana", batch, lambda a: TRUTH[a], limit=1)
    synced = sync_run.sync_server(store, client, batch)
    assert synced.claims_added == 1 and any(
        "after the batch was closed" in note for note in synced.notes
    )


def test_a_config_edited_by_hand_is_told_and_put_back(work):
    """Through the server's own settings: a choice that the scheme does not have."""
    store, client, people = work
    scheme, batch = Scheme.load(), batches.find(store)
    pushed = push(store, client, batch, scheme, annotators=["ana", "ben"])
    assert pushed.notes == [], "what the server keeps is what was sent"
    project = people.project("ana", batch)
    ours = client.configs([project])[project]
    edited = ours.replace("<Choice ", '<Choice value="Robot"/><Choice ', 1)
    people.server.call("PATCH", f"projects/{project}", json={"label_config": edited})
    people.answer("ben", batch, lambda a: TRUTH[a], limit=2)
    assert sync_run.sync_server(store, client, batch).notes == [], (
        "nothing came from the edited page"
    )
    people.answer("ana", batch, lambda _: "Robot", limit=1)
    synced = sync_run.sync_server(store, client, batch)
    assert [r["reason"][:24] for r in synced.rejected] == [
        "answer: expected one of "
    ] and synced.claims_added == 0
    [note] = synced.notes
    assert note.startswith(
        f"The labelling page of project {project} (ana) is not as botbench made it"
    )
    assert push(store, client, batch, scheme).notes == [note]
    assert push(store, client, batch, scheme, restore_page=True).notes == [], (
        "with an answer that only the edited page had"
    )
    assert (
        client.configs([project]) == {project: ours}
        and push(store, client, batch, scheme).notes == []
    )


def test_the_rounds_as_commands(work, cli, tmp_path):
    """What the lead types, from push to archive: scores shown to some, people who come and go,
    adjudication, training, feedback.
    """
    store, client, people = work
    batch = batches.find(store)

    server = {"LABEL_STUDIO_URL": client.url, "LABEL_STUDIO_API_KEY": client.token}

    def run(command, *arguments):
        return cli.json("annotate", command, batch.batch_id, *arguments, **server)

    scores = tmp_path / "a-tree.csv"
    scores.write_text(
        "account_id,p_bot\n" + "".join(f"{a},0.125\n" for a in TRUTH), encoding="utf-8"
    )
    pushed = run(
        "push", "--annotators", "ana,ben,cy", "--show-scores", scores, "--show-share", "0.5"
    )
    assert (
        set(pushed) == {"project_ids", "tasks_created", "tasks_existing"}
        and pushed["tasks_created"] == 40
    )
    people.answer("ana", batch, lambda a: TRUTH[a], limit=4)

    moved = run("people", "--join", "dana", "--leave", "ben")
    assert (
        set(moved["moved"]) == {"dana", "ben"} and 4 <= moved["moved"]["dana"] <= 8
    )  # a quarter from each
    seated = {r["person"]: r["seats"] for r in moved["people"]}
    assert set(seated) == {"ana", "cy", "dana"} and sum(seated.values()) == 40

    # -- the two who were asked of every fifth account say different things
    first = set()

    def says(account):
        again, _ = account in first, first.add(account)
        other = {"bot": "human", "human": "bot"}[TRUTH[account]]
        return other if again and int(account[1:]) % 5 == 0 else TRUTH[account]

    first |= {
        a for (a,) in store.connection.execute("SELECT account_id FROM lake.main.claims").fetchall()
    }
    for name in seated:
        people.answer(name, batch, says, reasons="stated")
    given = run("adjudicate", "--to", "eve")
    assert (given["tasks_created"], given["tasks_existing"]) == (4, 0)
    again = cli("annotate", "adjudicate", batch.batch_id, "--to", "eve", code=2, **server)
    assert "4 of them are being adjudicated" in again.stderr
    second = batches.find(store, given["batch_id"])
    people.answer("eve", second, lambda a: TRUTH[a], reasons="stated")

    # -- whose cards showed a score: the claims say so, and the score was there
    told = {
        r["account_id"]: r["scores_shown"]
        for r in store.arrow(
            "SELECT account_id, scores_shown FROM lake.main.claims WHERE batch_id = ?",
            [batch.batch_id],
        ).to_pylist()
    }
    with_scores = set(
        score_exposure.exposed_scores(store, batch, scores, 0.5)["account_id"].to_pylist()
    )
    assert {a for a, shown in told.items() if shown} == with_scores and 0 < len(with_scores) < 20
    cards = {
        t["meta"]["scores_shown"]: t["data"]["card"]
        for p in pushed["project_ids"]
        for t in people.server.call(
            "GET", "tasks", params={"project": p, "fields": "task_only", "page_size": 100}
        )["tasks"]
    }
    assert "a-tree" in cards[True] and "a-tree" not in cards[False]

    # -- training on what was settled, and feedback on it
    cli("annotate", "sync", **server)
    training = run("train", "--annotators", "ana,cy", "--n", "3")
    assert (len(training["project_ids"]), training["tasks_created"]) == (2, 6)
    third = batches.find(store, training["batch_id"])
    people.answer("ana", third, lambda a: TRUTH[a])
    people.answer("cy", third, lambda a: {"bot": "human", "human": "bot"}[TRUTH[a]], limit=2)
    cli("annotate", "sync", training["batch_id"], **server)
    page = tmp_path / "feedback.html"
    found = cli.json("annotate", "feedback", training["batch_id"], "--html", page)["people"]
    assert {name: [r["alike"] for r in rows] for name, rows in found.items()} == {
        "ana": [True] * 3,
        "cy": [False] * 2,
    }
    assert "ana: 3 of 3" in page.read_text("utf-8") and "cy: 0 of 2" in page.read_text("utf-8")
    assert set(
        cli.json("annotate", "feedback", training["batch_id"], "--person", "cy")["people"]
    ) == {"cy"}

    # -- closed, and closed again
    closed = run("archive")
    assert len(closed["project_ids"]) == 4 and run("archive") == {**closed, "claims_added": 0}
    titles = [p["title"] for p in fetch.projects_of(store, client, batch)]
    assert all(t.startswith("[closed] ") and t.count("[closed]") == 1 for t in titles)
