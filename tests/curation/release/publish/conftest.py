"""A small store with a release, made by hand: ten accounts, votes of three people, a name hidden in
a note when a test wants it.
"""

import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from botbench.core.hashing import canonical_json
from curation.release import acceptance, release
from curation.store import schema
from curation.store.identity import with_claim_ids
from curation.store.store import Store

T = datetime(2018, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
CARD = {
    "id": "d",
    "title": "Data",
    "licence": "CC0-1.0",
    "citation": "C",
    "label": {"meaning": "as made"},
    "simulated": True,
}
IDS = [f"90000{i:04d}" for i in range(10)]


def accounts():
    return [
        {
            "dataset": "d",
            "account_id": a,
            "platform": "twitter",
            "observed_at": T,
            "created_at": T - timedelta(days=900 + i),
            "handle": f"made_up_{i}",
            "display_name": f"Somebody Number {i}",
            "bio": f"I write about subject {i} every day",
            "followers": i,
            "following": 1,
            "extra": {"colour": "blue"},
        }
        for i, a in enumerate(IDS)
    ]


def posts():
    return [
        {
            "dataset": "d",
            "post_id": f"7700000{i}{n}",
            "account_id": a,
            "created_at": T + timedelta(hours=n),
            "text": f"a quite long text of {i} with number {n}",
            "hashtags": ["tag"],
        }
        for i, a in enumerate(IDS)
        for n in range(3)
    ]


def claims(connection, notes=None):
    rows = [
        {
            "dataset": "d",
            "claim_id": "",
            "account_id": a,
            "claimant": f"{who}@example.org",
            "claimant_kind": "person",
            "answer": "bot" if i % 2 == 0 or (who == "ben" and i == 1) else "human",
            "kinds": ["spam"] if i % 2 == 0 else None,
            "confidence": 0.75,
            "reasons": ["timeline"],
            "note": (notes or {}).get((i, who)),
            "made_at": T + timedelta(days=n),
            "scheme_version": "1",
        }
        for i, a in enumerate(IDS)
        for n, who in enumerate(("ana", "ben", "cy"))
    ]
    return with_claim_ids(connection, schema.rows("claims", rows))


def labels(consensus="k1", humans=()):
    return [
        {
            "consensus_id": consensus,
            "dataset": "d",
            "account_id": a,
            "label": "human" if i % 2 or i in humans else "bot",
            "p_bot": float(1 - i % 2),
            "n_claims": 3,
            "status": "agreed",
            "method": "majority",
        }
        for i, a in enumerate(IDS)
    ]


def fill(store, notes=None):
    store.append(
        {
            "pulls": schema.rows(
                "pulls",
                [
                    {
                        "pull_id": "p",
                        "dataset": "d",
                        "card": canonical_json(CARD),
                        "reader_version": "1",
                        "finished_at": T,
                    }
                ],
            ),
            "ledger": schema.rows(
                "ledger",
                [
                    {
                        "pull_id": "p",
                        "table_name": "accounts",
                        "read": 10,
                        "kept": 10,
                        "duplicate": 0,
                        "quarantined": 0,
                    }
                ],
            ),
            "accounts": schema.rows("accounts", accounts()),
            "posts": schema.rows("posts", posts()),
            "claims": claims(store.connection, notes),
            "labels": schema.rows("labels", labels()),
        },
        None,
        "data",
    )
    return store


@pytest.fixture(scope="session")
def material():
    """The hand-made rows, and `fill(store, notes)`."""
    return SimpleNamespace(
        IDS=IDS, T=T, fill=fill, accounts=accounts, posts=posts, claims=claims, labels=labels
    )


def let_pass(patch):
    """Freeze without Great Expectations: what these tests are about does not depend on it."""

    class Passed:
        @staticmethod
        def summary():
            return {"success": True, "failed": [], "suites": []}

    patch.setattr(acceptance, "before_release", lambda *_: Passed())
    patch.setattr(acceptance, "report_path", lambda *_: "none")


@pytest.fixture
def unchecked(monkeypatch):
    """Freeze without Great Expectations."""
    let_pass(monkeypatch)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, empty_store):
    """prepared(work) is the folder of a store, filled, on which work(store) was done, without Great
    Expectations; to be copied: to fill one and to freeze takes longer than many a test of it.
    """

    def prepare(work):
        folder = tmp_path_factory.mktemp("prepared") / "store"
        shutil.copytree(empty_store, folder)
        with pytest.MonkeyPatch.context() as patch, Store(folder) as store:
            let_pass(patch)
            fill(store)
            work(store)
        return folder

    return prepare


@pytest.fixture(scope="session")
def released(prepared):
    """The folder of the store, filled, with the release r@1, to be copied."""
    return prepared(lambda store: release.freeze(store, "r", "d"))


@pytest.fixture
def made(tmp_path, released, unchecked):
    """The store, filled, with the release r@1."""
    shutil.copytree(released, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        yield store
