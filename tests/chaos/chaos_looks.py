"""What a store holds, told so that two runs of the same commands tell the same; called in a fork."""

import hashlib
import json
import os
import random
import re
import sys
import time
import traceback
from pathlib import Path

WITHOUT = ("data", "tmp", "cache", "write.lock", "downloads", "reports", "logs")
"""What is told by its tables (data), what may be made again, and reports of each version."""
NUMBER = re.compile(rb'"snapshot_id": \d+|validation-[a-z]+-v\d+')
"""A killed release may have recorded its validation: then the next one reads a later version."""
MOMENT = re.compile(rb"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?)?")
"""Times are documented to differ from run to run."""
OF_A_MOMENT = re.compile(rb'"identity": "[0-9a-f]+"')
"""What a publication is made from includes when an erasure rewrote its release."""
TEXTS = (".json", ".md", ".html", ".cff", ".yaml", "")
MEASURED = ("seconds", "memory", "finished_at")
"""What a bench measures of the machine."""


def tables(store):
    """(rows, sum of hashes) of each table at the head, over columns that are content and no time
    of a run.
    """
    from curation.store import schema

    queries = []
    for name, table in schema.STORED.items():
        columns = ", ".join(
            f'"{c.name}"'
            for c in table.columns
            if c.content
            and (name, c.name) != ("releases", "snapshot_id")
            and (c.type != "TIMESTAMPTZ" or c.name in ("observed_at", "created_at"))
        )
        queries.append(
            f"SELECT '{name}', count(*), coalesce(sum(hash(t))::VARCHAR, '')"
            f' FROM (SELECT {columns} FROM lake.main."{name}") t'
        )
    rows = store.connection.execute(" UNION ALL ".join(queries)).fetchall()
    return {name: [count, digest] for name, count, digest in rows}


def files(home):
    """The hash of each file, without times in texts and without what a bench measures."""
    told = {}
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        top = name.parts[0]
        if path.is_file() and top not in WITHOUT and not top.startswith("catalog.sqlite"):
            told[name.as_posix()] = hashlib.sha256(_content(path, top)).hexdigest()[:16]
    return told


def _content(path, top):
    content = path.read_bytes()
    if top == "bench" and path.suffix == ".json":
        document = {k: v for k, v in json.loads(content).items() if k not in MEASURED}
        content = json.dumps(document).encode()
    elif top == "bench" and path.suffix == ".parquet":
        import pyarrow.parquet as pq

        content = str(pq.read_table(path).drop(["seconds"]).to_pylist()).encode()
    elif path.name == "SHA256SUMS":
        # Texts hold times, also the day; they are compared themselves.
        lines = [line.split(maxsplit=1) for line in content.decode().splitlines()]
        told = [
            name if Path(name).suffix in TEXTS else f"{digest} {name}" for digest, name in lines
        ]
        content = "\n".join(told).encode()
    elif path.suffix in TEXTS:
        content = NUMBER.sub(b"NUMBER", MOMENT.sub(b"TIME", content))
        if path.name == "release.json" and re.search(rb'"erasures": [1-9]', content):
            content = OF_A_MOMENT.sub(b"IDENTITY", content)
    return content


def look(place):
    """Everything that must be equal."""
    from curation.maintenance import doctor
    from curation.store.connection import locate
    from curation.store.store import Store

    location = locate(place)
    with Store(place, create=False) as store:
        told = {
            "tables": tables(store),
            "versions": [[v.author, v.message] for v in store.versions()],
        }
    # As a doctor in two days sees it: what is older than a day counts as left over.
    found = doctor.examine(location, time.time() + 2 * 86_400).findings
    told["files"] = files(location.home)
    told["ill"] = [[f.check, f.says] for f in found if f.outcome == "ill"]
    told["orphans"] = [f.says for f in found if f.check == "orphaned files"]
    told["left"] = sorted(
        {i for f in found if f.check == "unfinished work" for i in f.items}
        | {p.relative_to(location.home).as_posix() for p in location.home.rglob("*unfinished*")}
    )
    return told


def salts(place):
    """Make the salts of a store."""
    from curation.annotation.assignment.pseudonyms import Pseudonyms
    from curation.store.connection import locate
    from curation.store.salts import ERASED, PUBLISHED, salt

    home = locate(place).home
    Pseudonyms(home).pseudonym("somebody")
    return len([salt(home, name) for name in (PUBLISHED, ERASED)])


def export(place, batch, path):
    """Write a Label Studio export of simulated answers to a batch; return the number of answers."""
    from curation.annotation.assignment.simulate import simulate_export
    from curation.store.store import Store

    with Store(place) as store:
        return simulate_export(store, batch, Path(path))


def someone(place):
    """An account with claims of people, by id."""
    from curation.store.store import Store

    with Store(place) as store:
        return store.scalar(
            "SELECT min(account_id) FROM lake.main.claims WHERE claimant_kind = 'person'"
        )


def write_together(place, seconds, seed, processes=4):
    """So many processes write for so long, each opening the store for each piece of work as a
    command does; what each says that it has written: account ids and tags.
    """
    pipes = []
    for number in range(processes):
        ours, theirs = os.pipe()
        if not os.fork():
            code = 1
            try:
                os.close(ours)
                written = _write(
                    place,
                    time.monotonic() + float(seconds),
                    random.Random(f"{seed}/{number}"),
                    number,
                )
                with os.fdopen(theirs, "w") as out:
                    json.dump(written, out)
                code = 0
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(code)
        os.close(theirs)
        pipes.append(ours)
    told = []
    for ours in pipes:
        with os.fdopen(ours) as said:
            text = said.read()
        told.append(json.loads(text) if text else None)
    return told


def _write(place, until, draw, number):
    from curation.store.schema import rows
    from curation.store.store import Store

    written = {"accounts": [], "tags": [], "seconds": 0.0}
    while time.monotonic() < until:
        names = [f"{number}-{len(written['accounts'])}-{k}" for k in range(draw.randint(1, 40))]
        found = [{"dataset": "together", "account_id": n, "platform": "none"} for n in names]
        began = time.monotonic()
        with Store(place) as store:
            if draw.random() < 0.2:
                tag = f"t{number}-{len(written['tags'])}"
                store.tag(tag)
                written["tags"].append(tag)
            else:
                store.append({"accounts": rows("accounts", found)}, f"writer-{number}", names[0])
                written["accounts"] += names
        written["seconds"] = max(written["seconds"], time.monotonic() - began)
    return written


def together(place):
    """What the writers have written, as the store holds it."""
    from curation.store.store import Store

    with Store(place) as store:
        return {
            "accounts": [
                a
                for (a,) in store.connection.execute(
                    "SELECT account_id FROM lake.main.accounts WHERE dataset = 'together' ORDER BY 1"
                ).fetchall()
            ],
            "tags": [t for v in store.versions() for t in v.tags],
            "messages": [v.message for v in store.versions() if v.author.startswith("writer-")],
        }
