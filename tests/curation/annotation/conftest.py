"""A small made-up data set with a batch drawn from it, for everything about annotation."""

from datetime import UTC, datetime, timedelta

import pytest

from curation.store.schema import rows

DATASET = "made-up-7"
BATCH = "b0123456789abcde"
START = datetime(2018, 3, 5, tzinfo=UTC)  # a Monday


class Maker:
    """Fills a store: accounts, posts, a batch; every row can be overridden by column."""

    dataset, batch = DATASET, BATCH

    def __init__(self, store):
        self.store = store

    def accounts(self, *records):
        self._append(
            "accounts",
            [
                {
                    "dataset": DATASET,
                    "observed_at": START + timedelta(days=100),
                    "platform": "twitter",
                    "handle": f"handle_{r['account_id']}",
                    "display_name": "Some Name",
                    "bio": "A bio.",
                    "created_at": START - timedelta(days=365),
                    "followers": 12,
                    "following": 40,
                    "pull_id": "p",
                    **r,
                }
                for r in records
            ],
        )

    def posts(self, *records):
        self._append(
            "posts",
            [
                {
                    "dataset": DATASET,
                    "post_id": f"t{i}",
                    "created_at": START + timedelta(hours=i),
                    "text": f"text {i}",
                    "kind": "original",
                    "pull_id": "p",
                    **r,
                }
                for i, r in enumerate(records)
            ],
        )

    def draw(self, accounts, copies=1, batch=BATCH, annotators=None):
        """A batch of these accounts; `annotators` names who is asked for copy 1, 2, ..."""
        self._append(
            "batches",
            [
                {
                    "batch_id": batch,
                    "dataset": DATASET,
                    "design": f"uniform(n={len(accounts)})",
                    "seed": 0,
                    "population": len(accounts),
                    "size": len(accounts),
                    "copies": copies,
                    "drawn_from": self.store.head(),
                    "made_at": START,
                }
            ],
        )
        self._append(
            "assignments",
            [
                {
                    "batch_id": batch,
                    "account_id": a,
                    "copy": c + 1,
                    "inclusion_probability": 1.0,
                    "annotator": annotators[c] if annotators else None,
                }
                for a in accounts
                for c in range(copies)
            ],
        )
        return batch

    def _append(self, table, records):
        self.store.append({table: rows(table, records)}, "test", f"made-up {table}")


@pytest.fixture
def make(store):
    return Maker(store)
