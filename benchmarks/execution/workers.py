"""Worker processes that take tasks one by one; a dead or late process loses its task only."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Generic, TypeVar

from benchmarks.isolation import children
from benchmarks.isolation.fence import THREADS
from botbench.core.errors import UserError
from botbench.terminal import streams

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """The result of a task whose process died or timed out: the reason in a sentence."""

    reason: str


@dataclass
class _Worker(Generic[Task]):
    process: SpawnProcess
    pipe: Connection
    ready: bool = False
    task: Task | None = None
    since: float = field(default_factory=time.monotonic)

    def late(self, timeout: float | None) -> bool:
        return (
            timeout is not None
            and self.task is not None
            and time.monotonic() - self.since > timeout
        )

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def each(
    tasks: Sequence[Task],
    work: Callable[[Task], Result],
    jobs: int,
    timeout: float | None = None,
) -> Iterator[tuple[Task, Result | Lost]]:
    """Do every task in one of `jobs` spawned processes; yields (task, result) in any order.

    `work` is a module-level function. `timeout` is in seconds for one task. Each process computes
    on one thread, so that results do not depend on the number of processes. Leaving the iterator
    ends the processes.
    """
    left = deque(tasks)
    workers: list[_Worker[Task]] = []
    try:
        with _child_environment():
            workers = [_start(work) for _ in range(min(jobs, len(left)))]
        while workers:
            for worker in _ready_workers(workers, timeout):
                done = _receive(worker, timeout)
                if done is not None:
                    yield done
                _next(worker, workers, left, work)
    finally:
        for worker in workers:
            worker.end()


def _ready_workers(workers: list[_Worker[Task]], timeout: float | None) -> list[_Worker[Task]]:
    """The workers that sent a message, died or are late."""
    ends = [w.since + timeout for w in workers if timeout is not None and w.task is not None]
    patience = max(0.0, min(ends) - time.monotonic()) + 0.01 if ends else None
    ready = wait([w.pipe for w in workers], patience)
    return [w for w in workers if w.pipe in ready or w.late(timeout)]


def _receive(worker: _Worker[Task], timeout: float | None) -> tuple[Task, Result | Lost] | None:
    """The task and its result; None if the worker only started. Ends a lost worker."""
    task, worker.task = worker.task, None
    try:
        if worker.pipe.poll():
            message = worker.pipe.recv()
            worker.ready = True
            return None if task is None else (task, message)
        reason = f"out of time: more than {timeout:g} seconds"
    except (EOFError, OSError):
        worker.process.join()
        reason = f"its process died ({children.ended(worker.process.exitcode)})"
        if not worker.ready:
            raise UserError(f"A worker of the bench could not start: {reason}.") from None
    worker.end()
    return None if task is None else (task, Lost(reason))


def _next(
    worker: _Worker[Task],
    workers: list[_Worker[Task]],
    left: deque[Task],
    work: Callable[[Task], Result],
) -> None:
    """Give the worker its next task; replace a lost worker while tasks are left, else end it."""
    if worker.pipe.closed:
        workers.remove(worker)
        if left:
            with _child_environment():
                workers.append(_start(work))
    elif left:
        worker.task, worker.since = left.popleft(), time.monotonic()
        with contextlib.suppress(OSError):  # it has died; the next read reports it
            worker.pipe.send(worker.task)
    else:
        workers.remove(worker)
        worker.end()


def _start(work: Callable[[Task], Result]) -> _Worker[Task]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    handed_on = children.current().handed_on()
    process = context.Process(target=_serve, args=(theirs, work, handed_on), daemon=True)
    with _without_main():
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """A worker imports what it needs by name: it does not run the user's own script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _child_environment() -> Iterator[None]:
    """Children inherit one thread for numeric libraries and the allocator's thresholds.

    They ignore interrupts.
    """
    given = {**dict.fromkeys(THREADS, "1"), **children.ALLOCATION}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _serve(
    pipe: Connection, work: Callable[[Task], Result], use_nursery: Callable[[], None]
) -> None:
    """A worker's loop. It ignores interrupts and exits when its parent dies."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    streams.guard_worker()
    threading.Thread(target=_orphaned, daemon=True).start()
    threadpool_limits(1)
    use_nursery()
    with contextlib.suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(work(pipe.recv()))


def _orphaned() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
