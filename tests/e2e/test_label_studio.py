"""A batch through a real Label Studio server: pushed, answered by three people, synced, with all
that goes wrong on the way.
"""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.store.schema import rows
from curation.store.store import Store

pytestmark = pytest.mark.labelstudio

ACCOUNTS, ANSWERED, BATCH, DATASET = 1_000, 60, "e2e0123456789abc", "made-up-e2e"
PEOPLE = ("ana@example.org", "ben@example.org", "cy@example.org")
BIO = (
    '</bdi></div><script>window.__pwn=1</script> \u202egnp.exe "><img src=x onerror=alert(1)>'
    " {{7*7}} $card"
)

KILLED_AFTER_A_REQUEST = """
from curation.annotation.label_studio.client import Client
real = Client.import_tasks
def import_tasks(self, project, tasks):
    real(self, project, tasks)
    os.kill(os.getpid(), signal.SIGKILL)
Client.import_tasks = import_tasks
"""
KILLED_BETWEEN_CLAIMS_AND_LOG = """
from curation.store.store import Transaction
real = Transaction.insert
def insert(self, name, offered):
    if name == "annotation_log":
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, name, offered)
Transaction.insert = insert
"""
KILLED_BEFORE_THE_REPORT = """
from curation.store.store import Store
real = Store.transact
def transact(self, *work):
    real(self, *work)
    os.kill(os.getpid(), signal.SIGKILL)
Store.transact = transact
"""


@pytest.fixture
def desk(cli, tmp_path, label_studio):
    """The store of `cli` with a batch of 1,000 made-up accounts for three people each; and the
    command against the server.
    """
    with Store(tmp_path / "store") as store:
        _fill(store)

    class Desk:
        home = tmp_path / "store"

        def run(self, command, *arguments):
            server = {
                "LABEL_STUDIO_URL": label_studio.url,
                "LABEL_STUDIO_API_KEY": label_studio.token,
            }
            return cli.json("annotate", command, *arguments, **server)

        def killed(self, patch, command):
            code = (
                f"import os, signal, sys\n{patch}\nsys.argv = ['botbench', 'annotate', '{command}',"
                f" '{BATCH}', '--json']\nfrom botbench.commands.main import main\nmain()"
            )
            environment = {
                **os.environ,
                "BOTBENCH_STORE": str(self.home),
                "LABEL_STUDIO_URL": label_studio.url,
                "LABEL_STUDIO_API_KEY": label_studio.token,
            }
            done = subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == -signal.SIGKILL, done.stderr.decode()

        def rows(self, query):
            with Store(self.home) as store:
                return store.connection.execute(query).fetchall()

        def standing(self):
            return set(
                self.rows("""
                SELECT claimant, account_id, answer FROM lake.main.claims c
                WHERE answer IS NOT NULL AND NOT EXISTS
                (FROM lake.main.claims r WHERE r.retracts = c.claim_id)""")
            )

    return Desk()


def _fill(store):
    seen = datetime(2018, 7, 1, tzinfo=UTC)
    names = [str(n) for n in range(ACCOUNTS)]
    store.append(
        {
            "accounts": rows(
                "accounts",
                [
                    {
                        "dataset": DATASET,
                        "account_id": n,
                        "observed_at": seen,
                        "platform": "twitter",
                        "handle": f"h{n}",
                        "bio": BIO,
                        "pull_id": "p",
                    }
                    for n in names
                ],
            ),
            "posts": rows(
                "posts",
                [
                    {
                        "dataset": DATASET,
                        "post_id": f"{n}-{k}",
                        "account_id": n,
                        "created_at": seen,
                        "text": BIO,
                        "pull_id": "p",
                    }
                    for n in names
                    for k in range(3)
                ],
            ),
        },
        "test",
        "made up",
    )
    store.append(
        {
            "batches": rows(
                "batches",
                [
                    {
                        "batch_id": BATCH,
                        "dataset": DATASET,
                        "design": "uniform(n=1000)",
                        "seed": 0,
                        "population": ACCOUNTS,
                        "size": ACCOUNTS,
                        "copies": 3,
                        "drawn_from": store.head(),
                        "made_at": seen,
                    }
                ],
            ),
            "assignments": rows(
                "assignments",
                [
                    {"batch_id": BATCH, "account_id": n, "copy": c, "inclusion_probability": 1.0}
                    for n in names
                    for c in (1, 2, 3)
                ],
            ),
        },
        "test",
        "drawn",
    )


def result(**answers):
    return [
        {"from_name": name, "to_name": "card", "type": "choices", "value": {"choices": [word]}}
        for name, word in answers.items()
    ]


def tasks_of(label_studio, project):
    page = {
        "project": project,
        "fields": "task_only",
        "include": "id,meta",
        "page_size": 2 * ACCOUNTS,
    }
    return [
        (t["id"], t["meta"]["account_key"])
        for t in label_studio.call("GET", "tasks", params=page)["tasks"]
    ]


def test_a_batch_from_push_to_claims(desk, label_studio):
    # -- push, killed after its first request, and again
    desk.killed(KILLED_AFTER_A_REQUEST, "push")
    pushed = desk.run("push", BATCH)
    assert (len(pushed["project_ids"]), pushed["tasks_created"], pushed["tasks_existing"]) == (
        3,
        2 * ACCOUNTS,
        ACCOUNTS,
    )
    assert desk.run("push", BATCH) == {
        "project_ids": pushed["project_ids"],
        "tasks_created": 0,
        "tasks_existing": 3 * ACCOUNTS,
    }
    tasks = {p: tasks_of(label_studio, p) for p in pushed["project_ids"]}
    keys = [{key for _, key in t} for t in tasks.values()]
    assert (
        [len(t) for t in tasks.values()] == [ACCOUNTS] * 3
        and keys[0] == keys[1] == keys[2]
        and len(keys[0]) == ACCOUNTS
    )

    # -- hostile text went through the server as it was pushed: escaped, and nothing else
    shown = label_studio.call("GET", f"tasks/{tasks[pushed['project_ids'][0]][0][0]}")["data"][
        "card"
    ]
    assert (
        "&lt;script&gt;window.__pwn=1&lt;/script&gt;" in shown
        and "<script" not in shown
        and "<img" not in shown
    )
    assert "U+202E" in shown and "\u202e" not in shown

    # -- three people answer, each in a project of their own; the first also gives an answer that
    # the scheme does not have
    tokens = [label_studio.person(email) for email in PEOPLE]
    account = {
        key: a
        for a, key in desk.rows(
            f"SELECT account_id, substr(sha256('{BATCH}' || chr(10) || account_id), 1, 24) FROM"
            " lake.main.assignments WHERE copy = 1"
        )
    }
    made, wanted = {}, set()
    for who, (email, token, project) in enumerate(zip(PEOPLE, tokens, tasks, strict=True)):
        name = Pseudonyms(desk.home).pseudonym(email)
        for number, (task, key) in enumerate(tasks[project][:ANSWERED]):
            answer = ("bot", "human", "hybrid")[(number + who) % 3]
            given = label_studio.call(
                "POST",
                f"tasks/{task}/annotations",
                token,
                json={"result": result(answer=answer, confidence="fairly"), "lead_time": 10 + who},
            )
            made[who, number] = (given["id"], (name, account[key], answer))
            wanted.add(made[who, number][1])
    first, _, last = pushed["project_ids"]
    unseen = f"tasks/{tasks[first][ANSWERED][0]}/annotations"
    stray = label_studio.call("POST", unseen, tokens[0], json={"result": result(answer="robot")})

    # -- a sync killed in its transaction stores nothing; one killed after it has stored everything
    desk.killed(KILLED_BETWEEN_CLAIMS_AND_LOG, "sync")
    assert desk.standing() == set()
    desk.killed(KILLED_BEFORE_THE_REPORT, "sync")
    assert desk.standing() == wanted
    again = desk.run("sync", BATCH)
    assert (again["claims_added"], again["claims_retracted"]) == (0, 0)
    assert [(r["annotation"], r["reason"][:24]) for r in again["rejected"]] == [
        (str(stray["id"]), "answer: expected one of ")
    ]

    # -- one edits, one deletes, one skips (an answered account, and one not seen before)
    number, (name, of, _) = made[0, 5]
    edited = result(answer="organisation", confidence="guess")
    label_studio.call("PATCH", f"annotations/{number}", tokens[0], json={"result": edited})
    gone, skipped = made[1, 7], made[2, 9]
    label_studio.call("DELETE", f"annotations/{gone[0]}", tokens[1])
    label_studio.call(
        "PATCH", f"annotations/{skipped[0]}", tokens[2], json={"result": [], "was_cancelled": True}
    )
    unseen = f"tasks/{tasks[last][ANSWERED][0]}/annotations"
    label_studio.call("POST", unseen, tokens[2], json={"result": [], "was_cancelled": True})
    synced = desk.run("sync")
    assert (synced["claims_added"], synced["claims_retracted"], len(synced["rejected"])) == (
        1,
        3,
        1,
    )
    wanted = wanted - {made[0, 5][1], gone[1], skipped[1]} | {(name, of, "organisation")}
    assert desk.standing() == wanted
    assert desk.run("sync") == {**synced, "claims_added": 0, "claims_retracted": 0}
    assert (
        len(desk.rows("FROM lake.main.claims")) == 3 * ANSWERED + 3
    )  # every claim ever made, and its retraction

    # -- and how it stands, in pseudonyms
    status = desk.run("status", BATCH)
    assert [(p["assigned"], p["done"]) for p in status["projects"]] == [
        (ACCOUNTS, ANSWERED + 1),
        (ACCOUNTS, ANSWERED - 1),
        (ACCOUNTS, ANSWERED + 1),
    ]
    person = status["annotators"][Pseudonyms(desk.home).pseudonym(PEOPLE[2])]
    assert (person["assigned"], person["done"], person["skipped"], person["median_seconds"]) == (
        ACCOUNTS,
        ANSWERED + 1,
        2,
        12.0,
    )
    assert (status["all"]["assigned"], status["all"]["done"]) == (3 * ACCOUNTS, 3 * ANSWERED + 1)
    assert "@" not in str(status)


def test_what_a_user_gets_wrong(desk, cli, label_studio):
    def told(*arguments, code=2, **environment):
        return cli("annotate", *arguments, code=code, **environment).stderr

    gone = told("status", "--url", "http://127.0.0.1:9", "--token", "x", code=3)
    assert "cannot be reached" in gone
    assert "refuses the token" in told("status", "--url", label_studio.url, "--token", "0" * 40)
    assert "There is no Label Studio token" in told("sync", "--url", label_studio.url)
    assert "is no URL" in told("sync", "--url", "somewhere", "--token", "x")
    other = told("sync", BATCH[:5] + "f", "--url", label_studio.url, "--token", label_studio.token)
    assert "no batch" in other and BATCH in other
