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


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Install a distribution of one module with entry points; a broken list where `listed`."""

    def install(name, source, listed=None, **points):
        folder = tmp_path / name
        (folder / f"{name}-1.0.dist-info").mkdir(parents=True)
        (folder / f"{name}_code.py").write_text(source)
        (folder / f"{name}-1.0.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        lines = "".join(f"{point} = {name}_code:{what}\n" for point, what in points.items())
        (folder / f"{name}-1.0.dist-info" / "entry_points.txt").write_text(
            listed or f"[test.toys]\n{lines}"
        )
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, f"{name}_code", raising=False)

    return install


GOOD = "from toys import TOYS\n@TOYS.register('top')\ndef top(): ...\n"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise ValueError('no\\nsecond line')", "ValueError: no"),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import sys\nsys.exit('bye')", "SystemExit: bye"),
        ("def (", "SyntaxError: invalid syntax (bad_code.py, line 1)"),
        ("kite = 3", "TypeError: it gives no toy, but int"),
        ("other = 3", "AttributeError: module 'bad_code' has no attribute 'kite'"),
        (GOOD.replace("top", "ball"), "ValueError: two toys are called 'ball'"),
    ],
)
def test_a_broken_distribution_breaks_nothing_else(package, distribution, caplog, source, error):
    import toys

    toys.TOYS = registry = Registry("toy", "toys", "test.toys")
    distribution("bad", source, kite="kite")
    distribution("good", GOOD, top="top")
    assert list(registry.all()) == ["ball", "top"]
    assert list(registry.all()) == ["ball", "top"]
    (warning,) = [r.getMessage() for r in caplog.records]
    sentence = "The toy 'kite' of the installed package bad cannot be loaded: "
    assert warning.startswith(f"botbench: {sentence}{error}"), warning
    assert warning.endswith("Mend or uninstall that package. The rest works.")
    with pytest.raises(UserError) as raised:
        registry.get("kite")
    assert str(raised.value).startswith(sentence + error)
    assert str(raised.value).endswith("Mend or uninstall that package.")


def test_a_distribution_without_a_readable_list_breaks_nothing(package, distribution, caplog):
    import toys

    toys.TOYS = registry = Registry("toy", "toys", "test.toys")
    distribution("bad", "", listed="[test.toys]\nno equals sign\n")
    distribution("good", GOOD, top="top")
    assert list(registry.all()) == ["ball", "top"]
    (warning,) = [r.getMessage() for r in caplog.records]
    assert warning.startswith("botbench: The entry points of the installed package bad cannot be")
