"""Accounts that look alike: by profile, timeline and equal profiles, through others."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from botbench.core.duckdb_work import scratch_database
from botbench.text import similar_accounts
from botbench.text.similar_accounts import within
from curation.store import schema
from curation.store.schema import TABLES, arrow_schema

MADE = datetime(2020, 2, 2, 10, tzinfo=UTC)


def word(n):
    return "".join(chr(ord("a") + (n // 26**k) % 26) for k in range(4))


@pytest.fixture
def connection():
    """Six accounts: 5 and 3 have one bio and minute, 3 and 9 one timeline, 9 and 7 one profile;
    1 and 2 are alone.
    """
    texts = [" ".join(word(40 * i + j) for j in range(8)) for i in range(40)]
    bio = {"5": "just words", "3": "just words", "1": "just words, too"}
    accounts = [
        {"dataset": "d", "account_id": i, "platform": "x", "bio": bio.get(i), "created_at": MADE}
        for i in "593712"
    ]
    posts = [
        {"dataset": "d", "post_id": f"{i}-{n}", "account_id": i, "text": text}
        for i in "392"
        for n, text in enumerate(texts if i != "2" else texts[:20])
    ]
    splits = [
        {"dataset": "d", "account_id": i, "split_id": s, "part": "train"}
        for s in "ab"
        for i in "593712"
    ]
    group = pa.array(["alike" if s["account_id"] in "97" else s["account_id"] for s in splits])
    with scratch_database(threads=1) as opened:
        opened.register("accounts", schema.rows("accounts", accounts))
        opened.register("posts", schema.rows("posts", posts))
        opened.register("splits", schema.rows("splits", splits).append_column("group", group))
        yield opened


def found(connection, posts="posts"):
    return within(connection, "accounts", posts, "splits").to_pydict()


def test_groups_hold_together_through_others(connection):
    assert found(connection) == {"account_id": ["3", "5", "7", "9"], "group": [0, 0, 0, 0]}


def test_groups_are_numbered_by_their_least_account(connection):
    """Without posts 3 and 5 are one group, 7 and 9 another, in any order of rows."""
    connection.register("nothing", arrow_schema(TABLES["posts"]).empty_table())
    expected = {"account_id": ["3", "5", "7", "9"], "group": [0, 0, 1, 1]}
    assert found(connection, "nothing") == expected
    turned = "(SELECT * FROM accounts ORDER BY account_id DESC)"
    again = within(connection, turned, "nothing", "splits")
    assert again.to_pydict() == expected


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_accounts_of_different_passes_are_compared(connection, monkeypatch, at_once):
    monkeypatch.setattr(similar_accounts, "AT_ONCE", at_once)
    assert found(connection) == {"account_id": ["3", "5", "7", "9"], "group": [0, 0, 0, 0]}


def test_no_group_is_an_empty_table(connection):
    connection.register("one", schema.rows("accounts", []))
    table = within(
        connection, "one", "(FROM posts WHERE account_id = '2')", "(FROM splits WHERE false)"
    )
    assert table.num_rows == 0 and table.schema.names == ["account_id", "group"]
