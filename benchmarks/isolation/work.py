"""What a child does: it enters its fence, then fits a detector and scores accounts, as it is asked.

Everything a detector's author wrote runs here, its import too.
"""

from __future__ import annotations

import base64
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.detectors import adapter, base, learning, registry, safe_loading
from benchmarks.isolation import fence, memory, wire
from botbench.core.errors import UserError, first_line


def serve(channel: socket.socket, folder: Path) -> None:
    """Answer until the bench closes the channel."""
    child = _Child(folder)
    todo: dict[str, Callable[..., wire.Message]] = {
        "enter": child.enter,
        "fit": child.fit,
        "score": child.score,
        "describe": child.describe,
        "keep": child.keep,
        "part": child.part,
        "load": child.load,
    }
    while True:
        try:
            head, tables = wire.receive(channel)
        except EOFError:
            return
        try:
            answer, results = todo[head.pop("do")](head, tables)
        # A detector may raise anything: its failure is the answer.
        except (Exception, SystemExit) as error:
            answer, results = {"error": _error(error)}, []
        wire.send(channel, answer, results)


def _error(error: BaseException) -> dict[str, str]:
    kind = type(error)
    return {
        "kind": kind.__name__[:100],
        "module": kind.__module__,
        "text": first_line(error, wire.TEXT),
    }


class _Child:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fitted: Any = None
        self.kept = folder / "model.skops"

    def enter(self, asked: dict[str, Any], _: Sequence[pa.Table]) -> wire.Message:
        """Take over the bench's environment and module path, and give up everything else."""
        os.environ.update(asked["environment"])
        own = str(self.folder)
        os.environ.update({"HOME": own, "TMPDIR": own, "JOBLIB_TEMP_FOLDER": own})
        # The process that it was forked from has looked its own folder up already.
        tempfile.tempdir = own
        os.environ.update(dict.fromkeys(fence.THREADS, "1"))
        sys.path[:] = asked["path"]
        if asked["trust"]:
            safe_loading.trust()
        base.PLACES.update({name: Path(place) for name, place in asked["places"].items()})
        return {"landlock": fence.enter(self.folder, asked["readable"], asked["listed"])}, []

    def describe(self, asked: dict[str, Any], _: Sequence[pa.Table]) -> wire.Message:
        """What the bench must know of detectors whose code it does not import."""
        return registry.described(asked["names"]), []

    def fit(self, asked: dict[str, Any], tables: Sequence[pa.Table]) -> wire.Message:
        """Choose the threshold and fit the detector on the view and labels of the training part."""
        seen = wire.unpacked_view(asked["view"], tables)
        y, group = (np.array(tables[2][name]) for name in ("y", "group"))
        given = asked["pickled"]
        spec = (
            registry.one(asked["detector"], asked["options"])
            if given is None
            else adapter.unpickled(asked["detector"], base64.b64decode(given))
        )
        begun = time.perf_counter()
        with memory.grown() as growth:
            threshold, self.fitted = learning.learn_with_threshold(
                spec,
                seen,
                y,
                group=group,
                rule=asked["rule"],
                own=asked["own"],
                inner=asked["inner"],
            )
        seconds = time.perf_counter() - begun
        return {"threshold": threshold, "seconds": seconds, "mb": growth.megabytes}, []

    def score(self, asked: dict[str, Any], tables: Sequence[pa.Table]) -> wire.Message:
        """The fitted detector's scores of the accounts of a view, and which it cannot tell."""
        seen = wire.unpacked_view(asked["view"], tables)
        begun = time.perf_counter()
        with memory.grown() as growth:
            p = learning.scores(self.fitted, seen)
            abstained = learning.abstentions(self.fitted, seen)
        seconds = time.perf_counter() - begun
        learnt = self.fitted.explain()
        answer = {
            "seconds": seconds,
            "mb": growth.megabytes,
            "learnt": None if learnt is None else str(learnt)[: wire.TEXT],
        }
        return answer, [pa.table({"p_bot": pa.array(p), "abstained": pa.array(abstained)})]

    def keep(self, _: dict[str, Any], __: Sequence[pa.Table]) -> wire.Message:
        """Write the fitted detector as a skops file; its size in bytes."""
        import skops.io

        if learning.remembers(self.fitted):
            raise UserError("it cannot be kept: it reads its training accounts when it scores")
        skops.io.dump(self.fitted, self.kept)
        return {"bytes": self.kept.stat().st_size}, []

    def part(self, asked: dict[str, Any], _: Sequence[pa.Table]) -> wire.Message:
        """Bytes of the kept file, from a place on."""
        with self.kept.open("rb") as file:
            file.seek(asked["start"])
            return {}, [pa.table({"bytes": pa.array([file.read(wire.MOST // 2)], pa.binary())})]

    def load(self, asked: dict[str, Any], _: Sequence[pa.Table]) -> wire.Message:
        """Take a kept detector as the fitted one."""
        # Its types may be those of the module that registers it.
        registry.one(asked["detector"], {})
        self.fitted = safe_loading.load(Path(asked["file"]))
        if not isinstance(self.fitted, base.Detector):
            raise UserError(f"{asked['file']} holds no detector.")
        return {}, []
