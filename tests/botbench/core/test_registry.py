"""Extensions are found, not listed, and no two share a name."""

import sys

import pytest

from botbench.core.errors import UserError
from botbench.core.registry import Registry


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "toys"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from botbench.core.registry import Registry\nTOYS = Registry('toy', 'toys')\n"
    )
    (folder / "ball.py").write_text(
        "from toys import TOYS\n@TOYS.register('ball')\ndef ball(): ...\n"
    )
    (folder / "_private.py").write_text("raise AssertionError('a private module was imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [n for n in sys.modules if n == "toys" or n.startswith("toys.")]:
        del sys.modules[name]


def test_a_file_is_enough(package):
    (package / "kite.py").write_text(
        "from toys import TOYS\n@TOYS.register('kite')\ndef kite(): ...\n"
    )
    from toys import TOYS

    assert list(TOYS.all()) == ["ball", "kite"]


def test_an_unknown_name_is_answered_with_the_closest(package):
    from toys import TOYS

    with pytest.raises(
        UserError, match="There is no toy 'bal'. Did you mean 'ball'".replace(".", "[.]")
    ):
        TOYS.get("bal")


def test_two_of_one_name_are_an_error(package):
    (package / "other.py").write_text(
        "from toys import TOYS\n@TOYS.register('ball')\ndef other(): ...\n"
    )
    from toys import TOYS

    with pytest.raises(ValueError, match="two toys are called 'ball'"):
        TOYS.all()


def test_the_same_thing_twice_is_one():
    registry = Registry("toy", "botbench.commands")
    thing = object()
    assert registry.add("x", thing) is registry.add("x", thing)
