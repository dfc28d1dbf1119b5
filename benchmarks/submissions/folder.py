"""A release as others have it: release.json and Parquet files, perhaps with sealed labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.release_arrays import ask
from botbench.core.errors import UserError, reason

if TYPE_CHECKING:
    import pyarrow as pa

SEAL = "sealed.json"


@dataclass(frozen=True)
class Folder:
    """A release's folder and its release.json; `seal` is sealed.json if test labels are sealed."""

    path: Path
    info: dict[str, Any]
    seal: dict[str, Any] | None = None

    @property
    def reference(self) -> str:
        """Name and version."""
        return f"{self.info['name']}@{self.info['version']}"

    @property
    def content_hash(self) -> str:
        """The content hash of the whole release; salted where labels are sealed."""
        return str(self.info["content_hash"])

    def files(self, table: str) -> list[str]:
        """The Parquet files of a table, beside release.json or under data/.

        Raises UserError if there are none.
        """
        places = (f"{table}.parquet", f"data/{table}.parquet", f"data/{table}/*.parquet")
        for place in places:
            if paths := sorted(str(p) for p in self.path.glob(place)):
                return paths
        raise UserError(
            f"{self.path} holds no table {table}: expected {table}.parquet there. Is the download"
            " whole?"
        )

    @property
    def part(self) -> tuple[str, str] | None:
        """The predicted split and part; None if every account is predicted."""
        if self.seal:
            return str(self.seal["split_id"]), str(self.seal["part"])
        named = [s if isinstance(s, str) else s["split_id"] for s in self.info.get("splits", ())]
        return ("official", "test") if "official" in named else None

    def wanted(self) -> pa.Table:
        """The accounts to be predicted: dataset, account_id, platform, sorted by id."""
        if self.part is None:
            return ask(
                "SELECT DISTINCT dataset, account_id, platform FROM read_parquet(?) ORDER BY "
                "account_id",
                [self.files("accounts")],
            )
        return ask(
            """SELECT DISTINCT a.dataset, a.account_id, a.platform FROM read_parquet(?) a
                      JOIN read_parquet(?) s USING (dataset, account_id)
                      WHERE s.split_id = ? AND s.part = ? ORDER BY a.account_id""",
            [self.files("accounts"), self.files("splits"), *self.part],
        )


def read(path: Path) -> Folder:
    """Read a release's folder. Raises UserError if it is none."""
    file = path / "release.json"
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
        seal = (
            json.loads((path / SEAL).read_text(encoding="utf-8"))
            if (path / SEAL).is_file()
            else None
        )
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is no release: release.json is missing or not whole there: {reason(error)}."
        ) from None
    missing = [
        k
        for k in ("name", "version", "content_hash")
        if not isinstance(info, dict) or k not in info
    ]
    if missing:
        raise UserError(
            f"{file} does not say {', '.join(missing)}; is it the release.json of a botbench"
            " release?"
        )
    return Folder(path, info, seal)


def find(which: str, home: Path | None) -> Folder:
    """A folder, or else a release of the store.

    Of a sealed release it is the folder that goes out, so that the maintainer's check compares what
    a team has. Raises UserError if it is neither.
    """
    if (Path(which) / "release.json").is_file():
        return read(Path(which))
    if home is None:
        raise UserError(
            f"{which} is no folder with a release.json, and there is no store to look for a release"
            " of that name."
        )
    from curation.release import release
    from curation.release.publish import seals

    found = release.load(home, which)
    place = seals.folder(home, found.reference)
    return read(place / "public" if place else found.path)
