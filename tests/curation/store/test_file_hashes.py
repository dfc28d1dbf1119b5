"""Every data file has a sha256 from its commit on: a flipped bit reaches no release, no backup."""

import random
import shutil

import pytest

from botbench.core.errors import ResourceFailure
from curation.maintenance import backup, doctor
from curation.maintenance.erasure import erase
from curation.release import acceptance, release
from curation.store import catalog, file_hashes, schema
from curation.store.connection import connect, locate
from curation.store.store import Store

FLIPS = 150


def rows(dataset, n=300, start=0):
    """Judged accounts with profiles: enough of them to stand in data files."""
    ids = [f"91{i:07d}" for i in range(start, start + n)]
    accounts = [
        {
            "dataset": dataset,
            "account_id": i,
            "platform": "twitter",
            "handle": f"handle_{i}",
            "followers": int(i) % 1000,
        }
        for i in ids
    ]
    labels = [
        {
            "consensus_id": f"k-{dataset}",
            "dataset": dataset,
            "account_id": i,
            "label": "bot" if int(i) % 2 else "human",
            "p_bot": 0.5,
            "n_claims": 1,
            "status": "agreed",
            "method": "majority",
        }
        for i in ids
    ]
    return {"accounts": schema.rows("accounts", accounts), "labels": schema.rows("labels", labels)}


def filled(place, *datasets):
    with Store(place) as store:
        for dataset in datasets:
            store.append(rows(dataset), "ada", dataset)
    return locate(place)


def known(store):
    """(file id, is its recorded sha256 that of its bytes, was it recorded later)"""
    hashes = file_hashes.recorded(store.connection)
    return [
        (
            f.id in hashes.of
            and hashes.of[f.id] == file_hashes.digest_of(store.connection, f.path),
            f.id in hashes.later,
        )
        for f in catalog.data_files(store.connection, store.location.data)
    ]


@pytest.fixture
def unchecked(monkeypatch):
    """Release without Great Expectations, which these tests do not need."""

    class Passed:
        @staticmethod
        def summary():
            return {"success": True, "failed": [], "suites": []}

    monkeypatch.setattr(acceptance, "before_release", lambda *_: Passed())
    monkeypatch.setattr(acceptance, "report_path", lambda *_: "none")


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(content))


def test_each_flipped_bit_is_found_and_none_is_frozen_or_backed_up(tmp_path, unchecked):
    location = filled(tmp_path / "store", "data-set-of-the-flips")
    files = sorted(location.data.rglob("*.parquet"))
    assert len(files) == 2
    draw = random.Random(20261129)
    released = backed_up = examined = 0
    with Store(location.home) as store:
        for n in range(FLIPS):
            path = draw.choice(files)
            bit = draw.randrange(path.stat().st_size * 8)
            flip(path, bit)
            name = path.relative_to(location.home).as_posix()
            told = rf"{name} \(changed\).*cp BACKUP/files/{name}"
            with pytest.raises(ResourceFailure, match=told):
                release.freeze(store, "r", "data-set-of-the-flips")
            released += 1
            with pytest.raises(ResourceFailure, match=rf"{name} \(changed\)"):
                backup.make(store, tmp_path / "kept")
            backed_up += 1
            # What doctor's check of the files says.
            found = file_hashes.wrong(
                store.connection, catalog.data_files(store.connection, location.data)
            )
            examined += found == {str(path): "changed"}
            if n == FLIPS // 2:
                ill = [f for f in doctor.examine(location).findings if f.outcome == "ill"]
                assert [(f.check, f.items) for f in ill] == [("files damaged", (name,))]
            flip(path, bit)
    assert (released, backed_up, examined) == (FLIPS, FLIPS, FLIPS)
    assert not (tmp_path / "kept").exists() and release.listed(location.home) == {}
    with Store(location.home) as store:
        assert release.freeze(store, "r", "data-set-of-the-flips").info["accounts"] == 300
        backup.make(store, tmp_path / "kept")


def test_every_commit_records_its_files_and_every_rewrite_too(place):
    location = filled(place, "d")
    with Store(place) as store:
        assert known(store) == [(True, False)] * 2
        # A file of deletes, as any rewrite makes one.
        store.append(rows("d", 300, 300), "ada", "more")
        assert known(store) == [(True, False)] * 4
        before = set(file_hashes.recorded(store.connection).of)
        assert erase(store, "910000007", "asked").left == 0
        after = file_hashes.recorded(store.connection).of
        assert set(known(store)) == {(True, False)}
        assert set(after) == {
            f.id for f in catalog.data_files(store.connection, location.data)
        } and not before <= set(after)
    assert doctor.examine(location).well


def test_hashes_go_with_a_moved_and_a_restored_store(place, tmp_path, request):
    filled(place, "d")
    with Store(place) as store:
        backup.make(store, tmp_path / "kept")
    other = (
        str(tmp_path / "again")
        if "://" not in place
        else request.getfixturevalue("database")(tmp_path / "again")
    )
    backup.restore(tmp_path / "kept", locate(other))
    with Store(other) as store:
        assert known(store) == [(True, False)] * 2
        assert store.append(rows("e"), "ada", "more")[0]
        assert known(store) == [(True, False)] * 4


def test_a_file_of_another_data_set_does_not_stop_a_release(tmp_path, unchecked):
    location = filled(tmp_path / "store", "data-set-one", "data-set-two")
    with Store(location.home) as store:
        first = sorted(catalog.data_files(store.connection, location.data), key=lambda f: f.id)[0]
        path = next(location.data.rglob(first.path.rpartition("/")[2]))
        flip(path, 800)
        assert release.freeze(store, "two", "data-set-two").reference == "two@1"
        with pytest.raises(ResourceFailure, match=r"1 data file .* \(changed\)"):
            release.freeze(store, "one", "data-set-one")
        # An older version does not have the file of the newer one.
        flip(path, 800)
        flip(next(p for p in location.data.rglob("*.parquet") if p != path), 800)


def test_a_missing_or_short_file_is_named(tmp_path, unchecked):
    location = filled(tmp_path / "store", "d")
    path = sorted(location.data.rglob("*.parquet"))[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with Store(location.home) as store:
        with pytest.raises(ResourceFailure, match=r"\(of another size\)"):
            release.freeze(store, "r", "d")
        path.unlink()
        with pytest.raises(ResourceFailure, match=r"\(missing\)"):
            release.freeze(store, "r", "d")
        with pytest.raises(ResourceFailure, match=r"\(missing\)") as told:
            backup.make(store, tmp_path / "kept")
    assert told.value.exit_code == 3


def test_an_older_store_gets_its_hashes_at_the_first_write(tmp_path):
    location = filled(tmp_path / "store", "d")
    with Store(location.home) as store:
        store.connection.execute(f"DROP TABLE {file_hashes.TABLE}")
    found = {f.check: f for f in doctor.examine(location).findings}
    assert found["hashes of files"].outcome == "note"
    assert found["hashes of files"].says.startswith("No sha256 is recorded for 2 of 2 files:")
    connection = connect(location, create=False)
    assert not file_hashes.recorded(connection).of
    connection.close()
    with Store(location.home) as store:
        store.append(rows("e"), "ada", "the first write")
        assert sorted(known(store)) == [(True, False)] * 2 + [(True, True)] * 2
    found = {f.check: f for f in doctor.examine(location).findings}
    assert (found["hashes of files"].outcome, found["hashes of files"].says) == (
        "well",
        "The sha256 of 2 of 4 files was recorded after they were committed; they were not checked"
        " before.",
    )


def test_a_commit_stands_where_its_hashes_cannot_be_recorded(tmp_path, monkeypatch):
    location = filled(tmp_path / "store", "d")

    def full(*_):
        raise OSError(28, "No space left on device")

    with Store(location.home) as store:
        with monkeypatch.context() as patch:
            patch.setattr(file_hashes, "digest_of", full)
            assert store.append(rows("e"), "ada", "e")[0]
        assert len([k for k in known(store) if not k[0]]) == 2
        store.append(rows("f"), "ada", "f")
        assert {k for k, _ in known(store)} == {True}
    shutil.rmtree(location.home)
