"""Who annotates and where: names, addresses and servers, in one private file of the store's folder
that no export reads.

In the store itself people are pseudonyms.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from botbench.core.errors import UserError, unknown
from botbench.core.files import write_json
from curation.annotation.assignment.pseudonyms import People

SHARED = ""
"""The name of the server that everybody uses."""
DOMAIN = "annotators.invalid"
"""Who is named without an address logs in under this one; no mail can reach it."""


@dataclass(frozen=True)
class Person:
    """One annotator: the name the others know, the address they log in with, the server they work
    on.
    """

    name: str
    email: str
    server: str = SHARED


@dataclass(frozen=True)
class Place:
    """One server: its address, our token there, and the folder of its data where we started it."""

    name: str
    url: str
    token: str
    folder: str | None = None


@dataclass
class Roster:
    """What the file says. `change` is the only way to write it."""

    home: Path
    people: dict[str, Person] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> Roster:
        """The roster of a store; empty where there is none. Raises UserError where the file was
        damaged.
        """
        file = home / "annotate" / "roster.json"
        if not file.exists():
            return cls(home)
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            people = {p["name"]: Person(**p) for p in found["people"]}
            return cls(home, people, {s["name"]: Place(**s) for s in found["places"]})
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file} cannot be read ({error!r}); expected what botbench wrote there. Mend it,"
                " or take it away and invite the people again: answers and seats do not depend"
                " on it."
            ) from None

    @classmethod
    @contextlib.contextmanager
    def change(cls, home: Path) -> Iterator[Roster]:
        """The roster, written back when the block ends; one process at a time."""
        folder = home / "annotate"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "roster.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            roster = cls.load(home)
            yield roster
            document = {
                "people": [asdict(p) for p in roster.people.values()],
                "places": [asdict(p) for p in roster.places.values()],
            }
            write_json(folder / "roster.json", document, mode=0o600)

    def pseudonym(self, name: str) -> str:
        """What the store calls a person."""
        return People(self.home).pseudonym(self.person(name).email)

    def person(self, name: str) -> Person:
        """Somebody by name; who was never invited has an address made of the name."""
        return self.people.get(name) or Person(name, name if "@" in name else f"{name}@{DOMAIN}")

    def names(self) -> dict[str, str]:
        """Pseudonym to name, of everybody in the roster."""
        return {self.pseudonym(name): name for name in self.people}

    def known(self, name: str) -> Person:
        """Somebody in the roster; raises UserError naming the closest."""
        if name not in self.people:
            raise unknown("annotator", name, self.people)
        return self.people[name]
