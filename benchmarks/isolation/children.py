"""Children of the bench: start the process that they are forked from, ask one, and end it."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import DETECTORS, safe_loading
from benchmarks.isolation import fence, landlock, nursery, wire
from botbench.core.errors import UserError

BOOT = (
    "import json, sys; given = json.loads(sys.argv[1]); sys.path[:] = given['path'];"
    " from benchmarks.isolation.nursery import main;"
    " main(given['control'], given['alive'], given['most'])"
)
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
"""The variables that the nursery is started with. Each child gets the others, without secrets."""

SINGLE_THREADED = {
    # A fork is safe while there is one thread: Arrow's allocator would start another.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # Without /dev/shm joblib has no semaphores, and must not look for them.
    "JOBLIB_MULTIPROCESSING": "0",
}
ALLOCATION = {
    # A child is too short for glibc to learn how large its arrays are: boosting spent a quarter of
    # its time on pages that it had just given back.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20),
}
ONE_HEAP = {
    # Python's own allocator scatters blocks of 1 MB; one heap goes into huge pages, which a fork
    # copies faster (`memory.into_huge_pages`).
    "PYTHONMALLOC": "malloc",
}

OWN_PACKAGES = ("benchmarks", "botbench", "curation")

ANSWER = pa.schema({"p_bot": pa.float64(), "abstained": pa.bool_()})
"""The table that a child answers with when it has scored."""


@cache
def _linked_packages(path: tuple[str, ...]) -> list[str]:
    """Where our packages and those of detectors lie if no folder of `path` holds them."""
    names = (*OWN_PACKAGES, *(point.module for point in DETECTORS.points()))
    return [p for p in fence.placed(names) if str(Path(p).parent) not in path]


class Failed(Exception):
    """A detector failed in its child; the text is the reason."""


class Refused(Exception):
    """A detector in its child said that the data do not suit it; the text is the reason."""


class Nursery:
    """The sockets by which this process reaches the process that children are forked from.

    That process ends when all who hold `alive` have closed it.
    """

    def __init__(self, control: socket.socket, alive: socket.socket) -> None:
        self.control, self.alive = control, alive

    @classmethod
    def start(cls) -> Self:
        """Start it; it imports what detectors need while this process goes on."""
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        alive, held = socket.socketpair()
        given = {
            "path": fence.module_path(),
            "control": theirs.fileno(),
            "alive": held.fileno(),
            "most": nursery.MOST_IN_FOLDER,
        }
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        threads = dict.fromkeys(fence.THREADS, "1")
        subprocess.Popen(
            [sys.executable, "-c", BOOT, json.dumps(given)],
            env={**kept, **threads, **SINGLE_THREADED, **ALLOCATION, **ONE_HEAP},
            cwd=tempfile.gettempdir(),
            pass_fds=(theirs.fileno(), held.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        held.close()
        if not landlock.abi():
            fence.hide_memory()
        return cls(control, alive)

    def end(self) -> None:
        """Let go of it. It ends its children when nobody holds it any more."""
        self.control.close()
        self.alive.close()

    def handed_on(self) -> Callable[[], None]:
        """A function to send to a new worker, which then uses this process's nursery."""
        return partial(use, self.control, self.alive)


_CURRENT: list[Nursery] = []


def use(control: socket.socket, alive: socket.socket) -> None:
    """Use the nursery of another process."""
    _CURRENT[:] = [Nursery(control, alive)]


def current() -> Nursery:
    """This process's nursery, started when it is first asked for."""
    if not _CURRENT:
        _CURRENT.append(Nursery.start())
        atexit.register(_end)
    return _CURRENT[0]


def _end() -> None:
    while _CURRENT:
        _CURRENT.pop().end()


class Scored(NamedTuple):
    """What a child says of n accounts.

    `p` float64[n], `abstained` bool[n] (it cannot tell), the seconds and megabytes that it took,
    and what was learnt in words.
    """

    p: Floats
    abstained: NDArray[np.bool_]
    seconds: float
    megabytes: float | None
    learnt: str | None


class Child:
    """One child: it is fenced in when it exists, and gone when the block ends.

    `readable` are the files and folders that it may read beside code, by path; `places` are those
    that its detector knows by another name.
    """

    def __init__(
        self, readable: Iterable[Path] = (), places: Mapping[str, Path] | None = None
    ) -> None:
        nursery_ = current()
        self.channel, theirs = socket.socketpair()
        self.keeper, asker = socket.socketpair()
        try:
            socket.send_fds(nursery_.control, [b"c"], [theirs.fileno(), asker.fileno()])
        except OSError as error:
            self.channel.close()
            self.keeper.close()
            raise Failed("the process that detectors run in could not start") from error
        finally:
            theirs.close()
            asker.close()
        places = {name: Path(place).absolute() for name, place in (places or {}).items()}
        path = fence.module_path()
        code, listed = fence.code_places(path)
        linked = _linked_packages(path)
        asked = {
            "environment": fence.environment(os.environ),
            "path": path,
            "trust": safe_loading.trusted(),
            "places": {name: str(place) for name, place in places.items()},
            "readable": [*code, *linked, *map(str, (*readable, *places.values()))],
            "listed": listed,
        }
        try:
            self.landlock = int(self._ask("enter", asked)[0]["landlock"])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The child itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def fit(
        self,
        detector: str,
        options: Mapping[str, Any],
        view: Accounts,
        labels: Mapping[str, Any],
        *,
        rule: str,
        own: int,
        inner: int,
        pickled: bytes | None = None,
    ) -> tuple[float, float, float | None]:
        """Fit the detector; the threshold, the seconds, and the megabytes it grew by.

        `labels` are `y` (int8[n]) and `group` (int64[n]) of the accounts of the view. `pickled` is
        a detector that has no registered name; the child alone unpickles it.
        """
        head, tables = wire.packed_view(view)
        known = pa.table({name: pa.array(values) for name, values in labels.items()})
        asked = {
            "detector": detector,
            "options": dict(options),
            "view": head,
            "rule": rule,
            "own": own,
            "inner": inner,
            "pickled": None if pickled is None else base64.b64encode(pickled).decode("ascii"),
        }
        answer, _ = self._ask("fit", asked, [*tables, known])
        return _number(answer, "threshold"), _number(answer, "seconds"), _megabytes(answer)

    def score(self, view: Accounts) -> Scored:
        """The scores of the accounts of a view, and what came with them."""
        head, tables = wire.packed_view(view.to_score())
        answer, results = self._ask("score", {"view": head}, tables)
        learnt = answer.get("learnt")
        return Scored(
            *_scores(results, len(view)),
            _number(answer, "seconds"),
            _megabytes(answer),
            learnt[: wire.TEXT] if isinstance(learnt, str) else None,
        )

    def keep(self) -> Iterator[bytes]:
        """The fitted detector as a skops file, in pieces. Nothing of it is loaded here."""
        size, there = int(_number(self._ask("keep", {})[0], "bytes")), 0
        while there < size:
            _, results = self._ask("part", {"start": there})
            if len(results) != 1 or results[0].schema != pa.schema({"bytes": pa.binary()}):
                raise Failed("its process returned no part of the model")
            piece = b"".join(results[0]["bytes"].to_pylist())
            if not piece:
                raise Failed("its process returned less of the model than it has")
            yield piece
            there += len(piece)

    def load(self, detector: str, file: Path) -> None:
        """Load a kept detector of that name; `file` must be readable for the child."""
        self._ask("load", {"detector": detector, "file": str(file)})

    def describe(self, names: Sequence[str] | None) -> Mapping[str, Any]:
        """What the child says of the detectors of these names, of all strangers' for None."""
        return self._ask("describe", {"names": names})[0]

    def close(self) -> None:
        """End the child and all that it started, and wait for that."""
        with contextlib.suppress(OSError):
            self.keeper.sendall(b"e")
        self._exit_code()
        self.keeper.close()
        self.channel.close()

    def _ask(
        self, what: str, asked: dict[str, Any], tables: Sequence[pa.Table] = ()
    ) -> wire.Message:
        try:
            wire.send(self.channel, {"do": what, **asked}, tables)
            answer, results = wire.receive(self.channel, wire.MOST)
        except (OSError, EOFError):
            raise Failed(f"its process died ({ended(self._exit_code())})") from None
        except wire.Broken as error:
            raise Failed(f"its process sent no readable answer: {error}") from error
        if failure := answer.get("error"):
            _raise(failure)
        return answer, results

    def _exit_code(self) -> int | None:
        """The exit code of the ended child; None if nobody knows it."""
        try:
            said = self.keeper.recv(nursery.STATUS.size, socket.MSG_WAITALL)
            return int(nursery.STATUS.unpack(said)[0])
        except (OSError, struct.error):
            return None


def describe(names: Sequence[str] | None) -> Mapping[str, Any]:
    """What a child says of detectors whose code is not imported here.

    Raises UserError if the child fails.
    """
    with Child() as child:
        try:
            return child.describe(names)
        except Failed as error:
            raise UserError(
                f"The detectors of an installed package cannot be described: {error}."
            ) from error


def _raise(error: Any) -> NoReturn:
    if not isinstance(error, Mapping):
        raise Failed("its process sent no readable answer: its error has no text")
    kind, module, text = (
        str(error.get(name, ""))[: wire.TEXT] for name in ("kind", "module", "text")
    )
    if (module, kind) == ("benchmarks.protocols", "NotApplicable"):
        raise Refused(text)
    raise Failed(kind if text == kind else f"{kind}: {text}")


def ended(code: int | None) -> str:
    """How a process ended, in words."""
    if code == nursery.OVERFULL:
        return (
            f"its folder held over {nursery.MOST_IN_FOLDER / 2**30:g} GB, or over a quarter of what"
            " was free on the disk"
        )
    if code is not None and code < 0:
        memory = " (out of memory?)" if -code == signal.SIGKILL else ""
        # Real-time signals have numbers only.
        known = -code in set(signal.Signals)
        return f"signal {signal.Signals(-code).name if known else -code}{memory}"
    return "nobody knows why" if code is None else f"exit code {code}"


def _scores(results: Sequence[pa.Table], n: int) -> tuple[Floats, NDArray[np.bool_]]:
    """The scores and abstentions of an answer, checked once more: a child can say anything."""
    if (
        len(results) != 1
        or results[0].schema != ANSWER
        or results[0].num_rows != n
        or any(column.null_count for column in results[0].columns)
    ):
        raise Failed(f"its process did not return one score for each of {n} accounts")
    p = np.array(results[0]["p_bot"], dtype=np.float64)
    if infinite := int(np.isinf(p).sum()):
        raise Failed(f"its process returned {infinite} infinite scores")
    if not ((p >= 0) & (p <= 1)).all():
        raise Failed("its process returned scores outside 0 to 1")
    return p, np.array(results[0]["abstained"], dtype=np.bool_)


def _number(answer: Mapping[str, Any], name: str) -> float:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise Failed(f"its process returned no number for {name}")
    return float(value)


def _megabytes(answer: Mapping[str, Any]) -> float | None:
    return None if answer.get("mb") is None else _number(answer, "mb")
