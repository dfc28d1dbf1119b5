"""The schemes that a store has used: answers are read with the scheme of their push, even if its
file has changed since.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from botbench.core.files import write_text
from curation.annotation.scheme.scheme import DEFAULT, Scheme

FOLDER = "schemes"


class SchemeBook:
    """Schemes by version: those of this package (with earlier defaults), those given, and those in
    the store's folder.
    """

    def __init__(self, home: Path, *given: Scheme) -> None:
        self._folder = home / FOLDER
        self._by_version = {s.version: s for s in (*package_schemes(), *given)}

    def keep(self, scheme: Scheme) -> None:
        """Write a scheme to the store's folder."""
        target = self._folder / f"{scheme.version}.json"
        if not target.exists():
            write_text(target, scheme.to_json())

    def get(self, version: str) -> Scheme | None:
        """The scheme of this version; None if this store never used it."""
        if version not in self._by_version:
            file = self._folder / f"{Path(version).name}.json"
            if file.exists():
                self._by_version[version] = Scheme.of(
                    json.loads(file.read_text(encoding="utf-8")), str(file), kept=True
                )
        return self._by_version.get(version)


@cache
def package_schemes() -> tuple[Scheme, ...]:
    """Every scheme that this package uses or has used by default."""
    return tuple(Scheme.load(file) for file in sorted(DEFAULT.parent.glob("*.yaml")))
