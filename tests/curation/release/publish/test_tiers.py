"""Tiers: allow-lists that are checked as they are read, and a proof that nothing else is in the
files.
"""

import fcntl
import hashlib
import json
import os
import shutil

import duckdb
import pytest
import yaml

from benchmarks.submissions import sealed
from botbench.core.errors import Findings, UserError
from curation.release import release, splits
from curation.release.publish import folder, tiers
from curation.release.publish.documents import answers
from curation.release.publish.publishable_columns import offered
from curation.store import salts, schema


def tier(tmp_path, **fields):
    path = tmp_path / "own.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "tier": "own",
                "meaning": "a test's",
                "tables": {"labels": ["account_id", "label"]},
                **fields,
            }
        )
    )
    return path


def rows(publication, table):
    return duckdb.sql(
        f"FROM read_parquet('{publication.path}/data/{table}*.parquet') ORDER BY ALL"
    ).fetchall()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"tables": {"labels": ["acount_id"]}},
            "tables.labels: There is no column called 'acount_id'. Did you mean 'account_id'",
        ),
        (
            {"tables": {"lables": "all"}},
            "There is no table to publish called 'lables'. Did you mean 'labels'",
        ),
        ({"tables": {"labels": ["label", "label"]}}, "the column label is listed twice"),
        ({"tables": {"labels": []}}, "tables.labels"),
        ({"tables": {}}, "tables: "),
        ({"forbidden": ["bio"]}, "forbidden: "),
        ({"ids": "hidden"}, "ids: "),
        ({"tier": "../up"}, "tier: "),
        ({"retention_days": 0}, "retention_days"),
        (
            {"ids": "salted", "tables": {"claims": ["claim_id", "answer"]}},
            "claim_id would tell which account",
        ),
        (
            {"ids": "salted", "tables": {"accounts": ["account_id", "handle"]}},
            "handle would tell which account",
        ),
        (
            {
                "ids": "salted",
                "annotators": "named",
                "tables": {"votes": ["account_id", "annotator"]},
            },
            "annotator would tell",
        ),
    ],
)
def test_a_tier_with_a_mistake_is_a_sentence(tmp_path, fields, sentence):
    with pytest.raises(UserError) as caught:
        tiers.load(tier(tmp_path, **fields))
    assert sentence in str(caught.value) and "nothing was written" in str(caught.value)


def test_what_is_no_tier_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"There is no tier 'publik'. Did you mean 'public'"):
        tiers.load("publik")
    with pytest.raises(UserError, match="There is no tier file at"):
        tiers.load(tmp_path / "none.yaml")
    for text, sentence in (("- a", "holds list"), ("a: [", "is not YAML")):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(UserError, match=sentence):
            tiers.load(tmp_path / "bad.yaml")


def test_no_built_in_tier_but_internal_lets_a_person_show_through():
    assert tiers.names() == ["internal", "public", "research"]
    assert tiers.load("research").personal == set() == tiers.load("public").personal
    assert {"text", "note", "extra"}.isdisjoint(
        {
            c.name
            for t in ("research", "public")
            for table in tiers.load(t).tables
            for c in tiers.load(t).columns(table)
        }
    )
    # Whatever column the schema gets, it has a sort, and nobody's name goes out as a value.
    assert all(
        c.sort != "value"
        for table in offered().values()
        for c in table.values()
        if c.type in ("VARCHAR", "VARCHAR[]")
    )


def test_public_holds_salted_hashes_and_nothing_of_the_accounts(made, material):
    found = folder.publish(made, release.load(made.home, "r"), tiers.load("public"))
    secret = salts.salt(made.home, salts.PUBLISHED)
    expected = [
        hashlib.sha256(f"{secret}\naccount twitter\n{a}".encode()).hexdigest()[:24]
        for a in material.IDS
    ]
    assert sorted(r[1] for r in rows(found, "labels")) == sorted(expected)
    assert {(r[1], r[2:]) for r in rows(found, "agreement")} == {
        (h, (3, 2, 2 / 3) if i == 1 else (3, 1, 1.0)) for i, h in enumerate(expected)
    }
    everything = b"".join(p.read_bytes() for p in found.path.rglob("*") if p.is_file())
    everything += repr([rows(found, t) for t in ("labels", "agreement", "splits")]).encode()
    for secret_text in (
        *material.IDS,
        "made_up_",
        "Somebody Number",
        "about subject",
        "quite long text",
        "example.org",
        secret,
    ):
        assert secret_text.encode() not in everything


def test_research_names_no_annotator(made, material):
    found = folder.publish(made, release.load(made.home, "r"), tiers.load("research"))
    votes = duckdb.sql(f"FROM read_parquet('{found.path}/data/votes.parquet')").df()
    assert (
        votes.annotator.nunique() == 3
        and votes.annotator.str.fullmatch("annotator-[0-9a-f]{24}").all()
        and len(votes) == 30
    )
    assert sorted(votes.account_id.unique()) == material.IDS
    features = duckdb.sql(f"FROM read_parquet('{found.path}/data/features.parquet')").df()
    assert list(features.columns) == list(offered()["features"])
    assert dict(zip(features.account_id, features.followers, strict=True)) == {
        a: float(i) for i, a in enumerate(material.IDS)
    }
    people = folder.publish(made, release.load(made.home, "r"), tiers.load("internal"))
    assert {r[3] for r in rows(people, "claims")} == {
        "ana@example.org",
        "ben@example.org",
        "cy@example.org",
    }


def test_a_name_hidden_in_a_note_does_not_go_out(store, unchecked, tmp_path, material):
    hidden = {
        "handle": ["looks like made_up_3 again", "it is @MADE_UP_4!"],
        "display name": ["SOMEBODY   number 3?"],
        "bio": ["says: I write about\nsubject 3 every day."],
        "post": ["a quite long text of 3 with number 1"],
    }
    notes = [note for several in hidden.values() for note in several]
    material.fill(
        store,
        notes={(i, "ana"): note for i, note in enumerate(notes)} | {(6, "ben"): "nothing to see"},
    )
    release.freeze(store, "r", "d")
    own = tiers.load(tier(tmp_path, tables={"votes": ["account_id", "answer", "note"]}))
    with pytest.raises(Findings) as caught:
        folder.publish(store, release.load(store.home, "r"), own)
    for what, several in hidden.items():
        assert f"column note: {len(several)} values hold a {what} known in the store" in str(
            caught.value
        )
    assert not any(note in str(caught.value) for note in notes) and "made_up" not in str(
        caught.value
    )
    assert folder.listed(store.home) == [] and not list(
        (store.home / "publications").rglob("*.parquet")
    )
    # The same notes are no matter in a tier that does not list them.
    assert folder.publish(store, release.load(store.home, "r"), tiers.load("research")).made


def test_plain_notes_go_out_and_names_hidden_in_extra_do_not(store, unchecked, tmp_path, material):
    material.fill(store, notes={(5, "ana"): "posts every minute, also at night"})
    release.freeze(store, "r", "d")
    own = tiers.load(
        tier(
            tmp_path, tables={"votes": ["account_id", "note"], "accounts": ["account_id", "extra"]}
        )
    )
    found = folder.publish(store, release.load(store.home, "r"), own)
    assert {r[1] for r in rows(found, "accounts")} == {'{"colour":"blue"}'}
    from curation.store.schema import rows as rows_of

    store.append(
        {
            "accounts": rows_of(
                "accounts",
                [{"dataset": "e", "account_id": "1", "platform": "twitter", "handle": "blue"}],
            )
        },
        None,
        "another data set knows that name",
    )
    with pytest.raises(
        Findings, match=r"data/accounts.parquet, column extra: 1 values hold a handle"
    ):
        folder.publish(
            store, release.load(store.home, "r"), own.model_copy(update={"meaning": "again"})
        )


def test_ids_that_are_handles_need_salt(store, unchecked, tmp_path, material):
    from curation.store.schema import rows as rows_of

    material.fill(store)
    store.append(
        {
            "accounts": rows_of(
                "accounts",
                [
                    {
                        "dataset": "e",
                        "account_id": "1",
                        "platform": "twitter",
                        "handle": "r_" + material.IDS[0],
                    }
                ],
            )
        },
        None,
        "e",
    )
    release.freeze(store, "r", "d")
    assert folder.publish(store, release.load(store.home, "r"), tiers.load("research")).made
    store.append(
        {
            "accounts": rows_of(
                "accounts",
                [
                    {
                        "dataset": "d",
                        "account_id": "somebody.social",
                        "platform": "twitter",
                        "handle": "Somebody.Social",
                    }
                ],
            ),
            "labels": rows_of(
                "labels",
                [
                    {
                        "consensus_id": "k1",
                        "dataset": "d",
                        "account_id": "somebody.social",
                        "label": "bot",
                        "n_claims": 1,
                        "status": "agreed",
                        "method": "majority",
                    }
                ],
            ),
        },
        None,
        "an id that is a handle",
    )
    second = release.freeze(store, "r", "d")
    with pytest.raises(
        Findings,
        match="column account_id: 1 ids are handles; publish this data set with `ids: salted`",
    ):
        folder.publish(store, second, tiers.load("research"))
    assert folder.publish(store, second, tiers.load("public")).made


def test_a_typed_answer_that_names_an_account_does_not_go_out(made):
    with pytest.raises(Findings, match=r"DATASHEET.md: it holds a handle known in the store"):
        folder.publish(
            made,
            release.load(made.home, "r"),
            tiers.load("public"),
            answers.Answers({"purpose": "to study made_up_7"}),
        )


def test_a_release_s_own_reference_is_no_account_id(made, material):
    """The row 1 of a file `shop-of-bots` has the id `shop-of-bots:1`; every document has the words
    of it where it names the release `shop-of-bots@1`.
    """
    account = {**material.accounts()[0], "account_id": "shop-of-bots:1", "handle": "another_one"}
    label = {**material.labels()[0], "account_id": "shop-of-bots:1"}
    rows = {
        "accounts": schema.rows("accounts", [account]),
        "labels": schema.rows("labels", [label]),
    }
    made.append(rows, None, "an id that is a row's place")
    own = release.freeze(made, "shop-of-bots", "d")
    assert folder.publish(made, own, tiers.load("public")).made
    told = answers.Answers({"purpose": "to study shop-of-bots:1"})
    other = release.freeze(made, "another", "d")
    with pytest.raises(Findings, match="it holds an account id known in the store"):
        folder.publish(made, other, tiers.load("public"), told)


def test_the_command_writes_nothing_for_a_bad_tier(cli, tmp_path, made):
    bad = tier(tmp_path, tables={"labels": ["no_such"]})
    assert (
        "There is no column called 'no_such'" in cli("publish", "r", "--tier", bad, code=2).stderr
    )
    assert not (made.home / "publications").exists()
    document = cli.json("publish", "r", "--tier", "public")
    assert document["tier"] == "public" and [
        f["rows"] for f in document["files"] if f["table"] == "splits"
    ] == [10]
    again = cli.json("publish", "r@1", "--tier", "public", "--out", tmp_path / "out")
    assert (
        again["published"] is False
        and json.loads((tmp_path / "out" / "release.json").read_text())["tier"] == "public"
    )
    assert (
        "already and not empty"
        in cli("publish", "r", "--tier", "public", "--out", tmp_path / "out", code=2).stderr
    )


def test_of_a_sealed_release_nothing_goes_out_before_it_is_opened(made, tmp_path, cli):
    """Neither of the release, nor of another one with the same accounts."""
    frozen = release.load(made.home, "r")
    sealed.seal(made.home, frozen, split=splits.blind_id(0), part="train", answers=10, step=0.01)
    shutil.copytree(frozen.path, made.home / "releases" / "twin" / "1")
    file = made.home / "releases" / "twin" / "1" / "release.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"name": "twin"}))
    for command in (("publish", "r"), ("release", "r")):
        told = cli(*command, "--tier", "public", code=2).stderr
        assert "A part of r@1 is sealed, and the tier public of it would tell its labels" in told
        assert "Publish the sealed folder instead" in told
    told = cli("publish", "twin", "--tier", "public", code=2).stderr
    assert "A part of r@1 is sealed, and the tier public of twin@1, which shares it," in told
    for table in ("accounts", "labels", "claims", "votes", "agreement", "features"):
        allowed = tiers.load(tier(tmp_path, tables={table: ["account_id"]}))
        with pytest.raises(UserError, match="the tier own of it would tell its labels"):
            folder.publish(made, frozen, allowed)
    assert folder.listed(made.home) == []
    cli("submit", "open", "r", "--out", tmp_path / "opened")
    assert cli.json("publish", "r", "--tier", "public")["published"] is True


def test_what_a_killed_publish_left_goes_and_what_another_is_writing_stays(made):
    store, frozen = made, release.load(made.home, "r@1")
    shelf = folder.shelf_of(store.home, frozen)
    left, held = shelf / ".unfinished-killed", shelf / ".unfinished-at-work"
    for work in (left, held):
        (work / "data").mkdir(parents=True)
        (work / "data" / "accounts.parquet").write_bytes(b"half")
    handle = os.open(held, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        done = folder.publish(store, frozen, tiers.load("research"))
    finally:
        os.close(handle)
    assert done.made and not left.exists() and held.exists()
    assert sorted(p.name for p in shelf.iterdir()) == [".unfinished-at-work", "research"]


def test_a_copy_takes_away_what_a_killed_copy_left(made, tmp_path):
    done = folder.publish(made, release.load(made.home, "r@1"), tiers.load("research"))
    out = tmp_path / "sent" / "r"
    left = out.with_name(".r.unfinished")
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    folder.copy(done, out)
    assert [p.name for p in out.parent.iterdir()] == ["r"]
    assert (out / "SHA256SUMS").read_bytes() == (done.path / "SHA256SUMS").read_bytes()
    assert not (out / "half").exists()
