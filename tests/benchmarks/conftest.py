"""Small frozen releases, written as the release command writes them but without a store."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SEEN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Maker:
    """make(name, bots=.., humans=..) writes releases/<name>/1 under `home` and returns the Release."""

    home: Path
    made: list[str] = field(default_factory=list)

    def __call__(
        self,
        name,
        bots=30,
        humans=30,
        *,
        seed=0,
        ids=None,
        profile=True,
        posts=0,
        posters="all",
        official=False,
        groups=None,
        platform="twitter",
        edges=False,
        version=1,
        dataset=None,
        given=(),
    ):
        from botbench.core.hashing import short_hash
        from curation.release import release
        from curation.store.schema import TABLES, arrow_schema, rows

        rng = np.random.default_rng(seed)
        n = bots + humans
        ids = ids or [f"{seed * 100_000 + i:07d}" for i in rng.permutation(n)]
        label = ["bot"] * bots + ["human"] * humans
        dataset = dataset or name
        common = {"dataset": dataset}
        accounts = [self._account(rng, i, label[n_], profile, platform) for n_, i in enumerate(ids)]
        if given:
            for account, a in zip(accounts, label, strict=True):
                account["extra"] = {f"given:{g}": f"{rng.normal(a == 'bot'):.4f}" for g in given}
        folder = self.home / "releases" / name / str(version)
        folder.mkdir(parents=True)

        def write(table, records, extra=None):
            found = (
                rows(table, [{**common, **r} for r in records])
                if records
                else arrow_schema(TABLES[table]).empty_table()
            )
            found = found.take(
                pa.compute.sort_indices(found, [(k, "ascending") for k in TABLES[table].key])
            )
            pq.write_table(found, folder / f"{table}.parquet")

        write("accounts", accounts)
        write(
            "labels",
            [
                {
                    "consensus_id": "c",
                    "account_id": i,
                    "label": a,
                    "p_bot": float(a == "bot"),
                    "n_claims": 1,
                    "status": "agreed",
                    "method": "majority",
                }
                for i, a in zip(ids, label, strict=True)
            ],
        )
        whose = [i for i, a in zip(ids, label, strict=True) if posters in ("all", a)]
        write(
            "posts",
            [
                self._post(rng, i, k, a)
                for i, a in zip(ids, label, strict=True)
                if i in whose
                for k in range(posts)
            ],
        )
        write(
            "edges",
            (
                [
                    {"source_id": i, "target_id": j, "kind": "follows"}
                    for i, j in itertools.pairwise(ids)
                ]
                if edges
                else []
            ),
        )
        write("claims", [])
        parts = {"stratified(seed=0)": ["train"] * n}
        if official:
            parts["official"] = ["train" if rng.random() < 0.7 else "test" for _ in range(n)]
        group = groups or [f"alone:{i}" for i in ids]
        split = pa.concat_tables(
            [
                rows(
                    "splits",
                    [
                        {**common, "split_id": s, "account_id": i, "part": p}
                        for i, p in zip(ids, which, strict=True)
                    ],
                ).append_column("group", pa.array(group))
                for s, which in parts.items()
            ]
        )
        pq.write_table(split, folder / "splits.parquet")
        content = short_hash(
            [
                name,
                bots,
                humans,
                seed,
                ids,
                profile,
                posts,
                posters,
                official,
                group,
                platform,
                edges,
            ],
            64,
        )
        (folder / "release.json").write_text(
            json.dumps(
                {
                    "name": name,
                    "version": version,
                    "dataset": dataset,
                    "platform": platform,
                    "simulated": True,
                    "title": name,
                    "content_hash": content,
                    "accounts": n,
                    "bots": bots,
                    "humans": humans,
                    "files": {},
                    "splits": list(parts),
                    "evidence": {},
                }
            )
        )
        self.made.append(name)
        return release.load(self.home, f"{name}@{version}")

    def _account(self, rng, i, label, profile, platform):
        if not profile:
            return {"account_id": i, "platform": platform}
        bot = label == "bot"
        created = SEEN - timedelta(days=int(rng.integers(30, 2000)))
        return {
            "account_id": i,
            "platform": platform,
            "observed_at": SEEN,
            "created_at": created,
            "handle": f"h{i}",
            "display_name": f"Name {i}",
            "bio": "" if bot and rng.random() < 0.6 else "a bio",
            "verified": False,
            "followers": int(rng.lognormal(4 if bot else 5.5, 1.5)),
            "following": int(rng.lognormal(6 if bot else 5, 1)),
            "posts_total": int(rng.lognormal(8 if bot else 7, 1.5)),
            "default_avatar": bool(bot and rng.random() < 0.3),
        }

    def _post(self, rng, i, k, label):
        at = SEEN - timedelta(
            seconds=int(k * (600 if label == "bot" else rng.integers(100, 90_000)))
        )
        return {
            "post_id": f"{i}9{k}",
            "account_id": i,
            "created_at": at,
            "kind": "original",
            "text": f"RT @h{i}: text {rng.integers(5)}",
            "urls": [f"https://x.com/h{i}/status/{i}9{k}"],
            "mentions": [f"h{i}"],
            "ref_account_id": i if k % 2 else f"@h{i}",
        }


@pytest.fixture(scope="session")
def session_make():
    """Write small releases that outlive one test: session_make(home) is a `make` for that home."""

    def of(home):
        home.mkdir(exist_ok=True)
        return Maker(home)

    return of


@pytest.fixture
def home(tmp_path):
    """A store's home folder with nothing in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def make(home):
    """Write small releases: make("a", bots=30, humans=30, posts=5, official=True, ...)."""
    return Maker(home)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install detectors as another distribution would: plugin(source, name=attribute) writes a
    module with entry points.
    """
    from benchmarks.detectors import DETECTORS

    count = iter(range(100))

    def install(source, **points):
        module = f"toy_{abs(hash(str(tmp_path)))}_{next(count)}"
        folder = tmp_path / module
        (folder / f"{module}-1.0.dist-info").mkdir(parents=True)
        (folder / f"{module}.py").write_text(source)
        (folder / f"{module}-1.0.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n"
        )
        lines = "".join(
            f"{name.replace('_', '-')} = {module}:{attribute}\n"
            for name, attribute in points.items()
        )
        (folder / f"{module}-1.0.dist-info" / "entry_points.txt").write_text(
            f"[botbench.detectors]\n{lines}"
        )
        monkeypatch.setattr(DETECTORS, "_found", dict(DETECTORS.all()))
        monkeypatch.setattr(DETECTORS, "_walked", False)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    return install
