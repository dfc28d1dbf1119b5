"""`bench SUITE --prepare DIR`: missing releases made, those that cannot be had named with why."""

import pytest

from botbench.core.errors import UserError
from curation.maintenance import preparation
from curation.release import release


def test_missing_releases_are_made_and_the_others_told(store, tmp_path, shared_data):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "any name").symlink_to(shared_data / "cresci-rtbust-2019")
    asked = ["cresci-rtbust-2019", "caverlee-2011", "nobodys", "cresci-rtbust-2019@7"]
    done = {p.name: p for p in preparation.prepare(store, asked, folder)}
    made = done["cresci-rtbust-2019"]
    assert (made.reference, made.made) == ("cresci-rtbust-2019@1", True)
    assert made.source == str(folder / "any name")
    assert release.load(store.home, "cresci-rtbust-2019").info["accounts"] == 693
    assert "cannot be downloaded" in done["caverlee-2011"].why
    assert str(folder / "caverlee-2011") in done["caverlee-2011"].why
    assert "No card has that name" in done["nobodys"].why
    assert "has no version '7'" in done["cresci-rtbust-2019@7"].why
    [again] = preparation.prepare(store, ["cresci-rtbust-2019"], folder)
    assert (again.reference, again.made) == ("cresci-rtbust-2019@1", False)


def test_a_file_where_a_folder_is_expected(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file; --prepare wants a folder"):
        list(preparation.prepare(store, ["x"], tmp_path / "file"))
    with pytest.raises(UserError, match="does not exist"):
        list(preparation.prepare(store, ["x"], tmp_path / "none"))
