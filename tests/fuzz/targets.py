"""What is fuzzed: valid seeds of every kind of file that strangers send, and what reads each kind.

A target returns a word for what happened. It raises what the reader raises; the runner allows the
sentences of botbench and nothing else.
"""

import contextlib
import gzip
import io
import json
import re
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENCODINGS = ("utf-8",) * 6 + ("utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252", "shift_jis")

ROWS = [
    (
        str(10**17 + i),
        f"name{i}",
        'said "hi", twice\n' if i % 5 else "caffè ☕",
        i * 7,
        ["bot", "human"][i % 2],
    )
    for i in range(40)
]
COLUMNS = ("id", "handle", "bio", "followers", "label")


def delimited(separator=","):
    import csv

    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([COLUMNS, *ROWS])
    return out.getvalue().encode()


def objects():
    return [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def lines():
    return "\n".join(json.dumps(o) for o in objects()).encode()


def parquet():
    out = io.BytesIO()
    table = pa.Table.from_pylist(objects()).append_column("b", pa.array([b"x"] * len(ROWS)))
    nested = pa.array([[{"k": i, "v": [1.5]}] for i in range(len(ROWS))])
    pq.write_table(table.append_column("nested", nested), out)
    return out.getvalue()


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for i in range(6):
            name = f"u_{i}{'ü' * (i == 3)}{'x' * 120 * (i == 4)}.csv"
            body = b'time,tweet\n2020-01-01,one\n2020-01-02,"two, #three"\n'
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def v1():
    user = {"id_str": "7", "screen_name": "a", "followers_count": 3, "verified": False}
    post = {
        "id_str": "70",
        "text": "RT @x: hi #yes",
        "created_at": "Tue Apr 09 20:22:46 +0000 2013",
        "user": user,
    }
    return json.dumps([{**post, "id_str": str(70 + i)} for i in range(9)]).encode()


def twibot():
    account = {
        "ID": "5 ",
        "profile": {"id": "5 ", "name": "a ", "followers_count": "3 "},
        "tweet": ["one #a", "two"],
        "neighbor": {"following": ["1"], "follower": ["2"]},
        "label": "1",
        "domain": ["x"],
    }
    return json.dumps([{**account, "ID": str(i)} for i in range(5)]).encode()


def export():
    said = [
        {"from_name": "answer", "type": "choices", "value": {"choices": ["bot"]}},
        {"from_name": "note", "type": "textarea", "value": {"text": ["a note \U0001f600"]}},
    ]
    answer = {
        "result": said,
        "updated_at": "2026-01-01T00:00:00Z",
        "completed_by": 1,
        "lead_time": 9.5,
    }
    return json.dumps(
        [
            {
                "id": i,
                "data": {"account_key": f"k{i}"},
                "meta": {"batch": "b"},
                "annotations": [{**answer, "id": i}],
            }
            for i in range(5)
        ]
    ).encode()


def manifest():
    return yaml.safe_dump(
        {
            "detector": "my-detector",
            "version": "1",
            "authors": ["A. Author"],
            "about": "a detector that was made up",
            "code": "none",
            "licence": "MIT",
            "hardware": "a laptop",
            "seconds": 1.5,
            "threshold": 0.5,
            "trained_on": [{"name": "toy@1", "release": "toy@1"}],
            "release": {"name": "toy", "version": 1, "content_hash": "0" * 64},
            "predictions": {"file": "predictions.csv", "sha256": "0" * 64},
        }
    ).encode()


def predictions():
    return ("account_id,p_bot\n" + "".join(f"{i},{i / 40}\n" for i in range(40))).encode()


def scores():
    out = io.BytesIO()
    pq.write_table(
        pa.table({"account_id": [str(i) for i in range(40)], "p_bot": [i / 40 for i in range(40)]}),
        out,
    )
    return out.getvalue()


def submission():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in (
            ("manifest.yaml", manifest()),
            ("predictions.csv", predictions()),
            ("notes.md", b"text\n"),
        ):
            archive.writestr(undated("mine/" + name), body)
    return out.getvalue()


def undated(name):
    """An entry of a zip without the time at which it was made."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


@cache
def model():
    import numpy as np
    import skops.io
    from sklearn.linear_model import LogisticRegression

    x = np.arange(40.0).reshape(20, 2)
    made = skops.io.dumps(LogisticRegression().fit(x, np.arange(20) % 2))
    # skops names parts after their place in memory; here they are numbered instead.
    numbers, out = {}, io.BytesIO()

    def numbered(text):
        return re.sub(r"[0-9]{9,}", lambda n: str(numbers.setdefault(n[0], len(numbers))), text)

    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        schema = numbered(old.read("schema.json").decode())
        new.writestr(undated("schema.json"), schema)
        for name in sorted(set(old.namelist()) - {"schema.json"}, key=numbered):
            new.writestr(undated(numbered(name)), old.read(name))
    return out.getvalue()


def facts():
    return json.dumps(
        {
            "detector": "constant",
            "detector_version": "1",
            "revision": 1,
            "versions": {},
            "threshold": 0.5,
            "seed": 0,
            "features": ["a"],
            "typical": [None, 1.5],
            "trained_on": [{"simulated": True}],
        }
    ).encode()


def of_tree(*parts):
    return lambda: ROOT.joinpath(*parts).read_bytes()


TABULAR = {
    "accounts": {
        "account_id": "id",
        "handle": {"column": "handle", "optional": True},
        "followers": {"column": "followers", "optional": True},
    },
    "claims": {"answer": {"column": "label", "optional": True}},
}
POSTS = {"columns": {"created_at": "time", "text": "tweet"}, "account": "u_(.*)", "from_text": True}
READS = {
    "people.csv": (delimited, "tabular", TABULAR),
    "people.tsv": (lambda: delimited("\t"), "tabular", TABULAR),
    "people.csv.gz": (lambda: gzip.compress(delimited(), mtime=0), "tabular", TABULAR),
    "people.json": (lambda: json.dumps(objects()).encode(), "tabular", TABULAR),
    "people.jsonl": (lines, "tabular", TABULAR),
    "people.parquet": (parquet, "tabular", TABULAR),
    "ids.txt": (lambda: "\n".join(r[0] for r in ROWS).encode(), "id-list", {"answer": "bot"}),
    "posts.tar": (tar, "tar-posts", POSTS),
    "posts.tar.gz": (lambda: gzip.compress(tar(), mtime=0), "tar-posts", POSTS),
    "v1.json": (v1, "twitter-v1-json", {"posts": True}),
    "v2.json": (
        lambda: json.dumps(
            [{"id": "1", "username": "a", "public_metrics": {"tweet_count": 4}}]
        ).encode(),
        "twitter-v2-json",
        {},
    ),
    "twibot.json": (twibot, "twibot20-json", {}),
    "votes.csv": (
        lambda: b"id,who,said,n\n1,ana,bot,3\n2,ben,human,4\n",
        "votes",
        {"account": "id", "annotator": "who", "answer": "said", "accounts": True},
    ),
    "profiles.csv": (
        lambda: b"id,screen_name,name,followers_count,verified\n1,a,b,3,1\n2,c,NULL,,\n",
        "twitter-v1-csv",
        {},
    ),
}
DOCUMENTS = {
    "card.yaml": of_tree("datasets", "cresci-rtbust-2019", "card.yaml"),
    "scheme.yaml": of_tree("curation", "annotation", "scheme", "schemes", "default.yaml"),
    "suite.yaml": of_tree("benchmarks", "suites", "demo.yaml"),
    "tier.yaml": of_tree("curation", "release", "publish", "tiers", "public.yaml"),
    "campaign.yaml": lambda: (
        b"name: made\ndataset: made\ngroups: [{by: language}]\nwindow: {start: 2026-01-01, end: 2026-02-01}\n"
    ),
    "manifest.yaml": manifest,
    "export.json": export,
    "submission.zip": submission,
    "predictions.csv": predictions,
    "predictions.parquet": scores,
    "model.skops": model,
    "model.json": facts,
    "trained_on.parquet": scores,
}
SEEDS = {**{name: seed for name, (seed, *_) in READS.items()}, **DOCUMENTS}


def run(name, folder, encoding):
    """Read the file `name` of a folder with what reads its kind."""
    if name in READS:
        return staged(name, folder, encoding)
    return {
        "card.yaml": _card,
        "scheme.yaml": _scheme,
        "suite.yaml": _suite,
        "tier.yaml": _tier,
        "campaign.yaml": _campaign,
        "manifest.yaml": _manifest,
        "export.json": _export,
        "submission.zip": _submission,
        "predictions.csv": _predictions,
        "predictions.parquet": _predictions,
        "model.skops": _model,
        "model.json": _facts,
        "trained_on.parquet": _ledger,
    }[name](folder / name)


def card_of(name, encoding):
    _, form, options = READS[name]
    wide = form in ("tabular", "id-list", "votes", "tar-posts") and not name.endswith(
        (".json", ".jsonl", ".parquet")
    )
    return {
        "id": "fuzzed",
        "title": "made for a test",
        "platform": "twitter",
        "licence": "CC0-1.0",
        "citation": "none",
        "sources": [{"file": name}],
        "label": {"meaning": "as made", "claimant": "the test", "claimant_kind": "dataset"},
        "reads": [
            {"format": form, "options": {**options, **({"encoding": encoding} if wide else {})}}
        ],
    }


def staged(name, folder, encoding):
    """Stage a file as a pull does; what was read must be what is staged and what is set aside."""
    from curation.ingest import pull
    from curation.ingest.card_model import Card
    from curation.ingest.reading.stage import FED, QUARANTINE, Stage

    card = Card.model_validate(card_of(name, encoding))
    files, _ = pull.gather(None, card, folder, lambda *_: None)
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '500MB'; SET threads = 2")
        stage = Stage(connection, card, Path(scratch), "0" * 64, memory=500_000_000)
        pull._read(stage, card, files, lambda *_: None)
        for table in FED:
            good, bad = (
                connection.execute(query).fetchone()[0]
                for query in (
                    f"SELECT count(*) FROM pull_{table}",
                    f"SELECT count(*) FROM {QUARANTINE} WHERE table_name = '{table}'",
                )
            )
            if stage.read[table] != good + bad:
                raise AssertionError(
                    f"{table}: {stage.read[table]} read, {good} staged, {bad} aside"
                )
        aside = connection.execute(
            f"SELECT count(*) FROM {QUARANTINE} WHERE _member IS NULL"
        ).fetchone()
        return "kept" if not aside[0] else "set aside"


def _card(path):
    from curation.ingest import cards

    cards.load(path)
    return "kept"


def _scheme(path):
    from curation.annotation.scheme.scheme import Scheme

    return Scheme.load(path).version and "kept"


def _suite(path):
    from benchmarks.execution import suite

    return suite.load(path).name and "kept"


def _tier(path):
    from curation.release.publish import tiers

    return tiers.load(path) and "kept"


def _campaign(path):
    from benchmarks.study.campaign import load

    return load.load(path) and "kept"


def _manifest(path):
    from benchmarks.submissions import manifest

    found, problems = manifest.read(path.parent)
    if (found is None) != bool(problems):
        raise AssertionError("a manifest, or problems")
    return "kept" if found else "problems"


def _export(path):
    from curation.annotation.assignment.pseudonyms import Pseudonyms
    from curation.annotation.label_studio import fetch
    from curation.annotation.label_studio.parse import Reader
    from curation.annotation.scheme.scheme import Scheme
    from curation.annotation.scheme.store_schemes import SchemeBook

    tasks = fetch.read_export(path)
    home = path.parent / "home"
    home.mkdir(exist_ok=True)
    reader = Reader(SchemeBook(home), Pseudonyms(home), {}, Scheme.load())
    rows = reader.read(tasks)
    if rows.num_rows != sum(len(task["annotations"]) for task in tasks):
        raise AssertionError("an annotation was lost")
    return "kept"


def _submission(path):
    from benchmarks.submissions import manifest, package, predictions

    wanted = pa.table({"account_id": [str(i) for i in range(40)]})
    with package.opened(path) as (folder, problems):
        outside = [p for p in path.parent.rglob("*") if p != path and p.is_file()]
        if outside:
            raise AssertionError(f"unpacked beside itself: {outside}")
        found, more = manifest.read(folder)
        if found:
            more += predictions.read(folder / found.predictions.file, wanted).problems
    return "problems" if problems or more else "kept"


def _predictions(path):
    from benchmarks.data import external_scores
    from benchmarks.submissions import predictions
    from botbench.core.errors import UserError
    from curation.sampling import score_files

    wanted = pa.table({"account_id": [str(i) for i in range(40)]})
    found = predictions.read(path, wanted)
    if (found.table is None) != bool(found.problems):
        raise AssertionError("a table, or problems")
    for read in (external_scores.read, _score_file(score_files)):
        with contextlib.suppress(UserError):
            read(path)
    return "kept" if found.table is not None else "problems"


def _score_file(score_files):
    def read(path):
        with duckdb.connect() as connection:
            score_files.load(connection, [path])

    return read


def _model(path):
    from benchmarks.detectors import safe_loading

    return type(safe_loading.load(path)).__name__ and "kept"


def _facts(path):
    from benchmarks.detectors import get
    from benchmarks.prediction import models

    (path.parent / "model.skops").write_bytes(model())
    models.load(path.parent, get("constant"))
    return "kept"


def _ledger(path):
    from benchmarks.prediction import models

    return "kept" if models.ledger(path.parent).num_rows else "empty"
