"""Push and sync with a real Label Studio server, killed at seeded points, and with the server gone
in the middle; run again and compared with an undisturbed run.
"""

import contextlib
import json
import os
import random
import socket
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chaos"))
import chaos_tools

pytestmark = pytest.mark.labelstudio

PEOPLE = [f"{name}-{os.getpid()}@example.org" for name in ("kay", "lee", "moe")]
FEW = 2
ACCOUNTS, COPIES = 20, 3
SYNC = chaos_tools.Scene("sync", "answered", ("annotate", "sync", "{batch}"))


@pytest.fixture(scope="module")
def kills():
    """How many kills each command gets; few without `make chaos`."""
    return int(os.environ.get("BOTBENCH_CHAOS", FEW))


class Way:
    """A way to the server that can end after so many bytes, as when the server dies."""

    def __init__(self, url):
        host, _, port = url.rpartition("//")[2].partition(":")
        self.target, self.left, self.passed, self.open = (host, int(port)), None, 0, []
        self.act = self.end
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def begin(self, left=None, act=None):
        """Count bytes from here, and let so many through; then `act`, else end all connections."""
        self.end()
        self.passed, self.left, self.act = 0, left, act or self.end

    def end(self):
        """End every connection."""
        while self.open:
            end = self.open.pop()
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self.door.accept()
                if self._gone():
                    ours.close()
                    continue
                try:
                    theirs = socket.create_connection(self.target)
                except OSError:
                    ours.close()
                    continue
                self.open += [ours, theirs]
                for a, b in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    def _gone(self):
        return self.left is not None and self.passed > self.left

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                self.passed += len(data)
                if self._gone():
                    self.act()
                    self.end()
                    return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def way(label_studio):
    """The way that every command here takes to the server."""
    return Way(label_studio.url)


@pytest.fixture(scope="module")
def server(way, label_studio):
    """How commands are told of the server."""
    return {"LABEL_STUDIO_URL": way.url, "LABEL_STUDIO_API_KEY": label_studio.token}


@pytest.fixture(scope="module")
def ground(warm, label_studio, server, tmp_path_factory):
    """A store whose batch was pushed and answered by three people, synced half way, then edited."""
    made = chaos_tools.Ground(warm, tmp_path_factory.mktemp("annotation") / "sqlite")
    home = made.folder / "base-answered"
    made.copy(made.base("pulled"), home)

    def run(*arguments):
        done = warm.ask(made.place(home), *made.filled(arguments), "--json", env=server)
        assert done["code"] == 0, done["stderr"]
        return json.loads(done["stdout"])

    pushed = run("annotate", "push", "{batch}")
    tokens = [label_studio.person(email) for email in PEOPLE]
    answers = []
    for token, project in zip(tokens, pushed["project_ids"], strict=True):
        for number, (task, _) in enumerate(tasks(label_studio, project)):
            answers.append((token, task, ("bot", "human")[number % 2]))
    half = len(answers) // 2
    given = [answer(label_studio, *a) for a in answers[:half]]
    assert run("annotate", "sync", "{batch}")["claims_added"] == half
    for a in answers[half:]:
        answer(label_studio, *a)
    for number, (token, _, _) in list(zip(given, answers[:half], strict=True))[:4]:
        label_studio.call(
            "PATCH", f"annotations/{number}", token, json={"result": result("organisation")}
        )
    for number, (token, _, _) in list(zip(given, answers[:half], strict=True))[4:7]:
        label_studio.call("DELETE", f"annotations/{number}", token)
    made.made["answered"] = home
    return made


def tasks(label_studio, project):
    """(id, account key) of every task of a project."""
    page = {"project": project, "fields": "task_only", "include": "id,meta", "page_size": 1_000}
    found = label_studio.call("GET", "tasks", params=page)["tasks"]
    return sorted((t["id"], t["meta"]["account_key"]) for t in found)


def result(word):
    return [
        {"from_name": name, "to_name": "card", "type": "choices", "value": {"choices": [said]}}
        for name, said in (("answer", word), ("confidence", "fairly"))
    ]


def answer(label_studio, token, task, word):
    """Answer one task; the annotation's number."""
    made = label_studio.call(
        "POST", f"tasks/{task}/annotations", token, json={"result": result(word), "lead_time": 9}
    )
    return made["id"]


def test_a_killed_sync_run_again_equals_an_undisturbed_one(ground, server, kills, capsys):
    tried = chaos_tools.Kills(SYNC, ground, env=server).run(kills)
    if "BOTBENCH_CHAOS" in os.environ:
        with capsys.disabled():
            print(f"\n{tried}")
    assert not tried.wrong, str(tried)
    assert tried.kills >= kills


class Batches:
    """Batches that no earlier push has seen: the server keeps what was pushed."""

    def __init__(self, ground, label_studio, server):
        self.ground, self.label_studio, self.server = ground, label_studio, server

    @contextlib.contextmanager
    def fresh(self, number):
        """A store with a new batch, and the arguments that push it."""
        with self.ground.fresh("pulled") as (place, home):
            drawn = self.ground.warm.ask(
                place, "sample", "sim", "--n", ACCOUNTS, "--copies", COPIES, "--seed", 100 + number,
                "--again", "--json",
            )  # fmt: skip
            assert drawn["code"] == 0, drawn["stderr"]
            batch = json.loads(drawn["stdout"])["batch_id"]
            yield place, home, ("annotate", "push", batch, "--json")

    def check(self, place, done):
        """Every account once in each of the projects, the same accounts in all; nothing left."""
        pushed = json.loads(done["stdout"])
        assert pushed["tasks_created"] + pushed["tasks_existing"] == ACCOUNTS * COPIES
        keys = [[key for _, key in tasks(self.label_studio, p)] for p in pushed["project_ids"]]
        assert len(keys) == COPIES and len({tuple(sorted(k)) for k in keys}) == 1
        assert all(len(k) == len(set(k)) == ACCOUNTS for k in keys)
        told = self.ground.warm.call("look", place)
        assert not told["ill"] and not told["left"], told
        for project in pushed["project_ids"]:
            self.label_studio.call("DELETE", f"projects/{project}")


@pytest.fixture
def batches(ground, label_studio, server):
    return Batches(ground, label_studio, server)


def test_a_killed_push_run_again_makes_every_task_once(batches, server, kills, capsys):
    warm, killed, number, equal, stores = batches.ground.warm, 0, 0, 0, 0
    with batches.fresh(number) as (place, home, arguments):
        whole = warm.ask(place, *arguments, env=server, kill=["measure", 0], watch=str(home.parent))
        batches.check(place, whole)
    plans = chaos_tools.Plans(whole)
    while killed < kills:
        number += 1
        draw = random.Random(f"push/{number}")
        with batches.fresh(number) as (place, home, arguments):
            before = killed
            for plan in plans.draw(draw):
                done = warm.ask(place, *arguments, env=server, kill=plan, watch=str(home.parent))
                assert done["killed"] or done["code"] == 0, (number, plan, done["stderr"][-2000:])
                killed += done["killed"]
            done = warm.ask(place, *arguments, env=server)
            assert done["code"] == 0, (number, done["stderr"][-2000:])
            batches.check(place, done)
            stores, equal = stores + (killed > before), equal + (killed > before)
    if "BOTBENCH_CHAOS" in os.environ:
        with capsys.disabled():
            print(f"\npush on SQLite: {killed} kills on {stores} stores, {equal} equal")


@pytest.mark.parametrize("command", ["push", "sync"])
def test_a_server_gone_in_the_middle_is_a_sentence_and_the_next_run_goes_on(
    command, batches, ground, server, way
):
    Gone(command, batches, ground, server, way).tried(way.end, way.begin)


if "BOTBENCH_CHAOS" in os.environ:

    @pytest.mark.parametrize("command", ["push", "sync"])
    @pytest.mark.parametrize("number", range(1, 4))
    def test_a_killed_server_process_is_a_sentence_and_the_next_run_goes_on(
        command, number, batches, ground, server, way, label_studio
    ):
        Gone(command, batches, ground, server, way, number).tried(
            label_studio.kill, label_studio.start
        )


class Gone:
    """One command whose server goes away in the middle; `number` chooses the moment."""

    def __init__(self, command, batches, ground, server, way, number=1):
        self.command, self.batches, self.ground = command, batches, ground
        self.server, self.way, self.number = server, way, number

    @contextlib.contextmanager
    def fresh(self, number):
        if self.command == "push":
            with self.batches.fresh(1_000 + 10 * self.number + number) as (place, _, arguments):
                yield place, arguments
        else:
            with self.ground.fresh("answered") as (place, _):
                yield place, self.ground.filled((*SYNC.arguments, "--json"))

    def through(self, place, arguments, left=None, act=None):
        self.way.begin(left, act)
        done = self.ground.warm.ask(place, *arguments, env=self.server)
        passed = self.way.passed
        self.way.begin()
        return done, passed

    def tried(self, go, come):
        warm = self.ground.warm
        with self.fresh(0) as (place, arguments):
            done, whole = self.through(place, arguments)
            assert done["code"] == 0, done["stderr"]
            expected = done["stdout"]
        left = random.Random(f"gone/{self.command}/{self.number}").randint(500, whole - 500)
        with self.fresh(1) as (place, arguments):
            before = warm.call("look", place)
            done, _ = self.through(place, arguments, left, go)
            come()
            assert "Traceback" not in done["stderr"], done["stderr"][-3000:]
            assert done["code"] == 3, (done["code"], done["stderr"][-2000:])
            said = [s for s in done["stderr"].splitlines() if s.startswith("botbench: ")]
            assert len(said) == 1 and "Label Studio" in said[0], done["stderr"]
            told = warm.call("look", place)
            assert told["tables"]["claims"] == before["tables"]["claims"] and not told["left"]
            done, _ = self.through(place, arguments)
            assert done["code"] == 0, done["stderr"]
            if self.command == "push":
                self.batches.check(place, done)
            else:
                assert done["stdout"] == expected
