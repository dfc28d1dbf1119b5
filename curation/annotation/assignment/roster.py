"""The roster: names, addresses and servers of annotators, in one private file that no export reads.

The store itself knows people by pseudonyms only.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from botbench.core.errors import UserError
from botbench.core.files import locked, write_json
from curation.annotation.assignment.pseudonyms import Pseudonyms

SHARED = ""
"""The name of the server that everybody uses, where people have none of their own."""
DOMAIN = "annotators.invalid"
"""The mail domain of people who are named without an address; no mail can reach it."""


@dataclass(frozen=True)
class Person:
    """One annotator: their name, the address they log in with, and the server they work on."""

    name: str
    email: str
    server: str = SHARED


@dataclass(frozen=True)
class ServerAccess:
    """One server: address, our token, and the folder of its data if botbench started it."""

    name: str
    url: str
    token: str
    folder: str | None = None


@dataclass
class Roster:
    """The content of the file. `change` is the only way to write it."""

    home: Path
    people: dict[str, Person] = field(default_factory=dict)
    servers: dict[str, ServerAccess] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> Roster:
        """The roster of a store; empty where there is none.

        Raises UserError where the file is damaged.
        """
        file = home / "annotate" / "roster.json"
        if not file.exists():
            return cls(home)
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            people = {p["name"]: Person(**p) for p in document["people"]}
            servers = {s["name"]: ServerAccess(**s) for s in document["places"]}
            return cls(home, people, servers)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file} cannot be read ({error!r}); expected what botbench wrote there. Repair it,"
                " or remove it and invite the people again: answers and seats do not depend"
                " on it."
            ) from None

    @classmethod
    @contextlib.contextmanager
    def change(cls, home: Path) -> Iterator[Roster]:
        """The roster, written back when the block ends; one process at a time."""
        folder = home / "annotate"
        with locked(folder / "roster.lock"):
            roster = cls.load(home)
            yield roster
            document = {
                "people": [asdict(p) for p in roster.people.values()],
                "places": [asdict(s) for s in roster.servers.values()],
            }
            write_json(folder / "roster.json", document, mode=0o600)

    def pseudonym(self, name: str) -> str:
        """The pseudonym of a person in the store."""
        return Pseudonyms(self.home).pseudonym(self.person(name).email)

    def person(self, name: str) -> Person:
        """A person by name; somebody who is not in the roster has an address made of the name."""
        return self.people.get(name) or Person(name, name if "@" in name else f"{name}@{DOMAIN}")

    def add(self, name: str) -> None:
        """Add a person on the shared server; somebody who is in the roster stays as they are."""
        self.people.setdefault(name, Person(name, self.person(name).email))

    def names(self) -> dict[str, str]:
        """Pseudonym to name, for everybody in the roster."""
        return {self.pseudonym(name): name for name in self.people}
