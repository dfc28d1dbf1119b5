"""`import botbench`: nothing is loaded before it is asked for, and what is asked for is there."""

import subprocess
import sys

import pytest

import botbench


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_takes_under_a_tenth_of_a_second_and_loads_nothing_heavy():
    code = (
        "import sys, time; begun = time.process_time(); import botbench;"
        " print(time.process_time() - begun);"
        " print(sorted({m.partition('.')[0] for m in sys.modules} & {'numpy', 'pandas', 'duckdb', 'sklearn',"
        " 'pyarrow', 'benchmarks', 'curation'}))"
    )
    seconds, heavy = run(code).splitlines()
    assert float(seconds) < 0.1
    assert heavy == "[]"


def test_every_public_name_can_be_had_and_has_a_docstring():
    assert set(botbench.__all__) <= set(dir(botbench))
    for name in botbench.__all__:
        thing = getattr(botbench, name)
        assert name == "__version__" or (thing.__doc__ or "").strip(), name


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(AttributeError, match=r"no attribute 'scroe'\. Did you mean 'score'\?"):
        _ = botbench.scroe
    assert not hasattr(botbench, "__path_that_is_not__")


def test_type_checkers_see_the_names_that_are_loaded():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(botbench.__file__).read_text(encoding="utf-8"))
    (block,) = [n for n in tree.body if isinstance(n, ast.If)]
    seen = {a.asname: n.module for n in block.body for a in n.names}
    assert seen == botbench._HOMES
    assert (Path(botbench.__file__).parent / "py.typed").is_file()
