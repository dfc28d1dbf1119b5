"""Groups of people: by rule, and read anew where a file of the release changed."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data.groups import members

DAY = dt.datetime(2020, 5, 1)


def write(folder, verified):
    """A release of two people: one new and followed by many, one of another language."""
    columns = {"dataset": ["d", "d"], "account_id": ["a", "b"]}
    tables = {
        "accounts": columns
        | {
            "lang": ["it", "en"],
            "verified": verified,
            "followers": [200_000, 3],
            "observed_at": [DAY, DAY],
            "created_at": [DAY - dt.timedelta(days=89), DAY - dt.timedelta(days=90)],
        },
        "posts": columns | {"lang": ["it", "en"]},
        "labels": columns | {"label": ["human", "bot"]},
        "claims": columns | {"answer": ["human", "bot"]},
    }
    for name, table in tables.items():
        pq.write_table(pa.table(table), folder / f"{name}.parquet")


def test_members_follow_the_rules_and_the_files(tmp_path):
    write(tmp_path, [True, False])
    [a, b] = members(tmp_path).to_pylist()
    assert (a["verified"], a["celebrity"], a["new"], a["language"]) == (1, 1, 1, 0)
    assert (b["verified"], b["celebrity"], b["new"], b["language"]) == (0, 0, 0, 1)
    assert a["organisation"] is None, "nobody was asked"
    assert members(tmp_path) is members(tmp_path), "kept"
    write(tmp_path, [None, False])
    assert [row["verified"] for row in members(tmp_path).to_pylist()] == [None, 0]
