"""The command line as a whole: quick to help, every command with an example, JSON kept apart from talk."""

import subprocess
import sys
import time

import pytest
import typer

from benchmarks.commands.main import build

LIMIT_S = 0.3


def test_help_takes_under_a_third_of_a_second():
    best = min(_seconds("--help") for _ in range(5))
    assert best < LIMIT_S, f"botbench --help took {best:.2f} s at best"


def _seconds(*arguments):
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "benchmarks.commands.main", *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom benchmarks.commands.main import build\nbuild()\n"
        "heavy = ('duckdb', 'ibis', 'pandas', 'numpy', 'sklearn', 'mlflow', 'great_expectations', 'pyarrow', 'jinja2')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def commands():
    def walk(group, path):
        for name, command in sorted(group.commands.items()):
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                yield (*path, name), command

    return list(walk(typer.main.get_command(build()), ()))


@pytest.mark.parametrize(("path", "command"), commands(), ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_every_command_says_what_it_does_with_an_example(path, command):
    assert command.help, f"botbench {' '.join(path)} has no help"
    shown = f"{command.help} {command.epilog or ''}"
    assert f"botbench {' '.join(path)}" in shown, f"the help of botbench {' '.join(path)} shows no example"


def test_python_m_and_version_work():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.commands.main", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("botbench 0.")
