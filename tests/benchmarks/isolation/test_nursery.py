"""What is left of a child's folder."""

import os
from pathlib import Path

from benchmarks.isolation import nursery


def test_a_folder_is_removed_however_deep_it_is_and_nothing_beside_it(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = tmp_path / "fold"
    (folder / "shut" / "inner").mkdir(parents=True)
    (folder / "shut" / "inner" / "file").touch()
    (folder / "file").touch()
    (folder / "link").symlink_to(kept)
    monkeypatch.chdir(folder)
    # More levels than Python recurses, and a longer path than the system takes.
    for _ in range(1100):
        Path("four").mkdir()
        os.chdir("four")
    monkeypatch.chdir(tmp_path)
    (folder / "shut" / "inner").chmod(0)
    (folder / "shut").chmod(0)
    nursery.remove(folder)
    assert [place.name for place in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").exists()
