"""The schemes a store has asked under: what was pushed with a scheme is read back with it, whatever
its file says by then.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from botbench.core.files import write_text
from curation.annotation.scheme.scheme import DEFAULT, Scheme

FOLDER = "schemes"


class SchemeBook:
    """Schemes by version: those of this package (earlier defaults too), those given, and those kept
    in the store's folder.
    """

    def __init__(self, home: Path, *given: Scheme) -> None:
        self._folder = home / FOLDER
        self._known = {s.version: s for s in (*ours(), *given)}

    def keep(self, scheme: Scheme) -> None:
        """Remember a scheme beside the store."""
        target = self._folder / f"{scheme.version}.json"
        if not target.exists():
            write_text(target, scheme.to_json())

    def get(self, version: str) -> Scheme | None:
        """The scheme of this version, or None where it was never kept here."""
        if version not in self._known:
            file = self._folder / f"{Path(version).name}.json"
            if file.exists():
                self._known[version] = Scheme.of(
                    json.loads(file.read_text(encoding="utf-8")), str(file), kept=True
                )
        return self._known.get(version)


@cache
def ours() -> tuple[Scheme, ...]:
    """Every scheme that this package asks under or ever asked under."""
    return tuple(Scheme.load(file) for file in sorted(DEFAULT.parent.glob("*.yaml")))
