"""What a child may read."""

import sys
from importlib.machinery import ModuleSpec, PathFinder

import pytest

from benchmarks.isolation import fence


@pytest.fixture
def linked(tmp_path, monkeypatch):
    """A package and a module that a finder gives, as an editable installation does."""
    folder = tmp_path / "checkout"
    (folder / "linked_package").mkdir(parents=True)
    (folder / "linked_package" / "__init__.py").write_text("raise SystemExit('imported')")
    (folder / "linked_module.py").write_text("raise SystemExit('imported')")

    class Finder:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            if name == "broken_module":
                raise ImportError(name)
            return PathFinder.find_spec(name, [str(folder)])

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    return folder


def test_packages_that_a_finder_gives_may_be_read_and_nothing_beside_them(linked):
    (linked / "labels.parquet").touch()
    names = ["linked_package.inner", "linked_module", "broken_module", "no_such_module", "sys"]
    assert fence.placed(names) == [
        str(linked / "linked_module.py"),
        str(linked / "linked_package"),
    ]
