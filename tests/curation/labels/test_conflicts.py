"""Label conflicts between data sets, within them and in duplicate groups: by hand, and the real
ones.
"""

from datetime import UTC, datetime

import pytest

from botbench.core.errors import UserError
from botbench.text.similar_accounts import within
from curation.annotation.scheme.scheme import Scheme
from curation.labels import conflicts as work
from curation.labels import duplicates
from curation.store import schema, snapshot_queries
from curation.store.equal_profiles import duplicate_groups
from curation.store.store import Store
from tests.curation.labels.voting import claim, say


def account(dataset, account_id, platform="x", **more):
    return {"dataset": dataset, "account_id": account_id, "platform": platform, **more}


def observe(store, *rows, posts=()):
    store.append(
        {
            "accounts": schema.rows("accounts", list(rows)),
            "posts": schema.rows("posts", list(posts)),
        },
        "t",
        "seen",
    )


def of(dataset, account_id, answer, kind="dataset", claimant="authors", **more):
    return {**claim(account_id, claimant, answer, kind=kind), "dataset": dataset, **more}


def found(store, **options):
    entries = work.conflicts(store, Scheme.load(), **options)
    return {
        (e["account"], e["kind"]): {
            (a["dataset"], a["claimant"], a["answer"]) for a in e["answers"]
        }
        for e in entries
    }


def test_by_hand(store):
    observe(
        store,
        account("a", "1"),
        account("b", "1"),
        account("c", "1", "y"),
        account("a", "train:7"),
        account("b", "train:7"),
    )
    say(
        store,
        of("a", "1", "bot"),
        of("b", "1", "organisation"),
        of("c", "1", "human"),
        of("a", "2", "bot"),
        of("a", "2", "human"),
        of("a", "3", "bot"),
        of("b", "3", "bot"),
        of("a", "train:7", "bot"),
        of("b", "train:7", "human"),
        of("a", "4", "bot"),
        of("b", "4", "cannot tell"),
    )
    assert found(store) == {
        ("1", "between"): {
            ("a", "authors", "bot"),
            ("b", "authors", "organisation"),
        },  # c is another platform
        ("2", "within"): {
            ("a", "authors", "bot"),
            ("a", "authors", "human"),
        },  # nobody observed 2: the data set's platform counts
    }, "row numbers are no ids, and cannot tell is no label"
    assert work.pairs(work.conflicts(store, Scheme.load())) == {("a", "b"): 1, ("a", "a"): 1}
    assert [
        (r["a"], r["b"], r["shared"])
        for r in work.overlaps(store, work.sides(store, Scheme.load()))
    ] == [("a", "b", 2)]
    assert set(found(store, datasets=["b", "c"])) == set()
    with pytest.raises(UserError, match="Did you mean 'a'"):
        work.conflicts(store, Scheme.load(), datasets=["aa"])


def test_people_are_one_voice_and_retracted_claims_none(store):
    observe(store, account("a", "1"))
    (old,) = say(store, of("a", "1", "bot"))
    say(
        store,
        *(
            of("a", "1", w, "person", p)
            for p, w in (("p", "human"), ("q", "human"), ("r", "bot"), ("s", "cannot tell"))
        ),
    )
    assert found(store) == {
        ("1", "within"): {("a", "2 of 3 people", "human"), ("a", "authors", "bot")}
    }
    assert found(store, kinds=["person"]) == {}, (
        "people who disagree are disputed, not in conflict with themselves"
    )
    say(store, {**of("a", "1", None), "retracts": old})
    assert found(store) == {}


def word(number):
    """A word of letters alone for each number: digits do not count when texts are compared."""
    return f"w{number}".translate(str.maketrans("0123456789", "abcdefghij"))


def timeline(dataset, account_id, words, n=6):
    """n posts of eight words each, moving along the words."""
    return [
        {
            "dataset": dataset,
            "post_id": f"{dataset}{account_id}{i}",
            "account_id": account_id,
            "text": (
                " ".join(words[i * 2 : i * 2 + 8]) + f" https://example.invalid/{account_id}{i}"
            ),
        }
        for i in range(n)
    ]


def test_duplicate_groups(store):
    made, later = (datetime(2020, 2, 2, 10, minute, tzinfo=UTC) for minute in (0, 1))
    same = {"bio": "just some words", "created_at": made, "avatar_phash": "00ff"}
    words = [word(i) for i in range(200)]
    observe(
        store,
        account("a", "1", **same),
        account("b", "2", **same),
        account("a", "3", **{**same, "avatar_phash": "00fe"}),
        account("a", "4", **{**same, "created_at": later}),
        account("a", "5", **{**same, "bio": ""}),
        account("a", "6"),
        account("b", "7"),
        account("a", "8"),
        account("a", "9"),
        account("a", "10", **{**same, "avatar_phash": None}),
        posts=[
            *timeline("a", "6", words, 40),
            *timeline("b", "7", words, 40),
            *timeline("a", "8", words[::-1], 40),
            *timeline("a", "9", words, 3),
        ],
    )
    picture = {"dataset": "a", "sha256": "f" * 64, "picture": "AA==", "width": 1, "height": 1}
    store.append(
        {"avatars": schema.rows("avatars", [{**picture, "account_id": "10", "phash": "00ff"}])},
        "t",
        "pictures",
    )
    groups = duplicates.ledger(store, duplicates.find(store))
    assert sorted(
        (g["by"], [(m["dataset"], m["account"]) for m in g["accounts"]]) for g in groups
    ) == [
        ("profile", [("a", "1"), ("a", "10"), ("b", "2")]),
        ("timeline", [("a", "6"), ("b", "7")]),
    ]
    say(store, of("a", "1", "bot"), of("b", "2", "human"), of("a", "6", "bot"), of("b", "7", "bot"))
    assert found(store) == {
        ("1", "duplicate group"): {("a", "authors", "bot"), ("b", "authors", "human")}
    }
    assert found(store, groups=False) == {}


def test_timelines_are_alike_from_four_fifths(store):
    """40 posts of which 38, and 30, are another's: Jaccard of shingles 38/42 = .90 and 30/50 = .6
    (each post has its own six).
    """
    mine = [[word(f"{i}x{j}") for j in range(8)] for i in range(60)]

    def posts(account_id, chosen):
        return [
            {
                "dataset": "a",
                "post_id": f"{account_id}-{i}",
                "account_id": account_id,
                "text": " ".join(mine[i]),
            }
            for i in chosen
        ]

    observe(
        store,
        account("a", "1"),
        account("a", "2"),
        account("a", "3"),
        posts=[*posts("1", range(40)), *posts("2", range(2, 42)), *posts("3", range(10, 50))],
    )
    groups = duplicates.ledger(store, duplicates.find(store))
    assert [[m["account"] for m in g["accounts"]] for g in groups] == [["1", "2"]]


@pytest.mark.data
def test_the_real_conflicts(cli, shared_data, tmp_path):
    """INDEX.md: verified-2019 against gilani-2017 4, caverlee-2011 4, varol-2017 1; gilani labels
    19 of its own both ways.
    """
    for name, folder in (
        ("verified-2019", "verified-2019"),
        ("gilani-2017", "varol-gilani-ids"),
        ("varol-2017", "varol-gilani-ids"),
        ("caverlee-2011", "caverlee-2011"),
    ):
        cli("pull", name, "--from", shared_data / folder)
    entries = cli.json("conflicts", "--no-groups")["conflicts"]
    count = work.pairs(entries)
    for other, n in (("gilani-2017", 4), ("caverlee-2011", 4), ("varol-2017", 1)):
        assert count[min(other, "verified-2019"), max(other, "verified-2019")] == n
    assert (
        count["gilani-2017", "gilani-2017"] == 19 and count["caverlee-2011", "caverlee-2011"] == 44
    )
    assert all({"dataset", "claimant", "answer"} <= set(a) for e in entries for a in e["answers"])
    assert "labelled differently" in cli("conflicts", "--no-groups").stdout
    cli("pull", "cresci-2017-users", "--from", shared_data / "cresci-2017-users")
    with Store(tmp_path / "store") as store:
        assert groups_of_a_release(store, "caverlee-2011") == (64, 168)
        assert groups_of_a_release(store, "cresci-2017-users") == (27, 58)


def groups_of_a_release(store, dataset):
    """The number of duplicate groups of all its accounts, and of accounts in them, as a release
    finds them; the audit of the store (`conflicts --duplicates`) finds the same accounts.
    """
    of = {
        name: f"(FROM {store.relation(name)} WHERE dataset = '{dataset}')"
        for name in ("accounts", "posts")
    }
    accounts = snapshot_queries.latest(of["accounts"])
    members = f'(SELECT account_id, "group" FROM {duplicate_groups(accounts)})'
    groups = within(store.connection, accounts, of["posts"], members)
    listed = duplicates.ledger(store, duplicates.find(store, [dataset]))
    alike = {m["account"] for group in listed for m in group["accounts"]}
    assert alike == set(groups["account_id"].to_pylist())
    return len(groups["group"].unique()), groups.num_rows
