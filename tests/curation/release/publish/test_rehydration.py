"""Rehydration: who is found again in the reader's own files, and who is lost, by label."""

import json

import duckdb
import pytest

from botbench.core.errors import UserError
from curation.release import release
from curation.release.publish import folder, rehydration, tiers
from curation.store.store import Store


def table(ids, **columns):
    names = ["id", *columns]
    rows = [",".join([i, *(str(c.get(i, "")) for c in columns.values())]) for i in ids]
    return "\n".join([",".join(names), *rows, ""]).encode()


OPTIONS = {
    "accounts": {
        "account_id": "id",
        "handle": "handle",
        "display_name": "name",
        "bio": "bio",
        "created_at": "made",
        "followers": "followers",
        "status": "status",
        "protected": "protected",
    }
}


@pytest.fixture
def mine(material, written):
    """The reader's own file: 0 and 1 as they were, 2 renamed, 3 private, 4 suspended, 5 deleted, 6
    only an id; 7-9 absent.
    """
    accounts = {a["account_id"]: a for a in material.accounts()}
    ids = material.IDS[:7]

    def column(name, but=None):
        return {i: accounts[i][name] for i in ids[:6]} | (but or {})

    content = table(
        ids,
        handle=column("handle", {ids[2]: "renamed"}),
        name=column("display_name"),
        bio=column("bio"),
        made={i: accounts[i]["created_at"].isoformat() for i in ids[:6]},
        followers=dict.fromkeys(ids[:6], 7),
        status={
            **dict.fromkeys(ids, "active"),
            ids[4]: "suspended",
            ids[5]: "deleted",
            ids[6]: "unknown",
        },
        protected={**dict.fromkeys(ids, "false"), ids[3]: "true"},
    )
    return written({"mine.csv": content}, OPTIONS, id="mine")


def test_attrition_by_label(made, mine, tmp_path):
    research = folder.publish(made, release.load(made.home, "r"), tiers.load("research"))
    with Store(tmp_path / "reader") as reader:
        mine.pull(reader)
        found = rehydration.rehydrate(reader, research.path, "mine", tmp_path / "out")
    fates = {label: {f: c["accounts"] for f, c in by.items()} for label, by in found.fates.items()}
    # Even accounts are bots: 0 found, 2 changed, 4 suspended, 6 and 8 gone; odd are people: 1
    # found, 3 private, 5, 7 and 9 gone.
    assert fates == {
        "bot": {"found": 1, "changed": 1, "private": 0, "suspended": 1, "gone": 2},
        "human": {"found": 1, "changed": 0, "private": 1, "suspended": 0, "gone": 3},
    }
    assert (found.accounts, found.comparable) == (10, 6)
    assert found.fates["bot"]["gone"]["share"] == 0.4
    assert (found.fates["bot"]["gone"]["low"], found.fates["bot"]["gone"]["high"]) == pytest.approx(
        (0.11762, 0.76928), abs=1e-4
    )
    assert (
        found.lost["difference"] == pytest.approx(0.6 - 0.8)
        and found.lost["low"] < 0 < found.lost["high"]
    )
    rows = duckdb.sql(
        f"SELECT account_id, label, fate FROM '{tmp_path}/out/accounts.parquet' ORDER BY 1"
    ).fetchall()
    assert [r[2] for r in rows] == ["found", "found", "changed", "private"]
    assert json.loads((tmp_path / "out" / "attrition.json").read_text())["fates"] == found.fates


def test_newcombe_s_example():
    """Newcombe 1998, table II, method 10: 56/70 against 48/80 is 0.2 (0.0524 to 0.3339)."""
    a, b = ({"accounts": n, **rehydration._share(n, total)} for n, total in ((56, 70), (48, 80)))
    d = rehydration._difference(a, b)
    assert (d["difference"], d["low"], d["high"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_what_cannot_be_rehydrated_is_a_sentence(made, tmp_path):
    frozen = release.load(made.home, "r")
    public = folder.publish(made, frozen, tiers.load("public"))
    for path, sentence in (
        (public.path, "salted hashes of ids"),
        (frozen.path, "is a frozen release of a store"),
        (tmp_path, "is no published release"),
    ):
        with pytest.raises(UserError, match=sentence):
            rehydration.published(path)


def test_the_command(made, mine, cli, tmp_path):
    research = folder.publish(made, release.load(made.home, "r"), tiers.load("research"))
    arguments = ("rehydrate", research.path, "--card", mine.card, "--from", mine.folder, "--out")
    found = cli.json(*arguments, tmp_path / "out", BOTBENCH_STORE=str(tmp_path / "reader"))
    assert found["fates"]["bot"]["changed"]["accounts"] == 1 and found["files"] == {
        "accounts.parquet": 4,
        "posts.parquet": 0,
    }
    assert (
        "is not empty"
        in cli(*arguments, tmp_path / "out", code=2, BOTBENCH_STORE=str(tmp_path / "reader")).stderr
    )
