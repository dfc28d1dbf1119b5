"""Executors of Spark on this machine, and the killing of one while it works."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from curation import engines

CLUSTER = "local-cluster[2,1,1024]"
"""Two executors, each a process of Java, as on a cluster."""


def executors():
    """The executors' processes under this one."""
    return with_words(b"CoarseGrainedExecutorBackend", engines.children(os.getpid()))


def with_words(words, processes):
    """Those of some processes whose command line holds some words."""
    found = []
    for process in processes:
        try:
            line = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if words in line:
            found.append(process)
    return found


@contextmanager
def killing(ready):
    """Within the block, the first executor that is `ready` (its process id is given) is killed.

    Yields the list of those that were killed.
    """
    killed, ended = [], threading.Event()

    def kill():
        while not ended.is_set() and not killed:
            for one in executors():
                if ready(one):
                    os.kill(one, signal.SIGKILL)
                    killed.append(one)
                    break
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()
