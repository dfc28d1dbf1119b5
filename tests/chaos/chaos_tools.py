"""Kills at seeded points: prepared stores, commands in forks of a warm process, and comparisons."""

import contextlib
import json
import random
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("time", "call", "statement", "file")
"""What a kill waits for: seconds; a call that changes a file or asks a server (killed before it);
a statement to DuckDB (before or after it); a change in the store's folder, told by the kernel.
"""
CARD = """
id: sim
title: Simulated accounts for kills
platform: simulated
licence: CC0-1.0
citation: none
simulated: true
label: {meaning: what the simulator made, claimant: simulator, claimant_kind: dataset}
reads:
- format: simulator
  options:
    {seed: 11, accounts: 80, share_of_bots: 0.3, posts_per_account: 1, difficulty: 0.2, drift: 0.9}
"""
SUITE = """
name: small
about: Two detectors on simulated accounts.
releases: [sim]
detectors: [constant, one-question-tree]
protocols: ["cross-validation(folds=3, repeats=1, seed=0)"]
"""


@dataclass(frozen=True)
class Scene:
    """One command that writes, and the prepared store that it runs on."""

    name: str
    before: str
    arguments: tuple[str, ...]
    done_already: str | None = None
    """What a command says that refuses to do again what is done."""
    makes: str | None = None
    """The folder that it makes outside of the store."""


SCENES = {
    s.name: s
    for s in (
        Scene("pull", "empty", ("pull", "{card}")),
        Scene("sample", "pulled", ("sample", "sim", "--n", "20", "--seed", "3", "--again")),
        Scene("import", "pulled", ("annotate", "import", "{export}")),
        Scene("consensus", "imported", ("consensus", "sim")),
        Scene("release", "judged", ("release", "sim", "--dataset", "sim")),
        Scene("publish", "released", ("publish", "sim@1", "--tier", "research")),
        Scene("backup", "released", ("backup", "{copy}"), "is there already", "copy"),
        Scene("bench", "released", ("bench", "{suite}", "--jobs", "1", "--no-mlflow")),
        Scene("erase", "released", ("erase", "{account}", "--reason", "case 7")),
        Scene("erase-published", "published", ("erase", "{account}", "--reason", "case 7")),
    )
}
STEPS = {
    "pulled": ("empty", ("pull", "{card}"), ("sample", "sim", "--n", "20", "--copies", "3")),
    "imported": ("pulled", ("annotate", "import", "{export}")),
    "judged": ("imported", ("consensus", "sim")),
    "released": ("judged", ("release", "sim", "--dataset", "sim")),
    "published": ("released", ("publish", "sim@1", "--tier", "research")),
}


@dataclass
class Ground:
    """Prepared stores on one kind of catalog; `fresh` copies one of them."""

    warm: Any
    folder: Path
    server: str | None = None
    made: dict = field(default_factory=dict)
    words: dict = field(default_factory=dict)

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("card", CARD), ("suite", SUITE)):
            place = self.folder / name / f"{name}.yaml"
            place.parent.mkdir()
            place.write_text(text)
            self.words[name] = str(place)

    @property
    def catalog(self):
        return "Postgres" if self.server else "SQLite"

    def place(self, home):
        """The address of a store with this home folder."""
        if not self.server:
            return str(home)
        return f"{self.server.rpartition('/')[0]}/{database(home)}?data_path={home}"

    def base(self, name):
        """The home of a prepared store, made where it is missing."""
        if name in self.made:
            return self.made[name]
        home = self.folder / f"base-{name}"
        if name == "empty":
            home.mkdir()
            self._database(home)
        else:
            first, *steps = STEPS[name]
            self.copy(self.base(first), home)
            place = self.place(home)
            for step in steps:
                done = self.warm.ask(place, *self.filled(step), "--json")
                assert done["code"] == 0, done["stderr"]
                if step[0] == "sample":
                    batch = json.loads(done["stdout"])["batch_id"]
                    self.words |= {"batch": batch, "export": str(self.folder / "export.json")}
                    self.warm.call("export", place, batch, self.words["export"])
                    # Salts are drawn once, so that what is hashed with them is equal in every run.
                    self.warm.call("salts", place)
            if name == "imported":
                self.words["account"] = self.warm.call("someone", place)
        self.made[name] = home
        return home

    def filled(self, arguments, **more):
        return [a.format(**self.words, **more) for a in arguments]

    def copy(self, source, target):
        """A copy of a prepared store at another place."""
        shutil.copytree(source, target)
        self._database(target, database(source))

    def _database(self, home, template=None):
        if self.server:
            import psycopg

            with psycopg.connect(self.server, autocommit=True) as connection:
                of = f" TEMPLATE {template}" if template else ""
                connection.execute(f"CREATE DATABASE {database(home)}{of}")

    @contextlib.contextmanager
    def fresh(self, name, folder=None):
        """The address and home of a copy that is removed afterwards; `folder` is where it stands."""
        source = self.base(name)
        home = (folder or self.folder) / f"try-{uuid.uuid4().hex[:8]}"
        self.copy(source, home)
        try:
            yield self.place(home), home
        finally:
            shutil.rmtree(home, ignore_errors=True)
            if self.server:
                import psycopg

                with psycopg.connect(self.server, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE IF EXISTS {database(home)} WITH (FORCE)")


def database(home):
    """The name of the database that belongs to a home folder."""
    return home.name.replace("-", "_")


class Plans:
    """Draws points at which a command is killed, from what an undisturbed run took."""

    def __init__(self, whole):
        self.whole = whole

    def draw(self, draw):
        """One to four points, for kills of the same store one after the other."""
        return [self._one(draw) for _ in range(draw.randint(1, 4))]

    def _one(self, draw):
        kind = draw.choice(KINDS)
        names = {"call": "calls", "statement": "statements", "file": "changes"}
        most = self.whole[names[kind]] if kind in names else 0
        if most:
            return [kind, draw.randint(1, most)]
        return ["time", draw.uniform(0, self.whole["seconds"])]


class Kills:
    """Kills of one scene's command on one ground, compared with an undisturbed run."""

    def __init__(self, scene, ground, env=None):
        self.scene, self.ground, self.warm, self.env = scene, ground, ground.warm, env or {}
        with ground.fresh(scene.before) as (place, home):
            arguments, made = self._arguments(home)
            self.whole = self.warm.ask(
                place, *arguments, kill=["measure", 0], watch=str(home.parent), env=self.env
            )
            assert self.whole["code"] == 0, self.whole["stderr"]
            self.expected = self._look(place, made)
        self.plans = Plans(self.whole)
        assert not self.expected["ill"] and not self.expected["left"], self.expected
        self.kills = self.stores = self.equal = 0
        self.kinds, self.wrong = dict.fromkeys(KINDS, 0), []

    def _arguments(self, home):
        """The command's arguments on a store, and the folder that it makes outside of it."""
        made = home.with_name(f"{home.name}-copy")
        arguments = self.ground.filled(self.scene.arguments, copy=made)
        return [*arguments, "--json"], made if self.scene.makes else None

    def _look(self, place, made):
        told = self.warm.call("look", place)
        if made:
            with self.ground.fresh("empty") as (again, _):
                done = self.warm.ask(again, "restore-backup", made)
                assert done["code"] == 0, done["stderr"]
                told["restored"] = self.warm.call("look", again)
            told["beside"] = sorted(p.name for p in made.parent.glob(f".{made.name}*"))
            shutil.rmtree(made)
        return told

    def run(self, kills, first=0, most=None):
        """Kill until so many commands were killed; a store suffers 1 to 4 kills, then is
        compared.
        """
        number = first
        while self.kills < kills and number < first + (most or 3 * kills + 3):
            self.one(f"{self.scene.name}/{self.ground.catalog}/{number}")
            number += 1
        return self

    def one(self, seed):
        """One store: killed some times in a row, finished, and compared."""
        draw = random.Random(seed)
        said = []
        with self.ground.fresh(self.scene.before) as (place, home):
            arguments, made = self._arguments(home)
            killed, finished = 0, False
            for plan in self.plans.draw(draw):
                done = self.warm.ask(
                    place, *arguments, kill=plan, watch=str(home.parent), env=self.env
                )
                said.append(f"{plan}: {done['code']}")
                killed += done["killed"]
                if done["killed"]:
                    self.kinds[plan[0]] += 1
                else:
                    finished = self._finished(done, said)
                    break
            if not killed:
                return
            if not finished and not said[-1].endswith("wrong"):
                finished = self._finished(self.warm.ask(place, *arguments, env=self.env), said)
            try:
                told = self._look(place, made) if finished else {}
            except AssertionError as error:
                told = {"look": str(error)[-600:]}
        self.stores += 1
        self.kills += killed
        if different := self._different(told):
            self.wrong.append(f"{seed}: {'; '.join(said)}; {different}"[:3000])
        else:
            self.equal += 1

    def _finished(self, done, said):
        """Whether a command that was not killed ended as it should."""
        again = self.scene.done_already
        if done["code"] == 0 or (again and done["code"] == 2 and again in done["stderr"]):
            return True
        said.append(f"exit code {done['code']}, {done['stderr'][-900:]} wrong")
        return False

    def _different(self, told):
        """What is not as after an undisturbed run, in words; empty where all is equal."""
        if not told or "look" in told:
            return str(told or "it did not finish")
        found = []
        for part, wanted in self.expected.items():
            got = told[part]
            if part == "orphans" or got == wanted:
                continue
            if isinstance(wanted, dict):
                keys = sorted(k for k in {*wanted, *got} if wanted.get(k) != got.get(k))
                found += [f"{part} {k}: {wanted.get(k)} became {got.get(k)}"[:300] for k in keys]
            else:
                found.append(f"{part}: {wanted} became {got}"[:600])
        return "; ".join(found)

    def __str__(self):
        kinds = ", ".join(f"{n} by {k}" for k, n in self.kinds.items())
        text = (
            f"{self.scene.name} on {self.ground.catalog}: {self.kills} kills ({kinds}) on"
            f" {self.stores} stores, {self.equal} equal"
        )
        return "\n  ".join([text, *self.wrong])
