"""An erasure where folders are broken or still being written: the rest goes on, nothing is hidden."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from botbench.core.errors import UserError
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.maintenance.erasure import erase, releases
from curation.release import release
from curation.release.publish import folder, tiers
from curation.store.store import Store

GONE = "900000003"


def ids(path):
    return pq.read_table(path).column("account_id").to_pylist()


@pytest.fixture(scope="module")
def with_two(prepared):
    """The folder of a store with two releases, to be copied."""

    def freeze(store):
        release.freeze(store, "good", "d")
        folder.publish(store, release.freeze(store, "hurt", "d"), tiers.load("internal"))

    return prepared(freeze)


@pytest.fixture
def two(tmp_path, with_two, unchecked):
    """A store with two releases of the same accounts, of which one is published."""
    shutil.copytree(with_two, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        yield store


def test_broken_releases_are_named_and_the_rest_goes_on(two):
    """One has half a release.json and a publication, one a damaged table and a missing one."""
    torn = release.freeze(two, "torn", "d").path
    (torn / "posts.parquet").write_bytes(b"PAR1" + b"\x00" * 100)
    (torn / "edges.parquet").unlink()
    hurt = two.home / "releases" / "hurt" / "1"
    text = (hurt / "release.json").read_text()
    (hurt / "release.json").write_text(text[: len(text) // 2])
    done = erase(two, GONE, "asked")
    assert done.successors == {"good@1": "good@2"}
    for path in (*two.home.glob("releases/*/*/labels.parquet"), hurt / "posts.parquet"):
        assert GONE not in ids(path)
    assert done.left_in == [
        f"releases: {hurt / 'release.json'} cannot be read",
        f"releases: {torn / 'posts.parquet'} cannot be read",
    ]
    told = "\n".join(done.to_do)
    for place, name in ((hurt, "release.json"), (torn, "posts.parquet")):
        assert (
            f"The release in {place} is broken ({name} cannot be read, so whether the account is in"
            " there is not known); what could be read of it was cleaned"
        ) in told
    # Its publication could not be written anew.
    assert "The publication hurt@1/internal held the account" in told
    assert folder.listed(two.home) == []
    # Put back or taken away, the same command finishes.
    (hurt / "release.json").write_text(text)
    for path in torn.iterdir():
        path.unlink()
    torn.rmdir()
    again = erase(two, GONE, "asked")
    assert (again.left, again.left_in) == (0, [])


def test_a_broken_publication_is_named_and_counted_and_the_rest_goes_on(two):
    place = folder.listed(two.home)[0].path
    (place / "release.json").write_text("{")
    assert folder.broken(two.home) == [place]
    done = erase(two, GONE, "asked")
    assert done.left > 0 and all(str(place) in hit for hit in done.left_in)
    assert f"{place} is a publication without a whole release.json" in "\n".join(done.to_do)
    assert done.successors == {"good@1": "good@2", "hurt@1": "hurt@2"}
    assert GONE not in ids(two.home / "releases" / "hurt" / "1" / "labels.parquet")


def test_a_publication_is_not_written_over_a_broken_one(two):
    place = folder.listed(two.home)[0].path
    (place / "release.json").write_text("{")
    made = folder.publish(two, release.load(two.home, "hurt"), tiers.load("internal"))
    assert made.path.name == "internal-r2" and (place / "release.json").read_text() == "{"


def test_what_is_being_published_while_an_erasure_runs_is_not_placed(two, monkeypatch):
    """The erasure comes between the writing and the placing; a second one finds nothing left."""
    frozen = release.load(two.home, "good")
    during = []

    class Proof(folder.Proof):
        def __call__(self, work):
            found = super().__call__(work)
            if not during:
                during.append(None)
                during[0] = erase(two, GONE, "asked")
            return found

    monkeypatch.setattr(folder, "Proof", Proof)
    with pytest.raises(UserError, match="was written anew meanwhile"):
        folder.publish(two, frozen, tiers.load("research"))
    # The draft was still there: that is told, and not called done.
    assert during[0].left > 0 and all("/.unfinished-" in hit for hit in during[0].left_in)
    assert not list((two.home / "publications").rglob(".unfinished-*"))
    assert {p.info["tier"] for p in folder.listed(two.home)} == {"internal"}
    again = erase(two, GONE, "asked")
    assert (again.left, again.left_in) == (0, [])


def test_a_release_that_was_frozen_as_the_erasure_began_is_cleaned_by_it(two, monkeypatch):
    first, whole = [], releases.holding

    def not_yet(store, target):
        return whole(store, target) if first else first.append(1) or []

    monkeypatch.setattr(releases, "holding", not_yet)
    done = erase(two, GONE, "asked")
    assert (done.left, done.releases_superseded) == (0, ["good@1", "hurt@1"])


@pytest.mark.parametrize("moves", [0, 1, 7, 8])
def test_a_rewrite_that_was_killed_at_a_move_is_noted_once(two, monkeypatch, moves):
    """At 8 all is moved, and the folder in which the files were written anew is left, empty."""
    moved, replace = [], Path.replace

    def killed(path, *to):
        within = path.parent.name == ".rewriting"
        if path.name == ".rewriting" or (within and len(moved) == moves):
            raise KeyboardInterrupt
        if within:
            moved.append(path.name)
        return replace(path, *to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        patch.setattr(Path, "rmdir", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(two, GONE, "asked")
    good = two.home / "releases" / "good" / "1"
    left = {p.name for p in (good / ".rewriting").iterdir()}
    assert (len(moved), "release.json" in left) == (moves, moves < 8)
    done = erase(two, GONE, "asked")
    assert (done.left, done.releases_superseded) == (0, ["good@1", "hurt@1"])
    assert not (good / ".rewriting").exists()
    for name in ("good@1", "hurt@1"):
        info = release.load(two.home, name, verify=True).info
        assert [noted["why"] for noted in info["rewritten"]] == ["an account was erased"]


def test_the_log_names_every_version_and_a_pull_tells_of_erasures(two, written, cli):
    done = erase(two, GONE, "asked")
    assert done.left == 0
    said = cli.json("log")["versions"]
    assert [v for v in said if not v["message"] or not v["author"]] == []
    options = {"accounts": {"account_id": "id"}, "claims": {"account_id": "id", "answer": "a"}}
    written({"u.csv": b"id,a\n4000001,bot\n4000002,human\n"}, options, id="more")
    pull(two, cards.load(written.card), written.folder)
    erase(two, "4000002", "asked")
    again = cli("pull", written.card, "--from", written.folder, "--json")
    document = json.loads(again.stdout)
    assert (document["unchanged"], document["erasures_since"], document["accounts"]) == (True, 1, 1)
    assert "Since then: 1 erasure. The table counts rows as they were read" in again.stderr
