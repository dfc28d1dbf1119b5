"""Eight processes write to one store, are killed at random and begin anew; a program of its own.

    python object_writers.py STORE KILLS SEED

Each writer is a fork of a process that has opened no connection yet. It writes its batches in
order, each as one version, and after a kill from the first: what is there already must not double.
Prints one JSON document: kills, and what a reader counts at the end.
"""

import json
import os
import random
import signal
import sys
import time

from curation.store import schema
from curation.store.store import Store

WRITERS, BATCHES, ROWS = 8, 3, 40


def rows(writer, batch):
    """The rows of one batch: more than DuckLake keeps in the catalog, so that each is a file."""
    return schema.rows(
        "accounts",
        [
            {"dataset": "d", "account_id": f"{writer}-{batch}-{i}", "platform": "twitter"}
            for i in range(ROWS)
        ],
    )


def write(place, writer):
    """What one writer does."""
    with Store(place) as store:
        for batch in range(BATCHES):
            store.append({"accounts": rows(writer, batch)}, f"writer {writer}", f"batch {batch}")


def forked(place, writer):
    """The number of a new process that writes."""
    if child := os.fork():
        return child
    code = 1
    try:
        write(place, writer)
        code = 0
    finally:
        os._exit(code)


def main(place, kills, seed):
    """Start the writers, kill some, and count."""
    draw = random.Random(seed)
    running = {forked(place, w): w for w in range(WRITERS)}
    killed, failed = 0, []
    while running:
        if killed < kills:
            time.sleep(draw.uniform(0.05, 0.4))
            os.kill(victim := draw.choice(sorted(running)), signal.SIGKILL)
            killed += 1
            _, how = os.waitpid(victim, 0)
        else:
            victim, how = os.wait()
        writer = running.pop(victim)
        if os.WIFSIGNALED(how):
            running[forked(place, writer)] = writer
        elif os.WEXITSTATUS(how):
            failed.append(writer)
    with Store(place, create=False) as store:
        counted = store.connection.execute(
            "SELECT count(*), count(DISTINCT account_id) FROM lake.accounts"
        ).fetchone()
        messages = [v.message for v in store.versions() if v.message.startswith("batch")]
    print(
        json.dumps({"kills": killed, "failed": failed, "rows": counted, "versions": len(messages)})
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
