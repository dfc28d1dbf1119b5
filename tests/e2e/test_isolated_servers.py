"""`annotate serve --isolate`: a server for each person; push, sync and status across them."""

import pytest
import requests

from curation.annotation.label_studio.client import Client
from curation.store.schema import rows
from curation.store.store import Store

pytestmark = pytest.mark.labelstudio
BATCH, DATASET = "e150e0123456789a", "made-up-isolated"
ACCOUNTS = [f"acc{n}" for n in range(6)]


def fill(store):
    store.append(
        {
            "accounts": rows(
                "accounts",
                [
                    {
                        "dataset": DATASET,
                        "account_id": a,
                        "platform": "twitter",
                        "bio": "made up",
                        "pull_id": "p",
                    }
                    for a in ACCOUNTS
                ],
            )
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
                        "design": "uniform(n=6)",
                        "seed": 0,
                        "population": 6,
                        "size": 6,
                        "copies": 2,
                        "drawn_from": store.head(),
                        "purpose": "sample",
                    }
                ],
            ),
            "assignments": rows(
                "assignments",
                [
                    {
                        "batch_id": BATCH,
                        "account_id": a,
                        "copy": c,
                        "part": "sample",
                        "inclusion_probability": 1.0,
                    }
                    for a in ACCOUNTS
                    for c in (1, 2)
                ],
            ),
        },
        "test",
        "drawn",
    )


def answer(url, token, project, words):
    """Answer a project's accounts with these words, in the order of their keys (so that both
    people's match).
    """
    head = {"Authorization": f"Token {token}"}
    query = {"project": project, "fields": "task_only", "include": "id,meta", "page_size": 100}
    tasks = requests.get(f"{url}/api/tasks", headers=head, params=query, timeout=120).json()[
        "tasks"
    ]
    for task, word in zip(
        sorted(tasks, key=lambda t: t["meta"]["account_key"]), words, strict=False
    ):
        result = [
            {"from_name": name, "to_name": "card", "type": "choices", "value": {"choices": [said]}}
            for name, said in (("answer", word), ("confidence", "fairly"))
        ]
        done = requests.post(
            f"{url}/api/tasks/{task['id']}/annotations",
            headers=head,
            json={"result": result, "lead_time": 9},
            timeout=120,
        )
        assert done.status_code == 201, done.text


def token_of(person):
    """The token of somebody who logs in with what `serve` said."""
    with requests.Session() as browser:
        page = f"{person['url']}/user/login/"
        browser.get(page, timeout=60)
        form = {
            "email": person["user"],
            "password": person["password"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert (
            browser.post(page, data=form, headers={"Referer": page}, timeout=60).status_code == 200
        )
        return browser.get(f"{person['url']}/api/current-user/token", timeout=60).json()["token"]


def test_each_person_has_a_server_and_the_commands_work_across_them(isolated, cli, tmp_path):
    with Store(tmp_path / "store") as store:
        fill(store)
    people = {p["name"]: p for p in isolated("ana", "ben")["people"]}
    assert set(people) == {"ana", "ben"} and people["ana"]["url"] != people["ben"]["url"]
    assert [len(p["project_ids"]) for p in people.values()] == [1, 1]
    tokens = {name: token_of(person) for name, person in people.items()}

    # -- each server knows one person's part, and the other's token opens nothing there
    for name, other in (("ana", "ben"), ("ben", "ana")):
        with Client(people[name]["url"], tokens[name]) as client:
            assert [
                p["botbench"]["part"] for p in client.projects() if p["botbench"]["batch"] == BATCH
            ] == [name]
        head = {"Authorization": f"Token {tokens[other]}"}
        refused = requests.get(f"{people[name]['url']}/api/projects", headers=head, timeout=60)
        assert refused.status_code == 401

    # -- no address, no token: the commands go to both
    pushed = cli.json("annotate", "push", BATCH)
    assert (len(pushed["project_ids"]), pushed["tasks_created"], pushed["tasks_existing"]) == (
        2,
        0,
        12,
    )
    answer(
        people["ana"]["url"],
        tokens["ana"],
        people["ana"]["project_ids"][0],
        ["bot", "human", "human", "bot", "human"],
    )
    answer(
        people["ben"]["url"],
        tokens["ben"],
        people["ben"]["project_ids"][0],
        ["bot", "human", "bot"],
    )
    assert cli.json("annotate", "sync") == {
        "claims_added": 8,
        "claims_retracted": 0,
        "rejected": [],
    }
    status = cli.json("annotate", "status")
    assert sorted((p["part"], p["assigned"], p["done"]) for p in status["projects"]) == [
        ("ana", 6, 5),
        ("ben", 6, 3),
    ]
    assert (
        status["all"]["assigned"],
        status["all"]["done"],
        status["waiting_for_adjudication"],
    ) == (12, 8, 1)
    assert sorted((p["assigned"], p["done"]) for p in status["annotators"].values()) == [
        (6, 3),
        (6, 5),
    ]
    assert status["agreement"]["pairs"] == 3 and status["agreement"]["percent"] == pytest.approx(
        200 / 3
    )
